"""Cells that go back and forth are frozen: not written, and put to a person."""

import pytest
from reconcile_world import digest, field, reconciled, rules, told

from dq.reconcile.flaps import FLAP

ONE = "1"


def cell(base, database, airtable, flaps, **more):
    given = rules([field("name", **more)])
    sides = [{ONE: {"name": value, "at": at}} for value, at in ((database, 0), (airtable, 60))]
    memory = [("d1", name, digest(old), digest(now)) for name, old, now in flaps]
    done = reconciled(given, *sides, {ONE: {"name": base}}, flaps=memory)
    return done, told(done, given)


@pytest.mark.parametrize(
    ("database", "airtable", "conflict"),
    [
        ("b", "a", ("most_recent",)),
        ("a", "b", ("most_recent",)),
        ("c", "b", ("most_recent",)),
        ("b", "c", ("database_wins",)),
    ],
    ids=["database moves", "airtable moves", "policy for airtable", "policy for database"],
)
def test_a_third_move_between_the_same_values_waits(database, airtable, conflict):
    done, (changes, conflicts, base) = cell("a", database, airtable, [("name", "b", "a")], conflict=conflict)
    assert changes == set()
    assert conflicts == {(ONE, "name", None, FLAP)}
    assert base == {(ONE, "linked", "a")}
    assert done.conflicts.select("kind", "policy", "resolved").rows() == [("value_mismatch", "manual", False)]


@pytest.mark.parametrize(
    ("database", "flaps"),
    [
        ("b", []),
        ("b", [("title", "b", "a")]),
        ("c", [("name", "b", "a")]),  # another value: no flap
        ("b", [("name", "b", "x")]),  # the base moved since, by a person
    ],
)
def test_other_moves_are_written(database, flaps):
    _, (changes, conflicts, _) = cell("a", database, "a", flaps)
    assert (changes, conflicts) == ({("airtable", "update", ONE, "name", database)}, set())


def test_a_person_ends_it_by_making_both_sides_equal():
    _, (changes, conflicts, base) = cell("a", "b", "b", [("name", "b", "a")])
    assert (changes, conflicts, base) == (set(), set(), {(ONE, "linked", "b")})


def test_an_emptied_cell_can_flap_as_well():
    _, (changes, conflicts, _) = cell("a", None, "a", [("name", "", "a")])
    assert (changes, conflicts) == (set(), {(ONE, "name", None, FLAP)})


def test_digests_hold_no_values_and_differ():
    assert digest("a@x.com") != digest("b@x.com")
    assert "a@x" not in digest("a@x.com")
    assert digest(None) == digest("")
