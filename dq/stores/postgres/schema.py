"""What a PostgreSQL table is to dq: its schema, and the types behind it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dq.cells import Kind
from dq.errors import ConfigurationError
from dq.manifest import Column, TableSchema
from dq.sql import quoted
from dq.stores.postgres import catalog
from dq.stores.postgres.catalog import Query, Table
from dq.stores.postgres.types import BINARY, Type, declared_kind

SOFT_DELETE = ("deleted_at", "merged_into")
_NOT_FINITE = "('NaN', 'Infinity', '-Infinity')"
_LONGEST = 17
"""Characters of a decimal number of 15 digits, which a 64-bit float keeps whatever they are."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A table and what the catalog says of its columns.

    Attributes:
        table: The table.
        types: Column → type.
        generated: Columns that the database computes.
        always: Identity columns, which take no value unless told so.
        columns: The columns as a snapshot lists them.
        is_plain: Whether no trigger or rule of the user's acts once a row is written.
    """

    table: Table
    types: dict[str, Type]
    generated: frozenset[str]
    always: frozenset[str]
    columns: dict[str, Column]
    is_plain: bool


def shape_of(query: Query, name: str) -> Shape:
    """A table by the name that people use.

    Raises:
        ConfigurationError: There is no such table.
    """
    table = catalog.table_named(query, name)
    infos = catalog.columns(query, table)
    types = {info["name"]: _type(info) for info in infos}
    return Shape(
        table,
        types,
        generated=frozenset(info["name"] for info in infos if info["is_generated"]),
        always=frozenset(info["name"] for info in infos if info["is_always"]),
        columns={info["name"]: _column(info, types[info["name"]].kind) for info in infos},
        is_plain=catalog.is_plain(query, table),
    )


def table_schema(
    query: Query, name: str, columns: Sequence[str], key: str | None, asked: Collection[str]
) -> TableSchema:
    """The table's schema, limited to `columns` and its key; reads the values of types that need it once.

    Raises:
        ConfigurationError: No such table or column, a view, no usable key, or binary values in a column.
    """
    shape = shape_of(query, name)
    key = key or catalog.own_key(query, shape.table)
    _require_columns(shape, [*columns, key])
    names = list(dict.fromkeys([key, *columns]))
    settled = _settled(query, shape, names)
    return TableSchema(
        store="database",
        name=name,
        key=key,
        columns=tuple(settled[name] for name in names),
        unique=catalog.unique_indexes(query, shape.table),
        unread=tuple(column for column in shape.columns.values() if column.name not in settled),
        soft_delete=tuple(one for one in SOFT_DELETE if one in shape.columns),
        references=tuple(one for one in catalog.references(query, (*asked, name)) if one.table == name),
    )


def typed(shape: Shape, schema: TableSchema | None) -> dict[str, Type]:
    """Column → type, each with the kind that a schema settled for it."""
    known = {} if schema is None else {column.name: column.kind for column in (*schema.columns, *schema.unread)}
    return {name: replace(type_, kind=known.get(name, type_.kind)) for name, type_ in shape.types.items()}


def _type(info: dict[str, Any]) -> Type:
    found = Type(
        name=info["type"],
        cast=info["cast_type"],
        whole=info["whole_type"],
        modifier=info["modifier"],
        is_array=info["is_array"],
        is_enum=info["is_enum"],
        kind=declared_kind(info["type"], is_array=info["is_array"]),
    )
    return found if _stray(found, "") is None else replace(found, kind="text")  # until its values were looked at


def _column(info: dict[str, Any], kind: Kind) -> Column:
    writable = not (info["is_generated"] or info["is_always"])
    required = info["is_required"] and writable
    return Column(
        info["name"], kind, info["declared"], writable=writable, required=required, choices=tuple(info["labels"])
    )


def _require_columns(shape: Shape, wanted: Sequence[str]) -> None:
    missing = [name for name in dict.fromkeys(wanted) if name not in shape.columns]
    if missing:
        listed = "; ".join(f"{name!r}{catalog.near(name, shape.columns)}" for name in missing)
        raise ConfigurationError(
            f"Table {shape.table.name} lacks {len(missing)} column(s): {listed}",
            where=f"database table {shape.table.name}",
            fix="correct `tables:` in config/dq.yaml",
        )
    binary = [name for name in dict.fromkeys(wanted) if shape.types[name].name == BINARY]
    if binary:
        raise ConfigurationError(
            f"Column {binary[0]} holds binary values ({BINARY})",
            where=f"database table {shape.table.name}",
            why="dq compares and writes text and numbers only.",
            fix="take the column out of the mapping, or store text in it",
        )


def _settled(query: Query, shape: Shape, names: Sequence[str]) -> dict[str, Column]:
    """Columns whose values are all of the type's own kind are read as that; the others as text, which loses nothing."""
    tests = {name: test for name in names if (test := _stray(shape.types[name], quoted(name))) is not None}
    if not tests:
        return {name: shape.columns[name] for name in names}
    found = ", ".join(f"coalesce(bool_or({test}), false) AS s{number}" for number, test in enumerate(tests.values()))
    row = query(f"SELECT {found} FROM {shape.table.sql}", ())[0]
    fit = [name for number, name in enumerate(tests) if not row[f"s{number}"]]
    kinds = {name: declared_kind(shape.types[name].name, is_array=False) for name in fit}
    return {name: replace(shape.columns[name], kind=kinds.get(name, shape.columns[name].kind)) for name in names}


def _stray(type_: Type, column: str) -> str | None:
    """SQL that finds a value which the type's kind cannot hold; None if there can be none."""
    if type_.is_array:
        return None
    if type_.name in ("float4", "float8"):
        return f"{column}::text IN {_NOT_FINITE}"
    if type_.name == "numeric":
        long = f"{column}::text IN {_NOT_FINITE} OR length({column}::text) > {_LONGEST}"
        return f"CASE WHEN {long} THEN true ELSE {column}::float8::numeric <> {column} END"
    if type_.name == "jsonb":
        texts = f"""NOT jsonb_path_exists({column}, '$[*] ? (@.type() <> "string")')"""
        return f"{column} IS NOT NULL AND NOT CASE WHEN jsonb_typeof({column}) = 'array' THEN {texts} ELSE false END"
    return None
