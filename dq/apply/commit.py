"""Commit: batch after batch, each recorded before it is sent and settled by reading when its answer is unknown.

for each batch:  no entry ─► record intent ─► write ─► record outcomes
                 intents  ─► read the store: what it holds is written, the rest is written now
                 settled  ─► next
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dq.apply.batches import CREATED, Batch, PlannedWrite
from dq.apply.journal import Entry, Journal
from dq.apply.settle import settled
from dq.manifest import TableSchema
from dq.schemas.values import Store
from dq.stores.protocol import RowWrite, Sink


@dataclass(frozen=True)
class Target:
    """One store of a mapping, as apply writes it.

    Attributes:
        sink: The open store.
        schema: The mapped table.
        whole: The mapped table with every column, for pre-images of deletes.
        mapping: The mapping that the table belongs to, by its database table's name.
        link: The column that keeps the other store's key.
        stamp: The modified column and how to write a time in it; None where the store keeps time itself.
    """

    sink: Sink
    schema: TableSchema
    whole: TableSchema
    mapping: str
    link: str | None
    stamp: tuple[str, Callable[[datetime], str | int]] | None


Targets = Mapping[tuple[Store, str], Target]
"""By store and table; a child table's target is its parent's."""


@dataclass(frozen=True)
class Run:
    """What commit needs beside the batches.

    Attributes:
        targets: The open stores.
        journal: The open journal.
        clock: Tells the time in UTC.
        progress: Called with the writes done so far after each batch.
        stop: Tells whether a person asked to stop after the batch at hand.
    """

    targets: Targets
    journal: Journal
    clock: Callable[[], datetime]
    progress: Callable[[int], None]
    stop: Callable[[], bool]


def commit(batches: Iterable[Batch], run: Run) -> bool:
    """Write all batches; False if it was asked to stop before the last.

    Raises:
        TemporaryError: A store could not be reached; what was recorded can be resumed.
    """
    done = 0
    for batch in batches:
        if run.stop():
            return False
        known = list(run.journal.entries(batch.number))
        entries = known or _recorded(batch, run)
        unsettled = [entry for entry in entries if entry.state == "intent"]
        if unsettled and known:
            unsettled = _settle(batch.number, unsettled, run)
        if unsettled:
            _write(batch.number, unsettled, run)
        done += len(batch.writes)
        run.progress(done)
    return True


def _recorded(batch: Batch, run: Run) -> list[Entry]:
    """The batch's entries, written to the journal: intents, and the rows to skip as their lead failed before."""
    failed = run.journal.failed_groups()
    created = run.journal.created(_awaited(batch))
    now = run.clock()
    marks = _watermarks(batch, run)
    pre_images = _pre_images(batch, run)
    entries = []
    for place, planned in enumerate(batch.writes):
        target = run.targets[batch.store, planned.write.table]
        write = _stamped(_resolved(planned.write, created), target, now)
        skipped = write is None or planned.write.group in failed
        mark = marks.get(planned.write.table) if planned.write.op == "insert" else None
        entries.append(_entry(batch, place, planned, write or planned.write, pre_images, mark, skipped=skipped))
    run.journal.begin(entries, now.isoformat())
    return entries


def _awaited(batch: Batch) -> list[str]:
    """Change ids of the created rows whose keys the batch's cells are to hold."""
    cells = (cell for planned in batch.writes for cell in planned.write.after.values())
    return [cell[CREATED] for cell in cells if isinstance(cell, dict) and CREATED in cell]


def _watermarks(batch: Batch, run: Run) -> dict[str, str | None]:
    """By table: a mark to tell new rows by, asked once where a row to insert brings no link cell to know it by."""
    unlinked: dict[str, Target] = {}
    for planned in batch.writes:
        target = run.targets[batch.store, planned.write.table]
        if planned.write.op == "insert" and (target.link is None or planned.write.after.get(target.link) is None):
            unlinked[planned.write.table] = target
    return {table: target.sink.watermark(target.schema) for table, target in unlinked.items()}


def _entry(
    batch: Batch,
    place: int,
    planned: PlannedWrite,
    write: RowWrite,
    pre_images: Mapping[tuple[str, str], Mapping[str, Any]],
    mark: str | None,
    *,
    skipped: bool,
) -> Entry:
    reason = "another row of this lead was not written" if skipped else None
    return Entry(
        batch.number, place, batch.store, planned.entity, planned.create_id, mark, write,
        pre_images.get((write.table, str(write.key))), "skipped" if skipped else "intent", None, {}, reason, planned.changes,
    )  # fmt: skip


def _pre_images(batch: Batch, run: Run) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The whole rows that the batch deletes, every column of them, so that undo can bring them back."""
    deleted = [planned.write for planned in batch.writes if planned.write.op == "delete"]
    images: dict[tuple[str, str], Mapping[str, Any]] = {}
    for table in {write.table for write in deleted}:
        target = run.targets[batch.store, table]
        keys = [str(write.key) for write in deleted if write.table == table]
        images |= {(table, key): dict(row) for key, row in target.sink.fetch(target.whole, keys).items()}
    return images


def _resolved(write: RowWrite, created: Mapping[str, str]) -> RowWrite | None:
    """The write with keys in place of references to created rows; None if such a row was never made."""
    cells = dict(write.after)
    for name, value in write.after.items():
        if isinstance(value, dict) and CREATED in value:
            if value[CREATED] not in created:
                return None
            cells[name] = created[value[CREATED]]
    return replace(write, after=cells)


def _stamped(write: RowWrite | None, target: Target, now: datetime) -> RowWrite | None:
    """Rows that dq changes get the time in their modified column, as any good writer would leave it."""
    if write is None or target.stamp is None or write.op == "delete" or write.table != target.schema.name:
        return write
    column, stamp = target.stamp
    return replace(write, after={column: stamp(now), **write.after})


def _settle(number: int, entries: list[Entry], run: Run) -> list[Entry]:
    """Intents of a run that ended early: those that their store already holds are written, the others come back."""
    outcomes = settled(entries, run.targets)
    run.journal.settle(number, outcomes, run.clock().isoformat())
    return [entry for entry in entries if entry.place not in outcomes]


def _write(number: int, entries: list[Entry], run: Run) -> None:
    target = run.targets[entries[0].store, entries[0].write.table]
    answers = target.sink.write(target.schema, [entry.write for entry in entries])
    outcomes = {entry.place: outcome for entry, outcome in zip(entries, answers, strict=True)}
    run.journal.settle(number, outcomes, run.clock().isoformat())
