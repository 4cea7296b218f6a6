"""One statement for all rows that are written alike: their cells go over as JSON, a list a column, cast by the server."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dq.schemas.values import Op
from dq.sql import listed, quoted
from dq.stores.meaning import exact, is_same
from dq.stores.postgres.connecting import Connection
from dq.stores.postgres.rows import Target, is_row
from dq.stores.postgres.types import TEXTS, Type, as_text, assigned, keeps, read
from dq.stores.protocol import RowWrite

ROWS = 2000
"""Rows a statement: so many that a statement's own cost is nothing, and so few that they stay in the server's memory."""
_A_SECOND = 1.0
_TEXT = frozenset({str, type(None)})


class UnfitError(Exception):
    """A row that the database does not take as it was planned; the text names no cell's value."""


@dataclass(frozen=True, slots=True)
class Form:
    """What rows that go into one statement have in common."""

    table: str
    op: Op
    has_key: bool
    columns: tuple[str, ...]


def form_of(write: RowWrite) -> Form:
    """The form of a write."""
    return Form(write.table, write.op, write.key is not None, tuple(write.after))


def run(connection: Connection, target: Target, form: Form, writes: Sequence[RowWrite]) -> list[str]:
    """Write rows of one form; their keys, in order.

    Raises:
        UnfitError: Not every row was written, or a cell would not hold what was planned.
        psycopg.Error: The database refuses a row.
    """
    if form.op == "insert":
        return _insert(connection, target, form, writes)
    if form.op == "delete":
        sql = f"DELETE FROM {target.sql} AS t USING {source(1)} WHERE {is_row(target, 'v.c0')}"
        _demand_all(connection.execute(sql, [keys_of(writes)]).rowcount, len(writes))
    elif form.columns:
        texts = _cells(connection, target, form, writes)
        cells = (
            f"{quoted(name)} = {assigned(target.types[name], f'v.c{place}')}"
            for place, name in enumerate(form.columns, 1)
        )
        sql = f"UPDATE {target.sql} AS t SET {', '.join(cells)} FROM {source(1 + len(texts))} WHERE {is_row(target, 'v.c0')}"
        _demand_all(connection.execute(sql, [keys_of(writes), *texts]).rowcount, len(writes))
    return [str(write.key) for write in writes]


def _insert(connection: Connection, target: Target, form: Form, writes: Sequence[RowWrite]) -> list[str]:
    keyed = [target.key] if form.has_key and target.key not in form.columns else []
    columns = [*keyed, *(name for name in form.columns if name not in target.generated)]
    key = f"RETURNING {quoted(target.key)}::text"
    if not columns:
        done = [connection.execute(f"INSERT INTO {target.sql} DEFAULT VALUES {key}").fetchall()[0][0] for _ in writes]
        return _demand_keys(target, done)
    texts = [*([keys_of(writes)] if keyed else []), *_cells(connection, target, form, writes)]
    cells = ", ".join(assigned(target.types[name], f"v.c{place}") for place, name in enumerate(columns))
    overriding = "OVERRIDING SYSTEM VALUE " if target.always & set(columns) else ""
    rows = f"SELECT {cells} FROM {source(len(columns))} ORDER BY v.n"
    sql = f"INSERT INTO {target.sql} ({listed(columns)}) {overriding}{rows} {key}"
    done = [row[0] for row in connection.execute(sql, texts).fetchall()]
    _demand_all(len(done), len(writes))
    return _demand_keys(target, done)


def _demand_keys(target: Target, keys: Sequence[str | None]) -> list[str]:
    if None in keys:
        raise UnfitError(f"a row of {target.name} got no {target.key}")
    return [str(key) for key in keys]


def _demand_all(done: int, asked: int) -> None:
    if done != asked:
        raise UnfitError(f"{asked - done} of {asked} rows were not written")


def source(width: int) -> str:
    """The rows as SQL, from a JSON list of texts a column; `n` is their place."""
    lists = ", ".join(f"json_array_elements_text(${place}::json)" for place in range(1, width + 1))
    names = ", ".join(f"c{place}" for place in range(width))
    return f"ROWS FROM ({lists}) WITH ORDINALITY AS v({names}, n)"


def keys_of(writes: Sequence[RowWrite]) -> str:
    """The keys of rows, for `source`."""
    return json.dumps([write.key for write in writes])


def listed_texts(values: Sequence[Any]) -> str:
    """Values as exact texts, for `source`."""
    return json.dumps(values if _TEXT.issuperset(map(type, values)) else [exact(value) for value in values])


def cells_of(connection: Connection, target: Target, name: str, values: Sequence[Any]) -> str:
    """A column's new values, for `source` and `assigned`.

    Raises:
        UnfitError: The column would not hold a value as it was planned.
        psycopg.Error: Its type does not take a value at all.
    """
    type_ = target.types[name]
    if type_.name in TEXTS and not type_.is_array and _TEXT.issuperset(map(type, values)):
        return json.dumps(values)
    texts = [as_text(type_, value) for value in values]
    doubtful = {text: value for text, value in zip(texts, values, strict=True) if not keeps(type_, text)}
    if doubtful:
        _demand_kept(connection, name, type_, doubtful)
    return json.dumps(texts)


def _cells(connection: Connection, target: Target, form: Form, writes: Sequence[RowWrite]) -> list[str]:
    """The rows' cells, but for those that an insert leaves to the database."""
    names = [name for name in form.columns if form.op != "insert" or name not in target.generated]
    return [cells_of(connection, target, name, [write.after[name] for write in writes]) for name in names]


def _demand_kept(connection: Connection, name: str, type_: Type, values: Mapping[str | None, Any]) -> None:
    """Refuse values that the type would round, pad or spell in another way: they would never come to rest.

    Raises:
        UnfitError: There is one.
        psycopg.Error: The type does not take a value at all.
    """
    cell = assigned(type_, "v.c0")
    back = read(type_, f"({cell})::{type_.whole}")
    rows = connection.execute(f"SELECT {back} FROM {source(1)} ORDER BY v.n", [json.dumps(list(values))]).fetchall()
    for (text, value), (held,) in zip(values.items(), rows, strict=True):
        if not is_same(held, value, type_.kind) and not _is_close(type_, text, held):
            raise UnfitError(f"column {name} of type {type_.whole} would not hold the value as it was planned")


def _is_close(type_: Type, planned: str | None, held: Any) -> bool:
    """Whether a time differs from what was planned by the fraction of a second only, which its column cannot hold."""
    if type_.kind != "datetime" or not isinstance(held, str) or planned is None:
        return False
    try:
        apart = datetime.fromisoformat(planned) - datetime.fromisoformat(held)
    except (ValueError, TypeError):
        return False
    return planned.endswith("Z") and planned[10:11] == "T" and abs(apart.total_seconds()) <= _A_SECOND
