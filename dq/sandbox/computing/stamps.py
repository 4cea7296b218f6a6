"""Cells that the server writes by itself: numbers, times and users of creation and of the last change."""

import json
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from dq.sandbox import ids, work
from dq.sandbox.records import Row, Stored
from dq.sandbox.schema import COMPUTED, Field, Table
from dq.sandbox.work import Work


def on_load(table: Table, row: Row) -> Row:
    """The record with its creation time in every field that shows it, where the file gives no value.

    What is known of its last change is what its fields say of it.

    Args:
        table: The table.
        row: A record as loaded.
    """
    times = {field.id: _shown(field, row.created) for field in table.fields if field.type == "createdTime"}
    modified: dict[str, str] = {}
    for field in table.fields:
        told = row.cells.get(field.id) if field.type == "lastModifiedTime" else None
        if isinstance(told, str) and len(told) > 10 and told != row.created:
            watched = _watched(field) or {_ANY}
            modified |= {key: max(told, modified.get(key, "")) for key in watched}
    return replace(row, cells=times | row.cells, modified=json.dumps(modified, separators=(",", ":")))


_ANY = ""
"""Stands for a field that nobody named, in the times of change of a loaded record."""


def stamp(changes: Work) -> None:
    """Set numbers, times and users in the records that the request changes.

    Args:
        changes: The changes of editable cells.
    """
    for (table_id, record_id), differing in list(changes.changed.items()):
        row = changes.after[table_id, record_id]
        if row is None:
            continue
        stored = changes.tables[table_id]
        if changes.before[table_id, record_id] is None:
            work.change(changes, table_id, row, _first(changes, stored))
        elif differing:
            _modified(changes, stored, row, frozenset(differing))


def _first(changes: Work, stored: Stored) -> dict[str, Any]:
    """The cells of a new record: its last change is its creation."""
    cells: dict[str, Any] = {}
    for field in stored.table.fields:
        if field.type in ("createdTime", "lastModifiedTime"):
            cells[field.id] = _shown(field, work.shown_now(changes))
        elif field.type in ("createdBy", "lastModifiedBy"):
            cells[field.id] = changes.manner.author.cell
        elif field.type == "autoNumber":
            cells[field.id] = _number(changes, stored, field)
    return cells


def _modified(changes: Work, stored: Stored, row: Row, differing: AbstractSet[str]) -> None:
    edited = {key for key in differing if stored.table.by_id[key].type not in COMPUTED}
    if not edited:
        return
    now = work.shown_now(changes)
    cells = {
        field.id: changes.manner.author.cell if field.type == "lastModifiedBy" else _shown(field, now)
        for field in stored.table.fields
        if field.type in ("lastModifiedTime", "lastModifiedBy") and edited & (_watched(field) or edited)
    }
    times = json.loads(row.modified) | dict.fromkeys(sorted(edited), now)
    moved = replace(row, modified=json.dumps(times, separators=(",", ":")))
    changes.after[stored.table.id, row.id] = moved
    work.change(changes, stored.table.id, moved, cells)


def _number(changes: Work, stored: Stored, field: Field) -> int:
    least = 1
    if not ids.is_counting(changes.connection, stored, field.id):
        query = f"SELECT coalesce(max(json_extract(cells, '$.{field.id}')), 0) + 1 FROM record WHERE table_number = ?"
        least = int(changes.connection.execute(query, (stored.number,)).fetchone()[0])
    return ids.next_number(changes.connection, stored, field.id, least)


def _watched(field: Field) -> AbstractSet[str]:
    return frozenset(field.options.get("referencedFieldIds") or ())


def _shown(field: Field, time: str) -> str:
    is_date = (field.options.get("result") or {}).get("type") == "date"
    return time[:10] if is_date else time
