"""Verdicts as values: what passes, at which severity, and the scores."""

import pytest

from dq.gate import Report, Verdict, scores_of
from dq.rules import Check

EMAIL = Check(name="there", check="completeness", field="email", severity="error")
STATUS = Check(name="known", check="membership", field="status", severity="info")
SHAPE = Check(name="shape", check="pattern", field="phone", severity="warning")


@pytest.mark.parametrize(
    ("status", "passed", "on_warning", "on_error"),
    [
        ("passed", True, True, True),
        ("known", True, True, True),
        ("skipped", True, True, True),
        ("info", False, True, True),
        ("warning", False, False, True),
        ("error", False, False, False),
    ],
)
def test_what_a_status_means_for_the_gate(status, passed, on_warning, on_error):
    verdict = Verdict(EMAIL, status, 1, 4)
    report = Report("leads", 4, (verdict,))
    assert (verdict.passed, report.passes("warning"), report.passes("error")) == (passed, on_warning, on_error)
    assert report.passed is on_error


def test_the_most_severe_failures_come_first():
    verdicts = tuple(Verdict(EMAIL, status, 1, 4) for status in ("info", "warning", "known", "error"))
    assert [verdict.status for verdict in Report("leads", 4, verdicts).failed] == ["error", "warning", "info"]


def test_new_failures_are_those_that_nothing_accepts():
    verdict = Verdict(EMAIL, "error", 5, 10, known=3)
    assert (verdict.new, verdict.share) == (2, 0.5)
    assert Verdict(EMAIL, "passed", 0, 0).share == 0.0


def test_a_score_is_the_weighted_share_of_rows_that_hold():
    scores, total = scores_of(
        (Verdict(EMAIL, "error", 1, 4), Verdict(STATUS, "info", 4, 4), Verdict(SHAPE, "passed", 0, 4))
    )
    assert scores == {"completeness": 0.75, "validity": pytest.approx(2 / 3)}
    assert total == pytest.approx((0.75 + 2 / 3) / 2)
    assert scores_of(()) == ({}, 1.0)
    assert scores_of((Verdict(EMAIL, "skipped", 0, 0),)) == ({}, 1.0)


def test_a_rule_moves_only_its_own_dimension():
    before, _ = scores_of((Verdict(EMAIL, "error", 1, 4), Verdict(STATUS, "info", 1, 4)))
    after, _ = scores_of((Verdict(EMAIL, "error", 1, 4), Verdict(STATUS, "info", 1, 4), Verdict(SHAPE, "info", 4, 4)))
    assert before["completeness"] == after["completeness"]
    assert before["validity"] > after["validity"]
