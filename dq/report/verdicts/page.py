"""Verdicts as one HTML page."""

from collections.abc import Sequence
from html import escape

from dq.gate import Report, Verdict
from dq.report.pages import CLOSE, OPEN, document, heads
from dq.report.verdicts.wording import details, headline, passed, percent, sentence, subject, worst_first
from dq.schemas.values import Severity

WORDS = {
    "error": "error",
    "warning": "warning",
    "info": "note",
    "known": "known",
    "skipped": "not judged",
    "passed": "holds",
}
MOST_ROWS = 5_000
"""Rules in a table; the rest is counted."""


def as_page(reports: Sequence[Report], fail_on: Severity) -> str:
    """The reports as an HTML document."""
    title = f"dq check: {headline(reports)}"
    outcome = "The check passes." if passed(reports, fail_on) else "The check fails."
    others = [(r, v) for r in reports for v in r.verdicts if v.passed]
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{outcome}</p>",
        *_scores(reports),
        *_table("Rules that do not hold", worst_first(reports)),
        *_table("Other rules", others),
    ]
    return document(title, body)


def _scores(reports: Sequence[Report]) -> list[str]:
    names = list(dict.fromkeys(name for report in reports for name in report.scores))
    columns = ["table", "rows", "score", *names]
    told = [OPEN, "<caption>Scores</caption>", heads(columns, 1), "<tbody>"]
    for report in reports:
        cells = [f"{report.rows:,}", percent(report.total_score)]
        cells += [percent(report.scores[name]) if name in report.scores else "" for name in names]
        numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        told.append(f'<tr><th scope="row">{escape(report.target)}</th>{numbers}</tr>')
    return [*told, "</tbody>", CLOSE]


def _table(caption: str, found: Sequence[tuple[Report, Verdict]]) -> list[str]:
    if not found:
        return []
    told = [
        OPEN,
        f"<caption>{caption}</caption>",
        heads(["outcome", "table", "rule", "what was found"]),
        "<tbody>",
    ]
    told += [_row(*pair) for pair in found[:MOST_ROWS]]
    told += ["</tbody>", CLOSE]
    rest = len(found) - MOST_ROWS
    return told + ([f"<p>… and {rest:,} more.</p>"] if rest > 0 else [])


def _row(report: Report, verdict: Verdict) -> str:
    told = [sentence(verdict), *(details(verdict) if not verdict.passed else verdict.notes)]
    cells = [
        f'<td class="{verdict.status}">{WORDS[verdict.status]}</td>',
        f"<td>{escape(report.target)}</td>",
        f'<th scope="row">{escape(verdict.check.name)}<br><small>{escape(subject(verdict))}</small></th>',
        f"<td>{''.join(f'<p>{escape(one)}</p>' for one in told)}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"
