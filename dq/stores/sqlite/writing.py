"""Writing a batch to SQLite: groups that are written whole or not at all, in one transaction."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from dq.manifest import TableSchema
from dq.sql import listed, marks, quoted
from dq.stores.protocol import Outcome, RowWrite
from dq.stores.sqlite.guarding import moved_groups, targets_of
from dq.stores.sqlite.rows import Target, bound, key_text, rows_by_key
from dq.stores.sqlite.updating import Forms, are_free, forms_of, update_unmoved

Outcomes = dict[int, Outcome]
Targets = Mapping[str, Target]
Numbered = tuple[int, RowWrite]
"""A write and its place in the batch."""

_NOT_WRITTEN = "rows were not written"
_REFUSALS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeError,
)
_CONSTRAINT = re.compile(r"\w+( \w+)? constraint failed|cannot store \w+ value in \w+ column")


def write_batch(connection: sqlite3.Connection, schema: TableSchema, writes: Sequence[RowWrite]) -> list[Outcome]:
    """Write the batch; one outcome per write, in order.

    Raises:
        ConfigurationError: A write names a column that its table does not have.
        sqlite3.OperationalError: The database stayed locked; nothing was written.
    """
    forms = forms_of(writes, range(len(writes)))
    targets = targets_of(connection, schema, [writes[place] for place, *_ in forms.values()])
    outcomes = _transaction(connection, targets, writes, range(len(writes)), forms)
    return [outcomes[place] for place in range(len(writes))]


def _transaction(
    connection: sqlite3.Connection,
    targets: Targets,
    writes: Sequence[RowWrite],
    places: Sequence[int],
    forms: Forms,
) -> Outcomes:
    """Write what stands at these places of the batch in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        is_free = are_free(writes, forms)
        keys, outcomes = update_unmoved(connection, targets, writes, forms, _REFUSALS) if is_free else ({}, {})
        if len(outcomes) < len(places):
            rest = [(place, writes[place]) for place in places if place not in keys and place not in outcomes]
            outcomes |= _guarded_by_reading(connection, targets, rest, writes, keys)
        connection.execute("COMMIT")
    except sqlite3.IntegrityError as error:  # a deferred constraint, which names no row: find its group by halving
        connection.execute("ROLLBACK")
        return _halves(connection, targets, writes, places, error)
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _guarded_by_reading(
    connection: sqlite3.Connection,
    targets: Targets,
    rest: Sequence[Numbered],
    writes: Sequence[RowWrite],
    keys: Mapping[int, str],
) -> Outcomes:
    """Write the rest as far as its rows have not moved; outcomes of it, and of the rows that `keys` names."""
    moved = moved_groups(connection, targets, [write for _, write in rest])
    others, outcomes = _write_groups(connection, targets, [one for one in rest if one[1].group not in moved])
    outcomes |= {
        number: Outcome("moved", write.key, reason=moved[write.group]) for number, write in rest if write.group in moved
    }
    return outcomes | _written(connection, targets, writes, {**keys, **others})


def _halves(
    connection: sqlite3.Connection,
    targets: Targets,
    writes: Sequence[RowWrite],
    places: Sequence[int],
    error: sqlite3.Error,
) -> Outcomes:
    groups = _groups([(place, writes[place]) for place in places])
    if len(groups) == 1:
        return _refused(groups[0], error)
    outcomes: Outcomes = {}
    middle = len(groups) // 2
    for half in (groups[:middle], groups[middle:]):
        own = [place for group in half for place, _ in group]
        outcomes |= _transaction(connection, targets, writes, own, forms_of(writes, own))
    return outcomes


def _write_groups(
    connection: sqlite3.Connection, targets: Targets, writes: Sequence[Numbered]
) -> tuple[dict[int, str], Outcomes]:
    """Write all groups at once; if the database refuses one, each on its own. Gives keys, and the refusals."""
    try:
        return _run(connection, targets, _by_shape(writes)), {}
    except _REFUSALS:
        keys: dict[int, str] = {}
        refused: Outcomes = {}
    for group in _groups(writes):
        try:
            keys |= _run(connection, targets, group)
        except _REFUSALS as error:
            refused |= _refused(group, error)
    return keys, refused


def _refused(writes: Sequence[Numbered], error: Exception) -> Outcomes:
    return {number: Outcome("refused", write.key, reason=_reason(error)) for number, write in writes}


def _groups(writes: Sequence[Numbered]) -> list[list[Numbered]]:
    groups: dict[str, list[Numbered]] = {}
    for number, write in writes:
        groups.setdefault(write.group, []).append((number, write))
    return list(groups.values())


