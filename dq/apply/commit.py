"""Commit: batch after batch, each recorded before it is sent and settled by reading when its answer is unknown.

for each batch:  no entry ─► record intent ─► write ─► record outcomes
                 intents  ─► read the store: what it holds is written, the rest is written now
                 settled  ─► next

A store that answers slowly has several batches under way, each recorded before its first request (`streaming`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dq.apply.batches import CREATED, Batch, PlannedWrite
from dq.apply.journal import Entry, Journal
from dq.apply.settle import settled
from dq.apply.streaming import Line, Stretch, streamed
from dq.errors import LostAnswerError
from dq.manifest import TableSchema
from dq.schemas.values import Store
from dq.stores.protocol import Outcome, RowWrite, Sink, Streaming

_SKIPPED = "another row of this lead was not written"
_LINKED = "a record that links to it was not written"
TRIES = 3
"""How often a batch is settled and written on when answers are lost."""


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

    def covering(self, names: Iterable[str]) -> TableSchema:
        """The mapped table as far as these columns need it: a row that comes back has unmapped cells, too."""
        return self.schema if all(name in self.schema for name in names) else self.whole

    def planned(self, write: RowWrite) -> dict[str, Any]:
        """The cells that the plan asks for: without the modified time, which a trigger of the store may set itself."""
        own = self.stamp[0] if self.stamp is not None and write.table == self.schema.name else None
        return {name: value for name, value in write.after.items() if name != own}


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
    done, line = 0, Line(iter(batches))
    while (batch := line.look()) is not None:
        if run.stop():
            return False
        for settled_batch in _stretch(line, batch, run):
            done += len(settled_batch.writes)
            run.progress(done)
    return True


def _stretch(line: Line[Batch], first: Batch, run: Run) -> Iterator[Batch]:
    """Write the next batch, and those that may be under way with it; gives each once it is settled."""
    target = run.targets[first.store, first.writes[0].write.table]
    if not isinstance(target.sink, Streaming) or run.journal.knows(first.number):
        yield _alone(line.take(), run)
        return
    stretch = Stretch(first)

    def begin(batch: Batch) -> list[Entry] | None:
        if run.stop() or run.journal.knows(batch.number) or (stretch.open and run.journal.pending(_awaited(batch))):
            return None
        return [entry for entry in _recorded(batch, run) if entry.state == "intent"]

    def settle(batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
        run.journal.settle(batch.number, outcomes, run.clock().isoformat())

    try:
        yield from streamed(stretch, line, target.sink, target.schema, begin, settle)
    except LostAnswerError as lost:
        for batch, _ in list(stretch.open.values()):
            yield _alone(batch, run, lost)


def _alone(batch: Batch, run: Run, lost: LostAnswerError | None = None) -> Batch:
    """Write one batch from wherever the journal says that it stands.

    Args:
        batch: The batch.
        run: Stores and journal.
        lost: What interrupted it just now. A create that cannot be found then may still be carried out, so it is not
            sent again before somebody resumes.

    Raises:
        LostAnswerError: An answer is lost again, or a create may be under way.
    """
    for _ in range(TRIES):
        known = list(run.journal.entries(batch.number))
        unsettled = [entry for entry in known or _recorded(batch, run) if entry.state == "intent"]
        if unsettled and known:
            unsettled = _settle(batch.number, unsettled, run)
        if lost is not None and any(entry.write.op == "insert" for entry in unsettled):
            raise lost
        try:
            if unsettled:
                _write(batch.number, unsettled, run)
        except LostAnswerError as error:
            lost = error
        else:
            return batch
    assert lost is not None  # noqa: S101 -- every other turn of the loop ends it
    raise lost


def _recorded(batch: Batch, run: Run) -> list[Entry]:
    """The batch's entries, written to the journal: intents, and the rows to skip as their lead failed before."""
    failed = run.journal.failed_groups()
    deletes = any(planned.write.op == "delete" for planned in batch.writes)
    linked = run.journal.still_linked() if deletes and batch.store == "airtable" else frozenset()
    created = run.journal.created(_awaited(batch))
    now = run.clock()
    marks = _watermarks(batch, run)
    pre_images = _pre_images(batch, run)
    entries = []
    for place, planned in enumerate(batch.writes):
        target = run.targets[batch.store, planned.write.table]
        write = _stamped(_resolved(planned.write, created), target, now)
        skipped = _SKIPPED if write is None or planned.write.group in failed else None
        if skipped is None and planned.write.op == "delete" and planned.write.key in linked:
            skipped = _LINKED
        mark = marks.get(planned.write.table) if planned.write.op == "insert" else None
        entries.append(_entry(batch, place, planned, write or planned.write, pre_images, mark, skipped))
    run.journal.begin(entries, now.isoformat())
    return entries


def _awaited(batch: Batch) -> list[str]:
    """Change ids of the created rows whose keys the batch's cells are to hold."""
    cells = (cell for planned in batch.writes for cell in planned.write.after.values())
    parts = (part for cell in cells for part in (cell if isinstance(cell, list) else [cell]))
    return [part[CREATED] for part in parts if isinstance(part, dict) and CREATED in part]


def _watermarks(batch: Batch, run: Run) -> dict[str, str | None]:
    """By table: a mark to tell rows by that are made from now on."""
    tables = dict.fromkeys(planned.write.table for planned in batch.writes if planned.write.op == "insert")
    targets = {table: run.targets[batch.store, table] for table in tables}
    return {table: target.sink.watermark(target.schema) for table, target in targets.items()}


def _entry(
    batch: Batch,
    place: int,
    planned: PlannedWrite,
    write: RowWrite,
    pre_images: Mapping[tuple[str, str], Mapping[str, Any]],
    mark: str | None,
    skipped: str | None,
) -> Entry:
    return Entry(
        batch.number, place, batch.store, planned.entity, planned.create_id, mark, write,
        pre_images.get((write.table, str(write.key))), "skipped" if skipped else "intent", None, {}, skipped, planned.changes,
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
        parts = value if isinstance(value, list) else [value]
        wanted = [part[CREATED] for part in parts if isinstance(part, dict) and CREATED in part]
        if not wanted:
            continue
        if any(change not in created for change in wanted):
            return None
        keys = [created[part[CREATED]] if isinstance(part, dict) else part for part in parts]
        cells[name] = keys if isinstance(value, list) else keys[0]
    return replace(write, after=cells)


def _stamped(write: RowWrite | None, target: Target, now: datetime) -> RowWrite | None:
    """Rows that dq changes get the time in their modified column, as any good writer would leave it."""
    if write is None or target.stamp is None or write.op == "delete" or write.table != target.schema.name:
        return write
    column, stamp = target.stamp
    return replace(write, after={column: stamp(now), **write.after})


def _settle(number: int, entries: list[Entry], run: Run) -> list[Entry]:
    """Intents of a run that ended early: those that their store already holds are written, the others come back."""
    outcomes = settled(entries, run.targets, run.journal.created().values())
    run.journal.settle(number, outcomes, run.clock().isoformat())
    return [entry for entry in entries if entry.place not in outcomes]


def _write(number: int, entries: list[Entry], run: Run) -> None:
    target = run.targets[entries[0].store, entries[0].write.table]
    answers = target.sink.write(target.schema, [entry.write for entry in entries])
    outcomes = {entry.place: outcome for entry, outcome in zip(entries, answers, strict=True)}
    run.journal.settle(number, outcomes, run.clock().isoformat())
