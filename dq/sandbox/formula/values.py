"""The values of formulas: what counts as empty, true, text or a number, and how two of them compare."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias


class FormulaError(Exception):
    """A value that Airtable shows as `#ERROR!`."""


FAILURES = (FormulaError, ArithmeticError, ValueError)
"""What a function raises for arguments that it does not take; an OverflowError is an ArithmeticError."""


@dataclass(frozen=True)
class Moment:
    """A date or a time.

    Args:
        time: With its zone.
        only_date: Whether it shows no time of day.
        zone: The time zone in which it is to be formatted.
    """

    time: datetime
    only_date: bool = False
    zone: str = "UTC"

    @property
    def iso(self) -> str:
        """As the API returns it."""
        if self.only_date:
            return self.time.date().isoformat()
        return self.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Failure:
    """An error among the items of a list; whoever looks at it fails."""


Value: TypeAlias = "str | float | bool | Moment | Failure | tuple[Value, ...] | None"


def items(values: Sequence[Value]) -> Iterator[Value]:
    """All values, those inside of lists one by one.

    Args:
        values: Arguments of a function.
    """
    for value in values:
        if isinstance(value, tuple):
            yield from items(value)
        else:
            yield value


def truth(value: Value) -> bool:
    """Whether a value counts as true; empty text, 0, NaN, an empty list and nothing do not.

    Args:
        value: Any value.

    Raises:
        FormulaError: The value is an error.
    """
    if isinstance(value, Failure):
        raise FormulaError
    return bool(value) and value == value  # noqa: PLR0124 - NaN differs from itself


def text(value: Value) -> str:
    """A value as text: whole numbers without a point, nothing as empty text, lists joined.

    Args:
        value: Any value.

    Raises:
        FormulaError: The value is an error.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Moment):
        return value.iso
    if isinstance(value, tuple):
        return joined(value)
    if isinstance(value, Failure):
        raise FormulaError
    if math.isfinite(value):
        amount = float(value)
        return str(int(amount)) if amount.is_integer() and abs(amount) < 1e21 else repr(amount)
    return "NaN" if math.isnan(value) else "-Infinity" if value < 0 else "Infinity"


def number(value: Value) -> float:
    """A value as a number; nothing is 0, a list of one is its item.

    Args:
        value: Any value.

    Raises:
        FormulaError: The value is text, a date, an error or a longer list.
    """
    if isinstance(value, tuple) and len(value) < 2:
        return number(value[0]) if value else 0.0
    if isinstance(value, str | Moment | Failure | tuple):
        raise FormulaError
    return float(value or 0)


def joined(values: Sequence[Value]) -> str:
    """A list of values as the text that a formula sees.

    Args:
        values: The items of a select, link or lookup.
    """
    return ", ".join(text(value) for value in values)


def equal(left: Value, right: Value) -> bool:
    """Whether two values are equal: nothing equals empty text, 0 and false; text never equals a number.

    Args:
        left: Any value.
        right: Any value.

    Raises:
        FormulaError: One is an error.
    """
    left, right = _plain(left), _plain(right)
    if left is None or right is None:
        return not truth(right if left is None else left)
    if isinstance(left, Moment) and isinstance(right, Moment):
        return left.time == right.time
    if isinstance(left, Moment | tuple) or isinstance(right, Moment | tuple):
        return text(left) == text(right)
    if isinstance(left, str) != isinstance(right, str):
        return False
    return left == right


def less(left: Value, right: Value) -> bool:
    """Whether one value comes before another: dates by time, texts by their characters, else by number.

    Args:
        left: Any value.
        right: Any value.

    Raises:
        FormulaError: The two cannot be compared.
    """
    left, right = _plain(left), _plain(right)
    if isinstance(left, Moment) and isinstance(right, Moment):
        return left.time < right.time
    if isinstance(left, Moment | str) or isinstance(right, Moment | str):
        if not (isinstance(left, str | Moment | None) and isinstance(right, str | Moment | None)):
            raise FormulaError
        return text(left) < text(right)
    return number(left) < number(right)


def divided(left: float, right: float) -> float:
    """A quotient as JavaScript has it: division by 0 is infinite, 0 / 0 is not a number.

    Args:
        left: The dividend.
        right: The divisor.
    """
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)


def _plain(value: Value) -> Value:
    if isinstance(value, tuple) and len(value) == 1:
        return _plain(value[0])
    if isinstance(value, Failure):
        raise FormulaError
    return value
