"""Fields that the server computes: the times of creation and of the last change.

Formulas, rollups, lookups and the like keep the values with which they were loaded.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from dq.sandbox import fields
from dq.sandbox.records import Row
from dq.sandbox.schema import Field, Table


def on_load(table: Table, row: Row) -> Row:
    """The record with its creation time in every field that shows it, where the file gives no value.

    Args:
        table: The table.
        row: A record as loaded.
    """
    times = {field.id: _shown(field, row.created) for field in table.fields if field.type == "createdTime"}
    return replace(row, cells=times | row.cells)


def on_create(table: Table, row: Row) -> Row:
    """The new record with its computed times: the last change is its creation.

    Args:
        table: The table.
        row: A record as created.
    """
    kinds = ("createdTime", "lastModifiedTime")
    times = {field.id: _shown(field, row.created) for field in table.fields if field.type in kinds}
    return replace(row, cells=row.cells | times)


def on_change(table: Table, row: Row, changed: AbstractSet[str], now: datetime) -> Row:
    """The record with its times of last change moved, where a field watches one of the changed cells.

    Args:
        table: The table.
        row: The record with its new cells.
        changed: Ids of the editable fields whose values differ from before.
        now: The time of the request; seconds count.
    """
    shown = fields.moment(now.replace(microsecond=0))
    moved = {
        field.id: _shown(field, shown)
        for field in table.fields
        if field.type == "lastModifiedTime" and (changed & _watched(field) if _watched(field) else changed)
    }
    return replace(row, cells=row.cells | moved)


def _watched(field: Field) -> AbstractSet[str]:
    return frozenset(field.options.get("referencedFieldIds") or ())


def _shown(field: Field, time: str) -> str:
    is_date = (field.options.get("result") or {}).get("type") == "date"
    return time[:10] if is_date else time
