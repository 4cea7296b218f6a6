"""Verdicts as Markdown for a pull request or a job summary: what fails first, what holds folded away.

A comment on GitHub takes 65,536 characters and a job summary 1 MiB; the same text fits both.
"""

from collections.abc import Sequence

from dq.gate import Report, Verdict
from dq.report.verdicts.wording import details, headline, passed, percent, sentence, subject, worst_first
from dq.schemas.values import Severity

MARKER = "<!-- dq check -->"
"""The first line: by it a comment is found again and written anew."""
MOST_CHARACTERS = 60_000
"""Of the tables of rules; what is left to a comment's 65,536 is for all else."""
MOST_REPORTS = 50
SIGNS = {
    "error": "❌ error",
    "warning": "⚠️ warning",
    "info": "note",
    "known": "known",
    "skipped": "not judged",
    "passed": "✅",
}
_SPECIAL = str.maketrans({c: f"&#{ord(c)};" for c in "&<>|`*_[]@#~\\$!"} | dict.fromkeys("\r\n", " "))
_HEAD = ["| | table | rule | outcome |", "|---|---|---|---|"]


def as_markdown(reports: Sequence[Report], fail_on: Severity) -> str:
    """The reports as Markdown of a bounded length."""
    failed = worst_first(reports)
    others = [(r, v) for r in reports for v in r.verdicts if v.passed]
    sign = "✅" if passed(reports, fail_on) else "❌"
    told = [MARKER, f"### {sign} dq check: {headline(reports)}", "", *_scores(reports)]
    shown = _fitting([_row(*pair) for pair in failed], MOST_CHARACTERS)
    if shown:
        told += ["", *_HEAD, *shown]
    told += _rest(len(failed) - len(shown), "that do not hold")
    room = MOST_CHARACTERS - sum(len(row) for row in shown)
    held = _fitting([_row(*pair) for pair in others], room)
    if others:
        told += ["", f"<details><summary>{len(others):,} other rules</summary>", ""]
        told += [*_HEAD, *held, *_rest(len(others) - len(held), "that hold"), "", "</details>"]
    return "\n".join(told)


def escaped(text: str) -> str:
    """A text that Markdown shows as it is: no table, link, image or mention is made of it."""
    return text.translate(_SPECIAL)


def _scores(reports: Sequence[Report]) -> list[str]:
    names = list(dict.fromkeys(name for report in reports for name in report.scores))
    if not names:
        return []
    told = [
        f"| table | rows | score | {' | '.join(names)} |",
        f"|---|---:|---:|{'---:|' * len(names)}",
    ]
    for report in reports[:MOST_REPORTS]:
        parts = " | ".join(percent(report.scores[name]) if name in report.scores else "" for name in names)
        told.append(f"| {escaped(report.target[:100])} | {report.rows:,} | {percent(report.total_score)} | {parts} |")
    return told


def _row(report: Report, verdict: Verdict) -> str:
    outcome = [sentence(verdict), *details(verdict)] if not verdict.passed else [sentence(verdict), *verdict.notes]
    rule = f"{escaped(verdict.check.name)}<br>{escaped(subject(verdict))}"
    told = "<br>".join(escaped(one[:500]) for one in outcome)
    return f"| {SIGNS[verdict.status]} | {escaped(report.target[:100])} | {rule} | {told} |"


def _fitting(rows: Sequence[str], room: int) -> list[str]:
    shown: list[str] = []
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            break
        shown.append(row)
    return shown


def _rest(count: int, what: str) -> list[str]:
    return ["", f"… and {count:,} more {'rule' if count == 1 else 'rules'} {what}."] if count > 0 else []
