"""The values of formulas: what counts as empty, true, text or a number, and how two of them compare."""

import math
from collections.abc import Sequence
from typing import TypeAlias

Value: TypeAlias = str | float | bool | None


class FormulaError(Exception):
    """A value that Airtable shows as `#ERROR!`."""


def truth(value: Value) -> bool:
    """Whether a value counts as true; empty text, 0, NaN and nothing do not.

    Args:
        value: Any value.
    """
    return bool(value) and value == value  # noqa: PLR0124 - NaN differs from itself


def text(value: Value) -> str:
    """A value as text: whole numbers without a point, nothing as empty text.

    Args:
        value: Any value.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if math.isfinite(value):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e21 else repr(number)
    return "NaN" if math.isnan(value) else "-Infinity" if value < 0 else "Infinity"


def number(value: Value) -> float:
    """A value as a number; nothing is 0.

    Args:
        value: Any value.

    Raises:
        FormulaError: The value is text.
    """
    if isinstance(value, str):
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
    """
    if left is None or right is None:
        return not (right if left is None else left)
    if isinstance(left, str) != isinstance(right, str):
        return False
    return left == right


def less(left: Value, right: Value) -> bool:
    """Whether one value comes before another: texts by their characters, else by number.

    Args:
        left: Any value.
        right: Any value.

    Raises:
        FormulaError: One is text and the other a number.
    """
    if isinstance(left, str) or isinstance(right, str):
        if not (isinstance(left, str | None) and isinstance(right, str | None)):
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
