"""What changed in bases that a webhook watches, noted by the file itself as part of the transaction that changes it.

The triggers belong to one server's connection, so a base that is loaded by a command tells no webhook.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, TypeAlias

from dq.sandbox import fields, records
from dq.sandbox.tokens import Token

Source: TypeAlias = Literal["publicApi", "client"]

_WATCHED = 'EXISTS (SELECT 1 FROM webhook AS w JOIN "table" AS t ON t.base_id = w.base_id WHERE t.number = {row})'
_NOTE = """INSERT INTO change (base_id, deed, table_id, kind, id, old, new, created)
    SELECT t.base_id, (SELECT value FROM deed), t.id, 'record', {id}, {old}, {new}, {created}
    FROM "table" AS t WHERE t.number = {number};"""
_NOTE_TABLE = """INSERT INTO change (base_id, deed, table_id, kind, id, old, new)
    VALUES ({row}.base_id, (SELECT value FROM deed), {row}.id, 'table', {row}.id, {old}, {new});"""
_WATCHED_BASE = "EXISTS (SELECT 1 FROM webhook WHERE base_id = {row}.base_id)"


def _record_trigger(event: str, row: str, old: str, new: str) -> str:
    note = _NOTE.format(id=f"{row}.id", old=old, new=new, created=f"{row}.created", number=f"{row}.table_number")
    name = "note_record_" + event.split(maxsplit=1)[0].lower()
    watched = _WATCHED.format(row=f"{row}.table_number")
    return f"CREATE TEMP TRIGGER {name} AFTER {event} ON main.record WHEN {watched} BEGIN {note} END"


def _table_trigger(event: str, row: str, old: str, new: str) -> str:
    note = _NOTE_TABLE.format(row=row, old=old, new=new)
    name = "note_table_" + event.split(maxsplit=1)[0].lower()
    return f'CREATE TEMP TRIGGER {name} AFTER {event} ON main."table" WHEN {_WATCHED_BASE.format(row=row)} BEGIN {note} END'


_SET_UP = (
    "CREATE TEMP TABLE deed (value TEXT NOT NULL)",
    "INSERT INTO deed VALUES ('')",
    _record_trigger("INSERT", "NEW", "NULL", "NEW.cells"),
    _record_trigger("UPDATE OF cells", "NEW", "OLD.cells", "NEW.cells"),
    _record_trigger("DELETE", "OLD", "OLD.cells", "NULL"),
    _table_trigger("INSERT", "NEW", "NULL", "NEW.definition"),
    _table_trigger("UPDATE OF definition", "NEW", "OLD.definition", "NEW.definition"),
    _table_trigger("DELETE", "OLD", "OLD.definition", "NULL"),
)


@dataclass(frozen=True)
class Change:
    """One record or table before and after; None where it was not there.

    Args:
        number: Grows with every change of the file.
        table_id: The table.
        kind: Whether a record changed, or the table's definition.
        id: The record's id, or the table's.
        old: Cells by field id, or the definition.
        new: The same afterwards.
        created: When the record was made.
    """

    number: int
    table_id: str
    kind: Literal["record", "table"]
    id: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    created: str | None


@dataclass(frozen=True)
class Deed:
    """All that one request, or one person's act, changed in a base.

    Args:
        base_id: The base.
        time: When, as Airtable writes it.
        source: Through the API, or by a person at the screen.
        user: Who: `id`, `permissionLevel`, perhaps `email`.
        changes: What changed, in order.
    """

    base_id: str
    time: str
    source: Source
    user: dict[str, Any]
    changes: tuple[Change, ...]


def set_up(connection: sqlite3.Connection) -> None:
    """Let a connection note what it changes; once is enough.

    Args:
        connection: An open sandbox, in no transaction.
    """
    if connection.execute("SELECT 1 FROM sqlite_temp_schema WHERE name = 'deed'").fetchone() is None:
        for statement in _SET_UP:
            connection.execute(statement)


@contextmanager
def acting(connection: sqlite3.Connection, source: Source, token: Token, base_id: str, now: datetime) -> Iterator[None]:
    """Note the changes of the block as one deed of a user.

    Args:
        connection: An open sandbox, set up, in no transaction.
        source: Through the API, or by a person.
        token: Whose deed it is.
        base_id: The base.
        now: When.
    """
    if connection.execute("SELECT 1 FROM webhook LIMIT 1").fetchone() is not None:
        user = {"id": token.user, **({"email": token.email} if token.email else {})}
        value = {
            "key": os.urandom(8).hex(),
            "time": fields.moment(now),
            "source": source,
            "user": {**user, "permissionLevel": token.role(base_id) or "read"},
        }
        connection.execute("UPDATE temp.deed SET value = ?", (records.as_json(value),))
    yield


def taken(connection: sqlite3.Connection) -> list[Deed]:
    """All deeds that were noted, oldest first; the notes are gone with the transaction.

    Args:
        connection: An open sandbox, in a writing transaction.
    """
    query = "SELECT base_id, deed, number, table_id, kind, id, old, new, created FROM change ORDER BY number"
    rows = connection.execute(query).fetchall()
    connection.execute("DELETE FROM change")
    deeds = []
    for (base_id, deed), group in groupby(rows, key=lambda row: row[:2]):
        changes = tuple(_change(*row[2:]) for row in group)
        by: dict[str, Any] = json.loads(deed) if deed else {"time": "", "source": "client", "user": {}}
        deeds.append(Deed(base_id, by["time"], by["source"], by["user"], changes))
    return deeds


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was noted.

    Args:
        connection: An open sandbox.
    """
    return connection.execute("SELECT 1 FROM change LIMIT 1").fetchone() is None


def _change(
    number: int, table_id: str, kind: Literal["record", "table"], id_: str, old: str | None, new: str | None, made: str
) -> Change:
    before, after = (None if text is None else json.loads(text) for text in (old, new))
    return Change(number, table_id, kind, id_, before, after, made)
