"""Verification: every touched row is read again at the end and compared with what was written.

A cell that holds what it held before the write is a write that was lost. One that holds something else again was
confirmed by its store and then changed by somebody: that is the next run's to settle, unless it is so of many rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from dq.apply.commit import Target, Targets
from dq.apply.journal import Entry, Journal
from dq.apply.settle import holds
from dq.manifest import TableSchema
from dq.schemas.values import Store
from dq.stores.protocol import Row

CHUNK = 2000
"""Rows read at a time: so many that calls overlap, and a multiple of what one Airtable request brings."""


MOVED_SHARE, MOVED_ROWS = 0.05, 10
"""So many rows changed since they were written are no coincidence: more than this share, and this number."""


@dataclass(frozen=True)
class Mismatch:
    """A row that does not hold what was written to it.

    Attributes:
        lost: Whether it holds what it held before; else somebody changed it since.
    """

    store: Store
    table: str
    row_key: str | None
    entity: str
    fields: tuple[str, ...]
    lost: bool = True


def are_lost(found: Sequence[Mismatch], written: int) -> tuple[Mismatch, ...]:
    """The rows that must be called wrong: those that lost a write, and all if too many were changed since.

    Args:
        found: Rows that do not hold what was written.
        written: Number of rows written.
    """
    moved = sum(not one.lost for one in found)
    if moved > MOVED_ROWS and moved > MOVED_SHARE * written:
        return tuple(found)
    return tuple(one for one in found if one.lost)


def mismatches(journal: Journal, targets: Targets) -> list[Mismatch]:
    """The rows that do not hold what the journal says was written, read now. One read a row, its last write counting."""
    found: list[Mismatch] = []
    for (store, table), target in targets.items():
        mine = (
            entry
            for entry in journal.entries(states=("written",))
            if (entry.store, entry.write.table) == (store, table)
        )
        for chunk in _chunks(_merged(mine)):
            wanted = {str(entry.key): entry for entry in chunk}
            names = sorted({name for entry in chunk for name in entry.write.after})
            schema = target.covering(names) if table == target.schema.name else target.sink.describe(table, names)
            rows = target.sink.fetch(schema, list(wanted))
            found += [bad for key, entry in wanted.items() if (bad := _mismatch(entry, rows.get(key), schema, target))]
    return found


def _merged(entries: Iterable[Entry]) -> Iterator[Entry]:
    """One entry a row: a row written twice (its cells, later its link) is expected to hold both."""
    seen: dict[str, Entry] = {}
    for entry in entries:
        before = seen.get(str(entry.key))
        if before is None or entry.write.op == "delete":
            seen[str(entry.key)] = entry
        else:
            both = {**before.write.after, **entry.write.after}
            seen[str(entry.key)] = replace(entry, write=replace(entry.write, after=both))
    yield from seen.values()


def _chunks(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while chunk := list(islice(entries, CHUNK)):
        yield chunk


def _mismatch(entry: Entry, row: Row | None, schema: TableSchema, target: Target) -> Mismatch | None:
    where = (entry.store, entry.write.table, entry.key, entry.entity)
    if entry.write.op == "delete":
        return Mismatch(*where, ("row still there",)) if row is not None and not row.get("deleted_at") else None
    if row is None:
        return Mismatch(*where, ("row missing",), lost=False)
    cells = target.planned(entry.write)
    wrong = tuple(name for name, value in cells.items() if not holds(row, {name: value}, schema))
    before = entry.write.before
    lost = any(holds(row, {name: before.get(name)}, schema) for name in wrong)
    return Mismatch(*where, wrong, lost) if wrong else None
