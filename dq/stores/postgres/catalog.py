"""What pg_catalog says: tables by the names that people use, their columns, keys and unique indexes, who refers to whom."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from dq.errors import ConfigurationError
from dq.manifest import Reference, UniqueIndex
from dq.sql import quoted

Query = Callable[[str, Sequence[Any]], list[dict[str, Any]]]
"""Runs one statement with its parameters ($1, $2 …) and gives all rows."""

_TABLES = """SELECT c.oid::int8 AS id, c.relkind::text AS kind, n.nspname::text AS schema, c.relname::text AS name,
        pg_table_is_visible(c.oid) AS is_visible
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
        AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 3, 4"""
_COLUMNS = """WITH RECURSIVE types AS (
        SELECT attnum, atttypid AS type, atttypmod AS modifier, false AS required, false AS has_default, 0 AS depth
        FROM pg_attribute WHERE attrelid = $1::int8::oid AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT d.attnum, t.typbasetype, t.typtypmod, d.required OR t.typnotnull, d.has_default OR t.typdefault IS NOT NULL, d.depth + 1
        FROM types AS d JOIN pg_type AS t ON t.oid = d.type WHERE t.typtype = 'd')
    SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS declared, d.modifier,
        format_type(t.oid, -1) AS cast_type, format_type(t.oid, d.modifier) AS whole_type,
        coalesce(e.typname, t.typname)::text AS type, e.oid IS NOT NULL AS is_array, t.typtype = 'e' AS is_enum,
        ARRAY(SELECT l.enumlabel::text FROM pg_enum AS l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder) AS labels,
        (a.attnotnull OR d.required) AND NOT (a.atthasdef OR d.has_default OR a.attidentity <> '') AS is_required,
        a.attgenerated <> '' AS is_generated, a.attidentity = 'a' AS is_always
    FROM pg_attribute AS a
    JOIN types AS d USING (attnum)
    JOIN pg_type AS t ON t.oid = d.type AND t.typtype <> 'd'
    LEFT JOIN pg_type AS e ON t.typcategory = 'A' AND e.oid = t.typelem
    WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
_INDEXES = """SELECT i.indexrelid::int8 AS id, i.indisprimary AS is_primary, a.attname::text AS column
    FROM pg_index AS i
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = $1::int8::oid AND i.indisunique AND i.indisvalid AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
    ORDER BY i.indisprimary DESC, i.indexrelid, k.place"""
_ACTING = """SELECT c.relhasrules OR EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
        AND t.tgtype & 2 = 0) AS is_acting FROM pg_class AS c WHERE c.oid = $1::int8::oid"""
_REFERENCES = """SELECT c.conrelid::int8 AS child, a.attname::text AS column, c.confrelid::int8 AS parent
    FROM pg_constraint AS c
    JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND c.conparentid = 0"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the database.

    Attributes:
        id: Its oid.
        name: The name that people use for it: as the configuration has it, else bare where the search path finds it.
        sql: The name as SQL: with its schema, quoted.
        kind: The catalog's letter: `r` and `p` are tables, others are views and foreign tables.
    """

    id: int
    name: str
    sql: str
    kind: str


def tables(query: Query, asked: Collection[str] = ()) -> list[Table]:
    """All tables and views, without the partitions of other tables.

    Args:
        query: Runs a statement.
        asked: Names that are used for tables, bare or with their schema (`crm.leads`).
    """
    return [_table(row, asked) for row in query(_TABLES, ())]


def _table(row: dict[str, Any], asked: Collection[str]) -> Table:
    whole = f"{row['schema']}.{row['name']}"
    names = [*([row["name"]] if row["is_visible"] else []), whole]
    name = next((one for one in names if one in asked), names[0])
    return Table(row["id"], name, f"{quoted(row['schema'])}.{quoted(row['name'])}", row["kind"])


def table_named(query: Query, name: str) -> Table:
    """The table that a name means.

    Raises:
        ConfigurationError: There is none, or it is a view.
    """
    known = tables(query, (name,))
    found = next((table for table in known if table.name == name), None)
    if found is None:
        names = [table.name for table in known]
        held = f"dq's user sees {len(names)} tables" + (f": {', '.join(sorted(names)[:10])}." if names else ".")
        raise ConfigurationError(
            f"The database has no table {name!r}{near(name, names)}",
            where="tables:",
            why=held,
            fix="correct `tables:` in config/dq.yaml; a schema that is not in the search path is named: crm.leads",
        )
    if found.kind not in ("r", "p"):
        word = {"v": "view", "m": "materialized view"}.get(found.kind, "foreign table")
        why = "dq reads and writes plain tables only."
        raise ConfigurationError(
            f"{name!r} is a {word}, not a table", where="tables:", why=why, fix="name the table behind it"
        )
    return found


def columns(query: Query, table: Table) -> list[dict[str, Any]]:
    """The catalog's rows of a table's columns, in their order."""
    return query(_COLUMNS, (table.id,))


def unique_indexes(query: Query, table: Table) -> tuple[UniqueIndex, ...]:
    """What must be unique in a table, the primary key first; partial indexes count as whole ones."""
    return tuple(UniqueIndex(index) for index in dict.fromkeys(_indexed(query, table).values()))


def is_plain(query: Query, table: Table) -> bool:
    """Whether a table has no rules, and no triggers of the user's that act once a row is written."""
    return not query(_ACTING, (table.id,))[0]["is_acting"]


def own_key(query: Query, table: Table) -> str:
    """The single-column primary key.

    Raises:
        ConfigurationError: The table has none.
    """
    rows = query(_INDEXES, (table.id,))
    keys = [row["column"] for row in rows if row["is_primary"]]
    if len(keys) != 1:
        raise ConfigurationError(
            f"Table {table.name} has no single-column primary key",
            where=f"database table {table.name}",
            why="dq tells rows apart by one column.",
            fix="name a unique column as the table's `key:`",
        )
    return str(keys[0])


def _indexed(query: Query, table: Table) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for row in query(_INDEXES, (table.id,)):
        found[row["id"]] = (*found.get(row["id"], ()), row["column"])
    return found


def references(query: Query, asked: Collection[str]) -> list[Reference]:
    """Every single-column foreign key of the database, in order of table and column."""
    names = {table.id: table.name for table in tables(query, asked)}
    found = [
        Reference(names[row["child"]], row["column"], names[row["parent"]])
        for row in query(_REFERENCES, ())
        if row["child"] in names and row["parent"] in names
    ]
    return sorted(found, key=lambda one: (one.table, one.column, one.parent))


def near(name: str, names: Collection[str]) -> str:
    """A hint at a known name that looks like the one that is not; empty if none does."""
    folded = {candidate.casefold(): candidate for candidate in names}
    found = get_close_matches(name.casefold(), list(folded), n=1)
    return f" (did you mean {folded[found[0]]!r}?)" if found else ""
