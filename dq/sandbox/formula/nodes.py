"""A formula as a tree of values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Literal:
    """A text or a number."""

    value: str | float


@dataclass(frozen=True)
class Reference:
    """A field, by the name or id that the formula uses."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function, in capitals, and its arguments."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Negation:
    """A minus sign before an operand."""

    operand: Node


@dataclass(frozen=True)
class Operation:
    """Two operands and the operator between them."""

    operator: str
    left: Node
    right: Node


Node: TypeAlias = Literal | Reference | Call | Negation | Operation
