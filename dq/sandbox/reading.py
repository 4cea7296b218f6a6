"""How a cell becomes a formula's value, by its field's type, and a formula's value a cell."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from dq.sandbox import formula
from dq.sandbox.formula import Failure, FormulaError, Moment, Value
from dq.sandbox.schema import Field
from dq.sandbox.types.numbers import plain

Read: TypeAlias = Callable[[Any], Value]
Names: TypeAlias = Callable[[Field], Callable[[Sequence[str]], list[Value]]]
"""For a link field, what gives the names of the records of some ids."""

ERROR = {"error": "#ERROR!"}
_DATES = frozenset({"date", "dateTime", "createdTime", "lastModifiedTime"})
_RESULTS = frozenset({"formula", "rollup", "multipleLookupValues"})


def reader(field: Field, names: Names) -> Read:
    """How a field's cell becomes a value.

    Args:
        field: The field.
        names: Gives the names of linked records.
    """
    if field.type == "checkbox":
        return bool
    if field.type == "multipleRecordLinks":
        find = names(field)
        return lambda cell: ", ".join(formula.text(name) for name in find(cell or []))
    if field.type == "multipleAttachments":
        return lambda cell: ", ".join(f"{one['filename']} ({one['url']})" for one in cell or [])
    if field.type in _RESULTS:
        return _of_result(field, names)
    if field.type in _DATES:
        only_date = field.type == "date" or (field.options.get("result") or {}).get("type") == "date"
        return lambda cell: cell if cell is None else _moment(cell, only_date=only_date)
    return formula.plain_value


def as_cell(value: Value, field: Field) -> Any:
    """A formula's value as its field's cell, None for an empty one.

    Args:
        value: The value.
        field: The computed field.
    """
    if isinstance(value, tuple):
        return [_item(item, field) for item in value] or None
    return _item(value, field)


def guarded(read: Read, cell: Any) -> Value:
    """A cell as an item of a list, in which an error is a value.

    Args:
        read: How its field's cells are read.
        cell: The cell.
    """
    try:
        return read(cell)
    except formula.FAILURES:
        return Failure()


def _item(value: Value, field: Field) -> Any:
    if isinstance(value, Failure):
        return ERROR
    if isinstance(value, Moment):
        is_date = (field.options.get("result") or {}).get("type") == "date"
        return value.time.astimezone(UTC).date().isoformat() if is_date else value.iso
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, tuple):
        return [_item(item, field) for item in value]
    if not math.isfinite(value):
        return {"specialValue": formula.text(float(value))}
    return plain(float(value))


def _of_result(field: Field, names: Names) -> Read:
    """A computed cell: its result's type says what it holds; a list holds items of that type."""
    result = field.options.get("result") or {}
    kind = result.get("type", "")
    inner = Field(field.id, field.name, kind, result.get("options") or {})
    read = formula.plain_value if kind in _RESULTS or kind == "multipleRecordLinks" else reader(inner, names)

    def of_cell(cell: Any) -> Value:
        if isinstance(cell, list):
            return tuple(guarded(_single, item) if isinstance(item, dict) else read(item) for item in cell)
        return _single(cell) if isinstance(cell, dict) else read(cell)

    return of_cell


def _single(cell: dict[str, Any]) -> Value:
    special = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    return special[cell["specialValue"]] if cell.get("specialValue") in special else formula.plain_value(cell)


def _moment(cell: Any, *, only_date: bool) -> Moment:
    try:
        time = datetime.fromisoformat(cell)
    except (ValueError, TypeError) as error:
        raise FormulaError from error
    return Moment(time if time.tzinfo else time.replace(tzinfo=UTC), only_date)
