"""What a SQLite table is: its columns and their kinds, keys, unique indexes, and who refers to it."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from dq.cells import Kind
from dq.errors import ConfigurationError
from dq.manifest import Column, Reference, TableSchema, UniqueIndex
from dq.sql import quoted

Query = Callable[[str, Sequence[Any]], list[dict[str, Any]]]
"""Runs one statement with its parameters and gives all rows."""

SOFT_DELETE = ("deleted_at", "merged_into")
ROWID = "rowid"
_EXACT = 2**53
_STORED: dict[Kind, str] = {
    "integer": "'integer', 'null'",
    "boolean": "'integer', 'null'",
    "number": "'integer', 'real', 'null'",
}


def table_schema(query: Query, table: str, columns: Sequence[str], key: str | None) -> TableSchema:
    """The table's schema, limited to `columns` and its key; reads every value's storage class once.

    Raises:
        ConfigurationError: No such table or column, a view, no usable key, or binary values in a column.
    """
    tables = _tables(query)
    _require_table(tables, table)
    infos = query('SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', (table,))
    by_name = {info["name"]: info for info in infos}
    key = key or own_key(table, infos, without_rowid=bool(tables[table]["wr"]))
    _require_columns(table, by_name, [*columns, key] if key != ROWID else columns)
    names = list(dict.fromkeys([key, *columns]))
    rowid_alias = _rowid_alias(infos, without_rowid=bool(tables[table]["wr"]))
    made = {name: _column(info, rowid_alias) for name, info in by_name.items()}
    made.setdefault(key, Column(ROWID, "integer", "INTEGER", writable=False))
    found = _settle_kinds(query, table, [made[name] for name in names])
    return TableSchema(
        store="database",
        name=table,
        key=key,
        columns=tuple(found),
        unique=_unique(query, table, infos),
        unread=tuple(column for name, column in made.items() if name not in names),
        soft_delete=tuple(name for name in SOFT_DELETE if name in by_name),
        references=tuple(reference for reference in all_references(query) if reference.table == table),
    )


def own_key(table: str, infos: Sequence[Mapping[str, Any]], *, without_rowid: bool) -> str:
    """The single-column primary key, else `rowid`.

    Raises:
        ConfigurationError: The table has neither.
    """
    keys = [info["name"] for info in infos if info["pk"]]
    if len(keys) == 1:
        return str(keys[0])
    if without_rowid or any(info["name"].lower() == ROWID for info in infos):
        why = "dq tells rows apart by one column."
        raise ConfigurationError(
            f"Table {table} has no single-column key and no rowid",
            where=table,
            why=why,
            fix="name a unique column as the table's `key:`",
        )
    return ROWID


def references_to(query: Query, table: str) -> list[Reference]:
    """The foreign keys that point at `table`, whose name SQLite takes in any case."""
    return [found for found in all_references(query) if found.parent.casefold() == table.casefold()]


def all_references(query: Query) -> list[Reference]:
    """Every single-column foreign key that the database declares, in order of table and column."""
    sql = """SELECT t.name AS "table", f."from" AS "column", f."table" AS parent
        FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) AS f
        WHERE t.schema = 'main' AND t.type = 'table' ORDER BY 1, 2, 3"""
    return [Reference(row["table"], row["column"], row["parent"]) for row in query(sql, ())]


def _tables(query: Query) -> dict[str, dict[str, Any]]:
    rows = query("SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main'", ())
    return {row["name"]: row for row in rows if not row["name"].startswith("sqlite_")}


def _require_table(tables: Mapping[str, Mapping[str, Any]], table: str) -> None:
    found = tables.get(table)
    if found is None:
        near = _near(table, tables)
        held = f"The database holds {len(tables)} tables" + (f": {', '.join(sorted(tables)[:10])}." if tables else ".")
        raise ConfigurationError(
            f"The database has no table {table!r}{near}",
            where="tables:",
            why=held,
            fix="correct `tables:` in config/dq.yaml",
        )
    if found["type"] != "table":
        why = "dq reads and writes plain tables only."
        raise ConfigurationError(
            f"{table!r} is a {found['type']}, not a table", where="tables:", why=why, fix="name the table behind it"
        )


def _require_columns(table: str, by_name: Mapping[str, Any], wanted: Sequence[str]) -> None:
    missing = [name for name in dict.fromkeys(wanted) if name not in by_name]
    if missing:
        listed = "; ".join(f"{name!r}{_near(name, by_name)}" for name in missing)
        raise ConfigurationError(
            f"Table {table} lacks {len(missing)} column(s): {listed}",
            where=f"database table {table}",
            fix="correct `tables:` in config/dq.yaml",
        )


def _near(name: str, names: Mapping[str, Any]) -> str:
    folded = {candidate.casefold(): candidate for candidate in names}
    near = get_close_matches(name.casefold(), list(folded), n=1)
    return f" (did you mean {folded[near[0]]!r}?)" if near else ""


def _rowid_alias(infos: Sequence[Mapping[str, Any]], *, without_rowid: bool) -> str | None:
    keys = [info for info in infos if info["pk"]]
    if len(keys) == 1 and keys[0]["type"].upper() == "INTEGER" and not without_rowid:
        return str(keys[0]["name"])
    return None


def _column(info: Mapping[str, Any], rowid_alias: str | None) -> Column:
    needed = bool(info["notnull"]) and info["dflt_value"] is None and info["name"] != rowid_alias and not info["hidden"]
    return Column(info["name"], _kind(info["type"]), info["type"], writable=not info["hidden"], required=needed)


def _kind(declared: str) -> Kind:
    name = declared.upper()
    if "BOOL" in name:
        return "boolean"
    if "DATE" in name or "TIME" in name:
        return "text"
    if "INT" in name:
        return "integer"
    if any(word in name for word in ("CHAR", "CLOB", "TEXT", "BLOB")):
        return "text"
    return "number" if any(word in name for word in ("REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL")) else "text"


def _settle_kinds(query: Query, table: str, columns: Sequence[Column]) -> list[Column]:
    """Columns whose values are not all of the declared kind are read as text, which loses nothing."""
    counts = [_strays(column, number) for number, column in enumerate(columns)]
    binary = [f"sum(typeof({quoted(column.name)}) = 'blob') AS b{number}" for number, column in enumerate(columns)]
    row = query(f"SELECT {', '.join(counts + binary)} FROM {quoted(table)}", ())[0]
    settled: list[Column] = []
    for number, column in enumerate(columns):
        if row[f"b{number}"]:
            why = "dq compares and writes text and numbers only."
            raise ConfigurationError(
                f"Column {column.name} holds binary values in {row[f'b{number}']} rows",
                where=f"database table {table}",
                why=why,
                fix="take the column out of the mapping, or store text in it",
            )
        kind: Kind = "text" if row[f"s{number}"] else column.kind
        settled.append(Column(column.name, kind, column.type, writable=column.writable, required=column.required))
    return settled


def _strays(column: Column, number: int) -> str:
    name = quoted(column.name)
    if column.kind not in _STORED:
        return f"0 AS s{number}"
    stray = f"typeof({name}) NOT IN ({_STORED[column.kind]})"
    if column.kind == "number":  # an integer that a float cannot hold
        stray += f" OR (typeof({name}) = 'integer' AND abs({name}) > {_EXACT})"
    return f"sum({stray}) AS s{number}"


def _unique(query: Query, table: str, infos: Sequence[Mapping[str, Any]]) -> tuple[UniqueIndex, ...]:
    sql = """SELECT l.seq AS number, i.name AS "column" FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i
        WHERE l."unique" ORDER BY l.seq, i.seqno"""
    indexes: dict[int, list[str | None]] = {}
    for row in query(sql, (table,)):
        indexes.setdefault(row["number"], []).append(row["column"])
    keys = sorted((info["pk"], info["name"]) for info in infos if info["pk"])
    found = [tuple(name for _, name in keys)] if keys else []
    found += [
        tuple(names) for names in indexes.values() if None not in names
    ]  # an index over an expression has no names
    return tuple(UniqueIndex(columns) for columns in dict.fromkeys(found))
