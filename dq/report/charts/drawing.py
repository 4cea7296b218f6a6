"""Plain SVG: scales, ticks, bars, lines and words, and the figure around them.

Colors are apart for all kinds of color vision and differ in lightness, so that they are apart on paper as well; whatever
a color says is also said by place, dashes or words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dq.report.pages import shown

WIDTH = 720
"""Units of every chart's width; a letter is about 6 wide."""
LETTER = 6.2
STYLE = """
:root { --for: #0b62a3; --against: #c8620a; }
@media (prefers-color-scheme: dark) { :root { --for: #6cb6ff; --against: #f0a050; } }
figure { margin: 1rem 0 2rem; break-inside: avoid; }
figcaption { max-width: 46rem; padding-bottom: .5rem; }
svg { display: block; width: 100%; min-width: 34rem; max-width: 46rem; height: auto; }
svg text { fill: var(--ink); stroke: var(--paper); stroke-width: 4px; paint-order: stroke; }
svg .for { fill: var(--for); }
svg .against { fill: var(--against); }
svg .total { fill: var(--ink); }
svg .axis, svg .mark, svg .step { stroke: var(--ink); }
svg .grid { stroke: var(--line); }
@media print {
  :root { --ink: #000; --paper: #fff; --line: #bbb; --bad: #000; --warn: #000; --good: #000; --for: #0b62a3; --against: #c8620a; }
  body { max-width: none; margin: 0; }
  svg { min-width: 0; }
  h1, h2, h3, figcaption { break-after: avoid; }
}
"""
MINUS = "\N{MINUS SIGN}"
_FILLS = {"for": "#0b62a3", "against": "#c8620a", "total": "#1a1a1a"}
_STROKES = {
    "axis": 'stroke="#1a1a1a"',
    "grid": 'stroke="#c9c9c9" stroke-width="0.5"',
    "mark": 'stroke="#1a1a1a" stroke-dasharray="5 3"',
    "step": 'stroke="#1a1a1a" stroke-width="0.5" stroke-dasharray="2 2"',
}
"""Colors by day, for whoever takes a drawing out of its page; in it the page's style goes before them."""
_STEPS = (1, 2, 5, 10)
_LEAST = 0.9e-6
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'


@dataclass(frozen=True, slots=True)
class Scale:
    """Values on a line.

    Attributes:
        low: Least value.
        high: Greatest.
        start: Where the least is drawn.
        end: Where the greatest is drawn.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value is drawn."""
        share = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Round values between two others, both ends included where they are round."""
    rough = max(high - low, 1e-9) / most
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * one for one in _STEPS if power * one >= rough * (1 - 1e-9))
    return [number * step for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def log_scale(most: int, start: float, end: float) -> Scale:
    """A scale of log10 of counts, on which one is more than nothing."""
    return Scale(math.log10(0.6), max(math.log10(max(most, 1)), 1.0), start, end)


def powers(scale: Scale) -> list[int]:
    """1, 10, 100 … as far as the scale goes; every second or third where there are many."""
    last = math.floor(scale.high + 1e-9)
    return [10**number for number in range(0, last + 1, 1 + last // 8)]


def signed(bits: float) -> str:
    """A number of bits with its sign."""
    told = f"{bits:+.1f}"
    return "0.0" if told in ("+0.0", "-0.0") else told.replace("-", MINUS)


def tick_of(value: float) -> str:
    """A round number with its sign, for an axis."""
    return f"{value:+g}".replace("-", MINUS) if value else "0"


def share(part: float) -> str:
    """A share in percent, with as many digits as its distance from none and all wants."""
    gap = min(part, 1 - part)
    if 0 < gap < _LEAST:
        return "under 0.0001%" if part == gap else "over 99.9999%"
    digits = 0 if gap <= 0 else max(0, math.ceil(-math.log10(gap) - 1e-9) - 1)
    told = f"{part:.{digits}%}"
    return f"{told[:-1].rstrip('0').rstrip('.')}%" if "." in told else told


def likely(bits: float) -> str:
    """The match probability of a match weight, in percent: never none and never all."""
    return share(1 / (1 + 2 ** -min(max(bits, -40), 40)))


def cut(text: str, most: int) -> str:
    """The text in at most so many letters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def bar(start: float, end: float, y: float, height: float, kind: str) -> str:
    """A horizontal bar between two places; one of no length is a hair."""
    left, width = min(start, end), max(abs(end - start), 0.5)
    place = f'x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" fill="{_FILLS[kind]}" {place}/>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line class="{kind}" {_STROKES[kind]} {place}/>'


def dot(x: float, y: float, kind: str) -> str:
    """A dot."""
    return f'<circle class="{kind}" fill="{_FILLS[kind]}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'


def words(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    """Words on one line; `anchor` is the end that stands at x: start, middle or end."""
    style = f' class="{kind}" font-weight="600"' if kind else ""
    return f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{shown(text)}</text>'


def figure(name: str, title: str, told: str, height: float, marks: Sequence[str], table: Sequence[str]) -> list[str]:
    """A chart as HTML.

    Args:
        name: What its parts are called: letters and dashes, once a page.
        title: Of the chart.
        told: What it shows.
        height: Of the drawing.
        marks: SVG.
        table: The same as HTML table.
    """
    return [
        f'<figure id="{name}">',
        f"<figcaption><strong>{shown(title)}</strong><br>{shown(told)}</figcaption>",
        (
            f'<div class="wide"><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" {_FONT} role="img" '
            f'aria-labelledby="{name}-title {name}-told">'
        ),
        f'<title id="{name}-title">{shown(title)}</title>',
        f'<desc id="{name}-told">{shown(told)}</desc>',
        *marks,
        "</svg></div>",
        "<details><summary>The same as a table</summary>",
        *table,
        "</details>",
        "</figure>",
    ]
