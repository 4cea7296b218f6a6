"""The law of transforms: the same rows however the work is cut, and in whatever order the rows come."""

from dataclasses import replace

import polars as pl
import pytest
from engine_world import edited, inputs, next_inputs, plan_table, with_rules, world

from dq.engine.parking import Park

SIZE = 200


def frames(made):
    done = made.reconciled
    return {
        "changes": done.changes,
        "conflicts": done.conflicts,
        "golden": done.golden,
        "base": done.base,
        "clusters": made.clusters,
        "pairs": made.pairs,
        "findings": made.findings,
        "database": made.records["database"],
        "airtable": made.records["airtable"],
    }


def assert_equal(left, right):
    for name, frame in frames(left).items():
        assert frame.equals(frames(right)[name], null_equal=True), name


@pytest.fixture(scope="module", params=["merge", "none"])
def worlds(request):
    """A first run, and one with a base, tombstones and losers behind it."""
    database, airtable = world(6, SIZE)
    first = inputs(database, airtable, rules=with_rules(resolve=request.param))
    later = edited(next_inputs(first, plan_table(first)), 5)
    gone = later.base.with_columns(
        pl.when(pl.int_range(pl.len()) % 9 == 0).then(pl.lit("tombstone")).otherwise("state").alias("state")
    )
    return {"first": first, "later": later, "restored": replace(later, base=gone)}


@pytest.mark.parametrize("which", ["first", "later", "restored"])
def test_seven_parts_give_what_one_gives(worlds, which):
    whole = worlds[which]
    assert whole.raw["database"].collect().height > 50
    assert_equal(plan_table(replace(whole, parts=7)), plan_table(whole))


@pytest.mark.parametrize("which", ["first", "later"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_says_nothing(worlds, which, seed):
    whole = worlds[which]
    raw = {
        store: frame.collect().sample(fraction=1, shuffle=True, seed=seed).lazy() for store, frame in whole.raw.items()
    }
    base = whole.base.sample(fraction=1, shuffle=True, seed=seed)
    assert_equal(plan_table(replace(whole, raw=raw, base=base)), plan_table(whole))


@pytest.mark.parametrize("parts", [1, 3])
def test_parked_frames_are_the_ones_in_memory(worlds, parts, tmp_path):
    whole = replace(worlds["later"], parts=parts)
    parked, held = plan_table(whole, Park(tmp_path)), plan_table(whole)
    for name in ("changes", "golden", "base", "pairs", "records_database", "records_airtable"):
        assert parked.frame(name).equals(held.frame(name), null_equal=True), name
    assert parked.frame("changes", ["change_id"]).height == held.reconciled.changes.height
