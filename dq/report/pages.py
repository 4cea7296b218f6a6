"""HTML pages: nothing is loaded, no script runs, light or dark as the reader has it, dark on white on paper."""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #c9c9c9; --bad: #a40e26; --warn: #7a4d00; --good: #116329; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --paper: #16181c; --line: #454a52; --bad: #ff9492; --warn: #f0b72f; --good: #4ac26b; }
}
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; min-width: min(100%, 30rem); margin: 1rem 0 2rem; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; }
th[scope=col] { overflow-wrap: normal; white-space: normal; }
th[scope=row], td:not(.number) { min-width: 8rem; }
th[scope=row] { font-weight: 600; }
td p { margin: 0; }
.error { color: var(--bad); font-weight: 600; }
.warning { color: var(--warn); font-weight: 600; }
.passed { color: var(--good); }
@media print { .wide { overflow-x: visible; } }
"""
OPEN, CLOSE = '<div class="wide"><table>', "</table></div>"
"""A table that is moved sideways where the page is too narrow for it."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, body: Sequence[str], style: str = STYLE) -> str:
    """A whole page.

    Args:
        title: Plain text.
        body: HTML.
        style: CSS.
    """
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{shown(title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            "<main>",
            *body,
            "</main>",
            "</body>",
            "</html>",
        ]
    )


def heads(names: Sequence[str], words: int | None = None) -> str:
    """The head of a table.

    Args:
        names: Of its columns, plain text.
        words: How many of the first columns are no numbers; None for all.
    """
    many = len(names) if words is None else words
    cells = "".join(f'<th scope="col">{shown(name)}</th>' for name in names[:many])
    cells += "".join(f'<th scope="col" class="number">{shown(name)}</th>' for name in names[many:])
    return f"<thead><tr>{cells}</tr></thead>"


def table(caption: str, names: Sequence[str], rows: Iterable[Sequence[str | float]], words: int = 1) -> list[str]:
    """A table of plain values: the first of a row names it, and numbers stand to the right.

    Args:
        caption: Plain text.
        names: Of its columns.
        rows: Values: text is shown as it is, numbers with commas.
        words: How many of the first columns are no numbers.
    """
    told = [OPEN, f"<caption>{shown(caption)}</caption>", heads(names, words), "<tbody>"]
    for row in rows:
        first, *rest = (shown(value) if isinstance(value, str) else f"{value:,}" for value in row)
        cells = [f"<td>{text}</td>" for text in rest[: words - 1]]
        cells += [f'<td class="number">{text}</td>' for text in rest[words - 1 :]]
        told.append(f'<tr><th scope="row">{first}</th>{"".join(cells)}</tr>')
    return [*told, "</tbody>", CLOSE]


def shown(text: str) -> str:
    """Text for HTML and SVG: nothing that is not printable, escaped."""
    return escape("".join(c if c.isprintable() else "·" for c in text))
