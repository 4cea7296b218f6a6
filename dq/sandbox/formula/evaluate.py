"""A formula's tree bound to a table: a function from a record to a value."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import add, mul, sub
from typing import Any, TypeAlias

from dq.sandbox import refusals
from dq.sandbox.formula.functions import FUNCTIONS, Function
from dq.sandbox.formula.nodes import Call, Literal, Negation, Node, Operation, Reference
from dq.sandbox.formula.values import FormulaError, Value, divided, equal, joined, less, number, text, truth
from dq.sandbox.records import Row
from dq.sandbox.schema import Field, Table

Program: TypeAlias = Callable[[Row], Value]
Reader: TypeAlias = Callable[[Field], Callable[[Any], Value]]

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul, "/": divided}
_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": less,
    ">": lambda left, right: less(right, left),
    "<=": lambda left, right: not less(right, left),
    ">=": lambda left, right: not less(left, right),
}
_OF_RECORD: dict[str, Program] = {"RECORD_ID": lambda row: row.id, "CREATED_TIME": lambda row: row.created}


@dataclass(frozen=True)
class Scope:
    """What names in a formula mean.

    Args:
        table: The table whose fields it names.
        reader: For a field, how its cell becomes a value; the cell is None where it is empty.
    """

    table: Table
    reader: Reader


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
            return _call(name, [bind(argument, scope) for argument in arguments])


def keeps(program: Program, row: Row) -> bool:
    """Whether a filter keeps a record; an error does not.

    Args:
        program: The filter.
        row: The record.
    """
    try:
        return truth(program(row))
    except FormulaError:
        return False


def plain_value(cell: Any) -> Value:
    """A cell as a formula sees it: lists joined, objects by their name.

    Args:
        cell: The stored value, or None.

    Raises:
        FormulaError: The cell holds an error.
    """
    if isinstance(cell, list):
        return joined([plain_value(item) for item in cell])
    if isinstance(cell, dict):
        for key in ("name", "text", "filename", "email"):
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


def _wanted_id(node: Node) -> str | None:
    match node:
        case Operation("=", Call("RECORD_ID", ()), Literal(str(value))):
            return value
        case Operation("=", Literal(str(value)), Call("RECORD_ID", ())):
            return value
    return None


def _cell(name: str, scope: Scope) -> Program:
    field = scope.table.field(name)
    if field is None:
        raise refusals.invalid_formula(f"Unknown field names: {name.lower()}")
    read, key = scope.reader(field), field.id
    return lambda row: read(row.cells.get(key))


def _operation(operator: str, left: Program, right: Program) -> Program:
    if operator == "&":
        return lambda row: text(left(row)) + text(right(row))
    if operator in _COMPARISONS:
        compare = _COMPARISONS[operator]
        return lambda row: compare(left(row), right(row))
    compute = _ARITHMETIC[operator]
    return lambda row: compute(number(left(row)), number(right(row)))


def _call(name: str, arguments: list[Program]) -> Program:
    if name == "IF":
        _check_count(name, Function(2, 3, lambda: None), arguments)
        test, then, otherwise = [*arguments, _blank][:3]
        return lambda row: then(row) if truth(test(row)) else otherwise(row)
    if name in _OF_RECORD:
        _check_count(name, Function(0, 0, lambda: None), arguments)
        return _OF_RECORD[name]
    if name not in FUNCTIONS:
        raise refusals.invalid_formula(f"Unknown function names: {name}")
    function = FUNCTIONS[name]
    _check_count(name, function, arguments)
    apply = function.apply
    return lambda row: apply(*(argument(row) for argument in arguments))


def _blank(_row: Row) -> Value:
    return None


def _check_count(name: str, function: Function, arguments: list[Program]) -> None:
    if not function.least <= len(arguments) <= function.most:
        raise refusals.invalid_formula(f"Invalid arguments for function {name}")
