"""Computing what follows from a write: formulas, rollups, lookups and counts, across tables, in their order."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from dq.sandbox import formula, links, reading, work
from dq.sandbox.computing.graph import Node, nodes
from dq.sandbox.formula import FAILURES, VALUES, Scope, Value
from dq.sandbox.records import Row
from dq.sandbox.refusals import RefusalError
from dq.sandbox.schema import Field, Table
from dq.sandbox.work import Work

Compute: TypeAlias = Callable[[Row], Any]
"""A computed field's cell for a record, None for an empty one."""


def recompute(changes: Work) -> None:
    """Compute each cell that follows from a changed one.

    Args:
        changes: The changes so far, times of change among them.
    """
    if not changes.after:
        return
    for node in nodes(tuple(stored.table for stored in changes.tables.values())):
        due = _due(changes, node)
        if not due:
            continue
        compute = _compute(changes, node)
        for row in due.values():
            work.change(changes, node.table_id, row, {node.field.id: compute(row)})


def _due(changes: Work, node: Node) -> dict[str, Row]:
    """The records whose cell of this field may have another value now."""
    found: dict[str, Row] = {}
    for (table_id, record_id), differing in changes.changed.items():
        row = changes.after[table_id, record_id]
        if row is None or table_id != node.table_id:
            continue
        is_new = changes.before[table_id, record_id] is None
        if is_new or node.local & differing or (node.on_change and differing):
            found[record_id] = row
    for through in node.through:
        sources = [
            record_id
            for (table_id, record_id), differing in changes.changed.items()
            if table_id == through.table_id
            and through.field_id in differing
            and changes.after[table_id, record_id] is not None
        ]
        if sources:
            found |= links.holders(changes, node.table_id, through.link, sources)
    return found


def _compute(changes: Work, node: Node) -> Compute:
    table = changes.tables[node.table_id].table
    if node.field.type == "formula":
        return _formula(changes, node.field, table)
    link = node.field.options["recordLinkFieldId"]
    if node.field.type == "count":
        return lambda row: len(row.cells.get(link, ()))
    linked = changes.tables[node.through[0].table_id].table
    target = linked.by_id[node.through[0].field_id]
    if node.field.type == "rollup":
        return _rollup(changes, node.field, link, linked, target)
    return lambda row: _looked_up(changes, row, link, linked, target)


def _formula(changes: Work, field: Field, table: Table) -> Compute:
    try:
        scope = Scope(table, lambda one: reading.reader(one, lambda link: names(changes, link)), changes.now)
        program = formula.bind(formula.parse(field.options["formula"]), scope)
    except (RefusalError, RecursionError):  # it names what is not there any more
        return lambda _row: reading.ERROR
    return lambda row: _guarded(field, lambda: program(row))


def _rollup(changes: Work, field: Field, link: str, linked: Table, target: Field) -> Compute:
    read = reading.reader(target, lambda one: names(changes, one))
    try:
        program = formula.bind(formula.parse(field.options["formula"]), Scope(linked, _no_reader, changes.now, True))
    except (RefusalError, RecursionError):
        return lambda _row: reading.ERROR

    def compute(row: Row) -> Any:
        found = work.fetched(changes, linked.id, row.cells.get(link, ()))
        cells = [found[one].cells.get(target.id) for one in row.cells.get(link, ()) if one in found]
        items = tuple(reading.guarded(read, cell) for cell in cells)
        return _guarded(field, lambda: program(Row(row.id, row.created, {VALUES: items})))

    return compute


def _no_reader(_field: Field) -> Callable[[Any], Value]:
    raise AssertionError("A rollup's formula reads no field.")


def _guarded(field: Field, program: Callable[[], Value]) -> Any:
    try:
        return reading.as_cell(program(), field)
    except (*FAILURES, RecursionError):
        return reading.ERROR


def _looked_up(changes: Work, row: Row, link: str, linked: Table, target: Field) -> list[Any] | None:
    """The linked records' cells in the order of the links; a list cell gives its items."""
    ids = row.cells.get(link, ())
    found = work.fetched(changes, linked.id, ids)
    items: list[Any] = []
    for cell in (found[one].cells.get(target.id) for one in ids if one in found):
        if isinstance(cell, list):
            items += cell
        elif cell is not None or changes.manner.switches.lookup_nulls:
            items.append(cell)
    return items if any(item is not None for item in items) else None


def names(changes: Work, link: Field) -> Callable[[Sequence[str]], list[Value]]:
    """What gives the names of linked records: the values of their primary cells.

    Args:
        changes: The changes so far.
        link: A link field.
    """
    stored = changes.tables.get(link.options["linkedTableId"])
    if stored is None:
        return list
    primary = stored.table.primary
    if primary.type == "multipleRecordLinks":
        return list
    read = reading.reader(primary, lambda one: names(changes, one))

    def find(ids: Sequence[str]) -> list[Value]:
        found = work.fetched(changes, stored.table.id, ids)
        return [reading.guarded(read, found[one].cells.get(primary.id)) for one in ids if one in found]

    return find
