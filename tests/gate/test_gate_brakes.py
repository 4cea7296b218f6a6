"""Every brake below, at and over its limit, and what lifts it."""

import polars as pl
import pytest

from dq.gate import brakes, lifted
from dq.reconcile.changes import TYPES
from dq.rules import BrakeRules, FieldRule, Limit, TableRules
from dq.schemas.base import base_types

FIELDS = (FieldRule(name="name", airtable="Name"), FieldRule(name="state", airtable="State"))
RULES = TableRules(fields=FIELDS)


def records(count, name="x", start=0):
    rows = [(f"k{number:04}", name, "NY") for number in range(start, start + count)]
    return pl.DataFrame(rows, schema={"row_key": pl.String, "name": pl.String, "state": pl.String}, orient="row")


def removals(count, reason, store="database", soft=False):
    rows = [
        {"change_id": f"{store}/{n}", "store": store, "table": "leads", "op": "update" if soft else "delete"}
        | {"row_key": f"k{n:04}", "entity_id": f"e{n}", "field": "deleted_at" if soft else None, "reason": reason}
        for n in range(count)
    ]
    return pl.DataFrame([{**dict.fromkeys(TYPES), **row} for row in rows], schema=TYPES)


def base(count, name="x"):
    rows = [
        {
            "table": "leads",
            "entity_id": f"e{n}",
            "database_key": f"k{n:04}",
            "airtable_key": f"k{n:04}",
            "state": "linked",
        }
        | {"name_agreed": name, "state_agreed": "NY"}
        for n in range(count)
    ]
    types = base_types(["name", "state"])
    return pl.DataFrame([{**dict.fromkeys(types), **row} for row in rows], schema=types)


def held(changes=None, database=None, airtable=None, known=None, rules=RULES, blind=()):
    sides = {
        "database": records(100) if database is None else database,
        "airtable": records(100) if airtable is None else airtable,
    }
    none = pl.DataFrame(schema=TYPES)
    known = base(0) if known is None else known
    return brakes(none if changes is None else changes, sides, known, rules, frozenset(blind))


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(
    ("reason", "name", "count", "total", "holds"),
    [
        ("delete", "max_deletes", 9, 100, False),
        ("delete", "max_deletes", 10, 100, False),
        ("delete", "max_deletes", 11, 100, True),
        ("delete", "max_deletes", 100, 2000, False),
        ("delete", "max_deletes", 101, 2000, True),
        ("delete", "max_deletes", 1, 1, True),
        ("merge", "max_merges", 50, 100, False),
        ("merge", "max_merges", 51, 100, True),
    ],
)
def test_removals(reason, name, count, total, holds, soft):
    found = held(removals(count, reason, soft=soft), database=records(total))
    assert [(brake.name, brake.store, brake.count) for brake in found] == ([(name, "database", count)] if holds else [])


def test_all_rows_trip_the_brake_even_where_the_share_allows_it():
    rules = RULES.model_copy(update={"brakes": BrakeRules(max_deletes=Limit(share=1.0))})
    assert [brake.count for brake in held(removals(5, "delete"), database=records(5), rules=rules)] == [5]
    assert held(removals(4, "delete"), database=records(5), rules=rules) == []


def test_a_share_is_not_rounded_down_by_floats():
    rules = RULES.model_copy(update={"brakes": BrakeRules(max_deletes=Limit(share=0.29))})
    assert held(removals(29, "delete"), rules=rules) == []
    assert len(held(removals(30, "delete"), rules=rules)) == 1


@pytest.mark.parametrize(("left", "holds"), [(100, False), (50, False), (49, True), (0, True)])
@pytest.mark.parametrize("store", ["database", "airtable"])
def test_an_emptied_side(left, holds, store):
    found = held(**{store: records(left)}, known=base(100))
    assert [(brake.name, brake.store, brake.count) for brake in found] == (
        [("max_missing", store, 100 - left)] if holds else []
    )


def test_new_rows_do_not_hide_an_emptied_side():
    found = held(database=records(100, start=500), known=base(100))
    assert [brake.name for brake in found] == ["max_missing"]


@pytest.mark.parametrize(("changed", "holds"), [(30, False), (31, True), (100, True)])
@pytest.mark.parametrize("store", ["database", "airtable"])
def test_a_shifted_field(changed, holds, store):
    rows = pl.concat([records(changed, "moved"), records(100 - changed, start=changed)])
    found = held(**{store: rows}, known=base(100))
    assert [(brake.name, brake.store, brake.count) for brake in found] == (
        [("max_field_changes", store, changed)] if holds else []
    )
    assert all("name" in brake.message and "moved" not in brake.message for brake in found)


def test_cells_that_were_never_agreed_on_have_not_shifted():
    assert held(known=base(100, None)) == []


def test_a_handful_of_rows_says_nothing_about_a_field():
    assert held(database=records(9, "moved"), airtable=records(9), known=base(9)) == []


def test_a_brake_is_lifted_by_its_own_name_and_number_only():
    merges = removals(60, "merge").with_columns(pl.col("change_id", "row_key", "entity_id") + "m")
    both = held(removals(20, "delete").vstack(merges))
    assert [(brake.name, brake.flag) for brake in both] == [
        ("max_deletes", "--max-deletes 20"),
        ("max_merges", "--max-merges 60"),
    ]
    assert lifted(both, {}) == both
    assert lifted(both, {"max_deletes": 19}) == both
    assert [brake.name for brake in lifted(both, {"max_deletes": 20})] == ["max_merges"]
    assert [brake.name for brake in lifted(both, {"max_merges": 999, "max_missing": 999})] == ["max_deletes"]
    assert lifted(both, {"max_deletes": 20, "max_merges": 60}) == []


def test_an_empty_plan_on_empty_stores_trips_nothing():
    assert held(database=records(0), airtable=records(0)) == []


def test_a_side_whose_deletions_are_not_visible_is_not_emptied():
    names = [brake.name for brake in held(airtable=records(1), known=base(100))]
    assert names == ["max_missing"]
    assert held(airtable=records(1), known=base(100), blind=["airtable"]) == []
    assert [brake.store for brake in held(database=records(1), known=base(100), blind=["airtable"])] == ["database"]
