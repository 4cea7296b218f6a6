"""Brakes on which rows a store holds, and what counts as missing at all."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from test_gate_brakes import RULES, base, records

from dq.gate import brakes, lifted, rekeyed, returned, under_new_rules
from dq.gate.identity import CANARIES
from dq.reconcile.changes import TYPES

NONE = pl.DataFrame(schema=TYPES)
THEN = datetime(2026, 7, 1, tzinfo=UTC)


def named(database=None, airtable=None, known=None, after=None):
    known = base(100) if known is None else known
    sides = {
        "database": records(100) if database is None else database,
        "airtable": records(100) if airtable is None else airtable,
    }
    more = {} if after is None else {"after": after.select("state", "database_key", "airtable_key")}
    return [(brake.name, brake.store, brake.count) for brake in brakes(NONE, sides, known, RULES, **more)]


def under_new_keys(count):
    """A base whose first rows have new keys in Airtable, and Airtable's rows so."""
    after = base(100).with_columns(
        pl.when(pl.int_range(pl.len()) < count)
        .then(pl.col("airtable_key") + "n")
        .otherwise("airtable_key")
        .alias("airtable_key")
    )
    rows = after.select(pl.col("airtable_key").alias("row_key"), pl.lit("x").alias("name"), pl.lit("NY").alias("state"))
    return after, rows


@pytest.mark.parametrize(
    ("count", "held"),
    [(1, []), (50, []), (51, [("max_rekeyed", "airtable", 51)]), (100, [("max_rekeyed", "airtable", 100)])],
)
def test_rows_under_new_keys_are_counted_apart_from_missing_ones(count, held):
    after, rows = under_new_keys(count)
    assert named(airtable=rows, after=after) == held
    assert rekeyed("airtable", rows, base(100), after).height == count
    assert named(airtable=rows) == ([("max_missing", "airtable", count)] if count > 50 else named(airtable=rows))


def test_a_key_that_only_the_next_base_has_is_no_new_key():
    after, _ = under_new_keys(100)
    assert rekeyed("airtable", records(0), base(100), after).is_empty()


def test_edge_08_rows_older_than_the_base_saw_them_are_a_restored_backup():
    known = base(100).with_columns(pl.lit(THEN).cast(pl.Datetime("us", "UTC")).alias("database_human"))
    for hours, count, held in ((1, 11, [("max_older", "database", 11)]), (1, 10, []), (-1, 100, []), (0, 100, [])):
        moved = THEN - timedelta(hours=hours)
        when = pl.when(pl.int_range(pl.len()) < count).then(pl.lit(moved)).otherwise(pl.lit(THEN))
        rows = records(100).with_columns(when.cast(pl.Datetime("us", "UTC")).alias("modified"))
        assert named(database=rows, known=known) == held


def test_edge_08_the_time_of_dqs_own_write_counts_and_the_clock_may_be_askew():
    time = pl.Datetime("us", "UTC")
    known = base(100).with_columns(
        pl.lit(THEN).cast(time).alias("airtable_human"),
        pl.lit(THEN + timedelta(days=1)).cast(time).alias("airtable_written"),
    )
    for seconds, held in ((-1, []), (-3, [("max_older", "airtable", 100)])):
        moved = THEN + timedelta(days=1, seconds=seconds)
        rows = records(100).with_columns(pl.lit(moved).cast(time).alias("modified"))
        assert named(airtable=rows, known=known) == held


@pytest.mark.parametrize(("back", "held"), [(0, []), (10, []), (11, [("max_returned", "database", 11)])])
def test_edge_17_many_rows_back_from_the_dead_are_a_brake(back, held):
    dead = base(100).with_columns(
        pl.when(pl.int_range(pl.len()) < back).then(pl.lit("tombstone")).otherwise("state").alias("state")
    )
    assert returned("database", records(100), dead).height == back
    found = named(known=dead)
    assert [one for one in found if one[1] == "database"] == held


def test_canaries_notice_a_store_that_shows_only_a_part():
    counts = {left: named(airtable=records(left)) for left in (100, 95, 60, 50)}
    assert counts[100] == counts[95] == []
    # which rows are canaries follows from the keys: the same for every plan
    assert counts[60] == named(airtable=records(60))
    spread = sorted(base(100)["airtable_key"].to_list())
    assert len(spread) > CANARIES
    hidden = records(100).filter(pl.int_range(pl.len()) % 2 == 0).head(51)
    assert {one[0] for one in named(airtable=hidden)} <= {"max_unreadable", "max_missing"}


def test_most_canaries_gone_hold_though_half_of_the_rows_are_there():
    from dq.gate.identity import _unreadable

    known = base(100).select(pl.col("airtable_key").alias("row_key"))
    gone = _unreadable("airtable", known, known)
    assert [(brake.name, brake.count, brake.limit) for brake in gone] == [("max_unreadable", CANARIES, CANARIES // 2)]
    assert _unreadable("airtable", known, known.head(1)) == []
    assert _unreadable("airtable", known.head(9), known.head(9)) == []


def test_new_rules_hold_a_plan_that_changes_anything():
    assert under_new_rules(0) == []
    (brake,) = under_new_rules(7)
    assert brake.flag == "--max-rule-changes 7"
    assert lifted([brake], {"max_rule_changes": 7}) == []
