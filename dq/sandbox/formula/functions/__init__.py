"""The functions of formulas: how many arguments each takes, and what it gives for their values.

IF is not here: it must leave one of its arguments alone, so the evaluator knows it. Functions of the record itself
are there too.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dq.sandbox.formula.values import Value, number, text, truth

ANY = 1_000_000


@dataclass(frozen=True)
class Function:
    """A function and the number of arguments that it takes, from and to."""

    least: int
    most: int
    apply: Callable[..., Value]


def _find(needle: Value, haystack: Value, start: Value = 1) -> int:
    begin = max(int(number(start)), 1) - 1
    return text(haystack).find(text(needle), begin) + 1


def _search(needle: Value, haystack: Value, start: Value = 1) -> int | None:
    return _find(needle, haystack, start) or None


FUNCTIONS: dict[str, Function] = {
    "AND": Function(1, ANY, lambda *values: all(map(truth, values))),
    "OR": Function(1, ANY, lambda *values: any(map(truth, values))),
    "NOT": Function(1, 1, lambda value: not truth(value)),
    "TRUE": Function(0, 0, lambda: True),
    "FALSE": Function(0, 0, lambda: False),
    "BLANK": Function(0, 0, lambda: None),
    "LOWER": Function(1, 1, lambda value: text(value).lower()),
    "UPPER": Function(1, 1, lambda value: text(value).upper()),
    "TRIM": Function(1, 1, lambda value: text(value).strip()),
    "LEN": Function(1, 1, lambda value: len(text(value))),
    "FIND": Function(2, 3, _find),
    "SEARCH": Function(2, 3, _search),
}
