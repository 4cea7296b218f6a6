"""The drawing of told and right: marks are where their odds are, and whiskers hold what they should."""

import re

import polars as pl
import pytest
from scipy.stats import binomtest

from bench.reliability import drawing, interval, table

BINS = pl.DataFrame(
    {"bin": ["0.5 to 0.8", "0.99 to 0.999"], "pairs": [200, 1000], "predicted": [0.65, 0.995], "right": [0.65, 1.0]}
)


def test_what_is_right_as_often_as_it_was_told_is_on_the_diagonal():
    drawn = "\n".join(drawing({"one": BINS, "other": BINS.with_columns(right=pl.lit(0.2))}))
    dots = [(float(x), float(y)) for x, y in re.findall(r'<circle [^>]*cx="([\d.]+)" cy="([\d.]+)"', drawn)]
    squares = re.findall(r'y="([\d.]+)" width="8.0"', drawn)
    start, end = (
        float(part) for part in re.search(r'<line class="mark"[^>]* x1="([\d.]+)" y1="([\d.]+)"', drawn).groups()
    )
    key, told, sure = dots
    assert told[0] - start == pytest.approx(end - told[1], abs=0.2), "the axes are alike"
    assert end - sure[1] > sure[0] - start, "all of them right is above the diagonal"
    assert [float(y) + 4 > told[1] for y in squares] == [False, True, True]
    assert key[0] < 150


@pytest.mark.parametrize(("right", "many"), [(0, 20), (15, 50), (396, 400), (5, 5)])
def test_the_interval_is_wilsons(right, many):
    (low,), (high,) = interval(pl.Series([right / many]), pl.Series([many]))
    assert (low, high) == pytest.approx(tuple(binomtest(right, many).proportion_ci(0.95, "wilson")), abs=1e-4)


def test_the_table_has_a_line_for_every_bin_that_any_set_has():
    lines = table({"one": BINS, "other": BINS.head(1)})
    assert lines[2:] == ["| 50% to 80% | 200 | 65% | 200 | 65% |", "| 99% to 99.9% | 1,000 | 100% | 0 |  |"]
