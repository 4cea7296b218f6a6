"""A formula's tree bound to a table: a function from a record to a value."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import add, mul, sub
from typing import Any, TypeAlias

from dq.sandbox import refusals
from dq.sandbox.formula.functions import ANY, FUNCTIONS, Function
from dq.sandbox.formula.functions.times import ago, as_moment
from dq.sandbox.formula.nodes import Call, Literal, Negation, Node, Operation, Reference
from dq.sandbox.formula.values import (
    FAILURES,
    FormulaError,
    Moment,
    Value,
    divided,
    equal,
    joined,
    less,
    number,
    text,
    truth,
)
from dq.sandbox.records import Row
from dq.sandbox.schema import Field, Table

Program: TypeAlias = Callable[[Row], Value]
Reader: TypeAlias = Callable[[Field], Callable[[Any], Value]]

VALUES = "values"
"""What a rollup's formula calls the items that it sums up."""
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul, "/": divided}
_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": less,
    ">": lambda left, right: less(right, left),
    "<=": lambda left, right: not less(right, left),
    ">=": lambda left, right: not less(left, right),
}


@dataclass(frozen=True)
class Scope:
    """What names in a formula mean.

    Args:
        table: The table whose fields it names.
        reader: For a field, how its cell becomes a value; the cell is None where it is empty.
        now: The time that NOW and TODAY give.
        items: Whether the formula is a rollup's: it names nothing but `values`, which a row holds under that name.
    """

    table: Table
    reader: Reader
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    items: bool = False


def bind(node: Node, scope: Scope) -> Program:
    """The function that a tree describes.

    Args:
        node: The tree.
        scope: What its names mean.

    Raises:
        RefusalError: A field or function is unknown, or a function has too few or too many arguments.
    """
    match node:
        case Literal(value):
            return lambda _row: value
        case Reference(name):
            return _cell(name, scope)
        case Negation(operand):
            inner = bind(operand, scope)
            return lambda row: -number(inner(row))
        case Operation(operator, left, right):
            return _operation(operator, bind(left, scope), bind(right, scope))
        case Call(name, arguments):
            return _call(name, arguments, scope)


def keeps(program: Program, row: Row) -> bool:
    """Whether a filter keeps a record; an error does not.

    Args:
        program: The filter.
        row: The record.
    """
    try:
        return truth(program(row))
    except FAILURES:
        return False


def plain_value(cell: Any) -> Value:
    """A cell as a formula sees it where its type says no more: lists joined, objects by their name.

    Args:
        cell: The stored value, or None.

    Raises:
        FormulaError: The cell holds an error.
    """
    if isinstance(cell, list):
        return joined([plain_value(item) for item in cell])
    if isinstance(cell, dict):
        for key in ("name", "text", "filename", "email", "value"):
            if key in cell:
                return str(cell[key])
        raise FormulaError
    value: Value = cell
    return value


def wanted_ids(node: Node) -> list[str] | None:
    """The record ids that a filter asks for, if it asks for nothing else: `RECORD_ID()='…'`, or an OR of such.

    Args:
        node: The filter's tree.
    """
    terms = node.arguments if isinstance(node, Call) and node.name == "OR" else (node,)
    ids = [_wanted_id(term) for term in terms]
    found = [record_id for record_id in ids if record_id is not None]
    return found if found and len(found) == len(ids) else None


def last_change(row: Row, fields: Sequence[str] = ()) -> str:
    """When a record was last changed, its creation if never, as ISO text.

    Args:
        row: The record.
        fields: The ids of the fields that count; all, if none.
    """
    times: dict[str, str] = json.loads(row.modified)
    counted = [time for key, time in times.items() if not fields or key in fields]
    return max(counted, default=row.created)


def _wanted_id(node: Node) -> str | None:
    match node:
        case Operation("=", Call("RECORD_ID", ()), Literal(str(value))):
            return value
        case Operation("=", Literal(str(value)), Call("RECORD_ID", ())):
            return value
    return None


