"""The bucket as a value: what it allows, whatever calls and answers do."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.stores.airtable.bucket import (
    BELIEVED,
    GRACE,
    LIMIT,
    MOST_SLOW,
    RECOVERY,
    WINDOW,
    Bucket,
    Sent,
    answered,
    as_text,
    awaits,
    due,
    from_text,
    rested,
    taken,
)

GAP = 1 / 4.5


def _sent(bucket: Bucket, gap: float, now: float) -> tuple[Bucket, float]:
    """Send one call as soon as the bucket lets it go, every answer so far being there."""
    now = max(now, due(bucket, now, guarded=True))
    return taken(bucket, gap, "read", now), now


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 2), st.booleans()), min_size=10, max_size=60), st.sampled_from([GAP, 0.2, 0.01, 0])
)
def test_no_second_of_the_server_holds_more_than_its_limit(calls, gap):
    """Each call arrives at once, or as late as its answer: the bucket does not know which, and holds in any case."""
    bucket, now, arrivals, usual = Bucket(usual={"read": 0.1}), 100.0, [], 0.1
    for late, arrives_late in calls:
        bucket, now = _sent(bucket, gap, now)
        arrivals.append(now + (late if arrives_late else 0))
        bucket = answered(replace(bucket, usual={"read": usual}), bucket.sent[-1], now + usual + late, well=True)
    arrivals.sort()
    for first, later in zip(arrivals, arrivals[LIMIT:], strict=False):
        assert later - first >= WINDOW


def test_steady_answers_cost_no_pace():
    bucket, now, answers = Bucket(), 0.0, []
    for _ in range(100):
        for sent, at in [one for one in answers if one[1] <= now]:
            bucket = answered(bucket, sent, at, well=True)
            answers.remove((sent, at))
        bucket, now = _sent(bucket, GAP, now)
        answers.append((bucket.sent[-1], now + 0.3))
    assert now == pytest.approx(99 * GAP, abs=0.01)


def test_who_is_held_up_makes_up_for_it_without_a_burst():
    bucket, now, times = Bucket(usual={"read": 10.0}), 0.0, []
    for number in range(20):
        now += 0.4 if number == 5 else 0
        bucket, now = _sent(bucket, GAP, now)
        times.append(now)
    assert times[-1] == pytest.approx(19 * GAP, abs=0.05)
    assert all(later - first >= WINDOW for first, later in zip(times, times[LIMIT:], strict=False))


def test_an_answer_that_does_not_come_is_waited_for_but_not_for_ever():
    bucket = Bucket(usual={"read": 0.1})
    for number in range(LIMIT):
        bucket = taken(bucket, 0, "read", number * 0.01)
    assert awaits(bucket, 1.5)
    assert due(bucket, 1.5, guarded=True) > 1.5
    assert due(bucket, GRACE + 1, guarded=True) <= GRACE + 1
    assert due(bucket, 1.5, guarded=False) <= 1.5, "a pace above the limit is somebody's own will"


def test_a_429_lets_all_rest_and_halves_the_pace_which_recovers():
    bucket = taken(Bucket(), GAP, "read", 10.0)
    bucket = rested(bucket, bucket.sent[-1], 30, 10.2)
    assert due(bucket, 10.3, guarded=True) == 40.2

    def gap(at: float) -> float:
        return taken(replace(bucket, next=at), GAP, "read", at).next - at

    assert gap(40.2) == pytest.approx(2 * GAP)
    assert gap(40.2 + RECOVERY) == pytest.approx(1.5 * GAP)
    assert gap(40.2 + 20 * RECOVERY) == pytest.approx(GAP)


def test_calls_of_one_mistake_count_once():
    bucket = Bucket()
    for _ in range(3):
        bucket = taken(bucket, GAP, "read", 1.0)
    for number, sent in enumerate(bucket.sent):
        bucket = rested(bucket, sent, 30, 1.1 + number / 10)
    assert (bucket.slow, bucket.rest) == (1.0, pytest.approx(31.3))
    for _ in range(9):
        bucket = taken(bucket, GAP, "read", bucket.rest)
        bucket = rested(bucket, bucket.sent[-1], 30, bucket.rest + 0.1)
    assert bucket.slow == MOST_SLOW


def test_failures_do_not_tell_how_long_answers_take():
    bucket = taken(Bucket(usual={"read": 0.3}), GAP, "read", 1.0)
    assert answered(bucket, bucket.sent[-1], 1.001, well=False).usual == {"read": 0.3}
    assert answered(bucket, bucket.sent[-1], 1.1, well=True).usual == {"read": pytest.approx(0.1)}


@given(
    st.builds(
        Bucket,
        next=st.floats(0, 100),
        rest=st.floats(0, 100),
        since=st.floats(0, 100) | st.just(-math.inf),
        slow=st.floats(0, 3),
        count=st.integers(0, 10**9),
        sent=st.lists(
            st.builds(Sent, st.integers(0, 99), st.floats(0, 100), st.just("read"), st.none() | st.floats(0, 9)),
            max_size=3,
        ).map(tuple),
        usual=st.dictionaries(st.sampled_from(["read", "update"]), st.floats(0, 60)),
    )
)
def test_a_bucket_is_what_its_file_says(bucket):
    assert from_text(as_text(bucket), 100.0) == bucket
    assert from_text("", 100.0) == Bucket()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        '[1,2,3,4,5,6,"x"]',
        as_text(Bucket(next=100 + BELIEVED + 1)),
        as_text(Bucket(rest=1e9)),
        as_text(Bucket(sent=(Sent(1, 100.5, "read"),))),
    ],
)
def test_what_was_noted_before_a_restart_or_cannot_be_read_waits_one_window(text):
    assert from_text(text, 100.0) == Bucket(next=100.0 + WINDOW)
