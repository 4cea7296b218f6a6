"""Numbers: plain ones, money, shares, durations in seconds, ratings, check boxes."""

import math
from typing import Any

from dq.sandbox.formula.functions.numbers import rounded
from dq.sandbox.schema import Field
from dq.sandbox.types.terms import Take, Terms


def plain(value: float) -> float:
    """A number as JavaScript writes it: a whole one has no point.

    Args:
        value: A finite number.
    """
    return int(value) if float(value).is_integer() and abs(value) < 1e21 else float(value)


def _number(field: Field, value: Any, terms: Terms) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(number := float(value)):
        raise ValueError
    digits = field.options.get("precision")
    if terms.switches.number_rounding == "round" and isinstance(digits, int):
        number = rounded(number, digits + 2 * (field.type == "percent"))  # a precision of percents counts in percents
    return plain(number)


def _rating(field: Field, value: Any, terms: Terms) -> int:
    number = _number(field, value, terms)
    if not isinstance(number, int) or not 1 <= number <= field.options.get("max", 5):
        raise ValueError
    return number


def _checkbox(_field: Field, value: Any, _terms: Terms) -> bool | None:
    if not isinstance(value, bool):
        raise TypeError
    return value or None


TAKES: dict[str, Take] = {
    "number": _number,
    "currency": _number,
    "percent": _number,
    "duration": _number,
    "rating": _rating,
    "checkbox": _checkbox,
}
