"""The table of cases, readable, both ways round, and the policies' edge cases by number."""

from dataclasses import replace

import polars as pl
import pytest
from reconcile_world import NOW, field, reconciled, rules, side, terms, told

from dq.reconcile.policies import _union, timed
from dq.reconcile.scope import _typed

ONE = "1"
B, X, Y, NONE = "b", "x", "y", None
NOTHING = set()
OTHER = {"database": "airtable", "airtable": "database"}


def cell(base, left, right, *, swapped=False, known=True, **more):
    """One pair with one field `name`: (changes, conflicts, base cell)."""
    given = rules([field("name", **more)])
    rows = [{ONE: {"name": left, "at": 0}}, {ONE: {"name": right, "at": 0}}]
    database, airtable = reversed(rows) if swapped else rows
    agreed = {ONE: {"name": base}} if known else {}
    changes, conflicts, after = told(reconciled(given, database, airtable, agreed), given)
    return {(store, value) for store, _, _, _, value in changes}, conflicts, next(iter(after))[2]


@pytest.mark.parametrize("swapped", [False, True], ids=["", "swapped"])
@pytest.mark.parametrize(
    ("base", "left", "right", "to_right", "to_left", "agreed"),
    [
        (B, B, B, None, None, B),
        (B, X, B, X, None, X),
        (B, NONE, B, "", None, ""),
        (B, X, X, None, None, X),
        (B, NONE, NONE, None, None, ""),
        ("", X, NONE, X, None, X),
        (NONE, X, NONE, X, None, X),
        (NONE, X, X, None, None, X),
        (NONE, NONE, NONE, None, None, ""),
    ],
    ids=lambda value: "none" if value is None else value or "empty",
)
def test_the_table_of_cases(base, left, right, to_right, to_left, agreed, swapped):
    here, there = ("airtable", "database") if swapped else ("database", "airtable")
    changes, conflicts, after = cell(base, left, right, swapped=swapped)
    expected = {(there, to_right or None)} if to_right is not None else NOTHING
    expected |= {(here, to_left or None)} if to_left is not None else NOTHING
    assert changes == expected
    assert conflicts == NOTHING
    assert after == agreed


@pytest.mark.parametrize("swapped", [False, True], ids=["", "swapped"])
@pytest.mark.parametrize("base", [B, "", NONE], ids=["b", "empty", "none"])
def test_different_edits_are_a_conflict_that_waits_unwritten(base, swapped):
    changes, conflicts, after = cell(base, X, Y, swapped=swapped, conflict=("manual", "database_wins"))
    assert changes == NOTHING
    assert conflicts == {(ONE, "name", None, None)}
    assert after == base


def rows_of(base, left, right, *, swapped=False, **more):
    given = rules([field("name"), field("title")], **more)
    as_rows = [{ONE: {"name": value, "at": 0}} if value else {} for value in (left, right)]
    database, airtable = reversed(as_rows) if swapped else as_rows
    agreed = {ONE: {"name": base, "title": ""}} if base else {}
    changes, conflicts, after = told(reconciled(given, database, airtable, agreed), given)
    return {(store, op, value) for store, op, _, name, value in changes}, conflicts, {row[1] for row in after}


@pytest.mark.parametrize("swapped", [False, True], ids=["", "swapped"])
@pytest.mark.parametrize(
    ("base", "left", "right", "op", "state"),
    [
        (B, NONE, B, "delete", {"tombstone"}),
        (B, NONE, X, "insert", {"linked"}),
        (B, NONE, NONE, None, {"tombstone"}),
        (NONE, NONE, X, "insert", {"linked"}),
    ],
)
def test_the_table_of_rows(base, left, right, op, state, swapped):
    here, there = ("airtable", "database") if swapped else ("database", "airtable")
    changes, _, states = rows_of(base, left, right, swapped=swapped)
    done = {"delete": {(there, "delete", None)}, "insert": {(here, "insert", X)}}
    assert changes == done.get(op, NOTHING)
    assert states == state