def _by_shape(writes: Sequence[Numbered]) -> list[Numbered]:
    """Group by group as given; updates that no order binds come with equal statements beside each other."""
    ordered = [one for group in _groups(writes) for one in group]
    own = [write for _, write in writes]
    is_free = are_free(own, forms_of(own, range(len(own))))
    return sorted(ordered, key=lambda one: _shape(one[1])) if is_free else ordered


def _shape(write: RowWrite) -> tuple[str, str, bool, tuple[str, ...]]:
    return write.table, write.op, write.key is None, tuple(write.after)


def _run(connection: sqlite3.Connection, targets: Targets, writes: Sequence[Numbered]) -> dict[int, str]:
    """Run the writes in order, or none of them; one prepared statement for neighbors of one shape."""
    keys: dict[int, str] = {}
    connection.execute("SAVEPOINT writes")
    try:
        for (table, op, keyless, columns), run in groupby(writes, key=lambda one: _shape(one[1])):
            neighbors = list(run)
            if op == "insert" and keyless:
                keys |= {number: _insert_keyless(connection, targets[table], write) for number, write in neighbors}
            else:
                _execute_many(connection, targets[table], columns, [write for _, write in neighbors])
                keys |= {number: str(write.key) for number, write in neighbors}
    except BaseException:
        connection.execute("ROLLBACK TO writes")
        connection.execute("RELEASE writes")
        raise
    connection.execute("RELEASE writes")
    return keys


def _insert_keyless(connection: sqlite3.Connection, target: Target, write: RowWrite) -> str:
    cells = f"({listed(write.after)}) VALUES ({marks(len(write.after))})" if write.after else "DEFAULT VALUES"
    sql = f"INSERT INTO {quoted(target.name)} {cells} RETURNING CAST({quoted(target.key)} AS TEXT)"
    key = connection.execute(sql, [bound(value) for value in write.after.values()]).fetchall()[0][0]
    if key is None:
        raise sqlite3.IntegrityError(f"NOT NULL constraint failed: {target.name}.{target.key}")
    return str(key)


def _execute_many(
    connection: sqlite3.Connection, target: Target, columns: Sequence[str], writes: Sequence[RowWrite]
) -> None:
    table, op = quoted(target.name), writes[0].op
    rows: list[list[Any]]
    if op == "insert":
        names = list(dict.fromkeys([target.key, *columns]))
        sql = f"INSERT INTO {table} ({listed(names)}) VALUES ({marks(len(names))})"
        rows = [[bound({target.key: write.key, **write.after}[name]) for name in names] for write in writes]
    elif op == "delete":
        sql, rows = f"DELETE FROM {table} WHERE {key_text(target)} = ?", [[write.key] for write in writes]
    elif columns:
        sql = f"UPDATE {table} SET {', '.join(f'{quoted(name)} = ?' for name in columns)} WHERE {key_text(target)} = ?"
        rows = [[*map(bound, write.after.values()), write.key] for write in writes]
    else:
        return
    done = connection.executemany(sql, rows).rowcount
    if done != len(rows):
        raise sqlite3.IntegrityError(f"{len(rows) - done} of {len(rows)} {_NOT_WRITTEN}")


def _written(
    connection: sqlite3.Connection, targets: Targets, writes: Sequence[RowWrite], keys: Mapping[int, str]
) -> Outcomes:
    """Outcomes of what was written, each with its row as the database now holds it."""
    rows: dict[tuple[str, str], Mapping[str, Any]] = {}
    for table, target in targets.items():
        mine = [number for number in keys if writes[number].table == table and writes[number].op != "delete"]
        names = [*target.kinds, *sorted({name for number in mine for name in writes[number].after})]
        found = rows_by_key(connection, target, list({keys[number] for number in mine}), names)
        rows |= {(table, key): row for key, row in found.items()}
    return {number: _outcome(rows, targets, writes[number], key) for number, key in keys.items()}


def _outcome(rows: Mapping[tuple[str, str], Mapping[str, Any]], targets: Targets, write: RowWrite, key: str) -> Outcome:
    row = rows.get((write.table, key)) if write.op != "delete" else None
    kinds = targets[write.table].kinds
    if row is None or len(row) == len(kinds):  # the row has no column that only another write touched
        return Outcome("written", key, row or {})
    return Outcome("written", key, {name: row[name] for name in dict.fromkeys([*kinds, *write.after])})


def _reason(error: Exception) -> str:
    """Why the database refused, in its own words where they name schema only."""
    message = str(error)
    if isinstance(error, sqlite3.IntegrityError) and (_CONSTRAINT.match(message) or message.endswith(_NOT_WRITTEN)):
        return message
    code = getattr(error, "sqlite_errorname", None)
    return f"{type(error).__name__}{f' ({code})' if code else ''}"
