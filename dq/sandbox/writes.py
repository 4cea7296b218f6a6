"""Creating, updating and deleting records: one request is one transaction, all of it or nothing."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dq.sandbox import catalog, computing, fields, ids, links, records, refusals, trash, typecast, work
from dq.sandbox.bodies import Entry
from dq.sandbox.fields import Terms
from dq.sandbox.records import Row, Stored
from dq.sandbox.schema import Table
from dq.sandbox.work import STANDARD, Manner, Work

_NAMES_USERS = frozenset({"singleCollaborator", "multipleCollaborators"})


def create(
    connection: sqlite3.Connection, stored: Stored, entries: Sequence[Entry], now: datetime, manner: Manner = STANDARD
) -> list[Row]:
    """Add records and return them, in the order of the request.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        entries: The new records' cells.
        now: The time of the request; seconds count.
        manner: How to write.

    Raises:
        RefusalError: A cell is refused or the base is full; nothing may be committed then.
    """
    changes = work.begin(connection, stored.base_id, now, manner)
    made = added(changes, stored, [entry.fields for entry in entries])
    return finished(changes, stored, made)


def update(
    connection: sqlite3.Connection,
    stored: Stored,
    entries: Sequence[Entry],
    now: datetime,
    manner: Manner = STANDARD,
    *,
    clear: bool,
) -> list[Row]:
    """Change records and return them, in the order of the request.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        entries: Record ids and cells.
        now: The time of the request.
        manner: How to write.
        clear: Whether writable cells that an entry does not name are emptied.

    Raises:
        RefusalError: A record does not exist or a cell is refused; nothing may be committed then.
    """
    changes = work.begin(connection, stored.base_id, now, manner)
    changed(changes, stored, entries, clear=clear)
    return finished(changes, stored, [entry.id for entry in entries])


def delete(
    connection: sqlite3.Connection, stored: Stored, ids: Sequence[str], now: datetime, manner: Manner = STANDARD
) -> None:
    """Take records out, and out of the links of all records that name them.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        ids: The records.
        now: The time of the request.
        manner: How to write.

    Raises:
        RefusalError: A record does not exist; nothing may be committed then.
    """
    changes = work.begin(connection, stored.base_id, now, manner)
    for row in existing(changes, stored.table.id, ids):
        work.remove(changes, stored.table.id, row)
    finished(changes, stored, [])


def restore(
    connection: sqlite3.Connection, stored: Stored, record_id: str, now: datetime, manner: Manner = STANDARD
) -> Row:
    """Take a record out of the trash, with its links to records that still exist.

    Airtable has this in its own interface only.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        record_id: The record.
        now: The time of the request.
        manner: How to write.

    Raises:
        RefusalError: The record is not in the trash, or the base is full.
    """
    row = trash.take(connection, stored, record_id, now)
    if row is None:
        raise refusals.record_deleted()
    changes = work.begin(connection, stored.base_id, now, manner)
    _check_room(changes, 1)
    if manner.switches.restored_id == "new":
        row = replace(row, id=ids.new_ids(connection, stored, [row.cells])[0])
    cells = {key: value for key, value in row.cells.items() if key in stored.table.by_id}
    for field in stored.table.links:
        there = work.fetched(changes, field.options["linkedTableId"], cells.get(field.id, ()))
        cells[field.id] = [one for one in cells.get(field.id, ()) if one in there]
    kept = replace(row, cells={key: value for key, value in cells.items() if not fields.is_empty(value)})
    work.add(changes, stored.table.id, kept)
    links.spread(changes)
    computing.recompute(changes)
    work.save(changes)
    query = "DELETE FROM deleted WHERE table_number = ? AND id = ?"
    connection.execute(query, (stored.number, row.id))
    return work.fetched(changes, stored.table.id, [row.id])[row.id]


def added(changes: Work, stored: Stored, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Add records to a request's changes and return their ids.

    Args:
        changes: The changes so far.
        stored: The table.
        entries: Their cells, under field names or ids.

    Raises:
        RefusalError: A cell is refused, or the base is full.
    """
    _check_room(changes, len(entries))
    cells = [accepted(changes, stored, entry, {}) for entry in entries]
    made = ids.new_ids(changes.connection, stored, cells, changes.after)
    for record_id, new in zip(made, cells, strict=True):
        filled = {key: value for key, value in new.items() if value is not None}
        work.add(changes, stored.table.id, Row(record_id, work.shown_now(changes), filled))
    return made


