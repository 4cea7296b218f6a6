"""One statement for all rows that are written alike: their cells go over as JSON, a list a column, cast by the server."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dq.schemas.values import Op
from dq.sql import listed, quoted
from dq.stores.meaning import is_same
from dq.stores.postgres.connecting import Connection
from dq.stores.postgres.rows import Target, is_row
from dq.stores.postgres.types import Type, as_text, assigned, keeps, read
from dq.stores.protocol import RowWrite

_A_SECOND = 1.0


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
        sql = f"DELETE FROM {target.sql} AS t USING {_source(1)} WHERE {is_row(target, 'v.c0')}"
        _demand_all(connection.execute(sql, [_keys(writes)]).rowcount, len(writes))
    elif form.columns:
        texts = _texts(connection, target, form, writes)
        cells = (
            f"{quoted(name)} = {assigned(target.types[name], f'v.c{place}')}"
            for place, name in enumerate(form.columns, 1)
        )
        sql = f"UPDATE {target.sql} AS t SET {', '.join(cells)} FROM {_source(1 + len(texts))} WHERE {is_row(target, 'v.c0')}"
        _demand_all(connection.execute(sql, [_keys(writes), *texts]).rowcount, len(writes))
    return [str(write.key) for write in writes]


def _insert(connection: Connection, target: Target, form: Form, writes: Sequence[RowWrite]) -> list[str]:
    keyed = [target.key] if form.has_key and target.key not in form.columns else []
    columns = [*keyed, *(name for name in form.columns if name not in target.generated)]
    key = f"RETURNING {quoted(target.key)}::text"
    if not columns:
        done = [connection.execute(f"INSERT INTO {target.sql} DEFAULT VALUES {key}").fetchall()[0][0] for _ in writes]
        return _demand_keys(target, done)
    texts = [*([_keys(writes)] if keyed else []), *_texts(connection, target, form, writes)]
    cells = ", ".join(assigned(target.types[name], f"v.c{place}") for place, name in enumerate(columns))
    overriding = "OVERRIDING SYSTEM VALUE " if target.always & set(columns) else ""
    rows = f"SELECT {cells} FROM {_source(len(columns))} ORDER BY v.n"
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


def _source(width: int) -> str:
    """The rows, from a list of texts a column; `n` is their place."""
    lists = ", ".join(f"json_array_elements_text(${place}::json)" for place in range(1, width + 1))
    names = ", ".join(f"c{place}" for place in range(width))
    return f"ROWS FROM ({lists}) WITH ORDINALITY AS v({names}, n)"


def _keys(writes: Sequence[RowWrite]) -> str:
    return json.dumps([write.key for write in writes])


def _texts(connection: Connection, target: Target, form: Form, writes: Sequence[RowWrite]) -> list[str]:
    """The rows' cells: a JSON list of texts for each column that is not computed."""
    found = []
    for name in form.columns:
        if form.op == "insert" and name in target.generated:
            continue
        type_ = target.types[name]
        texts = [as_text(type_, write.after[name]) for write in writes]
        doubtful = {
            text: write.after[name] for text, write in zip(texts, writes, strict=True) if not keeps(type_, text)
        }
        if doubtful:
            _demand_kept(connection, name, type_, doubtful)
        found.append(json.dumps(texts))
    return found


def _demand_kept(connection: Connection, name: str, type_: Type, values: Mapping[str | None, Any]) -> None:
    """Refuse values that the type would round, pad or spell in another way: they would never come to rest.

    Raises:
        UnfitError: There is one.
        psycopg.Error: The type does not take a value at all.
    """
    cell = assigned(type_, "v.c0")
    back = read(type_, f"({cell})::{type_.whole}")
    rows = connection.execute(f"SELECT {back} FROM {_source(1)} ORDER BY v.n", [json.dumps(list(values))]).fetchall()
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
