"""Numbers: rounding, remainders, powers, and what sums up many values."""

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

from dq.sandbox.formula.functions.kind import ANY, Function
from dq.sandbox.formula.values import Failure, FormulaError, Moment, Value, items, number

_MOST_DIGITS = 15


def rounded(value: float, digits: int, how: str = ROUND_HALF_UP) -> float:
    """A number rounded in decimal, as it is written.

    Args:
        value: The number.
        digits: Digits after the point; negative ones stand before it.
        how: A rounding of the decimal module.
    """
    if not math.isfinite(value) or digits > _MOST_DIGITS:
        return value
    if digits < -400:
        return 0.0
    exact = Decimal(repr(float(value)))
    if exact.adjusted() + digits > _MOST_DIGITS:
        return value
    return float(exact.quantize(Decimal(1).scaleb(-digits), rounding=how))


def _rounding(how: str) -> Callable[..., Value]:
    return lambda value, digits=0: rounded(number(value), int(number(digits)), how)


def _whole(value: float, turn: Callable[[float], float]) -> float:
    return float(turn(value)) if math.isfinite(value) else value


def _step(turn: Callable[[float], float]) -> Callable[..., Value]:
    def apply(value: Value, significance: Value = 1) -> Value:
        size = abs(number(significance)) or 1.0
        steps = rounded(number(value) / size, _MOST_DIGITS - 3)  # 0.7 is seven steps of 0.1, not 6.999…
        return rounded(_whole(steps, turn) * size, _MOST_DIGITS - 3)

    return apply


def _parity(remainder: int) -> Callable[..., Value]:
    """The next even or odd whole number away from zero."""

    def apply(value: Value) -> Value:
        exact = number(value)
        size = math.ceil(abs(exact))
        size += size % 2 != remainder
        return -size if exact < 0 else size

    return apply


def _remainder(value: Value, divisor: Value) -> Value:
    left, right = number(value), number(divisor)
    return math.nan if not right or not math.isfinite(left) else left % right


def _power(value: Value, exponent: Value) -> Value:
    try:
        found = number(value) ** number(exponent)
    except OverflowError:
        return math.inf
    except ZeroDivisionError:
        return math.inf
    return math.nan if isinstance(found, complex) else found


def _exponential(value: Value) -> Value:
    return _power(math.e, value)


def _root(value: Value) -> Value:
    exact = number(value)
    return math.nan if exact < 0 else math.sqrt(exact)


def _logarithm(value: Value, base: Value = 10) -> Value:
    exact, to = number(value), number(base)
    if exact < 0 or to <= 0 or to == 1:
        return math.nan
    return -math.inf if not exact else math.log10(exact) if to == 10 else math.log(exact, to)


def _numbers(values: Sequence[Value]) -> list[float]:
    """The numbers among the items; texts and empty items do not count, an error spoils all."""
    found = []
    for value in items(values):
        if isinstance(value, Failure):
            raise FormulaError
        if isinstance(value, int | float):
            found.append(float(value))
    return found


def _extreme(choose: Callable[[list[float]], float], pick: Callable[..., Moment]) -> Callable[..., Value]:
    def apply(*values: Value) -> Value:
        moments = [value for value in items(values) if isinstance(value, Moment)]
        if moments:
            return pick(moments, key=lambda moment: moment.time)
        return choose(_numbers(values) or [0.0])

    return apply


def _average(*values: Value) -> Value:
    found = _numbers(values)
    return math.fsum(found) / len(found) if found else math.nan


def _is_filled(value: Value) -> bool:
    return value is not None and value != ""


FUNCTIONS: dict[str, Function] = {
    "ABS": Function(1, 1, lambda value: abs(number(value))),
    "AVERAGE": Function(1, ANY, _average),
    "CEILING": Function(1, 2, _step(math.ceil)),
    "COUNT": Function(1, ANY, lambda *values: len(_numbers(values))),
    "COUNTA": Function(1, ANY, lambda *values: sum(map(_is_filled, items(values)))),
    "COUNTALL": Function(1, ANY, lambda *values: sum(1 for _ in items(values))),
    "EVEN": Function(1, 1, _parity(0)),
    "EXP": Function(1, 1, _exponential),
    "FLOOR": Function(1, 2, _step(math.floor)),
    "INT": Function(1, 1, lambda value: _whole(number(value), math.floor)),
    "LOG": Function(1, 2, _logarithm),
    "MAX": Function(1, ANY, _extreme(max, max)),
    "MIN": Function(1, ANY, _extreme(min, min)),
    "MOD": Function(2, 2, _remainder),
    "ODD": Function(1, 1, _parity(1)),
    "POWER": Function(2, 2, _power),
    "ROUND": Function(1, 2, _rounding(ROUND_HALF_UP)),
    "ROUNDDOWN": Function(1, 2, _rounding(ROUND_DOWN)),
    "ROUNDUP": Function(1, 2, _rounding(ROUND_UP)),
    "SQRT": Function(1, 1, _root),
    "SUM": Function(1, ANY, lambda *values: sum(_numbers(values))),
}