def changed(changes: Work, stored: Stored, entries: Sequence[Entry], *, clear: bool) -> None:
    """Change records in a request's changes.

    Args:
        changes: The changes so far.
        stored: The table.
        entries: Record ids and cells.
        clear: Whether writable cells that an entry does not name are emptied.

    Raises:
        RefusalError: A record does not exist or a cell is refused.
    """
    before = existing(changes, stored.table.id, [entry.id for entry in entries])
    unnamed = {field.id: None for field in stored.table.fields if fields.is_writable(field)} if clear else {}
    for entry, row in zip(entries, before, strict=True):
        new = unnamed | accepted(changes, stored, entry.fields, row.cells)
        work.change(changes, stored.table.id, row, _with_line_ends(stored.table, row.cells, new))


def finished(changes: Work, stored: Stored, made: Sequence[str]) -> list[Row]:
    """Work out all that follows from a request's changes, store it, and return the records of these ids.

    Args:
        changes: The changes that the request asks for.
        stored: The table of the records.
        made: Record ids.
    """
    links.spread(changes)
    computing.stamp(changes)
    computing.recompute(changes)
    work.save(changes)
    found = work.fetched(changes, stored.table.id, made)
    return [found[record_id] for record_id in made]


def existing(changes: Work, table_id: str, ids: Sequence[str]) -> list[Row]:
    """The records of these ids, in this order.

    Args:
        changes: The changes so far.
        table_id: Their table.
        ids: Record ids.

    Raises:
        RefusalError: One does not exist.
    """
    found = work.fetched(changes, table_id, ids)
    for record_id in ids:
        if record_id not in found:
            raise refusals.unknown_record(record_id)
    return [found[record_id] for record_id in ids]


def _check_room(changes: Work, count: int) -> None:
    limit = changes.manner.record_limit
    if limit is not None and records.count_in_base(changes.connection, changes.base_id) + count > limit:
        switches = changes.manner.switches
        raise refusals.base_full(switches.records_full_type, switches.records_full_message)


def accepted(changes: Work, stored: Stored, cells: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of one entry under field ids, checked; None where the cell is to be empty.

    Args:
        changes: The changes so far.
        stored: The table.
        cells: What the request sends, under field names or ids.
        old: The record's cells before the write.

    Raises:
        RefusalError: A field is unknown or does not take its value.
    """
    terms = Terms(changes.manner.switches, _users(changes, stored, cells), old, lambda: _attachment_id(changes, stored))
    taken: dict[str, Any] = {}
    for name, sent in cells.items():
        field = stored.table.field(name)
        if field is None:
            raise refusals.unknown_field(name)
        if field.id in taken:
            raise refusals.invalid_request(f"Invalid request: the request names field {field.name!r} twice.")
        value = sent
        if changes.manner.typecast and fields.is_writable(field):
            value = typecast.cast(changes, stored.table.id, field, sent, terms)
            field = changes.tables[stored.table.id].table.by_id[field.id]  # it may have a new option
        taken[field.id] = fields.accept(field, value, terms)
        if field.type == "multipleRecordLinks":
            links.check(changes, field, taken[field.id] or [])
    return taken


def _users(changes: Work, stored: Stored, cells: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The users that cells may name, by id and email; read only where a cell names one."""
    named = (stored.table.field(name) for name in cells)
    if not any(field is not None and field.type in _NAMES_USERS for field in named):
        return {}
    known = [changes.manner.author.cell, *catalog.collaborators(changes.connection, changes.base_id)]
    return {user["id"]: user for user in known} | {user["email"].lower(): user for user in known if user.get("email")}


def _attachment_id(changes: Work, stored: Stored) -> str:
    number = ids.next_number(changes.connection, stored, "attachments")
    return ids.nth_id("att", f"{stored.table.id}:attachments", number)


def _with_line_ends(table: Table, old: Mapping[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A rich text that is emptied keeps its last line end, as Airtable's does."""
    emptied = [key for key, value in new.items() if value is None and key in old]
    return new | {key: "\n" for key in emptied if table.by_id[key].type == "richText"}
