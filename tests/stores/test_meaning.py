"""The twin for single values says what `dq.cells` says of columns."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.cells import meaning_of, text_of
from dq.stores.meaning import exact, is_same, meaning

KINDS = ["text", "long_text", "rich_text", "integer", "number", "boolean", "date", "datetime", "list", "json"]
TEXTS = [
    "",
    "7",
    "7.0",
    "0007",
    "-0",
    "1e5",
    " 7",
    "1_000",
    "TRUE",
    "1",
    "0",
    "[]",
    "* a\n+ b\n\n",
    "\t* x\r\n",
    "x",
    "inf",
    "NaN",
    ".5",
    "5.",
    "1e400",
    "9007199254740993",
    "9007199254740993.0",
    "9223372036854775808",
    "+5",
    "0.1e-7",
    '[ "a" , "\\u00fc\\n" ]',
    '["a", 1]',
    "[x",
    "TrUe",
]


def by_column(text: str | None, kinds: set[str]) -> str | None:
    return pl.DataFrame({"v": [text]}, {"v": pl.String}).select(meaning_of(pl.col("v"), frozenset(kinds))).item()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", [None, *TEXTS])
def test_meaning_agrees_on_a_table(text, kind):
    assert meaning(text, {kind}) == by_column(text, {kind})


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.floats().map(repr) | st.integers().map(str),
    st.sampled_from(KINDS),
)
def test_meaning_agrees(text, kind):
    assert meaning(text, {kind}) == by_column(text, {kind})


@settings(max_examples=300, deadline=None)
@given(st.floats(allow_nan=False))
def test_exact_agrees_on_floats(value):
    column = pl.DataFrame({"v": [value]}, {"v": pl.Float64}).select(text_of(pl.col("v"), "number", pl.Float64())).item()
    assert exact(value) == column


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (True, "boolean", "true"),
        (0, "boolean", "false"),
        (1, "boolean", "true"),
        (1, "integer", "1"),
        (["a", "ü"], "list", '["a","ü"]'),
        (None, "text", None),
    ],
)
def test_exact_values(value, kind, text):
    assert exact(value, kind) == text


@pytest.mark.parametrize(
    ("held", "expected", "kind", "same"),
    [
        ("7", 7, "text", True),
        (0.1 + 0.2, "0.30000000000000004", "text", True),
        ("", None, "text", True),
        (None, False, "boolean", True),
        (1, True, "boolean", True),
        ([], None, "list", True),
        ("007", "7", "text", False),
        ("a", "A", "text", False),
        (0, None, "number", False),
        ("- a\n", "* a", "rich_text", True),
    ],
)
def test_edge_44_is_same(held, expected, kind, same):
    assert is_same(held, expected, kind) is same


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=3), st.booleans())
def test_edge_44_lists_agree_in_any_spelling(items, ascii_only):
    text = json.dumps(items, ensure_ascii=ascii_only)
    assert meaning(text, {"list"}) == by_column(text, {"list"}) == (exact(items) if items else None)
