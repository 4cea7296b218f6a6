"""Guards: the rows that a batch is about to touch, and which of them no longer hold what the plan saw."""

import sqlite3
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from dq.errors import ConfigurationError
from dq.manifest import TableSchema
from dq.stores.meaning import is_same
from dq.stores.protocol import RowWrite
from dq.stores.sqlite.rows import Target, rows_by_key, target_named, target_of
from dq.stores.sqlite.schema import SOFT_DELETE

Held = Mapping[tuple[str, str], Mapping[str, Any]]
"""Rows by table and key."""


def targets_of(connection: sqlite3.Connection, schema: TableSchema, writes: Sequence[RowWrite]) -> dict[str, Target]:
    """The tables that the writes name.

    Raises:
        ConfigurationError: A write names a table or column that the database does not have.
    """
    targets = {schema.name: target_of(schema)}
    for write in writes:
        if write.table not in targets:
            targets[write.table] = target_named(connection, write.table)
        known = targets[write.table].known
        unknown = sorted((set(write.before) | set(write.after)) - known)
        if unknown:
            near = get_close_matches(unknown[0], known, n=1)
            what = f"Table {write.table} has no column {unknown[0]!r}" + (
                f" (did you mean {near[0]!r}?)" if near else ""
            )
            why = "Its schema changed since the plan was made."
            raise ConfigurationError(what, where=f"database table {write.table}", why=why, fix="dq clean")
    return targets


def moved_groups(
    connection: sqlite3.Connection, targets: Mapping[str, Target], writes: Sequence[RowWrite]
) -> dict[str, str]:
    """Groups of which a row no longer holds what the plan saw, and what moved."""
    held = _held_rows(connection, targets, writes)
    moved: dict[str, str] = {}
    for write in writes:
        if write.op == "insert":
            continue
        reason = _moved(held.get((write.table, str(write.key))), targets[write.table], write)
        if reason:
            moved.setdefault(write.group, f"{write.table} {write.key}: {reason}")
    return moved


def _held_rows(connection: sqlite3.Connection, targets: Mapping[str, Target], writes: Sequence[RowWrite]) -> Held:
    held: dict[tuple[str, str], Mapping[str, Any]] = {}
    for table, target in targets.items():
        touched = [write for write in writes if write.table == table and write.op != "insert"]
        names = {name for write in touched for name in write.before} | {target.key}
        names |= {SOFT_DELETE[0]} if target.soft_delete else set()
        keys = list(dict.fromkeys(write.key for write in touched if write.key is not None))
        held |= {(table, key): row for key, row in rows_by_key(connection, target, keys, sorted(names)).items()}
    return held


def _moved(row: Mapping[str, Any] | None, target: Target, write: RowWrite) -> str | None:
    if row is None:
        return "the row is gone"
    if row.get(SOFT_DELETE[0]) and SOFT_DELETE[0] not in write.before:
        return "the row was soft-deleted"
    kinds = target.kinds
    changed = [name for name, value in write.before.items() if not is_same(row[name], value, kinds.get(name, "text"))]
    return f"{', '.join(sorted(changed))} changed" if changed else None
