"""Matching as an HTML page with charts: what was learned, what was compared, what was found."""

from dq.dedupe.evidence import log_odds
from dq.report import charts
from dq.report.charts.drawing import signed
from dq.report.matchfacts import Matching
from dq.report.pages import STYLE, document, shown, table

_PRIVATE = "This page holds names of columns and keys of rows. It holds no value of a cell."


def as_page(found: Matching) -> str:
    """A whole page."""
    title = f"dq dedupe: {found.headline}"
    body = [f"<h1>{shown(title)}</h1>", f"<p>{_PRIVATE}</p>", *sections(found)]
    return document(title, body, STYLE + charts.STYLE)


def sections(found: Matching, prefix: str = "") -> list[str]:
    """The charts with their headings, as HTML.

    Args:
        found: What matching found.
        prefix: What the figures' names begin with, where a page tells of several.
    """
    told = _heading("What was found", f"{found.headline}.")
    if found.sizes:
        title = "Sizes of clusters"
        told += charts.columns(found.sizes, "rows of a cluster", "clusters", title, f"{prefix}sizes")
    if found.decided:
        told += table("What put rows into their clusters", ["by", "rows"], found.decided)
    told += _heading("Match weights", found.compared)
    if found.weights:
        told += charts.histogram(found.weights, found.marks, f"{prefix}weights")
    if found.evidence is not None:
        told += _learned(found, prefix)
    if found.keys:
        told += _heading("What was compared", f"Only rows that share a key are compared.{found.counted}")
        told += charts.keys(found.keys, f"{prefix}keys")
    if found.examples:
        told += _heading(
            "Some pairs",
            "How their match weights come about. Rarity is what is left to the sum: how rare the values are on which two rows agree, and the bounds that rules set.",
        )
        for number, one in enumerate(found.examples, 1):
            told += charts.fall(one.title, one.fall, found.link, f"{prefix}pair-{number}")
    return told


def _heading(text: str, more: str) -> list[str]:
    return [f"<h2>{shown(text)}</h2>", f"<p>{shown(more)}</p>"]


def _learned(found: Matching, prefix: str) -> list[str]:
    if found.evidence is None:
        return []
    prior = found.evidence.prior
    told = _heading(
        "What was learned",
        f"Of any two rows one pair in {1 / prior:,.0f} is the same: {signed(log_odds(prior))} bits. "
        "What each comparison says is added to that, and a little more where the values are rare.",
    )
    told += charts.levels(found.evidence, f"{prefix}levels")
    if found.roles:
        told += table("Columns that counted", ["column", "taken for"], found.roles.items(), words=2)
    return told
