"""Which backups are kept: against a slow, plain oracle, and case by case."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.backup.retention import Candidate, Policy, decide

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TAGS = ("a", "b", "c")


def backups(*days: float, **others):
    return [Candidate(f"b{n}", NOW - timedelta(days=age), **others) for n, age in enumerate(days)]


def kept(candidates, policy, protected=None, now=NOW):
    return {one.id: one.reason for one in decide(candidates, policy, now, protected or {}) if one.kept}


def oracle(candidates, policy, now, protected):
    """Every rule on its own, in plain loops."""
    keep = set(protected) & {one.id for one in candidates}
    past = []
    for one in candidates:
        if one.taken_at > now:
            keep.add(one.id)
        elif one.is_good:
            past.append(one)
        if (now - one.taken_at).total_seconds() < policy.days * 86_400:
            keep.add(one.id)
        for tag in one.tags:
            if tag in policy.tags:
                keep.add(one.id)
    for _ in range(policy.last):
        if past:
            newest = max(past, key=lambda one: (one.taken_at, one.id))
            keep.add(newest.id)
            past.remove(newest)
    return keep


ages = st.integers(-5 * 86_400, 60 * 86_400) | st.sampled_from([0, 1, -1, 30 * 86_400, 30 * 86_400 - 1])
candidates_of = st.lists(st.tuples(ages, st.lists(st.sampled_from(TAGS), max_size=2), st.booleans()), max_size=12).map(
    lambda rows: [
        Candidate(f"b{n}", NOW - timedelta(seconds=age), tuple(tags), is_good=good)
        for n, (age, tags, good) in enumerate(rows)
    ]
)
policies = st.builds(
    Policy, st.sampled_from([0, 1, 7, 30]), st.integers(0, 4), st.sampled_from([(), ("a",), ("a", "b")])
)


@settings(deadline=None)
@given(candidates_of, policies, st.sets(st.sampled_from([f"b{n}" for n in range(12)]), max_size=2))
def test_it_agrees_with_the_oracle(candidates, policy, protected):
    decided = decide(candidates, policy, NOW, dict.fromkeys(protected, "its run is open"))
    assert {one.id for one in decided if one.kept} == oracle(candidates, policy, NOW, protected)
    assert sorted(one.id for one in decided) == sorted(one.id for one in candidates)
    assert all(one.reason for one in decided)


@settings(deadline=None)
@given(candidates_of, policies)
def test_more_days_more_of_the_newest_or_more_tags_never_keep_less(candidates, policy):
    wider = Policy(policy.days + 5, policy.last + 1, TAGS)
    assert set(kept(candidates, policy)) <= set(kept(candidates, wider))


def test_each_reason_is_told():
    candidates = [
        *backups(90, 80, 70, 10, 0.5),
        Candidate("tagged", NOW - timedelta(days=99), ("release",)),
        Candidate("future", NOW + timedelta(days=2)),
    ]
    assert kept(candidates, Policy(30, 1, ("release",)), {"b0": "its run is open"}) == {
        "b0": "its run is open",
        "b3": "younger than 30 days",
        "b4": "the newest",
        "tagged": "tagged release",
        "future": "its time lies in the future: look at the clock",
    }


def test_edge_49_a_future_stamp_pushes_no_real_backup_out():
    candidates = [*backups(50, 40), Candidate("future", NOW + timedelta(days=400))]
    assert set(kept(candidates, Policy(0, 1))) == {"b1", "future"}


def test_a_damaged_backup_is_none_of_the_newest():
    candidates = [*backups(50), *[Candidate("bad", NOW - timedelta(days=40), is_good=False)]]
    assert set(kept(candidates, Policy(0, 1))) == {"b0"}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_edge_49_a_change_of_the_clock_makes_no_day_shorter(zone, month):
    """Thirty days are thirty times 24 hours, whichever wall clock the machine shows."""
    taken = datetime(2026, month, 1, 2, 30, tzinfo=UTC)
    candidates = [Candidate("b", taken)]
    for seconds, stays in ((-1, True), (0, False)):
        now = (taken + timedelta(days=30, seconds=seconds)).astimezone(ZoneInfo(zone))
        assert bool(kept(candidates, Policy(30, 0), now=now)) == stays
