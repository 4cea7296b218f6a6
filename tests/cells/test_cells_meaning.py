"""Cells as text: what counts as equal, what a column can hold, and JSON that survives the round trip."""

import json

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.cells import is_texts, is_writable_as, json_of, meaning_of, text_of, texts_json, texts_of, value_of

V = pl.col("v")


def on(values, expression, dtype=pl.String):
    return pl.DataFrame({"v": values}, schema={"v": dtype}).select(expression).to_series().to_list()


@pytest.mark.parametrize(
    ("kinds", "text", "meaning"),
    [
        ("text", "", None),
        ("text", " x ", " x "),
        ("integer number", "7.0", "7"),
        ("integer", "0007", "7"),
        ("number", "-0.0", "0"),
        ("number", "1e3", "1000"),
        ("number", "0.30000000000000004", "0.30000000000000004"),
        ("number", "1.50", "1.5"),
        ("number integer", "9007199254740993", "9007199254740993"),
        ("number", "123456789012345678901234", "123456789012345678901234"),
        ("number", "1e400", "1e400"),
        ("number", "seven", "seven"),
        ("boolean", None, "false"),
        ("boolean", "", "false"),
        ("boolean", "0", "false"),
        ("boolean integer", "1", "true"),
        ("boolean", "TRUE", "true"),
        ("boolean text", "maybe", "maybe"),
        ("list", "[]", None),
        ("list text", '[ "b", "a" ]', '["b","a"]'),
        ("list", '["\\ud83d\\ude00"]', '["😀"]'),
        ("list text", "[draft] x", "[draft] x"),
        ("list", '[{"id": 1}]', '[{"id": 1}]'),
        ("rich_text text", "* one\n+ two\n", "- one\n- two"),
    ],
)
def test_edge_06_and_33_what_a_cell_means(kinds, text, meaning):
    expression = meaning_of(V, frozenset(kinds.split()))
    assert on([text], expression) == [meaning]
    assert on([meaning], expression) == [meaning]


@pytest.mark.parametrize(
    ("dtype", "kind", "value", "text"),
    [
        (pl.Float64, "number", 7.0, "7"),
        (pl.Float64, "number", 0.1 + 0.2, "0.30000000000000004"),
        (pl.Float64, "number", 1e300, "1e+300"),
        (pl.Int64, "integer", 2**53 + 1, "9007199254740993"),
        (pl.Int64, "boolean", 1, "true"),
        (pl.Int64, "boolean", 0, "false"),
        (pl.Int64, "boolean", 5, "5"),
        (pl.Boolean, "boolean", True, "true"),
        (pl.String, "text", "x", "x"),
        (pl.Int64, "integer", None, None),
    ],
)
def test_exact_text(dtype, kind, value, text):
    assert on([value], text_of(V, kind, dtype()), dtype) == [text]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("integer", ["7", "-1", "true", "9007199254740993"], ["1.5", "x", ""]),
        ("number", ["7", "1.5", "false", "1e+300"], ["x", "NaN", "inf", "9007199254740993"]),
        ("boolean", ["true", "false"], ["1", "yes"]),
        ("date", ["2026-01-02"], ["2026-01-02T00:00", "02.01.2026"]),
        ("datetime", ["2026-01-02T03:04:05Z", "2026-01-02 03:04"], ["2026-01-02"]),
        ("list", ['["a"]'], ["a"]),
        ("text", ["anything"], []),
    ],
)
def test_what_a_column_can_hold(kind, good, bad):
    assert on([*good, *bad, None], is_writable_as(V, kind)) == [True] * len(good) + [False] * len(bad) + [True]


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))), max_size=20))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_text_survives_json(values):
    assert [value_of(text) for text in on(values, json_of(V, "text"))] == values


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "7", 7),
        ("integer", "true", 1),
        ("number", "false", 0),
        ("number", "1.5", 1.5),
        ("boolean", "true", True),
        ("list", '["a"]', ["a"]),
        ("json", '{"a":1}', {"a": 1}),
        ("integer", None, None),
    ],
)
def test_values_survive_json(kind, text, value):
    assert [value_of(found) for found in on([text], json_of(V, kind))] == [value]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(TEXT, max_size=5), st.booleans())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_lists_of_text_are_known_and_keep_their_items(items, ascii_only):
    text = json.dumps(items, ensure_ascii=ascii_only)
    assert on([text], is_texts(V)) == [True]
    assert on([text], texts_of(V)) == [items]
    assert json.loads(on([text], texts_json(texts_of(V)))[0]) == items


@given(
    st.text(max_size=12).filter(lambda text: "\x00" not in text)
    | st.sampled_from(["[1]", "[null]", '["a",]', '["\\ud83d"]', '["a" "b"]', "[[]]", '["\\q"]', '["a\nb"]'])
)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_breaks_the_reading_of_lists(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    (found,) = on([text], is_texts(V))
    assert on([text], texts_of(V))[0] == (json.loads(text) if found else [])
