"""Deleted records: kept for seven days, with their cells."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from dq.sandbox import records
from dq.sandbox.records import Row, Stored
from dq.sandbox.types.times import moment

KEPT = timedelta(days=7)


def put(connection: sqlite3.Connection, stored: Stored, rows: Sequence[Row], time: str) -> None:
    """Move records to the trash.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: Their table.
        rows: The records.
        time: When, as ISO text.
    """
    if not rows:
        return
    records.delete(connection, stored, [row.id for row in rows])
    oldest = moment(datetime.fromisoformat(time) - KEPT)
    connection.execute("DELETE FROM trash WHERE deleted < ?", (oldest,))
    values = ((stored.number, row.id, time, row.created, records.as_json(row.cells), row.modified) for row in rows)
    connection.executemany("INSERT OR REPLACE INTO trash VALUES (?, ?, ?, ?, ?, ?)", values)


def take(connection: sqlite3.Connection, stored: Stored, record_id: str, now: datetime) -> Row | None:
    """Take a record out of the trash; None if it is not there, or for more than seven days.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: Its table.
        record_id: The record.
        now: The present time.
    """
    key = (stored.number, record_id)
    query = "SELECT id, created, cells, modified FROM trash WHERE table_number = ? AND id = ? AND deleted >= ?"
    found = connection.execute(query, (*key, moment(now - KEPT))).fetchone()
    if found is None:
        return None
    connection.execute("DELETE FROM trash WHERE table_number = ? AND id = ?", key)
    return Row(found[0], found[1], json.loads(found[2]), found[3])


def listed(connection: sqlite3.Connection, stored: Stored, now: datetime) -> list[tuple[str, str]]:
    """The records of a table that can be restored: their ids and when they were deleted.

    Args:
        connection: An open sandbox.
        stored: The table.
        now: The present time.
    """
    query = "SELECT id, deleted FROM trash WHERE table_number = ? AND deleted >= ? ORDER BY deleted, id"
    return connection.execute(query, (stored.number, moment(now - KEPT))).fetchall()
