"""Duplicates whose cells are empty: what a person cleared is not brought back, and what nobody set is filled."""

from dataclasses import replace

import polars as pl
import pytest
from engine_rows import LATE, lead, record
from engine_world import inputs, next_inputs, plan_table, plan_to_rest, with_rules

NOON, EVENING = "2026-02-01T12:00:00Z", "2026-02-01T20:00:00Z"
MANUAL = ("manual",)


def agreed(pairs, **how):
    """Inputs whose base knows linked pairs: (number, cells). Keys are d1, rec1, and so on."""
    database = [lead(f"d{n}", f"rec{n}", **cells) for n, cells in pairs]
    airtable = [record(f"rec{n}", f"d{n}", **cells) for n, cells in pairs]
    given = inputs(database, airtable, rules=with_rules(conflict=MANUAL, **how))
    return next_inputs(given, plan_table(given))


def now(given, database=(), airtable=()):
    """The same base, and these rows in the stores."""
    made = inputs(list(database), list(airtable), rules=given.rules)
    return replace(given, raw=made.raw)


def states(made):
    """The golden state of every lead, and where its cells' values come from."""
    cells = made.reconciled.changes.filter(pl.col("field").str.to_lowercase() == "state")
    golden = made.reconciled.golden["state"].to_list()
    return golden, set(cells.select("row_key", "after", "reason", "source").iter_rows())


ANN = {"name": "Ann Lee", "email": "a@x.com"}


@pytest.mark.parametrize(
    ("mine", "theirs", "golden"),
    [
        (None, "NY", None),
        (None, " NY", None),
        (None, "CA", "CA"),
        ("", "NY", None),
        ("NY", "NY", "NY"),
        ("TX", "NY", "TX"),
    ],
    ids=["cleared", "in standard form", "another value", "blank", "kept", "changed"],
)
def test_what_was_cleared_does_not_come_back_from_a_new_duplicate(mine, theirs, golden):
    given = agreed([(1, {**ANN, "state": "NY"})])
    rows = [lead("d1", "rec1", LATE, **ANN, state=mine), lead("d2", None, NOON, **ANN, state=theirs)]
    made, rest = plan_to_rest(now(given, rows, [record("rec1", "d1", **ANN, state="NY")]))
    assert rest.is_empty()
    assert states(made)[0] == [golden]


def test_a_cell_that_nobody_ever_filled_takes_the_duplicates_value():
    given = agreed([(1, ANN)])
    rows = [lead("d1", "rec1", LATE, **ANN), lead("d2", None, NOON, **ANN, state="NY")]
    made, rest = plan_to_rest(now(given, rows, [record("rec1", "d1", **ANN)]))
    assert rest.is_empty()
    assert states(made)[0] == ["NY"]


@pytest.mark.parametrize("size", [None, 7], ids=["it stays", "its duplicate stays"])
def test_whichever_row_stays_is_cleared_and_says_from_where(size):
    given = agreed([(1, {**ANN, "state": "NY"})])
    rows = [lead("d1", "rec1", LATE, **ANN), lead("d2", None, NOON, **ANN, state="NY", size=size)]
    made, rest = plan_to_rest(now(given, rows, [record("rec1", "d1", **ANN, state="NY")]))
    assert rest.is_empty()
    golden, cells = states(made)
    assert golden == [None]
    assert ("rec1", None, "sync", "database:d1") in cells
    survivor = made.clusters.filter(store="database", survivor=True)["row_key"].item()
    assert cells - {("rec1", None, "sync", "database:d1")} == (
        {("d2", None, "merge", "database:d1")} if survivor == "d2" else set()
    )
