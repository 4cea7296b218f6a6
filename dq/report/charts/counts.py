"""Counts as columns on a logarithmic scale: of match weights, with thresholds and probabilities, and of sizes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dq.dedupe.evidence import log_odds
from dq.report.charts.drawing import (
    LETTER,
    WIDTH,
    Scale,
    bar,
    figure,
    likely,
    line,
    log_scale,
    powers,
    share,
    signed,
    tick_of,
    ticks,
    words,
)
from dq.report.pages import table

_LEFT, _RIGHT, _TALL, _LINE = 64, 700, 190, 16
_PROBABILITIES = (0.5, 0.99, 0.01, 0.9999, 0.0001, 0.9, 0.1, 1e-6, 1 - 1e-6)
"""Those that are written below match weights, as far as there is room, the first ones first."""


@dataclass(frozen=True, slots=True)
class Bin:
    """How many pairs have match weights from `low` to less than `high`, in bits."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A threshold: what it is called, and its match weight in bits."""

    name: str
    bits: float


def histogram(bins: Sequence[Bin], marks: Sequence[Mark], name: str = "weights") -> list[str]:
    """How many pairs have which match weight, as a figure.

    Args:
        bins: From the least weight up, without gaps.
        marks: Thresholds.
        name: Of the figure.
    """
    bits = [mark.bits for mark in marks]
    low, high = min([-1.0, *bits, *(one.low for one in bins)]), max([1.0, *bits, *(one.high for one in bins)])
    top = 18.0 + _LINE * len(marks)
    across = Scale(low, high, _LEFT, _RIGHT)
    up = log_scale(max((one.count for one in bins), default=1), top + _TALL, top)
    drawn = _counted(up, "pairs (logarithmic)")
    drawn += [_column(across.at(one.low), across.at(one.high), up, one.count) for one in bins if one.count]
    drawn += _bits(across, up.start)
    for number, mark in enumerate(sorted(marks, key=lambda one: one.bits)):
        drawn += _mark(across, mark, 14.0 + _LINE * number, up.start)
    told = "The further to the right, the rather a pair's rows are the same; each bit doubles the odds."
    return figure(name, "Match weights of pairs", told, up.start + 78, drawn, _weights(bins))


def columns(counts: Sequence[tuple[str, int]], named: str, what: str, title: str, name: str) -> list[str]:
    """Counts by class, as a figure.

    Args:
        counts: Name and number of each class, in order.
        named: What the classes are.
        what: What is counted.
        title: Of the chart.
        name: Of the figure.
    """
    up = log_scale(max((count for _, count in counts), default=1), 24.0 + _TALL, 24.0)
    wide = (_RIGHT - _LEFT) / max(len(counts), 1)
    drawn = _counted(up, f"{what} (logarithmic)")
    for number, (label, count) in enumerate(counts):
        start = _LEFT + wide * number
        middle = start + wide / 2
        drawn.append(words(middle, up.start + 15, label, "middle"))
        if count:
            drawn.append(_column(start + wide * 0.12, start + wide * 0.88, up, count))
            drawn.append(words(middle, up.at(math.log10(count)) - 4, f"{count:,}", "middle"))
    drawn.append(line(_LEFT, up.start, _RIGHT, up.start, "axis"))
    drawn.append(words((_LEFT + _RIGHT) / 2, up.start + 33, named, "middle"))
    return figure(
        name, title, f"{what} by {named}.".capitalize(), up.start + 40, drawn, table(title, [named, what], counts)
    )


def _counted(up: Scale, what: str) -> list[str]:
    """The axis of counts."""
    told = [words(-(up.start + up.end) / 2, 12, what, "middle").replace("<text", '<text transform="rotate(-90)"', 1)]
    for count in powers(up):
        y = up.at(math.log10(count))
        told += [line(_LEFT, y, _RIGHT, y, "grid"), words(_LEFT - 6, y + 4, f"{count:,}", "end")]
    return [*told, line(_LEFT, up.end, _LEFT, up.start, "axis")]


def _column(start: float, end: float, up: Scale, count: int) -> str:
    y = up.at(math.log10(count))
    return bar(start + 0.5, end - 0.5, y, up.start - y, "for")


def _bits(across: Scale, y: float) -> list[str]:
    """The axis of match weights, and that of probabilities below it."""
    told = [line(_LEFT, y, _RIGHT, y, "axis"), line(_LEFT, y + 40, _RIGHT, y + 40, "axis")]
    for tick in ticks(across.low, across.high, 12):
        x = across.at(tick)
        told += [line(x, y, x, y + 4, "axis"), words(x, y + 16, tick_of(tick), "middle")]
    taken: list[tuple[float, float]] = []
    for part in _PROBABILITIES:
        bits, half = log_odds(part), (len(share(part)) + 2) * LETTER / 2
        x = across.at(bits)
        if not across.low <= bits <= across.high or any(x - half < end and start < x + half for start, end in taken):
            continue
        taken.append((x - half, x + half))
        told += [line(x, y + 40, x, y + 44, "axis"), words(x, y + 56, share(part), "middle")]
    middle = (_LEFT + _RIGHT) / 2
    return [
        *told,
        words(middle, y + 32, "match weight (bits)", "middle"),
        words(middle, y + 72, "match probability", "middle"),
    ]


def _mark(across: Scale, mark: Mark, y: float, bottom: float) -> list[str]:
    x = across.at(mark.bits)
    told = f"{mark.name}: {signed(mark.bits)} bits, {likely(mark.bits)}"
    is_right = x + 6 + len(told) * LETTER < WIDTH
    return [
        line(x, y - 8, x, bottom, "mark"),
        words(x + (5 if is_right else -5), y, told, "start" if is_right else "end"),
    ]


def _weights(bins: Sequence[Bin]) -> list[str]:
    rows = [(signed(one.low), signed(one.high), one.count) for one in bins if one.count]
    return table("Pairs by match weight", ["from (bits)", "to less than", "pairs"], rows)
