"""Verdicts for a terminal: a line a rule, the rows of those that fail, the scores."""

from collections.abc import Sequence

from dq.gate import Report, Verdict
from dq.report.verdicts.wording import details, percent, printable, sentence
from dq.schemas.values import Severity

MARKS = {"passed": "ok", "known": "known", "skipped": "skipped"}


def as_text(reports: Sequence[Report], _fail_on: Severity) -> str:
    """The reports for a terminal."""
    told: list[str] = []
    for report in reports:
        told += [f"{printable(report.target)}: {report.rows:,} rows"] if len(reports) > 1 else []
        for verdict in report.verdicts:
            told += _lines(verdict)
        told += [_scores(report)] if report.scores else []
    return "\n".join(told)


def _lines(verdict: Verdict) -> list[str]:
    mark = MARKS.get(verdict.status, verdict.status)
    first = f"{mark:<8}{printable(verdict.check.name)}: {sentence(verdict)}"
    return (
        [first]
        if verdict.status in ("passed", "skipped")
        else [first, *(f"{'':8}{printable(one)}" for one in details(verdict))]
    )


def _scores(report: Report) -> str:
    parts = "  ".join(f"{name} {percent(score)}" for name, score in report.scores.items())
    return f"score   {percent(report.total_score)}  ({parts})"