def _cell(name: str, scope: Scope) -> Program:
    if scope.items:
        if name.lower() != VALUES:
            raise refusals.invalid_formula(f"Unknown field names: {name.lower()}")
        return lambda row: row.cells[VALUES]
    found = _field(name, scope)
    read, key = scope.reader(found), found.id
    return lambda row: read(row.cells.get(key))


def _field(name: str, scope: Scope) -> Field:
    found = scope.table.field(name)
    if found is None:
        raise refusals.invalid_formula(f"Unknown field names: {name.lower()}")
    return found


def _operation(operator: str, left: Program, right: Program) -> Program:
    if operator == "&":
        return lambda row: text(left(row)) + text(right(row))
    if operator in _COMPARISONS:
        compare = _COMPARISONS[operator]
        return lambda row: compare(left(row), right(row))
    compute = _ARITHMETIC[operator]
    return lambda row: compute(number(left(row)), number(right(row)))


def _call(name: str, nodes: Sequence[Node], scope: Scope) -> Program:
    if name == "LAST_MODIFIED_TIME":
        return _last_modified(nodes, scope)
    arguments = [bind(node, scope) for node in nodes]
    if name in _LAZY:
        least, most, build = _LAZY[name]
        _check_count(name, Function(least, most, lambda: None), arguments)
        return build(arguments)
    if name in _OF_CLOCK:
        least, most, read = _OF_CLOCK[name]
        _check_count(name, Function(least, most, lambda: None), arguments)
        now = scope.now
        return lambda row: read(now, *(argument(row) for argument in arguments))
    if name not in FUNCTIONS:
        raise refusals.invalid_formula(f"Unknown function names: {name}")
    function = FUNCTIONS[name]
    _check_count(name, function, arguments)
    apply = function.apply
    return lambda row: apply(*(argument(row) for argument in arguments))


def _last_modified(nodes: Sequence[Node], scope: Scope) -> Program:
    ids = []
    for node in nodes:
        if not isinstance(node, Reference):
            raise refusals.invalid_formula("Invalid arguments for function LAST_MODIFIED_TIME")
        ids.append(_field(node.name, scope).id)
    return lambda row: Moment(datetime.fromisoformat(last_change(row, ids)))


def _if(arguments: list[Program]) -> Program:
    test, then, otherwise = [*arguments, _blank][:3]
    return lambda row: then(row) if truth(test(row)) else otherwise(row)


def _switch(arguments: list[Program]) -> Program:
    subject, *rest = arguments
    default = rest.pop() if len(rest) % 2 else _blank
    cases = list(zip(rest[::2], rest[1::2], strict=True))

    def choose(row: Row) -> Value:
        value = subject(row)
        found = next((result for pattern, result in cases if equal(value, pattern(row))), default)
        return found(row)

    return choose


def _is_error(arguments: list[Program]) -> Program:
    inner = arguments[0]

    def fails(row: Row) -> bool:
        try:
            text(value := inner(row))
        except FAILURES:
            return True
        return value != value  # noqa: PLR0124 - NaN differs from itself

    return fails


def _blank(_row: Row) -> Value:
    return None


_LAZY: dict[str, tuple[int, int, Callable[[list[Program]], Program]]] = {
    "IF": (2, 3, _if),
    "SWITCH": (3, ANY, _switch),
    "ISERROR": (1, 1, _is_error),
    "RECORD_ID": (0, 0, lambda _arguments: lambda row: row.id),
    "CREATED_TIME": (0, 0, lambda _arguments: lambda row: Moment(datetime.fromisoformat(row.created))),
}
_OF_CLOCK: dict[str, tuple[int, int, Callable[..., Value]]] = {
    "NOW": (0, 0, Moment),
    "TODAY": (0, 0, lambda now: Moment(now.replace(hour=0, minute=0, second=0, microsecond=0), only_date=True)),
    "FROMNOW": (1, 1, lambda now, value: ago(as_moment(value).time, now)),
    "TONOW": (1, 1, lambda now, value: ago(as_moment(value).time, now)),
}


def _check_count(name: str, function: Function, arguments: list[Program]) -> None:
    if not function.least <= len(arguments) <= function.most:
        raise refusals.invalid_formula(f"Invalid arguments for function {name}")
