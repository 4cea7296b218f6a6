"""One request's changes, gathered before they are stored: reads see what was changed so far.

A write to one record may change others, through links, and computed cells in any table of the base. All of it is
worked out on these values and then stored at once, in the request's transaction.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from dq.sandbox import fields, records, trash
from dq.sandbox.records import Row, Stored
from dq.sandbox.switches import STRICT, Switches

Key: TypeAlias = tuple[str, str]
"""A table's id and a record's."""


@dataclass(frozen=True)
class Author:
    """The user in whose name something is written."""

    id: str = "usrSandboxOwner00"
    email: str = "owner@sandbox.invalid"
    name: str = "Sandbox Owner"

    @property
    def cell(self) -> dict[str, str]:
        """As a cell shows the user."""
        return {"id": self.id, "email": self.email, "name": self.name}


@dataclass(frozen=True)
class Manner:
    """How a request writes.

    Args:
        author: In whose name.
        switches: What to do where Airtable's behavior is unknown.
        typecast: Whether texts are converted to what a field's type takes.
        may_create_options: Whether that may make new select options.
        record_limit: The most records that the base may hold; None is no limit.
    """

    author: Author = field(default_factory=Author)
    switches: Switches = STRICT
    typecast: bool = False
    may_create_options: bool = True
    record_limit: int | None = None


STANDARD = Manner()


@dataclass
class Work:
    """What one request changes.

    Args:
        connection: An open sandbox, in a writing transaction.
        base_id: The base.
        now: The time of the request, in whole seconds.
        manner: How it writes.
        tables: All tables of the base by id.
        before: The records that it changes as they were; None for a new one.
        after: The same as they will be; None for one that is deleted.
        changed: The ids of the fields whose cells differ.
    """

    connection: sqlite3.Connection
    base_id: str
    now: datetime
    manner: Manner
    tables: dict[str, Stored]
    before: dict[Key, Row | None] = field(default_factory=dict)
    after: dict[Key, Row | None] = field(default_factory=dict)
    changed: dict[Key, set[str]] = field(default_factory=dict)


def begin(connection: sqlite3.Connection, base_id: str, now: datetime, manner: Manner) -> Work:
    """Nothing changed yet.

    Args:
        connection: An open sandbox, in a writing transaction.
        base_id: The base.
        now: The time of the request; seconds count.
        manner: How it writes.
    """
    tables = {stored.table.id: stored for stored in records.list_tables(connection, base_id)}
    return Work(connection, base_id, now.replace(microsecond=0), manner, tables)


def fetched(work: Work, table_id: str, ids: Iterable[str]) -> dict[str, Row]:
    """The records of these ids as they are now; one that does not exist is absent.

    Args:
        work: The changes so far.
        table_id: Their table.
        ids: Record ids.
    """
    wanted = list(ids)
    missing = [record_id for record_id in wanted if (table_id, record_id) not in work.after]
    found = records.fetch(work.connection, work.tables[table_id], missing) if missing else {}
    for record_id in wanted:
        row = work.after.get((table_id, record_id))
        if row is not None:
            found[record_id] = row
    return found


def add(work: Work, table_id: str, row: Row) -> None:
    """Add a record.

    Args:
        work: The changes so far.
        table_id: Its table.
        row: The record, without empty cells.
    """
    key = (table_id, row.id)
    work.before[key], work.after[key], work.changed[key] = None, row, set(row.cells)


def change(work: Work, table_id: str, row: Row, cells: Mapping[str, Any]) -> None:
    """Give a record other cells.

    Args:
        work: The changes so far.
        table_id: Its table.
        row: The record as it is now.
        cells: Values by field id, None for an empty cell; cells that are not named stay.
    """
    new = {key: value for key, value in {**row.cells, **cells}.items() if value is not None}
    differing = {key for key in cells if new.get(key) != row.cells.get(key)}
    key = (table_id, row.id)
    if key not in work.after and not differing:
        return
    work.before.setdefault(key, row)
    work.after[key] = replace(row, cells=new)
    work.changed.setdefault(key, set()).update(differing)


def remove(work: Work, table_id: str, row: Row) -> None:
    """Take a record out.

    Args:
        work: The changes so far.
        table_id: Its table.
        row: The record as it is now.
    """
    key = (table_id, row.id)
    work.before.setdefault(key, row)
    work.after[key] = None
    work.changed[key] = set(row.cells)


def shown_now(work: Work) -> str:
    """The time of the request as cells show it.

    Args:
        work: The changes so far.
    """
    return fields.moment(work.now)


def save(work: Work) -> None:
    """Store all changes.

    Args:
        work: The changes.
    """
    for table_id, stored in work.tables.items():
        pairs = [
            (work.before[key], row) for key, row in work.after.items() if key[0] == table_id and work.before[key] != row
        ]
        if not pairs:
            continue
        records.insert(work.connection, stored.number, [row for old, row in pairs if row and old is None])
        records.replace_cells(work.connection, stored, [row for old, row in pairs if row and old is not None])
        trash.put(work.connection, stored, [old for old, row in pairs if row is None and old], shown_now(work))
