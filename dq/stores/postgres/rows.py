"""Rows of a PostgreSQL table by key, and what a table is to a write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dq.manifest import TableSchema
from dq.sql import quoted
from dq.stores.postgres import catalog
from dq.stores.postgres.catalog import Query
from dq.stores.postgres.connecting import Connection
from dq.stores.postgres.schema import SOFT_DELETE, Shape, shape_of, typed
from dq.stores.postgres.types import TEXTS, Type, is_integer_text, is_uuid_text, read
from dq.stores.protocol import Row

KEY = "dq key"


@dataclass(frozen=True, slots=True)
class Target:
    """A table that a write may touch.

    Attributes:
        name: The table's name as writes have it.
        sql: Its name as SQL.
        key: The column that holds its rows' keys.
        types: Every column of the table, with its type.
        wanted: The columns that a reader of the table wants, the key among them.
        soft_delete: Those of `deleted_at` and `merged_into` that it has.
        generated: Columns that the database computes.
        always: Identity columns, which take no value unless told so.
        is_plain: Whether no trigger or rule acts once a row is written.
    """

    name: str
    sql: str
    key: str
    types: Mapping[str, Type]
    wanted: tuple[str, ...]
    soft_delete: tuple[str, ...]
    generated: frozenset[str]
    always: frozenset[str]
    is_plain: bool

    @property
    def can_be_deleted(self) -> bool:
        """Whether rows can be soft-deleted."""
        return SOFT_DELETE[0] in self.soft_delete


def target_of(query: Query, schema: TableSchema) -> Target:
    """The table of a schema as a target."""
    shape = shape_of(query, schema.name)
    return _target(
        shape, schema.name, schema.key, typed(shape, schema), tuple(c.name for c in schema.columns), schema.soft_delete
    )


def target_named(query: Query, table: str) -> Target:
    """A table beside the schema's own: a child whose rows are re-pointed, soft-deleted ones too, for they refer as well."""
    shape = shape_of(query, table)
    key = catalog.own_key(query, shape.table)
    return _target(shape, table, key, shape.types, (key,), ())


def _target(
    shape: Shape, name: str, key: str, types: Mapping[str, Type], wanted: tuple[str, ...], soft_delete: tuple[str, ...]
) -> Target:
    return Target(name, shape.table.sql, key, types, wanted, soft_delete, shape.generated, shape.always, shape.is_plain)


def rows_by_key(
    connection: Connection,
    target: Target,
    keys: Sequence[str],
    columns: Sequence[str],
    lock: Literal["", "FOR NO KEY UPDATE"] = "",
) -> dict[str, Row]:
    """The rows with these keys, in the order of their keys; those that are gone are missing.

    Args:
        connection: An open connection.
        target: The table.
        keys: Keys as text.
        columns: The columns to read.
        lock: Whether the rows are to be locked until the transaction ends: always in the same order.
    """
    names = list(dict.fromkeys(columns))
    known = possible(target, keys)
    if not known:
        return {}
    cells = ", ".join([f"{quoted(target.key)}::text", *(read(target.types[name], quoted(name)) for name in names)])
    sql = f"SELECT {cells} FROM {target.sql} AS t WHERE {_in(target)} ORDER BY t.{quoted(target.key)} {lock}"
    wanted = set(known)
    rows = connection.execute(sql, [known]).fetchall()
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows if row[0] in wanted}


def possible(target: Target, keys: Sequence[str]) -> list[str]:
    """Those of the keys that the key's type can hold, written as the database writes them; the others name no row."""
    type_ = target.types[target.key]
    if type_.kind == "integer":
        return [key for key in keys if is_integer_text(key)]
    if type_.name == "uuid":
        return [key for key in keys if is_uuid_text(key)]
    return [key for key in keys if "\x00" not in key]


def _in(target: Target) -> str:
    type_, key = target.types[target.key], quoted(target.key)
    return f"{key} = ANY($1::text[]::{_sought(type_)}[])" if is_indexed(type_) else f"{key}::text = ANY($1::text[])"


def is_indexed(type_: Type) -> bool:
    """Whether a key of this type is found by its index: text that no row can have never reaches the server."""
    return not type_.is_array and (type_.kind == "integer" or type_.name in TEXTS | {"uuid"})


def _sought(type_: Type) -> str:
    return "int8" if type_.kind == "integer" else type_.cast


def is_alive(table: str) -> str:
    """SQL that is true for rows that are not soft-deleted: `deleted_at` is empty, of whatever type it is."""
    return f"coalesce({table}.{SOFT_DELETE[0]}::text, '') IN ('', 'false')"


def is_row(target: Target, key: str) -> str:
    """SQL that is true for the row of table `t` whose key is a text, found by index where there can be one."""
    type_, column = target.types[target.key], f"t.{quoted(target.key)}"
    if not is_indexed(type_):
        return f"{column}::text = {key}"
    found = f"{column} = {key}::{_sought(type_)}"
    is_text = type_.name in TEXTS  # citext, and some collations, take any case
    return f'{found} AND {column}::text COLLATE "C" = {key}' if is_text else found
