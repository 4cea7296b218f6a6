"""Verdicts as one HTML page: nothing is loaded, no script runs, light or dark as the reader has it."""

from collections.abc import Sequence
from html import escape

from dq.gate import Report, Verdict
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
_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #c9c9c9; --bad: #a40e26; --warn: #7a4d00; --good: #116329; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --paper: #16181c; --line: #454a52; --bad: #ff9492; --warn: #f0b72f; --good: #4ac26b; }
}
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th[scope=row] { font-weight: 600; }
td p { margin: 0; }
.number { text-align: right; white-space: nowrap; }
.error { color: var(--bad); font-weight: 600; }
.warning { color: var(--warn); font-weight: 600; }
.passed { color: var(--good); }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


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
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            "<main>",
            *body,
            "</main>",
            "</body>",
            "</html>",
        ]
    )


def _scores(reports: Sequence[Report]) -> list[str]:
    names = list(dict.fromkeys(name for report in reports for name in report.scores))
    heads = ["table", "rows", "score", *names]
    told = ["<table>", "<caption>Scores</caption>", _heads(heads), "<tbody>"]
    for report in reports:
        cells = [f"{report.rows:,}", percent(report.total_score)]
        cells += [percent(report.scores[name]) if name in report.scores else "" for name in names]
        numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        told.append(f'<tr><th scope="row">{escape(report.target)}</th>{numbers}</tr>')
    return [*told, "</tbody>", "</table>"]


def _table(caption: str, found: Sequence[tuple[Report, Verdict]]) -> list[str]:
    if not found:
        return []
    told = [
        "<table>",
        f"<caption>{caption}</caption>",
        _heads(["outcome", "table", "rule", "what was found"]),
        "<tbody>",
    ]
    told += [_row(*pair) for pair in found[:MOST_ROWS]]
    told += ["</tbody>", "</table>"]
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


def _heads(names: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead>"