TIMES = [(None, 5), (5, None), (None, None), (3, 3), (3, 4.9), (5, 3)]


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("policy", ["most_recent"])
def test_edge_01_most_recent_without_a_clear_later_time_waits_for_a_person(policy, times):
    given = rules([field("name", conflict=(policy,))])
    database, airtable = ({ONE: {"name": value, "at": at}} for value, at in zip((X, Y), times, strict=True))
    changes, conflicts, _ = told(reconciled(given, database, airtable, {ONE: {"name": B}}), given)
    assert changes == NOTHING
    assert conflicts == {(ONE, "name", None, None)}


@pytest.mark.parametrize(
    ("policy", "winner"),
    [
        ("most_recent", "airtable"),
        ("highest_quality", "database"),
        ("merge", "airtable"),
        ("database_wins", "database"),
        ("airtable_wins", "airtable"),
        ("manual", None),
    ],
)
def test_edge_01_each_strategy(policy, winner):
    given = rules([field("name", conflict=(policy,)), field("title")])
    database, airtable = {ONE: {"name": X, "title": "t", "at": 0}}, {ONE: {"name": Y, "at": 60}}
    changes, conflicts, _ = told(reconciled(given, database, airtable, {ONE: {"name": B, "title": None}}), given)
    assert conflicts == {(ONE, "name", winner, policy if winner else None)}
    golden = {"database": X, "airtable": Y}.get(winner)
    assert {c for c in changes if c[3] == "name"} == (
        {(OTHER[winner], "update", ONE, "name", golden)} if winner else NOTHING
    )


@pytest.mark.parametrize("skew", [0, 2, 3600])
@pytest.mark.parametrize("ahead", [-1, 1])
def test_edge_34_clocks_may_be_askew_by_what_is_allowed_and_no_more(skew, ahead):
    given = rules([field("name", conflict=("most_recent",))])
    given = given.model_copy(update={"sync": given.sync.model_copy(update={"skew_seconds": skew})})
    for apart, winner in ((skew, None), (skew + 0.001, "airtable" if ahead > 0 else "database")):
        sides = {ONE: {"name": X, "at": 0}}, {ONE: {"name": Y, "at": ahead * apart}}
        _, conflicts, _ = told(reconciled(given, *sides, {ONE: {"name": B}}), given)
        assert conflicts == {(ONE, "name", winner, "most_recent" if winner else None)}


def test_edge_34_times_of_different_stores_say_nothing_where_only_one_side_moved():
    given = rules([field("name", conflict=("most_recent",))])
    for at in (-9999, 9999):
        sides = {ONE: {"name": X, "at": at}}, {ONE: {"name": B, "at": 0}}
        changes, _, _ = told(reconciled(given, *sides, {ONE: {"name": B}}), given)
        assert changes == {("airtable", "update", ONE, "name", X)}


def test_edge_01_a_chain_asks_the_next_policy():
    _, conflicts, _ = cell(B, X, Y, conflict=("most_recent", "highest_quality", "airtable_wins"))
    assert conflicts == {(ONE, "name", "airtable", "airtable_wins")}


def test_edge_02_the_same_new_value_is_no_conflict_and_the_base_advances():
    assert cell(B, X, X) == (NOTHING, NOTHING, X)


def test_edge_03_different_cells_of_one_row_are_both_kept():
    given = rules([field("name"), field("title")])
    database, airtable = {ONE: {"name": X, "title": B}}, {ONE: {"name": B, "title": Y}}
    changes, conflicts, after = told(reconciled(given, database, airtable, {ONE: {"name": B, "title": B}}), given)
    assert changes == {("airtable", "update", ONE, "name", X), ("database", "update", ONE, "title", Y)}
    assert conflicts == NOTHING
    assert after == {(ONE, "linked", X, Y)}


@pytest.mark.parametrize("swapped", [False, True], ids=["", "swapped"])
def test_edge_05_an_edit_survives_a_delete_and_says_so(swapped):
    changes, conflicts, _ = rows_of(B, NONE, X, swapped=swapped)
    side_kept = "database" if swapped else "airtable"
    assert conflicts == {(ONE, None, side_kept, "edit_survives")}
    assert {op for _, op, _ in changes} == {"insert"}


def test_edge_05_deletes_that_are_ignored_leave_the_row_and_the_base():
    changes, _, states = rows_of(B, NONE, B, deletes="ignore")
    assert (changes, states) == (NOTHING, {"linked"})


