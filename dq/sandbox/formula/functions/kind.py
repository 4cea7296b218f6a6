"""A function of formulas as a value."""

from collections.abc import Callable
from dataclasses import dataclass

from dq.sandbox.formula.values import Value

ANY = 1_000_000


@dataclass(frozen=True)
class Function:
    """A function and the number of arguments that it takes, from and to."""

    least: int
    most: int
    apply: Callable[..., Value]
