"""One pair as a waterfall: from the prior, by what each comparison adds or takes, to the match weight."""

from collections.abc import Sequence
from dataclasses import dataclass

from dq.report.charts.drawing import Scale, bar, cut, figure, likely, line, signed, tick_of, ticks, words
from dq.report.pages import table
from dq.report.waterfall import SILENT, Waterfall

_ROW, _LABELS, _START, _END = 20, 290, 340, 560
_LONGEST, _NAME = 46, 18


@dataclass(frozen=True, slots=True)
class _Piece:
    """A bar: what it is called, where it starts and ends (bits), and what is written beside it."""

    label: str
    start: float
    end: float
    told: str
    is_total: bool = False


def fall(title: str, found: Waterfall, link: float, name: str) -> list[str]:
    """A pair's waterfall as a figure.

    Args:
        title: Which pair it is.
        found: Its weights.
        link: Match weight at which a pair is a link.
        name: Of the figure.
    """
    pieces = _pieces(found)
    ends = [0.0, link, *(piece.start for piece in pieces), *(piece.end for piece in pieces)]
    scale = Scale(min(ends), max(ends), _START, _END)
    bottom = 22.0 + _ROW * len(pieces)
    marks = _axis(scale, link, bottom)
    for number, piece in enumerate(pieces):
        y = 22.0 + _ROW * number
        marks += _drawn(scale, piece, y)
        if number + 1 < len(pieces):
            marks.append(line(scale.at(piece.end), y + 3, scale.at(piece.end), y + _ROW + 15, "step"))
    told = f"{signed(found.total)} bits together: a match with a probability of {likely(found.total)}."
    return figure(name, title, told, bottom + 40, marks, _table(title, found))


def _pieces(found: Waterfall) -> Sequence[_Piece]:
    pieces = [_Piece("prior: any two rows", 0.0, found.prior, signed(found.prior))]
    at = found.prior
    for step in found.steps:
        told = "" if step.level == SILENT else signed(step.bits)
        pieces.append(_Piece(f"{cut(step.name, _NAME)}: {step.level}", at, at + step.bits, told))
        at += step.bits
    pieces.append(_Piece("rarity of the values", at, found.total, signed(found.rarity)))
    total = f"{signed(found.total)}, {likely(found.total)}"
    return [*pieces, _Piece("match weight", 0.0, found.total, total, is_total=True)]


def _drawn(scale: Scale, piece: _Piece, y: float) -> list[str]:
    kind = "total" if piece.is_total else "for" if piece.end >= piece.start else "against"
    start, end = scale.at(piece.start), scale.at(piece.end)
    is_left = end < start and not piece.is_total
    return [
        words(_LABELS, y + 13, cut(piece.label, _LONGEST), "end", "name" if piece.is_total else ""),
        bar(start, end, y + 3, _ROW - 8, kind),
        words(
            end - 5 if is_left else max(start, end) + 5,
            y + 13,
            piece.told,
            "end" if is_left else "start",
            "name" if piece.is_total else "",
        ),
    ]


def _axis(scale: Scale, link: float, bottom: float) -> list[str]:
    told = []
    for tick in ticks(scale.low, scale.high, 6):
        x = scale.at(tick)
        told += [line(x, 20, x, bottom, "grid"), words(x, bottom + 14, tick_of(tick), "middle")]
    x = scale.at(link)
    return [
        *told,
        line(scale.at(0), 20, scale.at(0), bottom, "axis"),
        line(x, 16, x, bottom, "mark"),
        words(x, 12, f"link: {signed(link)}", "middle"),
        words((_START + _END) / 2, bottom + 32, "sum so far (bits)", "middle"),
    ]


def _table(title: str, found: Waterfall) -> list[str]:
    rows = [
        ("prior", "", signed(found.prior)),
        *((step.name, step.level, "" if step.level == SILENT else signed(step.bits)) for step in found.steps),
        ("rarity", "", signed(found.rarity)),
        ("match weight", likely(found.total), signed(found.total)),
    ]
    return table(title, ["comparison", "level", "bits"], rows, words=2)