@pytest.mark.parametrize(
    ("base", "left", "right", "expected"),
    [
        (B, NONE, Y, "conflict"),  # cleared here, edited there
        ("", NONE, Y, ("database", Y)),  # they had agreed that it is empty
        (NONE, NONE, Y, ("database", Y)),  # never set
        (B, NONE, B, ("airtable", None)),  # cleared
    ],
)
def test_edge_06_cleared_is_not_never_set(base, left, right, expected):
    changes, conflicts, _ = cell(base, left, right, conflict=("manual",))
    assert (changes, bool(conflicts)) == ((NOTHING, True) if expected == "conflict" else ({expected}, False))


def test_edge_06_a_clear_is_synced_and_then_defaulted_on_both_sides():
    given = rules([field("name"), field("status")])
    database, airtable = {ONE: {"name": X, "status": None}}, {ONE: {"name": X, "status": "old"}}
    changes, _, after = told(reconciled(given, database, airtable, {ONE: {"name": X, "status": "old"}}), given)
    assert changes == {(store, "update", ONE, "status", "new") for store in OTHER}
    assert after == {(ONE, "linked", X, "new")}


def test_edge_07_without_a_base_nothing_is_deleted_and_what_differs_is_a_conflict():
    given = rules([field("name", conflict=("manual",))])
    database, airtable = {"1": {"name": X}, "2": {"name": B}}, {"1": {"name": Y}, "3": {"name": B}}
    changes, conflicts, _ = told(reconciled(given, database, airtable, {}), given)
    assert {op for _, op, _, _, _ in changes} == {"insert"}
    assert conflicts == {("1", "name", None, None)}


@pytest.mark.parametrize("swapped", [False, True], ids=["", "swapped"])
@pytest.mark.parametrize(
    ("left", "right", "union"),
    [
        ('["b","a"]', '["c","a"]', '["a","b","c"]'),
        ("one\ntwo", "two\nthree", "one\ntwo\nthree"),
        ("[1,2]", '["a"]', None),
        ("[note] x", "y", None),
        ('[{"id":1}]', '[{"id":2}]', None),
    ],
)
def test_edge_09_a_union_has_every_part_once_and_never_guesses(left, right, union, swapped):
    given = rules([field("name", conflict=("merge",), survivorship=("union",))])
    pair = [{ONE: {"name": left}}, {ONE: {"name": right}}]
    database, airtable = reversed(pair) if swapped else pair
    done = reconciled(given, database, airtable, {ONE: {"name": B}})
    assert done.golden["name"].to_list() == [union]
    assert done.conflicts["resolved"].to_list() == [union is not None]


@pytest.mark.parametrize("rule", [("highest_quality",), ("most_complete",), ("most_frequent", "highest_quality")])
def test_edge_01_merge_takes_the_value_of_the_better_row(rule):
    given = rules([field("name", conflict=("merge",), survivorship=rule), field("title")])
    database = {ONE: {"name": X, "title": "t", "quality": 1.0}}
    done = reconciled(
        given, database, {ONE: {"name": Y, "title": "t", "quality": 2.0}}, {ONE: {"name": B, "title": "t"}}
    )
    assert done.golden["name"].to_list() == [Y]


@pytest.mark.parametrize("kind", ["number", "integer", "boolean", "date", "datetime"])
def test_edge_09_what_has_one_value_is_never_mixed(kind):
    given = rules([field("name", conflict=("merge",), survivorship=("union",))])
    column = replace(terms(given).database.column("name"), kind=kind)
    schema = replace(terms(given).database, columns=(terms(given).database.columns[0], column))
    cells = pl.DataFrame({"database": ["0.3"], "airtable": ["0.30000000000000004"]})
    mixed = cells.select(_union(given.fields[0], replace(terms(given), database=schema))).to_series()
    assert mixed.to_list() == [None]


@pytest.mark.parametrize("policy", ["highest_quality", "merge"])
def test_edge_10_a_default_loses_whatever_its_row_is_worth(policy):
    given = rules(
        [field("status", conflict=(policy,), survivorship=("longest",), default="a long default"), field("title")]
    )
    database = {ONE: {"status": "a long default", "title": "t", "at": 9}}
    airtable = {ONE: {"status": "y", "at": 0}}
    _, conflicts, _ = told(reconciled(given, database, airtable, {ONE: {"status": "old", "title": "t"}}), given)
    assert (ONE, "status", "airtable", policy) in conflicts


