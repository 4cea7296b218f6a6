"""Updates with their guard in the statement: rows that hold, to the letter, what the plan saw need no look before.

What is not equal to the letter may still be equal by meaning: it is left to the guards that read the rows.
"""

import sqlite3
from collections.abc import Mapping, Sequence

from dq.sql import quoted
from dq.stores.guards import DELETED
from dq.stores.protocol import RowWrite
from dq.stores.sqlite.rows import Target, bound, key_text

Numbered = tuple[int, RowWrite]
"""A write and its place in the batch."""
Shape = tuple[str, tuple[str, ...], tuple[str, ...]]


def are_free(writes: Sequence[Numbered]) -> bool:
    """Whether no order binds the writes: updates, each of a row and of a group of its own."""
    groups, rows = set(), set()
    for _, write in writes:
        groups.add(write.group)
        rows.add((write.table, write.key))
        if write.op != "update" or not write.after:
            return False
    return len(groups) == len(rows) == len(writes)


def update_unmoved(
    connection: sqlite3.Connection,
    targets: Mapping[str, Target],
    writes: Sequence[Numbered],
    refusals: tuple[type[Exception], ...],
) -> dict[int, str]:
    """Update rows, a statement for all of one shape: all of them, or none if one has moved or is refused.

    Args:
        connection: In a transaction.
        targets: Tables by name.
        writes: Updates that are free.
        refusals: The errors by which the database refuses a row.

    Returns:
        Place in the batch → key, of the rows that were written.
    """
    keys: dict[int, str] = {}
    for shape, some in _by_shape(writes).items():
        sql = _guarded(targets[shape[0]], shape)
        connection.execute("SAVEPOINT unmoved")
        try:
            done = connection.executemany(sql, _parameters([write for _, write in some])).rowcount
        except refusals:
            done = -1
        if done == len(some):
            keys |= {number: str(write.key) for number, write in some}
        else:
            connection.execute("ROLLBACK TO unmoved")
        connection.execute("RELEASE unmoved")
    return keys


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
