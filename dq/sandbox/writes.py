"""Creating, updating and deleting records: one request is one transaction, all of it or nothing."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dq.sandbox import computed, fields, ids, records, refusals
from dq.sandbox.bodies import Entry
from dq.sandbox.records import Row, Stored
from dq.sandbox.schema import Field, Table


def create(connection: sqlite3.Connection, stored: Stored, entries: Sequence[Entry], now: datetime) -> list[Row]:
    """Add records and return them, in the order of the request.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        entries: The new records' cells.
        now: The time of the request; seconds count.

    Raises:
        RefusalError: A cell is refused; nothing may be committed then.
    """
    created = fields.moment(now.replace(microsecond=0))
    cells = [_accepted(connection, stored, entry.fields) for entry in entries]
    new = ids.new_ids(connection, stored, len(entries))
    rows = [
        computed.on_create(stored.table, Row(record_id, created, _merged(stored.table, {}, cell)))
        for record_id, cell in zip(new, cells, strict=True)
    ]
    records.insert(connection, stored.number, rows)
    return rows


def update(
    connection: sqlite3.Connection, stored: Stored, entries: Sequence[Entry], now: datetime, *, clear: bool
) -> list[Row]:
    """Change records and return them, in the order of the request.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        entries: Record ids and cells.
        now: The time of the request.
        clear: Whether writable cells that an entry does not name are emptied.

    Raises:
        RefusalError: A record does not exist or a cell is refused; nothing may be committed then.
    """
    before = existing(connection, stored, [entry.id for entry in entries])
    unnamed = {field.id: None for field in stored.table.fields if fields.is_writable(field)} if clear else {}
    rows = []
    for entry, row in zip(entries, before, strict=True):
        new = unnamed | _accepted(connection, stored, entry.fields)
        rows.append(_changed(stored.table, row, new, now))
    records.replace_cells(connection, stored, rows)
    return rows


def delete(connection: sqlite3.Connection, stored: Stored, ids: Sequence[str], now: datetime) -> None:
    """Take records out, and out of the links of all records that name them.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        ids: The records.
        now: The time of the request.

    Raises:
        RefusalError: A record does not exist; nothing may be committed then.
    """
    existing(connection, stored, ids)
    records.delete(connection, stored, ids)
    for other in records.list_tables(connection, stored.base_id):
        links = [field for field in other.table.fields if _links_to(field, stored.table)]
        for record_id in ids if links else ():
            _unlink(connection, other, links, record_id, now)


def existing(connection: sqlite3.Connection, stored: Stored, ids: Sequence[str]) -> list[Row]:
    """The records of these ids, in this order.

    Args:
        connection: An open sandbox.
        stored: The table.
        ids: Record ids.

    Raises:
        RefusalError: One does not exist.
    """
    found = records.fetch(connection, stored, ids)
    for record_id in ids:
        if record_id not in found:
            raise refusals.unknown_record(record_id)
    return [found[record_id] for record_id in ids]


def _accepted(connection: sqlite3.Connection, stored: Stored, cells: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of one entry under field ids, checked; None where the cell is to be empty."""
    accepted: dict[str, Any] = {}
    for name, value in cells.items():
        field = stored.table.field(name)
        if field is None:
            raise refusals.unknown_field(name)
        if field.id in accepted:
            raise refusals.invalid_request(f"Invalid request: the request names field {field.name!r} twice.")
        accepted[field.id] = fields.accept(field, value)
        if field.type == "multipleRecordLinks":
            _check_links(connection, stored, field, accepted[field.id] or [])
    return accepted


def _check_links(connection: sqlite3.Connection, stored: Stored, field: Field, ids: Sequence[str]) -> None:
    linked = records.find_table(connection, stored.base_id, field.options["linkedTableId"])
    if linked is not None:
        existing(connection, linked, ids)


def _merged(table: Table, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The cells after a write; a rich text that is emptied keeps its last line end, as Airtable's does."""
    cells = {**old, **new}
    for key, value in new.items():
        if value is None and key in old and table.by_id[key].type == "richText":
            cells[key] = "\n"
    return {key: value for key, value in cells.items() if value is not None}


def _changed(table: Table, row: Row, new: Mapping[str, Any], now: datetime) -> Row:
    cells = _merged(table, row.cells, new)
    changed = {key for key in new if cells.get(key) != row.cells.get(key)}
    return computed.on_change(table, replace(row, cells=cells), changed, now)


def _links_to(field: Field, table: Table) -> bool:
    return field.type == "multipleRecordLinks" and field.options["linkedTableId"] == table.id


def _unlink(
    connection: sqlite3.Connection, stored: Stored, links: Sequence[Field], record_id: str, now: datetime
) -> None:
    rows = []
    for row in records.mentions(connection, stored, record_id):
        held = {field.id: row.cells[field.id] for field in links if record_id in row.cells.get(field.id, ())}
        new = {key: [other for other in ids if other != record_id] or None for key, ids in held.items()}
        rows += [_changed(stored.table, row, new, now)] if new else []
    records.replace_cells(connection, stored, rows)
