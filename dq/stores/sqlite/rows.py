"""Rows of a SQLite table by key, and what a table is to a write."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dq.cells import Kind
from dq.manifest import TableSchema
from dq.sql import listed, marks, quoted
from dq.stores.protocol import Row
from dq.stores.sqlite.schema import SOFT_DELETE, own_key

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Target:
    """A table that a write may touch.

    Attributes:
        name: The table.
        key: The column that holds its rows' keys.
        kinds: The columns that a reader of the table wants, with their kinds; the key among them.
        known: Every column of the table.
        soft_delete: Whether it has `deleted_at`.
        key_is_text: Whether keys must be compared as text: the column has no type that SQLite would compare by.
    """

    name: str
    key: str
    kinds: Mapping[str, Kind]
    known: frozenset[str]
    soft_delete: bool
    key_is_text: bool


def target_of(schema: TableSchema) -> Target:
    """The table of a schema as a target."""
    names = [column.name for column in (*schema.columns, *schema.unread)]
    return Target(
        name=schema.name,
        key=schema.key,
        kinds={column.name: column.kind for column in schema.columns},
        known=frozenset(names) | set(schema.soft_delete),
        soft_delete=SOFT_DELETE[0] in schema.soft_delete,
        key_is_text=_is_untyped(schema.column(schema.key).type),
    )


def target_named(connection: sqlite3.Connection, table: str) -> Target:
    """A table beside the schema's own: a child whose rows are re-pointed."""
    infos = [dict(row) for row in connection.execute("SELECT name, type, pk FROM pragma_table_xinfo(?)", (table,))]
    found = connection.execute(
        "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", (table,)
    ).fetchone()
    key = own_key(table, infos, without_rowid=bool(found and found["wr"]))
    types = {info["name"]: info["type"] for info in infos}
    return Target(
        name=table,
        key=key,
        kinds={key: "text"},
        known=frozenset(types),
        soft_delete=SOFT_DELETE[0] in types,
        key_is_text=_is_untyped(types.get(key, "INTEGER")),
    )


def rows_by_key(
    connection: sqlite3.Connection, target: Target, keys: Sequence[str], columns: Sequence[str]
) -> dict[str, Row]:
    """The rows with these keys; those that are gone are missing."""
    names = list(dict.fromkeys(columns))
    key = quoted(target.key)
    cursor = connection.cursor()
    cursor.row_factory = None  # plain tuples: most of what an apply reads comes by here
    found: dict[str, Row] = {}
    for start in range(0, len(keys), _CHUNK):
        some = keys[start : start + _CHUNK]
        sql = f"SELECT CAST({key} AS TEXT), {listed(names)} FROM {quoted(target.name)} WHERE {key_text(target)} IN ({marks(len(some))})"
        found |= {own: dict(zip(names, cells, strict=True)) for own, *cells in cursor.execute(sql, some)}
    return found


def key_text(target: Target, table: str = "") -> str:
    """The key as SQL that a text parameter can be compared with, by index wherever the column has a type."""
    key = table + quoted(target.key)
    return f"CAST({key} AS TEXT)" if target.key_is_text else key


def bound(value: Any) -> Any:
    """A cell as SQLite takes it: lists and objects as JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, list | dict) else value


def _is_untyped(declared: str) -> bool:
    return not declared or "BLOB" in declared.upper()
