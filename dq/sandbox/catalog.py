"""Adding and changing bases and tables."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from dq.sandbox import records
from dq.sandbox.records import Row, Stored

_OF_TABLE = ("record", "deleted", "trash", "sequence", "comment")


def add_base(
    connection: sqlite3.Connection, base_id: str, name: str, position: int, collaborators: Sequence[Mapping[str, Any]]
) -> None:
    """Add an empty base, in place of one of the same id and all that it held.

    Args:
        connection: An open sandbox, in a writing transaction.
        base_id: `app…`.
        name: Its name.
        position: Its place among the bases, where it is new.
        collaborators: The users that its cells may name.
    """
    for table in _OF_TABLE:
        of_base = '(SELECT number FROM "table" WHERE base_id = ?)'
        connection.execute(f"DELETE FROM {table} WHERE table_number IN {of_base}", (base_id,))
    connection.execute('DELETE FROM "table" WHERE base_id = ?', (base_id,))
    connection.execute("DELETE FROM sequence WHERE table_number = 0 AND name = ?", (base_id,))
    query = """INSERT INTO base (id, name, position, collaborators) VALUES (?, ?, ?, ?) ON CONFLICT (id)
        DO UPDATE SET name = excluded.name, collaborators = excluded.collaborators"""
    connection.execute(query, (base_id, name, position, records.as_json(list(collaborators))))


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
    values = (base_id, definition["id"], definition["name"], position, records.as_json(definition))
    number = connection.execute(query, values).lastrowid
    records.insert(connection, int(number or 0), rows)


def save_definition(connection: sqlite3.Connection, stored: Stored, definition: Mapping[str, Any]) -> None:
    """Give a table another schema.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        definition: Its new definition.
    """
    query = 'UPDATE "table" SET name = ?, definition = ? WHERE number = ?'
    connection.execute(query, (definition["name"], records.as_json(definition), stored.number))


def drop_table(connection: sqlite3.Connection, stored: Stored) -> None:
    """Take a table out with all that it holds.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
    """
    for table in _OF_TABLE:
        connection.execute(f"DELETE FROM {table} WHERE table_number = ?", (stored.number,))
    connection.execute('DELETE FROM "table" WHERE number = ?', (stored.number,))


def collaborators(connection: sqlite3.Connection, base_id: str) -> list[dict[str, Any]]:
    """The users that the cells of a base may name, as objects with `id`, `email` and `name`.

    Args:
        connection: An open sandbox.
        base_id: `app…`.
    """
    found = connection.execute("SELECT collaborators FROM base WHERE id = ?", (base_id,)).fetchone()
    listed: list[dict[str, Any]] = json.loads(found[0]) if found else []
    return listed
