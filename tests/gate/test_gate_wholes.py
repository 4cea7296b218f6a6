"""Rules about the table as a whole: freshness, number of rows, drift against the last snapshot."""

import math
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.gate import Beside, judge, named_by
from dq.rules import Check

KEY = named_by("leads", "key")
NOW = datetime(2026, 7, 31, tzinfo=UTC)


def _judged(check, now, before=None, at=NOW):
    frames = [
        None if values is None else pl.DataFrame({"key": range(len(values)), "a": values}).lazy()
        for values in (now, before)
    ]
    report = judge(frames[0], [Check(name="rule", **check)], KEY, "leads", Beside(now=at, before=frames[1]))
    return report.verdicts[0]


@pytest.mark.parametrize(
    ("values", "status", "age"),
    [
        (["2026-07-30T00:00:00Z", "2020-01-01", None], "passed", 86_400),
        (["2026-07-01", ""], "warning", 30 * 86_400),
        ([datetime(2026, 7, 30, 12)], "passed", 43_200),
        ([None, None], "warning", None),
        (["soon"], "warning", None),
        (["2026-08-30T00:00:00+00:00"], "passed", -30 * 86_400),
    ],
)
def test_freshness(values, status, age):
    verdict = _judged({"check": "freshness", "field": "a", "max_age": 864_000}, pl.Series(values))
    assert (verdict.status, verdict.measured, verdict.unit) == (status, age, "seconds")
    assert (verdict.failed, verdict.total) == (int(status != "passed"), 1)
    assert bool(verdict.notes) is (age is None or age < 0)


def test_freshness_of_the_rows_that_are_judged():
    check = {"check": "freshness", "field": "a", "max_age": 864_000, "where": "key = 0"}
    assert _judged(check, ["2026-01-01", "2026-07-31"]).status == "warning"
    assert _judged({**check, "where": "key = 1"}, ["2026-01-01", "2026-07-31"]).status == "passed"


@pytest.mark.parametrize(
    ("said", "rows", "before", "expected"),
    [
        ({"min": 2}, 2, None, ("passed", 2, 2, "rows")),
        ({"min": 2}, 1, None, ("error", 1, 2, "rows")),
        ({"min": 1, "max": 3}, 4, None, ("error", 4, 3, "rows")),
        ({"max_change": 0.2}, 8, 10, ("passed", 0.2, 0.2, "share")),
        ({"max_change": 0.2}, 7, 10, ("error", 0.3, 0.2, "share")),
        ({"max_change": 0.2}, 13, 10, ("error", 0.3, 0.2, "share")),
        ({"max_change": 0.2}, 5, 0, ("error", 1.0, 0.2, "share")),
        ({"max_change": 0.2}, 0, 0, ("passed", 0.0, 0.2, "share")),
        ({"min": 5, "max_change": 0.2}, 4, 4, ("error", 4, 5, "rows")),
        ({"max_change": 0.2}, 5, None, ("skipped", None, None, "rows")),
        ({"min": 1, "max_change": 0.2}, 5, None, ("passed", 5, None, "rows")),
    ],
)
def test_number_of_rows(said, rows, before, expected):
    past = None if before is None else ["x"] * before
    verdict = _judged(
        {"check": "row_count", "severity": "error", **said}, pl.Series(["x"] * rows, dtype=pl.String), past
    )
    assert (verdict.status, verdict.measured, verdict.allowed, verdict.unit) == (
        expected[0],
        pytest.approx(expected[1]) if expected[1] is not None else None,
        *expected[2:],
    )


def test_share_of_empty_cells():
    check = {"check": "null_rate", "field": "a", "max_change": 0.1}
    assert _judged(check, ["x", "", None, "x"], ["x", "x", None, ""]).status == "passed"
    worse = _judged(check, ["x", "", None, "x"], ["x", "x", "x", ""])
    assert (worse.status, worse.measured, worse.allowed) == ("warning", 0.25, 0.1)
    assert _judged(check, ["x"], ["x", None]).measured == 0.5
    assert _judged(check, ["x"]).status == "skipped"


@given(
    st.lists(st.sampled_from([None, "", "x", "y", "z"]), min_size=1, max_size=30),
    st.lists(st.sampled_from([None, "", "x", "y", "w"]), min_size=1, max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_distance_of_values_is_what_plain_python_says(now, before):
    def share(values, value):
        return sum((one or None) == value for one in values) / len(values)

    kinds = {one or None for one in [*now, *before]}
    tvd = sum(abs(share(now, kind) - share(before, kind)) for kind in kinds) / 2
    pairs = [(max(share(now, kind), 1e-4), max(share(before, kind), 1e-4)) for kind in kinds]
    psi = sum((left - right) * math.log(left / right) for left, right in pairs)
    check = {"check": "distribution", "field": "a", "max_distance": 0.3}
    columns = [pl.Series(values, dtype=pl.String) for values in (now, before)]
    found = _judged(check, *columns)
    assert found.measured == pytest.approx(tvd)
    assert (found.status == "passed") is (tvd <= 0.3 + 1e-12)
    assert _judged({**check, "distance": "psi"}, *columns).measured == pytest.approx(psi)


def test_numbers_and_times_are_compared_by_tenths():
    check = {"check": "distribution", "field": "a", "max_distance": 0.1}
    past = [float(number) for number in range(1000)]
    assert _judged(check, [number + 0.25 for number in range(0, 1000, 2)], past).status == "passed"
    shifted = _judged(check, [number + 500.0 for number in range(1000)], past)
    assert (shifted.status, shifted.measured > 0.4) == ("warning", True)
    assert _judged(check, [float("nan")] * 9, [float("nan")] * 9).measured == 0.0
    days = pl.Series(range(1000)).cast(pl.Date)
    assert _judged(check, days, days).measured == 0.0
    assert _judged(check, [7] * 20, [7] * 5).measured == 0.0


def test_drift_of_a_column_that_the_last_snapshot_lacks_is_not_judged():
    for kind, key in (("null_rate", "max_change"), ("distribution", "max_distance")):
        check = Check(name="rule", check=kind, field="b", **{key: 0.1})
        now, before = pl.DataFrame({"key": [1], "b": ["x"]}), pl.DataFrame({"key": [1]}).lazy()
        [verdict] = judge(now, [check], KEY, "leads", Beside(before=before)).verdicts
        assert verdict.status == "skipped"
