"""Writing a batch to PostgreSQL: groups that are written whole or not at all, in one transaction.

lock rows ─► guards ─► all groups at once ─► constraints ─► read back ─► COMMIT
                            └─ refused: halve until the group that the database refuses stands alone
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import psycopg

from dq.errors import DqError, LostAnswerError
from dq.manifest import TableSchema
from dq.stores.guards import DELETED, demand_columns
from dq.stores.guards import moved as moved_reason
from dq.stores.postgres.catalog import Query
from dq.stores.postgres.connecting import Connection
from dq.stores.postgres.failures import AGAIN, error_for, is_refusal, refusal
from dq.stores.postgres.rows import Target, rows_by_key, target_named, target_of
from dq.stores.postgres.statements import ROWS, UnfitError, form_of, run
from dq.stores.postgres.updating import written_at_once
from dq.stores.protocol import Outcome, RowWrite

Numbered = tuple[int, RowWrite]
"""A write and its place in the batch."""
Outcomes = dict[int, Outcome]
Targets = Mapping[str, Target]
TRIES = 5
"""How often a transaction is run that others got in the way of."""
_PAUSE = 0.05
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '10s'"


def targets_of(
    query: Query, schema: TableSchema, writes: Sequence[RowWrite], known: dict[tuple[TableSchema, str], Target]
) -> dict[str, Target]:
    """The tables that the writes name.

    Args:
        query: Runs a statement.
        schema: The mapped table.
        writes: The batch.
        known: What earlier batches on this connection asked the catalog; is added to.

    Raises:
        ConfigurationError: A write names a table or column that the database does not have.
    """
    targets: dict[str, Target] = {}
    for table in dict.fromkeys([schema.name, *(write.table for write in writes)]):
        found = known.get((schema, table))
        if found is None:
            found = target_of(query, schema) if table == schema.name else target_named(query, table)
        targets[table] = known[schema, table] = found
    for write in writes:
        demand_columns(write, targets[write.table].types)
    return targets


def write_batch(
    connection: Connection,
    place: str,
    targets: Targets,
    writes: Sequence[RowWrite],
    sleep: Callable[[float], None] = time.sleep,
) -> list[Outcome]:
    """Write the batch; one outcome per write, in order.

    Args:
        connection: An open connection, outside of a transaction.
        place: Host and database, for errors.
        targets: The tables.
        writes: The batch.
        sleep: Waits for seconds.

    Raises:
        LostAnswerError: The connection broke while the transaction was committed.
        TemporaryError: The server cannot be reached, or others kept getting in the way; nothing was written.
        ConfigurationError: dq's user may not write.
    """
    for left in reversed(range(TRIES)):
        try:
            outcomes = _transaction(connection, place, targets, list(enumerate(writes)))
        except psycopg.Error as error:
            if error.sqlstate not in AGAIN or not left:
                raise error_for(place, error) from None
            sleep(_PAUSE * 2 ** (TRIES - left) * (0.5 + random.random()))  # noqa: S311 -- so that two do not meet again
        else:
            return [outcomes[number] for number in range(len(writes))]
    raise AssertionError("the last try returns or raises")


def _transaction(connection: Connection, place: str, targets: Targets, writes: Sequence[Numbered]) -> Outcomes:
    connection.execute(_BEGIN)
    try:
        outcomes = written_at_once(connection, targets, writes)
        rest = [one for one in writes if one[0] not in outcomes]
        if rest:
            outcomes |= _looked_at(connection, targets, rest)
    except BaseException:
        _roll_back(connection)
        raise
    _commit(connection, place)
    return outcomes


def _looked_at(connection: Connection, targets: Targets, writes: Sequence[Numbered]) -> Outcomes:
    moved = _moved_groups(connection, targets, [write for _, write in writes])
    still = [(number, write) for number, write in writes if write.group not in moved]
    keys, outcomes = _write_groups(connection, targets, _groups(still))
    outcomes |= {n: Outcome("moved", w.key, reason=moved[w.group]) for n, w in writes if w.group in moved}
    return outcomes | _written(connection, targets, dict(writes), keys)


def _roll_back(connection: Connection) -> None:
    try:
        connection.execute("ROLLBACK")
    except psycopg.Error:
        connection.close()  # the server rolls back what nobody commits


def _commit(connection: Connection, place: str) -> None:
    try:
        ended = connection.execute("COMMIT")
    except psycopg.Error as error:
        if connection.closed or error.sqlstate is None or error.sqlstate[:2] in ("08", "57"):
            connection.close()
            raise _unknown(place) from None
        raise
    if ended.statusmessage != "COMMIT":
        raise psycopg.errors.TransactionRollback("COMMIT was answered by a rollback")


def _unknown(place: str) -> DqError:
    return LostAnswerError(
        "The connection was lost while a batch was being committed.",
        where=f"database {place}",
        why="The batch is in the database, or none of it is.",
        fix="run the command again: it reads which",
    )


def _moved_groups(connection: Connection, targets: Targets, writes: Sequence[RowWrite]) -> dict[str, str]:
    """Groups of which a row no longer holds what the plan saw, and what moved; locks all rows that are written."""
    held: dict[tuple[str, str], Mapping[str, Any]] = {}
    for table in sorted(
        {write.table for write in writes}
    ):  # always in one order, so that two batches cannot lock each other out
        target = targets[table]
        touched = [write for write in writes if write.table == table and write.op != "insert"]
        names = sorted({name for write in touched for name in write.before} | {DELETED} & set(target.soft_delete))
        keys = list(dict.fromkeys(write.key for write in touched if write.key is not None))
        rows = rows_by_key(connection, target, keys, names, "FOR NO KEY UPDATE")
        held |= {(table, key): row for key, row in rows.items()}
    kinds = {table: {name: type_.kind for name, type_ in target.types.items()} for table, target in targets.items()}
    moved: dict[str, str] = {}
    for write in writes:
        reason = (
            None
            if write.op == "insert"
            else moved_reason(held.get((write.table, str(write.key))), kinds[write.table], write)
        )
        if reason:
            moved.setdefault(write.group, f"{write.table} {write.key}: {reason}")
    return moved


def _groups(writes: Sequence[Numbered]) -> list[list[Numbered]]:
    groups: dict[str, list[Numbered]] = {}
    for number, write in writes:
        groups.setdefault(write.group, []).append((number, write))
    return list(groups.values())


def _write_groups(
    connection: Connection, targets: Targets, groups: Sequence[Sequence[Numbered]]
) -> tuple[dict[int, str], Outcomes]:
    """Write groups in order: all at once, or, if the database refuses, by halves. Gives keys, and the refusals."""
    if not groups:
        return {}, {}
    try:
        return _run(connection, targets, groups), {}
    except (psycopg.Error, UnfitError) as error:
        if isinstance(error, psycopg.Error) and not is_refusal(error):
            raise
        if len(groups) == 1:
            reason = refusal(error)
            return {}, {number: Outcome("refused", write.key, reason=reason) for number, write in groups[0]}
    middle = len(groups) // 2
    keys, refused = _write_groups(connection, targets, groups[:middle])
    more_keys, more_refused = _write_groups(connection, targets, groups[middle:])
    return keys | more_keys, refused | more_refused


def _run(connection: Connection, targets: Targets, groups: Sequence[Sequence[Numbered]]) -> dict[int, str]:
    """Write groups whole, or none of them: each group's first writes, then the second ones, each form in one statement."""
    keys: dict[int, str] = {}
    connection.execute("SAVEPOINT groups; SET CONSTRAINTS ALL DEFERRED")
    try:
        for turn in range(max(map(len, groups))):
            mine = sorted((group[turn] for group in groups if turn < len(group)), key=_by_form)
            for form, same in groupby(mine, key=lambda one: form_of(one[1])):
                alike = list(same)
                for start in range(0, len(alike), ROWS):
                    numbers, writes = zip(*alike[start : start + ROWS], strict=True)
                    keys |= dict(zip(numbers, run(connection, targets[form.table], form, writes), strict=True))
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE; RELEASE groups")
    except (psycopg.Error, UnfitError):
        if not connection.closed:
            connection.execute("ROLLBACK TO groups; RELEASE groups")
        raise
    return keys


def _by_form(one: Numbered) -> tuple[Any, ...]:
    form = form_of(one[1])
    return form.table, form.op, form.has_key, form.columns, one[0]


def _written(
    connection: Connection, targets: Targets, writes: Mapping[int, RowWrite], keys: Mapping[int, str]
) -> Outcomes:
    """Outcomes of what was written, each with its row as the database now holds it."""
    outcomes: Outcomes = {}
    for table, target in targets.items():
        mine = {number: key for number, key in keys.items() if writes[number].table == table}
        kept = {number: key for number, key in mine.items() if writes[number].op != "delete"}
        names = [
            *target.wanted,
            *sorted({name for number in kept for name in writes[number].after} - set(target.wanted)),
        ]
        rows = rows_by_key(connection, target, list(dict.fromkeys(kept.values())), names)
        for number, key in mine.items():
            row = rows.get(key, {}) if number in kept else {}
            outcomes[number] = Outcome("written", key, _echo(row, target, writes[number]))
    return outcomes


def _echo(row: Mapping[str, Any], target: Target, write: RowWrite) -> Mapping[str, Any]:
    if not row:
        return {}
    return {name: row[name] for name in dict.fromkeys([*target.wanted, *write.after])}