def test_edge_10_without_a_base_a_default_is_no_evidence():
    changes, conflicts, _ = cell(NONE, "new", Y, default="new")
    assert (changes, conflicts) == ({("database", Y)}, NOTHING)


def test_a_value_that_was_merged_in_brings_its_own_time_missing_or_not():
    given = rules([field("name", conflict=("most_recent",))])
    world_side = side(given, {ONE: {"name": X, "at": 60}}, "d")
    lent = world_side.sources.clear().vstack(
        pl.DataFrame(
            {"entity_id": [ONE], "field": ["name"], "source": ["d9"], "time": [None]}, schema=world_side.sources.schema
        )
    )
    cells = pl.DataFrame(
        {"entity_id": [ONE], "name@base": [B], "name@database": [X], "name@airtable": [Y], "modified@database": [NOW]}
    ).with_columns(
        pl.col("modified@database").alias("modified@airtable"),
        pl.lit(0.5).alias("quality#@database"),
        pl.lit(0.5).alias("quality#@airtable"),
    )
    done = timed(cells, given.fields[0], lent.with_columns(pl.lit("database").alias("store")), terms(given))
    assert done["modified_database"].to_list() == [None]


@pytest.mark.parametrize("owner", ["database", "airtable"])
def test_an_owners_word_stands(owner):
    changes, conflicts, _ = cell(B, X, Y, owner=owner)
    assert changes == {(OTHER[owner], X if owner == "database" else Y)}
    assert conflicts == NOTHING


def test_a_direction_limits_every_write_and_the_base_waits():
    changes, _, after = cell(B, B, Y, direction="to_airtable")
    assert (changes, after) == (NOTHING, B)


def test_a_row_without_a_word_of_its_own_is_not_copied_but_told():
    given = rules()
    done = reconciled(given, {ONE: {"status": "new"}}, {}, {})
    assert done.changes.is_empty()
    assert done.findings["rule"].to_list() == ["row.empty"]


@pytest.mark.parametrize("swapped", [False, True], ids=["", "swapped"])
@pytest.mark.parametrize("now", [B, X], ids=["unedited", "edited"])
def test_a_row_that_a_blind_side_lacks_is_not_gone(now, swapped):
    given = rules([field("name")])
    here, there = ("airtable", "database") if swapped else ("database", "airtable")
    sides = {here: {ONE: {"name": now, "at": 0}}, there: {}}
    base = {ONE: {"name": B}}
    changes, _, after = told(reconciled(given, sides["database"], sides["airtable"], base, blind=[there]), given)
    assert changes == NOTHING
    assert after == {(ONE, "linked", B)}
    seen, _, state = told(reconciled(given, sides["database"], sides["airtable"], base, blind=[here]), given)
    assert seen != NOTHING
    assert state != after or now == X


def test_a_row_on_neither_side_is_no_tombstone_while_one_side_is_blind():
    given = rules([field("name")])
    for blind, state in (((), "tombstone"), (["airtable"], "linked")):
        assert told(reconciled(given, {}, {}, {ONE: {"name": B}}, blind=blind), given) == (
            NOTHING, NOTHING, {(ONE, state, B)},
        )  # fmt: skip


def test_a_new_row_is_inserted_into_a_blind_side():
    given = rules([field("name")])
    changes, _, _ = told(reconciled(given, {ONE: {"name": X, "at": 0}}, {}, {}, blind=["airtable"]), given)
    assert ("airtable", "insert", ONE, "name", X) in changes


@pytest.mark.parametrize(
    ("dtype", "kind", "expected"),
    [
        (pl.String, "text", ["true", "false", "7", None]),
        (pl.Boolean, "boolean", [True, False, False, None]),
        (pl.Int64, "boolean", [1, 0, None, None]),
        (pl.Int64, "integer", [None, None, 7, None]),
        (pl.Float64, "number", [None, None, 7.0, None]),
    ],
)
def test_a_scope_compares_new_cells_as_the_column_holds_them(dtype, kind, expected):
    words = pl.DataFrame({"word": ["true", "false", "7", None]})
    assert words.select(_typed(pl.col("word"), dtype, kind)).to_series().to_list() == expected
