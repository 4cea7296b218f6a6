"""Reading records: which ones a list holds, in which order, and how they are shown."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from dq.sandbox import formula, iterators, records, refusals
from dq.sandbox.iterators import Iterators
from dq.sandbox.parameters import ListRequest, Sort
from dq.sandbox.records import Row, Stored
from dq.sandbox.schema import Field, Table


def page(connection: sqlite3.Connection, stored: Stored, request: ListRequest, under_way: Iterators) -> dict[str, Any]:
    """One page of a list, with the offset of the next one if there is one.

    Args:
        connection: An open sandbox, in a transaction.
        stored: The table.
        request: The parameters.
        under_way: The lists that are being paged through.

    Raises:
        RefusalError: The offset is gone, or the parameters name what the table does not have.
    """
    shown = _shown(stored.table, request.fields)
    if request.offset:
        ids, offset = iterators.resume(under_way, stored.table.id, request)
    else:
        _check_view(stored.table, request.view)
        members = _members(connection, stored, request)[: request.max_records]
        ids, offset = iterators.start(under_way, stored.table.id, request, members)
    found = records.fetch(connection, stored, ids)
    answer = {"records": [as_answer(found[i], shown, by_id=request.by_id) for i in ids if i in found]}
    if "commentCount" in request.metadata:
        for record in answer["records"]:
            record["commentCount"] = 0
    return answer if offset is None else {**answer, "offset": offset}


def as_answer(row: Row, shown: Sequence[Field], *, by_id: bool) -> dict[str, Any]:
    """A record as the API returns it.

    Args:
        row: The record.
        shown: The fields to return, where they are not empty.
        by_id: Whether cells stand under field ids.
    """
    cells = row.cells
    values = {field.id if by_id else field.name: cells[field.id] for field in shown if field.id in cells}
    return {"id": row.id, "createdTime": row.created, "fields": values}


def _shown(table: Table, names: Sequence[str]) -> Sequence[Field]:
    wanted = {_field(table, name).id for name in names}
    return [field for field in table.fields if field.id in wanted] if wanted else table.fields


def _field(table: Table, name: str) -> Field:
    field = table.field(name)
    if field is None:
        raise refusals.unknown_field(name)
    return field


def _check_view(table: Table, view: str | None) -> None:
    if view is not None and view not in table.view_names:
        raise refusals.unknown_view(view)


def _members(connection: sqlite3.Connection, stored: Stored, request: ListRequest) -> list[str]:
    """The ids of all records that the list holds, in its order."""
    for level in request.sort:
        _field(stored.table, level.field)
    if not request.formula.strip() and not request.sort:
        return records.record_ids(connection, stored)
    found = _filtered(connection, stored, request.formula)
    if not request.sort:
        return [row.id for row in found]
    rows = list(found)
    for level in reversed(request.sort):
        rows.sort(key=_sort_key(stored.table, level), reverse=level.direction == "desc")
    return [row.id for row in rows]


def _filtered(connection: sqlite3.Connection, stored: Stored, text: str) -> Iterable[Row]:
    if not text.strip():
        return records.scan(connection, stored)
    tree = formula.parse(text)
    wanted = formula.wanted_ids(tree)
    if wanted is not None:
        return [row for _, row in sorted(records.fetch(connection, stored, wanted).items())]
    scope = formula.Scope(stored.table, lambda field: _reader(connection, stored, field))
    try:
        program = formula.bind(tree, scope)
        return [row for row in records.scan(connection, stored) if formula.keeps(program, row)]
    except RecursionError as error:
        raise refusals.invalid_formula("The formula is nested too deeply.") from error


def _reader(connection: sqlite3.Connection, stored: Stored, field: Field) -> Callable[[Any], formula.Value]:
    """How a field's cell becomes a formula's value: a link shows the names of its records, a checkbox is 1 or 0."""
    if field.type == "checkbox":
        return bool
    if field.type != "multipleRecordLinks":
        return formula.plain_value
    linked = records.find_table(connection, stored.base_id, field.options["linkedTableId"])
    if linked is None:
        return formula.plain_value
    primary = linked.table.definition["primaryFieldId"]
    names = {row.id: row.cells.get(primary) for row in records.scan(connection, linked)}
    return lambda cell: formula.plain_value([names.get(record_id) for record_id in cell or []])


def _sort_key(table: Table, level: Sort) -> Callable[[Row], tuple[Any, ...]]:
    """Empty cells first, then numbers by size, options by their place in the list, texts without regard to case."""
    field = _field(table, level.field)
    places = field.choices if field.type == "singleSelect" else {}

    def key(row: Row) -> tuple[Any, ...]:
        cell = row.cells.get(field.id)
        if cell is None:
            return (0,)
        if field.type == "singleSelect":
            return (1, places.get(cell, len(places)))
        if isinstance(cell, bool | int | float):
            return (1, cell)
        try:
            shown = str(formula.plain_value(cell))
        except formula.FormulaError:
            shown = ""
        return (2, shown.casefold(), shown)

    return key
