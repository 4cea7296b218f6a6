"""Which row stays, and which of its duplicates' values each field keeps."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from dq.dedupe import Standing, choose
from dq.rules import DedupeRules, FieldRule, TableRules
from dq.side import CLEARED_TYPES

TIME = pl.Datetime("us", "UTC")
START = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = frozenset({"text"})
KINDS = {"name": TEXT, "more": TEXT}
NOTHING_CLEARED = pl.DataFrame(schema=CLEARED_TYPES)


def rules(survivorship=("most_recent",), resolve="merge", default=None):
    fields = (
        FieldRule(name="name", airtable="Name", survivorship=survivorship, default=default, standardize=()),
        FieldRule(name="more", airtable="More"),
    )
    return TableRules(fields=fields, dedupe=DedupeRules(resolve=resolve))


def chosen(rows, given=None, *, preferred=(), children=None, stale=(), held=()):
    """`rows`: (key, name, more, day), all of one entity."""
    given = given or rules()
    flat = [
        {
            "row_key": key,
            "created": None,
            "modified": None if day is None else START + timedelta(days=day),
            "link": None,
        }
        | {"name": name, "name_raw": name, "name_rule": None, "more": more, "more_raw": more, "more_rule": None}
        for key, name, more, day in rows
    ]
    cells = dict.fromkeys([f"{n}{end}" for n in ("name", "more") for end in ("", "_raw", "_rule")], pl.String)
    records = pl.DataFrame(
        flat, schema={"row_key": pl.String, "created": TIME, "modified": TIME, "link": pl.String, **cells}
    )
    members = records.select("row_key", pl.lit("e").alias("entity_id"))
    keys = lambda some: pl.DataFrame({"row_key": list(some)}, schema={"row_key": pl.String})  # noqa: E731
    counted = pl.DataFrame(
        list((children or {}).items()), schema={"row_key": pl.String, "children": pl.UInt32}, orient="row"
    )
    standing = Standing(keys(preferred), counted, keys(stale), NOTHING_CLEARED, "database", KINDS)
    return choose(records, members, standing, given, list(held))


@pytest.mark.parametrize(
    ("rows", "how", "survivor"),
    [
        ([("k1", "x", None, 1), ("k2", "x", "m", 0)], {}, "k2"),
        ([("k1", "x", None, 1), ("k2", "x", "m", 0)], {"given": rules(resolve="most_recent")}, "k1"),
        ([("k1", "x", "m", None), ("k2", "x", "m", 0)], {"given": rules(resolve="most_recent")}, "k2"),
        ([("k1", "x", "m", 0), ("k2", "x", "m", 0)], {"children": {"k2": 3, "k1": 1}}, "k2"),
        ([("k2", "x", "m", 0), ("k1", "x", "m", 0)], {}, "k1"),
        ([("k1", "x", "m", 0), ("k2", None, None, 0)], {"preferred": ["k2"]}, "k2"),
        ([("k1", "x", "m", 9), ("k2", None, None, 0)], {"stale": ["k1"]}, "k2"),
    ],
    ids=["fullest", "most recent", "a time before none", "children", "smallest key", "linked", "stale never"],
)
def test_the_survivor(rows, how, survivor):
    side = chosen(rows, **how)
    assert side.rows["row_key"].to_list() == [survivor]
    assert side.merged.rows() == [("e", key, survivor) for key in sorted({row[0] for row in rows} - {survivor})]


@pytest.mark.parametrize(
    ("chain", "names", "expected"),
    [
        (("most_recent",), [("a", 0), ("b", 2), ("c", 1)], "b"),
        (("most_recent",), [("a", None), ("b", 1)], "b"),
        (("longest",), [("a", 0), ("bbb", 1), ("cc", 2)], "bbb"),
        (("most_frequent",), [("a", 9), ("b", 0), ("b", 1)], "b"),
        (("most_frequent", "most_recent"), [("a", 9), ("b", 0)], "a"),
        (("most_frequent", "longest"), [("a", 9), ("bb", 0)], "bb"),
        (("source_priority", "longest"), [("a", 9), ("bb", 0)], "bb"),
        (("union",), [("a\nb", 0), ("b\nc", 1)], "a\nb\nc"),
        (("union",), [('["a","b"]', 0), ('["b", "c"]', 1)], '["a","b","c"]'),
        (("union",), [("[note", 0), ('["b"]', 1)], "[note"),
        (("most_recent", "union"), [("a", 0), ("b", 1)], "b"),
        (("most_recent", "union"), [("a", 1), ("b", 1)], "a\nb"),
        (("most_recent",), [("a", 0), (None, 9)], "a"),
    ],
)
def test_survivorship(chain, names, expected):
    rows = [(f"k{number}", name, "m", day) for number, (name, day) in enumerate(names)]
    assert chosen(rows, rules(chain)).rows["name"].to_list() == [expected]


@pytest.mark.parametrize("chain", [("highest_quality",), ("most_complete",)])
def test_the_fullest_rows_value_wins(chain):
    rows = [("k1", "full", "m", 0), ("k2", "recent", None, 9)]
    assert chosen(rows, rules(chain)).rows["name"].to_list() == ["full"]


@pytest.mark.parametrize(("resolve", "expected"), [("most_recent", "recent"), ("highest_quality", "full")])
def test_record_strategies_are_presets(resolve, expected):
    rows = [("k1", "full", "m", 0), ("k2", "recent", None, 9)]
    assert chosen(rows, rules(("longest",), resolve)).rows["name"].to_list() == [expected]


@pytest.mark.parametrize("chain", [("most_recent",), ("longest",), ("most_frequent",), ("union",)])
def test_edge_10_a_default_never_wins(chain):
    rows = [("k1", "a default", "m", 9), ("k2", "a default", "m", 8), ("k3", "x", None, 0)]
    side = chosen(rows, rules(chain, default="a default"))
    assert side.rows["name"].to_list() == ["x"]
    assert side.rows["name_held"].to_list() == ["a default"]
    assert side.sources.filter(field="name")["source"].to_list() == ["k3"]


def test_a_stale_row_is_no_evidence():
    side = chosen([("k1", None, None, 0), ("k2", "old", "m", 9)], stale=["k2"])
    assert side.rows.select("row_key", "name").rows() == [("k1", None)]
    assert side.merged["row_key"].to_list() == ["k2"]


def test_held_duplicates_stay_beside_the_survivor_with_their_cells():
    side = chosen([("k1", "a", "m", 0), ("k2", "b", None, 9)], held=["e"])
    assert side.merged.is_empty()
    assert side.kept.select("row_key", "name", "name_raw").rows() == [("k2", "b", "b")]
    assert side.rows["name"].to_list() == ["a"]


def test_fields_may_be_called_like_the_words_of_the_ranking():
    fields = tuple(FieldRule(name=name, airtable=name) for name in ("quality", "children", "stale", "preferred"))
    cells = {f"{f.name}{end}": ["x", None] for f in fields for end in ("", "_raw", "_rule")}
    records = pl.DataFrame(
        {"row_key": ["k1", "k2"], "created": [None] * 2, "modified": [None] * 2, "link": [None] * 2, **cells}
    )
    members = records.select("row_key", pl.lit("e").alias("entity_id"))
    none = pl.DataFrame(schema={"row_key": pl.String})
    kinds = {field.name: TEXT for field in fields}
    standing = Standing(none, none.with_columns(pl.lit(0).alias("children")), none, NOTHING_CLEARED, "database", kinds)
    side = choose(records, members, standing, TableRules(fields=fields), [])
    assert side.rows.select("row_key", "quality", "stale").rows() == [("k1", "x", "x")]
