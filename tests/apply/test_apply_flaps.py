"""The memory of cells that go back and forth, and tombstones that grow old."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from test_apply_base import _entry, _linked, _rows

from dq.apply import base as base_state
from dq.apply import flaps
from dq.rules import FieldRule, SyncRules, TableRules

RULES = TableRules(fields=(FieldRule(name="name", airtable="Full Name"),))
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def told(values, *, plans=100, start=1, written=True, gap=1):
    """The memory after a cell was agreed on one value after the other, a plan each."""
    rules = RULES.model_copy(update={"sync": SyncRules(flap_plans=plans)})
    memory, serial = pl.DataFrame(schema=flaps.TYPES), start
    for before, after in pairwise(values):
        entries = [("leads", "airtable", _entry("update", "written"))] if written else []
        serial += gap
        memory = flaps.advanced(
            memory, _rows(_linked("E1", before)), _rows(_linked("E1", after)), entries, [rules], serial
        )
    return memory, flaps.candidates(memory, rules, serial)


@pytest.mark.parametrize(
    ("values", "found"),
    [("ABA", 1), ("ABAB", 1), ("AB", 0), ("ABC", 0), ("ABCB", 1), ("AAA", 0), ("ABCA", 0)],
)
def test_a_cell_that_came_back_is_known(values, found):
    _, cells = told(values)
    assert cells.height == found


def test_what_people_did_on_both_sides_is_no_write_of_dq():
    assert told("ABA", written=False)[0].is_empty()


def test_a_cell_that_was_never_agreed_on_has_not_moved():
    assert told([None, "A", "B", "A"])[1].height == 1
    assert told([None, "A"])[0].is_empty()


@pytest.mark.parametrize(("plans", "gap", "found"), [(3, 1, 1), (1, 1, 0), (3, 4, 0), (0, 1, 0)])
def test_only_the_last_plans_count(plans, gap, found):
    assert told("ABA", plans=plans, gap=gap)[1].height == found


def test_a_frozen_cell_does_not_thaw_by_itself():
    memory, _ = told("ABA")
    after = _rows(_linked("E1", "A"))
    conflicts = pl.DataFrame({"resolved_by": ["flap"], "table": ["leads"], "entity_id": ["E1"], "field": ["name"]})
    frozen = flaps.marked(memory, conflicts, after)
    later = flaps.advanced(frozen, after, after, [], [RULES], 900)
    assert flaps.candidates(later, RULES, 900).height == 1
    assert flaps.marked(later, conflicts.clear(), after)["frozen"].to_list() == [False]


def test_the_memory_stands_beside_its_base_and_a_lost_one_is_empty(tmp_path):
    memory, _ = told("ABA")
    for serial in range(1, 15):
        flaps.save(tmp_path, serial, memory, 10)
    assert flaps.load(tmp_path, 14).equals(memory)
    assert flaps.load(tmp_path, 1).is_empty()
    (tmp_path / "base" / "00000014.flaps").write_text("no")
    assert flaps.load(tmp_path, 14).is_empty()


@pytest.mark.parametrize(
    ("state", "days", "stays"),
    [("tombstone", 59, 1), ("tombstone", 61, 0), ("left", 61, 0), ("erased", 999, 1), ("linked", 999, 1)],
)
def test_tombstones_are_forgotten_after_their_time(state, days, stays):
    row = {**_linked("E1", "A"), "state": state, "since": NOW - timedelta(days=days)}
    assert base_state.pruned(_rows(row), NOW, [RULES]).height == stays


def test_tombstones_without_a_time_and_of_other_mappings_stay():
    rows = [
        {**_linked("E1", "A"), "state": "tombstone"},
        {**_linked("E2", "A"), "state": "tombstone", "table": "other", "since": NOW - timedelta(days=999)},
    ]
    assert base_state.pruned(_rows(*rows), NOW, [RULES]).height == 2
