"""How sure is sure: match probabilities told, and shares of pairs that are right, as a table and a drawing.

python -m bench.reliability docs/reliability.svg

historical_50k, and 100,000 leads as `dq leads generate` makes them; nothing is tuned to either. Both axes are odds, so that 99
and 99.9 percent are as far apart as 50 and 91; whiskers are the interval of 95 percent (Wilson 1927). A mark above the
diagonal is surer than it was told, one below it less sure.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from bench.match_sets import Labelled, labelled
from bench.measure import machine
from bench.scoring import ENTITY, RECORD, reliability
from dq.dedupe.evidence import log_odds
from dq.engine.filematch import Asked, match_files
from dq.leads import flat
from dq.report.charts.drawing import Scale, bar, dot, line, share, words
from dq.settings import file_matching

EDGES = (0.0, 0.05, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0)
"""Borders of the bins; the first one is left out: of such pairs only some are written."""
_TICKS = (0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)
_LOW, _HIGH = log_odds(0.05), log_odds(0.999998)
_ACROSS, _UP = Scale(_LOW, _HIGH, 84, 544), Scale(_LOW, _HIGH, 484, 24)
_WIDTH, _HEIGHT = 580, 540
_KINDS = ("for", "against")
"""Of the first set and of the second: two is what one can look at."""
_Z = 1.96
_SEED, _ROWS = 1, 100_000


def main() -> None:
    """Measure, print the table, write the drawing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the drawing (.svg)")
    asked = parser.parse_args()
    public = (one for one in labelled(["historical_50k"]) if isinstance(one, Labelled))
    found = {one.name: _bins(one) for one in (*public, _generated())}
    print(machine())
    print("\n".join(table(found)))
    asked.out.write_text("\n".join(drawing(found)) + "\n")


def _generated() -> Labelled:
    made = flat(_SEED, _ROWS)
    truth = made.truth.select(pl.col("row_key").alias(RECORD), ENTITY)
    return Labelled(f"leads, {_ROWS:,}", "", made.leads.rename({"id": RECORD}), truth)


def _bins(one: Labelled) -> pl.DataFrame:
    pairs = match_files(one.records.lazy(), None, Asked(key=RECORD, matcher=file_matching().matcher)).pairs
    told = pairs.select(left="key_l", right="key_r", probability="match_probability")
    return reliability(one.truth, told, EDGES).filter(pl.col("bin") != f"{EDGES[0]:g} to {EDGES[1]:g}")


def table(found: Mapping[str, pl.DataFrame]) -> list[str]:
    """The bins of each set side by side, as Markdown.

    Args:
        found: Set → its bins, as `reliability` tells them with `EDGES`.
    """
    head = ["told", *(f"{name}: pairs | right" for name in found)]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|---:|" * len(found)]
    for name in dict.fromkeys(name for bins in found.values() for name in bins["bin"]):
        cells = [_cells(bins.filter(bin=name)) for bins in found.values()]
        low, high = (share(float(edge)) for edge in name.split(" to "))
        lines.append(f"| {low} to {high} | " + " | ".join(cells) + " |")
    return lines


def _cells(line: pl.DataFrame) -> str:
    if not line.height:
        return "0 | "
    pairs, right = line["pairs"].item(), line["right"].item()
    return f"{pairs:,} | {share(round(right, 2 if right < 0.98 else 3 if right < 0.9995 else 4))}"


def interval(right: pl.Series, pairs: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of a share.

    Args:
        right: Shares, by bin.
        pairs: Of how many.

    Returns:
        The least and the greatest share.
    """
    part, many = right.to_numpy(), pairs.to_numpy().astype(np.float64)
    middle = part + _Z**2 / (2 * many)
    around = _Z * np.sqrt(part * (1 - part) / many + _Z**2 / (4 * many**2))
    return tuple(np.clip((middle + side * around) / (1 + _Z**2 / many), 0, 1) for side in (-1, 1))


def drawing(found: Mapping[str, pl.DataFrame]) -> list[str]:
    """Probability told against share that is right, as SVG.

    Args:
        found: Set → its bins, as `reliability` tells them with `EDGES`.
    """
    drawn = [*_axes(), line(_ACROSS.start, _UP.start, _ACROSS.end, _UP.end, "mark")]
    for number, (name, bins) in enumerate(found.items()):
        kind, y = _KINDS[number], 44.0 + 20 * number
        drawn += [_place(_ACROSS.start + 22, y - 4, kind), words(_ACROSS.start + 32, y, name)]
        drawn += _series(bins, kind)
    named = " and ".join(found)
    return [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
            'font-family="system-ui, sans-serif" font-size="12" role="img" aria-labelledby="title">'
        ),
        f'<title id="title">Match probability told, and share of pairs that are right: {named}</title>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        *drawn,
        "</svg>",
    ]


def _axes() -> list[str]:
    drawn = [
        words((_ACROSS.start + _ACROSS.end) / 2, _UP.start + 40, "match probability that was told (mean)", "middle"),
        _turned(words(-(_UP.start + _UP.end) / 2, 24, "share of pairs that are right", "middle")),
    ]
    for tick in _TICKS:
        x, y = _ACROSS.at(log_odds(tick)), _UP.at(log_odds(tick))
        drawn += [line(_ACROSS.start, y, _ACROSS.end, y, "grid"), line(x, _UP.start, x, _UP.end, "grid")]
        drawn += [words(_ACROSS.start - 8, y + 4, share(tick), "end"), words(x, _UP.start + 18, share(tick), "middle")]
    left, bottom = _ACROSS.start, _UP.start
    return [*drawn, line(left, _UP.end, left, bottom, "axis"), line(left, bottom, _ACROSS.end, bottom, "axis")]


def _turned(text: str) -> str:
    return text.replace("<text", '<text transform="rotate(-90)"', 1)


def _series(bins: pl.DataFrame, kind: str) -> list[str]:
    least, most = (_odds(side) for side in interval(bins["right"], bins["pairs"]))
    right, told = _odds(bins["right"].to_numpy()), _odds(bins["predicted"].to_numpy())
    drawn: list[str] = []
    for x, y, low, high in zip(told, right, least, most, strict=True):
        across = _ACROSS.at(x)
        drawn += [bar(across - 0.7, across + 0.7, _UP.at(high), _UP.at(low) - _UP.at(high), kind)]
        drawn += [_place(across, _UP.at(y), kind)]
    return drawn


def _odds(part: np.ndarray) -> Sequence[float]:
    """Probabilities as odds in bits, none and all at the ends of the axes."""
    clipped = np.clip(part, 1e-9, 1 - 1e-9)
    return np.log2(clipped / (1 - clipped)).tolist()


def _place(x: float, y: float, kind: str) -> str:
    """A mark: its shape says the same as its color."""
    return dot(x, y, kind) if kind == _KINDS[0] else bar(x - 4, x + 4, y - 4, 8, kind)


if __name__ == "__main__":
    main()
