"""Updates with their guard in the statement: rows that hold, to the letter, what the plan saw need no look before.

What is not equal to the letter may still be equal by meaning: it is left to the guards that read the rows.
"""

import re
import sqlite3
from collections.abc import Collection, Mapping, Sequence

from dq.schemas.values import Op
from dq.sql import marks, quoted
from dq.stores.guards import DELETED
from dq.stores.protocol import Outcome, RowWrite
from dq.stores.sqlite.rows import Target, bound, key_text

Form = tuple[str, Op, tuple[str, ...], tuple[str, ...]]
"""What writes of one statement have in common: table, op, the columns of `after` and of `before`."""
Forms = Mapping[Form, Sequence[int]]
"""Forms, and the places in the batch of the writes that have them."""
Kept = Mapping[tuple[str, str], set[type]]
"""By table and column: the types of values that a column keeps."""

_AT_ONCE, _WIDE = 64, 500
"""Rows that one statement updates; rows of so many cells go alone, as a statement takes 32,766 of them."""
_ACTING = """
SELECT 1 FROM sqlite_schema WHERE type = 'trigger'
UNION ALL
SELECT 1 FROM sqlite_schema AS held, pragma_foreign_key_list(held.name) AS named
WHERE held.type = 'table' AND named.on_update NOT IN ('NO ACTION', 'RESTRICT')
LIMIT 1
"""
"""Whether an update may write more than its own row: by a trigger of any table, or through a foreign key."""
_UNIQUE = """
SELECT held.name FROM pragma_index_list(?) AS listed, pragma_index_info(listed.name) AS held WHERE listed."unique"
"""
"""The columns of a table's unique indexes; null for an expression."""
_AFFINITIES: tuple[tuple[str, set[type]], ...] = (
    ("INT", {int}),
    ("CHAR|CLOB|TEXT", {str, list, dict}),  # lists and objects are bound as text
)
"""In the order of SQLite's own rules (Datatypes in SQLite, 3.1): the first that a type's name has counts."""


def forms_of(writes: Sequence[RowWrite], places: Sequence[int]) -> Forms:
    """The writes at these places by their form, each in the order given."""
    some = [writes[place] for place in places]
    found = {(write.table, write.op, tuple(write.after), tuple(write.before)) for write in some}
    if len(found) == 1:  # so are most batches
        return dict.fromkeys(found, places)
    forms: dict[Form, list[int]] = {}
    for place, write in zip(places, some, strict=True):
        form = write.table, write.op, tuple(write.after), tuple(write.before)
        forms.setdefault(form, []).append(place)
    return forms


def are_free(writes: Sequence[RowWrite], forms: Forms) -> bool:
    """Whether no order binds the writes: updates, each of a row and of a group of its own."""
    if not all(op == "update" and after for _, op, after, _ in forms):
        return False
    keys: dict[str, set[str | None]] = {}
    groups: set[str] = set()
    for (table, *_), places in forms.items():
        keys.setdefault(table, set()).update({writes[place].key for place in places})
        groups.update({writes[place].group for place in places})
    return sum(map(len, keys.values())) == len(groups) == sum(map(len, forms.values()))


def update_unmoved(
    connection: sqlite3.Connection,
    targets: Mapping[str, Target],
    writes: Sequence[RowWrite],
    forms: Forms,
    refusals: tuple[type[Exception], ...],
) -> tuple[dict[int, str], dict[int, Outcome]]:
    """Update rows form by form: all of one form, or none of them if one has moved or is refused.

    Where others than the update may write, or what must be unique is written, each row has a statement of its own: what
    the one before it wrote is seen by the next.

    Args:
        connection: In a transaction.
        targets: Tables by name.
        writes: The batch.
        forms: Updates of it that are free.
        refusals: The errors by which the database refuses a row.

    Returns:
        By place in the batch, of the rows that were written: the keys of those that must be read to know what they
        hold now, and the outcomes of those that need not.
    """
    keys: dict[int, str] = {}
    outcomes: dict[int, Outcome] = {}
    others_write = connection.execute(_ACTING).fetchone() is not None
    kept = {} if others_write else _kept_types(connection, {table for table, *_ in forms})
    for form, places in forms.items():
        some = [writes[place] for place in places]
        alone = others_write or len(form[2]) + len(form[3]) >= _WIDE or _is_of_unique(connection, form)
        size = 1 if alone else _AT_ONCE
        if not _update(connection, targets[form[0]], form, some, size, refusals):
            continue
        if not others_write and _hold_what_was_bound(some, form, kept):
            done = (Outcome("written", write.key, write.after) for write in some)
            outcomes.update(zip(places, done, strict=True))
        else:
            keys.update({place: str(writes[place].key) for place in places})
    return keys, outcomes


def _update(
    connection: sqlite3.Connection,
    target: Target,
    form: Form,
    writes: Sequence[RowWrite],
    size: int,
    refusals: tuple[type[Exception], ...],
) -> bool:
    """Whether every row took the update, `size` rows a statement; if not, none did."""
    whole = len(writes) - len(writes) % size
    has_lists = any(isinstance(cell, list | dict) for cell in _flat(writes[:1]))
    cells = _flat_as_json if has_lists else _flat  # a list among others that are none is refused by SQLite
    several = (cells(writes[start : start + size]) for start in range(0, whole, size))
    connection.execute("SAVEPOINT unmoved")
    try:
        done = connection.executemany(_guarded(target, form, size), several).rowcount if whole else 0
        if whole < len(writes):
            last = cells(writes[whole:])
            done += connection.execute(_guarded(target, form, len(writes) - whole), last).rowcount
    except refusals:
        done = -1
    if done != len(writes):
        connection.execute("ROLLBACK TO unmoved")
    connection.execute("RELEASE unmoved")
    return done == len(writes)


def _is_of_unique(connection: sqlite3.Connection, form: Form) -> bool:
    """Whether the update writes what must be unique: then rows take turns as the batch has them, and so do refusals."""
    table, _, after, _ = form
    named = {name for (name,) in connection.execute(_UNIQUE, (table,))}
    return None in named or not named.isdisjoint(after)


def _kept_types(connection: sqlite3.Connection, tables: Collection[str]) -> Kept:
    """The types whose values columns keep as they are bound.

    A column of another type than the value's may store another value (`007` as 7), and one that must not be empty its
    default (`NOT NULL ON CONFLICT REPLACE`).
    """
    kept: dict[tuple[str, str], set[type]] = {}
    for table in tables:
        columns = connection.execute('SELECT name, type, "notnull" FROM pragma_table_xinfo(?)', (table,))
        for name, declared, is_needed in columns:
            own = next((types for names, types in _AFFINITIES if re.search(names, declared.upper())), set())
            kept[table, name] = own if is_needed else own | {type(None)}
    return kept


def _hold_what_was_bound(writes: Sequence[RowWrite], form: Form, kept: Kept) -> bool:
    """Whether rows that took an update surely hold its cells as they were bound."""
    table, _, after, _ = form
    return all({type(write.after[name]) for write in writes} <= kept.get((table, name), set()) for name in after)


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


def _flat(writes: Sequence[RowWrite]) -> list[object]:
    """The parameters of one statement, row after row."""
    cells: list[object] = []
    for write in writes:
        cells += write.after.values()
        cells.append(write.key)
        cells += write.before.values()
    return cells


def _flat_as_json(writes: Sequence[RowWrite]) -> list[object]:
    """As `_flat`, lists and objects as JSON text."""
    return list(map(bound, _flat(writes)))
