"""Round figures: bounds that a person would write down, a little wider than what was seen."""

import math
from datetime import date, timedelta

STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of rows that a rule may let fail."""
AGES = (1, 2, 3, 7, 14, 30, 60, 90, 180, 365)
"""Days that the newest row may be old."""
MOST = 1e15
"""Numbers beyond are no amounts that a bound is written for."""
_HEADROOM = 1.2


def tolerance(share: float) -> float | None:
    """The share of rows to let fail where this share does: none for none, else the next round figure.

    Returns:
        None where so many fail that no rule is worth writing down.
    """
    if share <= 0:
        return 0.0
    return next((step for step in STEPS if share * _HEADROOM <= step), None)


def max_age(newest: date, today: date) -> int | None:
    """Days that the newest row may be old, twice what it is now; None if it is older than anybody would accept."""
    age = max((today - newest).days + 1, 1)
    return next((days for days in AGES if 2 * age <= days), None)


def above(number: float) -> float:
    """A round number that leaves room above a positive number: half as much again, then the next 1, 2 or 5 with zeros."""
    aim = 1.5 * number
    power = 10.0 ** math.floor(math.log10(aim))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= aim)


def bounds(least: float, greatest: float) -> tuple[float, float]:
    """A round lower and upper bound around numbers: percentages and shares keep theirs, counts begin at 0."""
    if least >= 0 and greatest <= 1 and not (least.is_integer() and greatest.is_integer()):
        return 0, 1
    if least >= 0 and 50 < greatest <= 100:
        return 0, 100
    low = 0.0 if least >= 0 else -above(-least)
    high = 0.0 if greatest <= 0 else above(greatest)
    return _plain(low), _plain(high)


def days(least: date, greatest: date, today: date) -> tuple[date, date | None]:
    """The first day of the year of the earliest date; the last of the latest's, if it lies so far back that it is over."""
    first, last = least - timedelta(days=1), greatest + timedelta(days=1)  # a text's offset may make it the day beside
    return date(first.year, 1, 1), date(last.year, 12, 31) if last < today - timedelta(days=400) else None


def row_counts(count: int) -> tuple[int, int]:
    """Half as many rows, and ten times as many, as round figures."""
    half = count // 2
    unit = 10 ** max(len(str(half)) - 2, 0)
    return half // unit * unit, int(above(count * 10 / 1.5))


def length(longest: int) -> int:
    """The characters to allow where the longest text has these."""
    step = 10 if longest < 50 else 50 if longest < 500 else 500
    return math.ceil(longest * _HEADROOM / step) * step


def _plain(number: float) -> float:
    return int(number) if float(number).is_integer() and abs(number) < 1e15 else number
