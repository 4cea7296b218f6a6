"""Updates with their guard in the statement: rows that hold, to the letter, what the plan saw need no look before.

What is not equal to the letter may still be equal by meaning: it is left to the guards that read the rows.
"""

import re
import sqlite3
from collections.abc import Collection, Mapping, Sequence

from dq.sql import quoted
from dq.stores.guards import DELETED
from dq.stores.protocol import Outcome, RowWrite
from dq.stores.sqlite.rows import Target, bound, key_text

Numbered = tuple[int, RowWrite]
"""A write and its place in the batch."""
Shape = tuple[str, tuple[str, ...], tuple[str, ...]]

_AFFINITIES = (  # in the order of SQLite's own rules (Datatypes in SQLite, 3.1): the first that a type's name has counts
    ("INT", int),
    ("CHAR|CLOB|TEXT", str),
)


def are_free(writes: Sequence[Numbered]) -> bool:
    """Whether no order binds the writes: updates, each of a row and of a group of its own."""
    if not all(write.op == "update" and write.after for _, write in writes):
        return False
    rows = {(write.table, write.key) for _, write in writes}
    return len(rows) == len({write.group for _, write in writes}) == len(writes)


def update_unmoved(
    connection: sqlite3.Connection,
    targets: Mapping[str, Target],
    writes: Sequence[Numbered],
    refusals: tuple[type[Exception], ...],
) -> tuple[dict[int, str], dict[int, Outcome]]:
    """Update rows, a statement for all of one shape: all of them, or none if one has moved or is refused.

    Args:
        connection: In a transaction.
        targets: Tables by name.
        writes: Updates that are free.
        refusals: The errors by which the database refuses a row.

    Returns:
        By place in the batch, of the rows that were written: the keys of those that must be read to know what they
        hold now, and the outcomes of those that need not.
    """
    keys: dict[int, str] = {}
    outcomes: dict[int, Outcome] = {}
    kept = _kept_types(connection, {write.table for _, write in writes})
    for shape, some in _by_shape(writes).items():
        rows = _parameters([write for _, write in some])
        if not _update(connection, _guarded(targets[shape[0]], shape), rows, refusals):
            continue
        if _hold_what_was_bound(rows, shape, kept):
            outcomes |= {number: Outcome("written", str(write.key), write.after) for number, write in some}
        else:
            keys |= {number: str(write.key) for number, write in some}
    return keys, outcomes


def _update(
    connection: sqlite3.Connection, sql: str, rows: Sequence[Sequence[object]], refusals: tuple[type[Exception], ...]
) -> bool:
    """Whether every row took the update; if not, none did."""
    connection.execute("SAVEPOINT unmoved")
    try:
        done = connection.executemany(sql, rows).rowcount
    except refusals:
        done = -1
    if done != len(rows):
        connection.execute("ROLLBACK TO unmoved")
    connection.execute("RELEASE unmoved")
    return done == len(rows)


def _kept_types(connection: sqlite3.Connection, tables: Collection[str]) -> dict[tuple[str, str], type]:
    """The type whose values a column keeps as they are bound, by table and column; none where only reading tells.

    A trigger of any table may write into a row that was updated, and a column of another type than the value's may
    store another value (`007` as 7).
    """
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'trigger' LIMIT 1").fetchone():
        return {}
    return {
        (table, name): kept
        for table in tables
        for name, declared in connection.execute("SELECT name, type FROM pragma_table_xinfo(?)", (table,))
        if (kept := next((kept for names, kept in _AFFINITIES if re.search(names, declared.upper())), None))
    }


def _hold_what_was_bound(rows: Sequence[Sequence[object]], shape: Shape, kept: Mapping[tuple[str, str], type]) -> bool:
    """Whether rows that took an update surely hold its cells as they were bound."""
    table, after, _ = shape
    return all(
        set(map(type, cells)) <= {kept.get((table, name)), type(None)}
        for name, cells in zip(after, zip(*rows, strict=True), strict=False)
    )


def _by_shape(writes: Sequence[Numbered]) -> dict[Shape, list[Numbered]]:
    shapes: dict[Shape, list[Numbered]] = {}
    for one in writes:
        write = one[1]
        shapes.setdefault((write.table, tuple(write.after), tuple(write.before)), []).append(one)
    return shapes


def _guarded(target: Target, shape: Shape) -> str:
    """The statement: new cells, the key, and the cells that the row must hold.

    A column compares by its own collation and type unless it is told not to: an edit of a letter's case is one.
    """
    _, after, before = shape
    sets = ", ".join(f"{quoted(name)} = ?" for name in after)
    held = [f"+{quoted(name)} COLLATE BINARY IS ?" for name in before]
    if target.soft_delete and DELETED not in before:
        held.append(f"{quoted(DELETED)} IS NULL")
    return f"UPDATE {quoted(target.name)} SET {sets} WHERE {' AND '.join([f'{key_text(target)} = ?', *held])}"


def _parameters(writes: Sequence[RowWrite]) -> list[list[object]]:
    """Rows of parameters; lists and objects as JSON text where the first write has one (else SQLite refuses them)."""
    rows = [[*write.after.values(), write.key, *write.before.values()] for write in writes]
    return [list(map(bound, row)) for row in rows] if any(isinstance(cell, list | dict) for cell in rows[0]) else rows
