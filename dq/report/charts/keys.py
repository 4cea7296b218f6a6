"""Blocking keys: how many pairs each brings, and which share of likely matches all up to it find."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dq.report.charts.drawing import Scale, bar, cut, dot, figure, line, log_scale, powers, share, words
from dq.report.pages import table

_ROW, _LABELS, _LONGEST, _MOST = 20, 300, 48, 40
_PAIRS, _SHARES = (308.0, 500.0), (570.0, 690.0)


@dataclass(frozen=True, slots=True)
class FoundBy:
    """A blocking key.

    Attributes:
        name: Of what it is made.
        pairs: How many pairs share it.
        recall: Estimated share of the likely matches that it and those before it find; None where nobody estimated it.
    """

    name: str
    pairs: int
    recall: float | None


def keys(found: Sequence[FoundBy], name: str = "keys") -> list[str]:
    """The blocking keys as a figure.

    Args:
        found: In the order in which they were taken.
        name: Of the figure.
    """
    drawn = found[:_MOST]
    across = log_scale(max((one.pairs for one in found), default=1), *_PAIRS)
    recall = Scale(0, 1, *_SHARES)
    bottom = 8.0 + _ROW * len(drawn)
    marks = _axes(across, recall, bottom)
    last: tuple[float, float] | None = None
    for number, one in enumerate(drawn):
        middle = 8.0 + _ROW * number + _ROW / 2
        end = across.at(_log(one.pairs))
        marks.append(words(_LABELS, middle + 4, cut(one.name, _LONGEST), "end"))
        marks.append(bar(_PAIRS[0], end, middle - 6, 12, "for"))
        marks.append(words(end + 5, middle + 4, f"{one.pairs:,}"))
        if one.recall is not None:
            here = (recall.at(one.recall), middle)
            marks += [line(*last, *here, "axis")] if last else []
            marks.append(dot(*here, "against"))
            last = here
    told = (
        "A pair is compared if some key brings it. Bars: pairs that share a key. "
        "Dots: the estimated share of likely matches that a key and all above it find."
    )
    told += f" The first {_MOST} of {len(found)} are drawn." if len(found) > _MOST else ""
    return figure(name, "Blocking keys, in the order in which they were taken", told, bottom + 40, marks, _table(found))


def _log(count: int) -> float:
    return math.log10(max(count, 1))


def _axes(across: Scale, recall: Scale, bottom: float) -> list[str]:
    told = []
    for count in powers(across):
        x = across.at(_log(count))
        told += [line(x, 8, x, bottom, "grid"), words(x, bottom + 14, _short(count), "middle")]
    for part in (0.0, 0.5, 1.0):
        x = recall.at(part)
        told += [line(x, 8, x, bottom, "grid"), words(x, bottom + 14, f"{part:.0%}", "middle")]
    told.append(line(_PAIRS[0], 8, _PAIRS[0], bottom, "axis"))
    told.append(words(sum(_PAIRS) / 2, bottom + 32, "pairs (logarithmic)", "middle"))
    told.append(words(sum(_SHARES) / 2, bottom + 32, "likely matches found", "middle"))
    return told


def _short(count: int) -> str:
    """A power of ten in few letters."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count // size}{letter}"
    return str(count)


def _table(found: Sequence[FoundBy]) -> list[str]:
    rows = [(one.name, one.pairs, "" if one.recall is None else share(one.recall)) for one in found]
    return table("Blocking keys", ["key", "pairs", "likely matches found so far"], rows)
