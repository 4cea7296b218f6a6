"""Every statement on the bases, tables and records of a sandbox's file."""

import hashlib
import json
import sqlite3
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dq.sandbox.schema import Table, parsed_table

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class Stored:
    """A table as the file holds it.

    Args:
        number: The file's own key of the table.
        base_id: The base it stands in.
        table: Its schema.
    """

    number: int
    base_id: str
    table: Table


@dataclass(frozen=True)
class Row:
    """One record.

    Args:
        id: `rec…`.
        created: ISO text, UTC, milliseconds.
        cells: Values by field id; empty cells are absent.
    """

    id: str
    created: str
    cells: dict[str, Any]


def as_json(value: Any) -> str:
    """Compact JSON text in ASCII, so that any text that JSON can name, lone surrogates too, can be stored and sent.

    Args:
        value: What JSON can hold.
    """
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def list_bases(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Id and name of every base, in the order of their loading.

    Args:
        connection: An open sandbox.
    """
    return connection.execute("SELECT id, name FROM base ORDER BY position, id").fetchall()


def list_tables(connection: sqlite3.Connection, base_id: str) -> list[Stored]:
    """The tables of a base, in order; empty for an unknown base.

    Args:
        connection: An open sandbox.
        base_id: `app…`.
    """
    query = 'SELECT number, definition FROM "table" WHERE base_id = ? ORDER BY position'
    return [Stored(number, base_id, parsed_table(text)) for number, text in connection.execute(query, (base_id,))]


def find_table(connection: sqlite3.Connection, base_id: str, name_or_id: str) -> Stored | None:
    """The table of this id or exact name, or None.

    Args:
        connection: An open sandbox.
        base_id: `app…`.
        name_or_id: An id is tried first.
    """
    query = 'SELECT number, definition FROM "table" WHERE base_id = ?1 AND ?2 IN (id, name) ORDER BY id <> ?2 LIMIT 1'
    found = connection.execute(query, (base_id, name_or_id)).fetchone()
    return Stored(found[0], base_id, parsed_table(found[1])) if found else None


def record_ids(connection: sqlite3.Connection, stored: Stored) -> list[str]:
    """All record ids of a table in ASCII order.

    Args:
        connection: An open sandbox.
        stored: The table.
    """
    query = "SELECT id FROM record WHERE table_number = ? ORDER BY id"
    return [row[0] for row in connection.execute(query, (stored.number,))]


def scan(connection: sqlite3.Connection, stored: Stored) -> Iterator[Row]:
    """All records of a table in ASCII order of their ids.

    Args:
        connection: An open sandbox.
        stored: The table.
    """
    query = "SELECT id, created, cells FROM record WHERE table_number = ? ORDER BY id"
    for record_id, created, cells in connection.execute(query, (stored.number,)):
        yield Row(record_id, created, json.loads(cells))


def scan_by_arrival(connection: sqlite3.Connection, stored: Stored) -> Iterator[Row]:
    """All records of a table in the order in which they came.

    Args:
        connection: An open sandbox.
        stored: The table.
    """
    query = "SELECT id, created, cells FROM record WHERE table_number = ? ORDER BY seq"
    for record_id, created, cells in connection.execute(query, (stored.number,)):
        yield Row(record_id, created, json.loads(cells))


def fetch(connection: sqlite3.Connection, stored: Stored, ids: Sequence[str]) -> dict[str, Row]:
    """The records of these ids; an id that the table does not have is absent.

    Args:
        connection: An open sandbox.
        stored: The table.
        ids: Record ids, any number.
    """
    query = "SELECT id, created, cells FROM record WHERE table_number = ? AND id IN (SELECT value FROM json_each(?))"
    rows = connection.execute(query, (stored.number, as_json(list(ids))))
    return {record_id: Row(record_id, created, json.loads(cells)) for record_id, created, cells in rows}


def was_deleted(connection: sqlite3.Connection, stored: Stored, record_id: str) -> bool:
    """Whether the table once had this record.

    Args:
        connection: An open sandbox.
        stored: The table.
        record_id: `rec…`.
    """
    query = "SELECT 1 FROM deleted WHERE table_number = ? AND id = ?"
    return connection.execute(query, (stored.number, record_id)).fetchone() is not None


def insert(connection: sqlite3.Connection, table_number: int, rows: Sequence[Row]) -> None:
    """Add records after all others.

    Args:
        connection: An open sandbox, in a writing transaction.
        table_number: The file's key of the table.
        rows: Records with ids that the table does not have.
    """
    query = "INSERT INTO record (table_number, id, created, cells) VALUES (?, ?, ?, ?)"
    connection.executemany(query, ((table_number, row.id, row.created, as_json(row.cells)) for row in rows))


def replace_cells(connection: sqlite3.Connection, stored: Stored, rows: Sequence[Row]) -> None:
    """Give records other cells.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        rows: Records that the table has.
    """
    query = "UPDATE record SET cells = ? WHERE table_number = ? AND id = ?"
    connection.executemany(query, ((as_json(row.cells), stored.number, row.id) for row in rows))


def delete(connection: sqlite3.Connection, stored: Stored, ids: Sequence[str]) -> None:
    """Take records out and remember their ids, so that none is given out again.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        ids: Records that the table has.
    """
    keys = [(stored.number, record_id) for record_id in ids]
    connection.executemany("DELETE FROM record WHERE table_number = ? AND id = ?", keys)
    connection.executemany("INSERT OR IGNORE INTO deleted VALUES (?, ?)", keys)


def mentions(connection: sqlite3.Connection, stored: Stored, record_id: str) -> list[Row]:
    """Records of a table whose cells hold a record id somewhere.

    Args:
        connection: An open sandbox.
        stored: The table that may link.
        record_id: The id to look for.
    """
    query = "SELECT id, created, cells FROM record WHERE table_number = ? AND instr(cells, ?) > 0 ORDER BY id"
    rows = connection.execute(query, (stored.number, record_id))
    return [Row(found, created, json.loads(cells)) for found, created, cells in rows]


def new_ids(connection: sqlite3.Connection, stored: Stored, count: int) -> list[str]:
    """Ids for new records, made of the table's id and its counter, which moves on.

    The same creates on equal files give equal ids, and no id comes twice, not even that of a deleted record.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        count: How many.
    """
    query = 'SELECT counter FROM "table" WHERE number = ?'
    counter: int = connection.execute(query, (stored.number,)).fetchone()[0]
    ids: list[str] = []
    while len(ids) < count:
        counter += 1
        candidate = nth_id(stored.table.id, counter)
        taken = fetch(connection, stored, [candidate]) or was_deleted(connection, stored, candidate)
        ids += [] if taken else [candidate]
    connection.execute('UPDATE "table" SET counter = ? WHERE number = ?', (counter, stored.number))
    return ids


def nth_id(table_id: str, counter: int) -> str:
    """The record id that belongs to the n-th creation in a table.

    Args:
        table_id: `tbl…`.
        counter: n, from 1.
    """
    return "rec" + letters(hashlib.sha256(f"{table_id}:{counter}".encode()).digest())


def letters(digest: bytes) -> str:
    """The 14 letters and digits of an Airtable id, made of a digest.

    Args:
        digest: At least 11 bytes.
    """
    number = int.from_bytes(digest)
    return "".join(ALPHABET[number // 62**place % 62] for place in range(14))


def add_base(connection: sqlite3.Connection, base_id: str, name: str, position: int) -> None:
    """Add an empty base, in place of one of the same id and all that it held.

    Args:
        connection: An open sandbox, in a writing transaction.
        base_id: `app…`.
        name: Its name.
        position: Its place among the bases, where it is new.
    """
    of_base = '(SELECT number FROM "table" WHERE base_id = ?)'
    connection.execute(f"DELETE FROM record WHERE table_number IN {of_base}", (base_id,))
    connection.execute(f"DELETE FROM deleted WHERE table_number IN {of_base}", (base_id,))
    connection.execute('DELETE FROM "table" WHERE base_id = ?', (base_id,))
    query = "INSERT INTO base VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name"
    connection.execute(query, (base_id, name, position))


def add_table(
    connection: sqlite3.Connection, base_id: str, position: int, definition: Mapping[str, Any], rows: Sequence[Row]
) -> None:
    """Add a table and its records.

    Args:
        connection: An open sandbox, in a writing transaction.
        base_id: The base, which exists.
        position: The table's place in the base.
        definition: What the metadata endpoint shows of the table.
        rows: Its records, in order.
    """
    query = 'INSERT INTO "table" (base_id, id, name, position, definition) VALUES (?, ?, ?, ?, ?)'
    values = (base_id, definition["id"], definition["name"], position, as_json(definition))
    number = connection.execute(query, values).lastrowid
    insert(connection, int(number or 0), rows)
