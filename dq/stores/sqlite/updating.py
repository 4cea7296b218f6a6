"""Updates with their guard in the statement: rows that hold, to the letter, what the plan saw need no look before.

What is not equal to the letter may still be equal by meaning: it is left to the guards that read the rows.
"""

import re
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from dq.schemas.values import Op
from dq.sql import marks, quoted
from dq.stores.guards import DELETED
from dq.stores.protocol import Outcome, RowWrite
from dq.stores.sqlite.rows import Target, bound, key_text

Numbered = tuple[int, RowWrite]
"""A write and its place in the batch."""
Form = tuple[str, Op, tuple[str, ...], tuple[str, ...]]
"""What writes of one statement have in common: table, op, the columns of `after` and of `before`."""
Forms = Mapping[Form, Sequence[Numbered]]

_AT_ONCE, _WIDE = 64, 500
"""Rows that one statement updates, and the parameters a row from which on each has its own: SQLite takes 32,766."""
_AFFINITIES = (  # in the order of SQLite's own rules (Datatypes in SQLite, 3.1): the first that a type's name has counts
    ("INT", int),
    ("CHAR|CLOB|TEXT", str),
)


def forms_of(writes: Sequence[Numbered]) -> Forms:
    """The writes by their form, each in the order given."""
    forms: dict[Form, list[Numbered]] = {}
    for one in writes:
        write = one[1]
        forms.setdefault((write.table, write.op, tuple(write.after), tuple(write.before)), []).append(one)
    return forms


def are_free(forms: Forms) -> bool:
    """Whether no order binds the writes: updates, each of a row and of a group of its own."""
    if not all(op == "update" and after for _, op, after, _ in forms):
        return False
    keys: dict[str, set[str | None]] = {}
    groups: set[str] = set()
    for (table, *_), some in forms.items():
        keys.setdefault(table, set()).update([write.key for _, write in some])
        groups.update([write.group for _, write in some])
    return sum(map(len, keys.values())) == len(groups) == sum(map(len, forms.values()))


def update_unmoved(
    connection: sqlite3.Connection,
    targets: Mapping[str, Target],
    forms: Forms,
    refusals: tuple[type[Exception], ...],
) -> tuple[dict[int, str], dict[int, Outcome]]:
    """Update rows, a statement for all of one shape: all of them, or none if one has moved or is refused.

    Args:
        connection: In a transaction.
        targets: Tables by name.
        forms: Updates that are free, by form.
        refusals: The errors by which the database refuses a row.

    Returns:
        By place in the batch, of the rows that were written: the keys of those that must be read to know what they
        hold now, and the outcomes of those that need not.
    """
    keys: dict[int, str] = {}
    outcomes: dict[int, Outcome] = {}
    has_triggers = (
        connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'trigger' LIMIT 1").fetchone() is not None
    )
    kept = {} if has_triggers else _kept_types(connection, {table for table, *_ in forms})
    for form, some in forms.items():
        rows = _parameters(some)
        size = 1 if has_triggers or len(rows[0]) > _WIDE else _AT_ONCE
        if not _update(connection, targets[form[0]], form, rows, size, refusals):
            continue
        if _hold_what_was_bound(rows, form, kept):
            outcomes |= {number: Outcome("written", write.key, write.after) for number, write in some}
        else:
            keys |= {number: str(write.key) for number, write in some}
    return keys, outcomes


def _update(
    connection: sqlite3.Connection,
    target: Target,
    form: Form,
    rows: Sequence[Sequence[object]],
    size: int,
    refusals: tuple[type[Exception], ...],
) -> bool:
    """Whether every row took the update, `size` rows a statement; if not, none did."""
    whole = len(rows) - len(rows) % size
    several = [list(chain.from_iterable(rows[start : start + size])) for start in range(0, whole, size)]
    last = list(chain.from_iterable(rows[whole:]))
    connection.execute("SAVEPOINT unmoved")
    try:
        done = connection.executemany(_guarded(target, form, size), several).rowcount if several else 0
        done += connection.execute(_guarded(target, form, len(rows) - whole), last).rowcount if last else 0
    except refusals:
        done = -1
    if done != len(rows):
        connection.execute("ROLLBACK TO unmoved")
    connection.execute("RELEASE unmoved")
    return done == len(rows)


def _kept_types(connection: sqlite3.Connection, tables: Collection[str]) -> dict[tuple[str, str], type]:
    """The type whose values a column keeps as they are bound, by table and column.

    A column of another type than the value's may store another value (`007` as 7).
    """
    return {
        (table, name): kept
        for table in tables
        for name, declared in connection.execute("SELECT name, type FROM pragma_table_xinfo(?)", (table,))
        if (kept := next((kept for names, kept in _AFFINITIES if re.search(names, declared.upper())), None))
    }


def _hold_what_was_bound(rows: Sequence[Sequence[object]], form: Form, kept: Mapping[tuple[str, str], type]) -> bool:
    """Whether rows that took an update surely hold its cells as they were bound; with triggers no type is known."""
    table, _, after, _ = form
    return all(
        set(map(type, cells)) <= {kept.get((table, name)), type(None)}
        for name, cells in zip(after, zip(*rows, strict=True), strict=False)
    )


def _guarded(target: Target, form: Form, size: int) -> str:
    """The statement: new cells, the key, and the cells that the row must hold; of so many rows.

    A column compares by its own collation and type unless it is told not to: an edit of a letter's case is one.
    """
    _, _, after, before = form
    width = len(after) + 1 + len(before)
    cells = ["?"] * width if size == 1 else [f"new.column{number}" for number in range(1, width + 1)]
    several = "" if size == 1 else f" FROM (VALUES {', '.join([f'({marks(width)})'] * size)}) AS new"
    sets = ", ".join(f"{quoted(name)} = {cell}" for name, cell in zip(after, cells, strict=False))
    held = [f"{key_text(target, 'held.')} = {cells[len(after)]}"]
    held += [
        f"+held.{quoted(name)} COLLATE BINARY IS {cell}"
        for name, cell in zip(before, cells[len(after) + 1 :], strict=True)
    ]
    if target.soft_delete and DELETED not in before:
        held.append(f"held.{quoted(DELETED)} IS NULL")
    return f"UPDATE {quoted(target.name)} AS held SET {sets}{several} WHERE {' AND '.join(held)}"


def _parameters(writes: Sequence[Numbered]) -> list[list[object]]:
    """Rows of parameters; lists and objects as JSON text where the first write has one (else SQLite refuses them)."""
    rows = [[*write.after.values(), write.key, *write.before.values()] for _, write in writes]
    return [list(map(bound, row)) for row in rows] if any(isinstance(cell, list | dict) for cell in rows[0]) else rows
