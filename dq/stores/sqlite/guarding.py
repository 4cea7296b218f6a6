"""Guards: the rows that a batch is about to touch, and which of them no longer hold what the plan saw."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dq.manifest import TableSchema
from dq.stores.guards import demand_columns
from dq.stores.guards import moved as moved_reason
from dq.stores.protocol import RowWrite
from dq.stores.sqlite.rows import Target, rows_by_key, target_named, target_of
from dq.stores.sqlite.schema import SOFT_DELETE

Held = Mapping[tuple[str, str], Mapping[str, Any]]
"""Rows by table and key."""


def targets_of(connection: sqlite3.Connection, schema: TableSchema, writes: Iterable[RowWrite]) -> dict[str, Target]:
    """The tables that the writes name; of writes that name the same columns, one is enough.

    Raises:
        ConfigurationError: A write names a table or column that the database does not have.
    """
    targets = {schema.name: target_of(schema)}
    for write in writes:
        if write.table not in targets:
            targets[write.table] = target_named(connection, write.table)
        demand_columns(write, targets[write.table].known)
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
        reason = moved_reason(held.get((write.table, str(write.key))), targets[write.table].kinds, write)
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
