"""What each level of each comparison is worth: bars in bits, against a match to the left, for one to the right."""

from dq.dedupe.evidence import Evidence
from dq.report.charts.drawing import Scale, bar, cut, figure, line, share, signed, tick_of, ticks, words
from dq.report.pages import table

_ROW, _LABELS, _START, _END = 18, 210, 262, 668
_LONGEST = 33


def levels(evidence: Evidence, name: str = "levels") -> list[str]:
    """The match weights of an evidence as a figure.

    Args:
        evidence: What was learned.
        name: Of the figure.
    """
    bits = [0.0, *(one for respect in evidence.respects for one in respect.bits)]
    scale = Scale(min(bits), max(bits), _START, _END)
    marks: list[str] = []
    y = 8.0
    for respect in evidence.respects:
        marks.append(words(0, y + 13, cut(respect.name, 100), kind="name"))
        y += _ROW
        for level, one in reversed(list(zip(respect.levels, respect.bits, strict=True))):
            marks += _level(scale, y, level, one)
            y += _ROW
        y += 6
    axis = [line(scale.at(tick), 8, scale.at(tick), y, "grid") for tick in ticks(scale.low, scale.high)]
    axis += [words(scale.at(tick), y + 14, tick_of(tick), "middle") for tick in ticks(scale.low, scale.high)]
    axis += [
        line(scale.at(0), 8, scale.at(0), y, "axis"),
        words((_START + _END) / 2, y + 32, "match weight (bits): ← rather two │ rather the same →", "middle"),
    ]
    told = "One bit more doubles the odds that two rows are the same; a missing value says nothing (0 bits)."
    return figure(name, "What each level of each comparison is worth", told, y + 40, [*axis, *marks], _table(evidence))


def _level(scale: Scale, y: float, level: str, bits: float) -> list[str]:
    end = scale.at(bits)
    is_for = bits >= 0
    return [
        words(_LABELS, y + 13, cut(level, _LONGEST), "end"),
        bar(scale.at(0), end, y + 3, _ROW - 6, "for" if is_for else "against"),
        words(end + (5 if is_for else -5), y + 13, signed(bits), "start" if is_for else "end"),
    ]


def _table(evidence: Evidence) -> list[str]:
    rows = [
        (respect.name, level, signed(bits), share(m), share(u))
        for respect in evidence.respects
        for level, bits, m, u in reversed(list(zip(respect.levels, respect.bits, respect.m, respect.u, strict=True)))
    ]
    return table("Match weights", ["comparison", "level", "bits", "of matches", "by chance"], rows, words=2)
