"""Undo: a run's writes taken back from its journal, last first, through the same journaled commit.

What people changed since is left alone and listed. Deleted rows come back whole; Airtable gives a re-created record a
new id, which the links to it and the base then hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply import base as base_state
from dq.apply.batches import CREATED, Batch, PlannedWrite
from dq.apply.commit import Run, Target, Targets, commit
from dq.apply.journal import Entry, journal
from dq.apply.settle import holds
from dq.errors import ConfigurationError
from dq.plan import Plan
from dq.schemas import BaseRow
from dq.schemas.base import AGREED
from dq.stores.protocol import Row, RowWrite

JOURNAL = "undo.sqlite"
Rows = dict[tuple[str, str, str], Row | None]
"""By store, table and key."""


@dataclass(frozen=True)
class Kept:
    """A cell, or a whole row (field None), that was changed after the run and is left as it is."""

    store: str
    table: str
    row_key: str | None
    field: str | None


@dataclass(frozen=True)
class Undone:
    """What undo did.

    Attributes:
        states: Writes by state.
        kept: What people changed since, left alone.
        new_ids: Airtable ids of deleted records → ids of the records made in their place.
        serial: The base's serial afterwards.
    """

    states: Mapping[str, int]
    kept: tuple[Kept, ...]
    new_ids: Mapping[str, str]
    serial: int


def undo(plan: Plan, folder: Path, run: Run) -> Undone:
    """Take a finished run back.

    Args:
        plan: The run's plan.
        folder: The snapshot's folder, with its journal.
        run: The open stores; its journal is the one of the undo itself, see `JOURNAL`.

    Raises:
        ConfigurationError: The run did not end, was undone, or is not the last one: later runs must be undone first.
    """
    root = folder.parent
    current = base_state.pointer(root)
    with journal(folder / "journal.sqlite") as done:
        _demand_last(plan, done.meta(), current)
        batches, kept = _inverse(list(done.entries(states=("written",))), run.targets)
    run.journal.note(plan=plan.digest, began=run.clock().isoformat())
    commit(batches, run)
    made = {name.removeprefix("undo:"): key for name, key in run.journal.created().items()}
    new_ids = {old: new for old, new in made.items() if old != new}
    serial = _base_back(plan, root, new_ids)
    run.journal.note(ended=run.clock().isoformat())
    failed = [
        Kept(e.store, e.write.table, e.write.key, None)
        for e in run.journal.entries(states=("moved", "refused", "skipped"))
    ]
    return Undone(run.journal.counts(), (*kept, *failed), new_ids, serial)


def _demand_last(plan: Plan, noted: Mapping[str, str], current: base_state.Pointer | None) -> None:
    if "ended" not in noted:
        raise ConfigurationError(
            "This run has not ended, so it cannot be undone.", where=plan.snapshot, fix="dq apply --resume"
        )
    if current is None or current.plan != plan.digest:
        raise ConfigurationError(
            "This run is not the last one, so it cannot be undone.",
            where=plan.snapshot,
            why="Later runs built on it.",
            fix="undo the later runs first",
        )


def _inverse(entries: Sequence[Entry], targets: Targets) -> tuple[list[Batch], list[Kept]]:
    """Batches that take the entries back, last first, and what is left alone."""
    remade = {str(entry.key): False for entry in entries if entry.store == "airtable" and entry.write.op == "delete"}
    rows_then: Rows = {}
    batches: list[Batch] = []
    kept: list[Kept] = []
    for number, (_, part) in enumerate(groupby(reversed(entries), key=lambda entry: entry.batch)):
        members = list(part)
        writes: list[PlannedWrite] = []
        for entry, row in _rows_now(members, targets, rows_then):
            write, left = _taken_back(entry, row, targets[entry.store, entry.write.table], remade)
            kept += left
            if write is not None:
                create_id = f"undo:{entry.key}" if write.op == "insert" else None
                writes.append(PlannedWrite(write, entry.store, entry.entity, create_id, entry.changes))
                rows_then[entry.store, write.table, str(entry.key)] = _row_then(row, write)
        remade |= {str(entry.key): True for entry in members if str(entry.key) in remade}
        if writes:
            batches.append(Batch(number, 0, members[0].store, tuple(writes)))
    return batches, kept


def _row_then(row: Row | None, write: RowWrite) -> Row | None:
    """The row once the write is taken back: a row may have been written twice in a run."""
    return None if write.op == "delete" else {**(row or {}), **write.after}


def _rows_now(entries: Sequence[Entry], targets: Targets, then: Rows) -> Iterator[tuple[Entry, Row | None]]:
    """Entries with their rows as the store holds them now, or will once later writes are taken back; one read a table."""
    rows: dict[tuple[str, str], Row | None] = {}
    for table in dict.fromkeys(entry.write.table for entry in entries):
        mine = [entry for entry in entries if entry.write.table == table]
        target = targets[mine[0].store, table]
        schema = target.schema
        if table != schema.name:
            schema = target.sink.describe(table, sorted({name for entry in mine for name in entry.write.after}))
        found = target.sink.fetch(schema, [str(entry.key) for entry in mine])
        rows |= {(table, key): row for key, row in found.items()}
    for entry in entries:
        place = (entry.write.table, str(entry.key))
        yield entry, then.get((entry.store, *place), rows.get(place))


def _taken_back(
    entry: Entry, row: Row | None, target: Target, remade: Mapping[str, bool]
) -> tuple[RowWrite | None, list[Kept]]:
    match entry.write.op:
        case "delete":
            return _remade(entry, row, target, remade)
        case "insert":
            return _removed(entry, row, target)
        case _:
            return _restored(entry, row, target, remade)


def _remade(
    entry: Entry, row: Row | None, target: Target, remade: Mapping[str, bool]
) -> tuple[RowWrite | None, list[Kept]]:
    """A deleted row comes back with every cell that can be written."""
    if row is not None:
        return None, [Kept(entry.store, entry.write.table, entry.key, None)]
    image = entry.pre_image or entry.write.before
    writable = {c.name for c in target.whole.columns if c.writable} | (
        {target.whole.key} if entry.store == "database" else set()
    )
    cells = {name: value for name, value in image.items() if name in writable and value is not None}
    key = entry.key if entry.store == "database" else None
    return RowWrite(entry.write.table, "insert", key, {}, _relinked(cells, target, remade), entry.write.group), []


def _removed(entry: Entry, row: Row | None, target: Target) -> tuple[RowWrite | None, list[Kept]]:
    """An inserted row goes away again, unless people wrote in it since."""
    made = target.planned(entry.write)
    if row is None:
        return None, []
    if not holds(row, made, target.schema):
        return None, [Kept(entry.store, entry.write.table, entry.key, None)]
    before = {name: value for name, value in made.items() if name in target.schema}
    return RowWrite(entry.write.table, "delete", entry.key, before, {}, entry.write.group), []


def _restored(
    entry: Entry, row: Row | None, target: Target, remade: Mapping[str, bool]
) -> tuple[RowWrite | None, list[Kept]]:
    """Updated cells get their old values back; cells that people changed since are left alone."""
    if row is None:
        return None, [Kept(entry.store, entry.write.table, entry.key, None)]
    held = {n for n in entry.write.before if holds(row, {n: entry.write.after[n]}, target.schema)}
    old = {name: value for name, value in entry.write.before.items() if name in held}
    kept = [Kept(entry.store, entry.write.table, entry.key, name) for name in entry.write.before if name not in held]
    if not old:
        return None, kept
    now = {name: entry.write.after[name] for name in old}
    return RowWrite(
        entry.write.table, "update", entry.key, now, _relinked(old, target, remade), entry.write.group
    ), kept


def _relinked(cells: Mapping[str, Any], target: Target, remade: Mapping[str, bool]) -> dict[str, Any]:
    """Links to records that are made anew follow them to their new ids; one that is made only later names them itself."""
    if target.schema.store == "airtable":
        return {name: _followed(value, remade) if isinstance(value, list) else value for name, value in cells.items()}
    if target.schema.store != "database" or target.link is None or str(cells.get(target.link)) not in remade:
        return dict(cells)
    return {**cells, target.link: {CREATED: f"undo:{cells[target.link]}"}}


def _followed(items: list[Any], remade: Mapping[str, bool]) -> list[Any]:
    known = [item for item in items if not isinstance(item, str) or remade.get(item, True)]
    return [{CREATED: f"undo:{item}"} if isinstance(item, str) and item in remade else item for item in known]


def _base_back(plan: Plan, root: Path, new_ids: Mapping[str, str]) -> int:
    """The base before the run stands again, under a serial of its own."""
    current = base_state.pointer(root)
    undone = f"undo:{plan.digest}"
    if current is None or current.plan == undone:
        return current.serial if current else 0
    before = base_state.at(root, plan.base_serial)
    moved = pl.col(BaseRow.airtable_key).replace(dict(new_ids)) if new_ids else pl.col(BaseRow.airtable_key)
    named = {f"airtable:{old}": f"airtable:{new}" for old, new in new_ids.items()}
    cells = [pl.col(name).replace(named) for name in before.columns if name.endswith(AGREED)] if named else []
    rows = before.with_columns(moved.alias(BaseRow.airtable_key), *cells)
    saved = base_state.save(
        root, rows, serial=current.serial + 1, lineage=current.lineage, plan=undone, rules=current.rules
    )
    return saved.serial
