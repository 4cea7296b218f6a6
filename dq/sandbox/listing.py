"""Reading records: which ones a list holds, in which order, and how they are shown."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dq.sandbox import display, formula, iterators, reading, records, refusals
from dq.sandbox.iterators import Iterators
from dq.sandbox.parameters import Form, ListRequest, Sort
from dq.sandbox.records import Row, Stored
from dq.sandbox.schema import Field, Table


def page(
    connection: sqlite3.Connection, stored: Stored, request: ListRequest, under_way: Iterators, now: datetime
) -> dict[str, Any]:
    """One page of a list, with the offset of the next one if there is one.

    Args:
        connection: An open sandbox, in a transaction.
        stored: The table.
        request: The parameters.
        under_way: The lists that are being paged through.
        now: The time of the request.

    Raises:
        RefusalError: The offset is gone, or the parameters name what the table does not have.
    """
    shown = _shown(stored.table, request.fields)
    if request.offset:
        ids, offset = iterators.resume(under_way, stored.table.id, request)
    else:
        members = _members(connection, stored, request, now)[: request.max_records]
        ids, offset = iterators.start(under_way, stored.table.id, request, members)
    found = records.fetch(connection, stored, ids)
    answers = as_answers(connection, stored, [found[i] for i in ids if i in found], shown, request.form)
    if "commentCount" in request.metadata:
        counts = records.comment_counts(connection, stored, ids)
        for record in answers:
            record["commentCount"] = counts.get(record["id"], 0)
    return {"records": answers} if offset is None else {"records": answers, "offset": offset}


def as_answers(
    connection: sqlite3.Connection, stored: Stored, rows: Sequence[Row], shown: Sequence[Field], form: Form
) -> list[dict[str, Any]]:
    """Records as the API returns them.

    Args:
        connection: An open sandbox, in a transaction.
        stored: Their table.
        rows: The records.
        shown: The fields to return, where they are not empty.
        form: How.
    """
    if form.zone is not None:
        texts = [display.Shown(field, form.zone, names(connection, stored.base_id, field, rows)) for field in shown]
        rows = [Row(row.id, row.created, display.texts(row.cells, texts)) for row in rows]
    keys = [(field.id, field.id if form.by_id else field.name) for field in shown]
    return [
        {
            "id": row.id,
            "createdTime": row.created,
            "fields": {name: row.cells[key] for key, name in keys if key in row.cells},
        }
        for row in rows
    ]


def names(connection: sqlite3.Connection, base_id: str, link: Field, rows: Sequence[Row]) -> Mapping[str, str]:
    """The names of the records that a link field names in some records; empty for another field.

    Args:
        connection: An open sandbox, in a transaction.
        base_id: The base.
        link: The field.
        rows: The records.
    """
    if link.type != "multipleRecordLinks":
        return {}
    linked = records.find_table(connection, base_id, link.options["linkedTableId"])
    if linked is None:
        return {}
    wanted = sorted({one for row in rows for one in row.cells.get(link.id, ())})
    primary = linked.table.primary
    found = records.fetch(connection, linked, wanted)
    shown = display.Shown(primary, "UTC", {})
    return {key: display.text(shown, row.cells.get(primary.id)) for key, row in found.items()}


def _shown(table: Table, named: Sequence[str]) -> Sequence[Field]:
    wanted = {_field(table, name).id for name in named}
    return [field for field in table.fields if field.id in wanted] if wanted else table.fields


def _field(table: Table, name: str) -> Field:
    field = table.field(name)
    if field is None:
        raise refusals.unknown_field(name)
    return field


def _view(table: Table, name: str | None) -> Mapping[str, Any]:
    if name is None:
        return {}
    found = next((view for view in table.definition.get("views", []) if name in (view["id"], view["name"])), None)
    if found is None:
        raise refusals.unknown_view(name)
    return dict(found)


def _members(connection: sqlite3.Connection, stored: Stored, request: ListRequest, now: datetime) -> list[str]:
    """The ids of all records that the list holds, in its order; a view gives a filter, and an order where none is."""
    view = _view(stored.table, request.view)
    stood = tuple(Sort(level["field"], level.get("direction", "asc")) for level in view.get("sort", ()))
    sort = request.sort or stood
    for level in sort:
        _field(stored.table, level.field)
    filters = [text for text in (view.get("filterByFormula", ""), request.formula) if text.strip()]
    if not filters and not sort:
        return records.record_ids(connection, stored)
    found = _filtered(connection, stored, filters, now)
    if not sort:
        return [row.id for row in found]
    rows = list(found)
    for level in reversed(sort):
        rows.sort(key=_sort_key(stored.table, level), reverse=level.direction == "desc")
    return [row.id for row in rows]


def _filtered(connection: sqlite3.Connection, stored: Stored, filters: Sequence[str], now: datetime) -> Iterable[Row]:
    trees = [formula.parse(text) for text in filters]
    wanted = formula.wanted_ids(trees[0]) if len(trees) == 1 else None
    if wanted is not None:
        return [row for _, row in sorted(records.fetch(connection, stored, wanted).items())]
    scope = formula.Scope(
        stored.table, lambda field: reading.reader(field, lambda link: _names(connection, stored.base_id, link)), now
    )
    try:
        programs = [formula.bind(tree, scope) for tree in trees]
        return [row for row in records.scan(connection, stored) if all(formula.keeps(one, row) for one in programs)]
    except RecursionError as error:
        raise refusals.invalid_formula("The formula is nested too deeply.") from error


def _names(connection: sqlite3.Connection, base_id: str, link: Field) -> Callable[[Sequence[str]], list[formula.Value]]:
    """What gives the names of linked records; all are read at once, for a list asks for most of them."""
    linked = records.find_table(connection, base_id, link.options["linkedTableId"])
    if linked is None or linked.table.primary.type == "multipleRecordLinks":
        return list
    primary = linked.table.primary
    read = reading.reader(primary, lambda one: _names(connection, base_id, one))
    found = {row.id: reading.guarded(read, row.cells.get(primary.id)) for row in records.scan(connection, linked)}
    return lambda ids: [found[record_id] for record_id in ids if record_id in found]


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
