"""Reading and writing records, and finding the tables that hold them."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dq.sandbox.schema import Table, parsed_table

_SELECT = "SELECT id, created, cells, modified FROM record WHERE table_number = ?"


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
        modified: JSON text: the last change of each editable field that was changed after the creation.
    """

    id: str
    created: str
    cells: dict[str, Any]
    modified: str = "{}"


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
    yield from _rows(connection.execute(f"{_SELECT} ORDER BY id", (stored.number,)))


def scan_by_arrival(connection: sqlite3.Connection, stored: Stored) -> Iterator[Row]:
    """All records of a table in the order in which they came.

    Args:
        connection: An open sandbox.
        stored: The table.
    """
    yield from _rows(connection.execute(f"{_SELECT} ORDER BY seq", (stored.number,)))


def fetch(connection: sqlite3.Connection, stored: Stored, ids: Sequence[str]) -> dict[str, Row]:
    """The records of these ids; an id that the table does not have is absent.

    Args:
        connection: An open sandbox.
        stored: The table.
        ids: Record ids, any number.
    """
    query = f"{_SELECT} AND id IN (SELECT value FROM json_each(?))"
    return {row.id: row for row in _rows(connection.execute(query, (stored.number, as_json(list(ids)))))}


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
    query = "INSERT INTO record (table_number, id, created, cells, modified) VALUES (?, ?, ?, ?, ?)"
    values = ((table_number, row.id, row.created, as_json(row.cells), row.modified) for row in rows)
    connection.executemany(query, values)


def replace_cells(connection: sqlite3.Connection, stored: Stored, rows: Sequence[Row]) -> None:
    """Give records other cells.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        rows: Records that the table has.
    """
    query = "UPDATE record SET cells = ?, modified = ? WHERE table_number = ? AND id = ?"
    connection.executemany(query, ((as_json(row.cells), row.modified, stored.number, row.id) for row in rows))


def delete(connection: sqlite3.Connection, stored: Stored, ids: Sequence[str]) -> None:
    """Take records out and remember their ids, so that none is given out again.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        ids: Records that the table has.
    """
    if not ids:
        return
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
    query = f"{_SELECT} AND instr(cells, ?) > 0 ORDER BY id"
    return list(_rows(connection.execute(query, (stored.number, record_id))))


def holding(connection: sqlite3.Connection, stored: Stored, field_id: str, values: Sequence[str | float]) -> list[Row]:
    """Records of a table whose cell is one of these values, in ASCII order of their ids.

    Args:
        connection: An open sandbox.
        stored: The table.
        field_id: The field.
        values: Texts and numbers; a list cell stands here as its JSON text.
    """
    cell = f"json_extract(cells, '$.{field_id}')"
    query = f"{_SELECT} AND {cell} IN (SELECT value FROM json_each(?)) ORDER BY id"
    return list(_rows(connection.execute(query, (stored.number, as_json(list(values))))))


def lacking(connection: sqlite3.Connection, stored: Stored, field_id: str) -> list[Row]:
    """Records of a table whose cell is empty, in ASCII order of their ids.

    Args:
        connection: An open sandbox.
        stored: The table.
        field_id: The field.
    """
    query = f"{_SELECT} AND json_extract(cells, '$.{field_id}') IS NULL ORDER BY id"
    return list(_rows(connection.execute(query, (stored.number,))))


def count_in_base(connection: sqlite3.Connection, base_id: str) -> int:
    """How many records the tables of a base hold together.

    Args:
        connection: An open sandbox.
        base_id: `app…`.
    """
    query = """SELECT coalesce(sum((SELECT count(*) FROM record WHERE table_number = number)), 0)
        FROM "table" WHERE base_id = ?"""
    found: int = connection.execute(query, (base_id,)).fetchone()[0]
    return found


def comment_counts(connection: sqlite3.Connection, stored: Stored, ids: Sequence[str]) -> dict[str, int]:
    """How many comments each of some records has; a record without one is absent.

    Args:
        connection: An open sandbox.
        stored: The table.
        ids: Record ids.
    """
    query = """SELECT record_id, count(*) FROM comment
        WHERE table_number = ? AND record_id IN (SELECT value FROM json_each(?)) GROUP BY record_id"""
    return dict(connection.execute(query, (stored.number, as_json(list(ids)))).fetchall())


def _rows(found: Iterable[tuple[str, str, str, str]]) -> Iterator[Row]:
    for record_id, created, cells, modified in found:
        yield Row(record_id, created, json.loads(cells), modified)
