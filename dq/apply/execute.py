"""Execute an approved plan: commit, verify, fold the base. Whatever ends it, the journal knows how far it came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply import base as base_state
from dq.apply import flaps
from dq.apply.batches import Mappings, batches, numbered
from dq.apply.commit import Run, commit
from dq.apply.journal import Entry, Journal, mapping_of
from dq.apply.plan import base_next
from dq.apply.verify import Mismatch, mismatches
from dq.changeset import ApprovedChangeset
from dq.plan import Plan
from dq.rules import TableRules
from dq.schemas import BaseRow
from dq.schemas.values import Store


@dataclass(frozen=True)
class Report:
    """How an apply ended.

    Attributes:
        finished: False if a person asked to stop before the last batch.
        states: Writes by state: written, moved, refused, skipped.
        failed: The writes that were not carried out, in order.
        mismatches: Rows that do not hold what was written.
        serial: The base's serial afterwards.
    """

    finished: bool
    states: Mapping[str, int]
    failed: tuple[Entry, ...]
    mismatches: tuple[Mismatch, ...]
    serial: int


def execute(approved: ApprovedChangeset, plan: Plan, folder: Path, run: Run, rules: Sequence[TableRules]) -> Report:
    """Write the changeset, read it back, and advance the base.

    Args:
        approved: What the gate let through.
        plan: The plan it belongs to.
        folder: The snapshot's folder.
        run: The open stores and journal.
        rules: The mappings.
    """
    mappings: Mappings = {place: target.mapping for place, target in run.targets.items()}
    rows = numbered(approved.changes, plan.batch_size, mappings)
    if not commit(batches(rows), run):
        return Report(False, run.journal.counts(), (), (), plan.base_serial)
    bad = mismatches(run.journal, run.targets)
    serial = advance(plan, folder, (run.journal, mappings), bad, rules)
    run.journal.note(ended=run.clock().isoformat())
    failed = tuple(run.journal.entries(states=("moved", "refused", "skipped")))
    return Report(True, run.journal.counts(), failed, tuple(bad), serial)


def advance(
    plan: Plan,
    folder: Path,
    receipts: tuple[Journal, Mappings] | None,
    bad: Sequence[Mismatch],
    rules: Sequence[TableRules],
) -> int:
    """Fold the receipts into the next base; a plan that was folded already changes nothing. Returns the serial.

    Args:
        plan: The plan.
        folder: The snapshot's folder.
        receipts: The journal, and which mapping each table in it belongs to; None where nothing was to be written.
        bad: Rows that do not hold what was written.
        rules: The mappings.
    """
    root = folder.parent
    current = base_state.pointer(root)
    if current is not None and current.plan == plan.digest:
        return current.serial
    _, before = base_state.load(root)
    planned = base_next(plan, folder)
    journal, mappings = receipts or (None, {})
    entries = [] if journal is None else [_unverified(entry, bad) for entry in journal.entries()]
    folded = _folded(planned, before, entries, mappings, rules)
    keeps = {table.table for table in rules}
    others = before.filter(~pl.col(BaseRow.table).is_in(sorted(keeps)))
    rows = base_state.pruned(pl.concat([folded, others], how="diagonal_relaxed"), plan.made_at, rules)
    _remember(plan, folder, before, rows, _mapped(entries, mappings), rules)
    saved = base_state.save(
        root,
        rows,
        serial=plan.base_serial + 1,
        lineage=dict(plan.lineage),
        plan=plan.digest,
        rules=plan.digests["rules"],
        meaning=plan.digests.get("meaning", ""),
    )
    return saved.serial


def _mapped(entries: Sequence[Entry], mappings: Mappings) -> list[tuple[str, Store, Entry]]:
    """The confirmed updates of mapped rows, with their mapping and store."""
    told = ((mappings[entry.store, entry.write.table], entry) for entry in entries)
    return [
        (table, entry.store, entry)
        for table, entry in told
        if entry.state == "written"
        and entry.write.op == "update"
        and (entry.store == "airtable" or entry.write.table == table)
    ]


def _remember(
    plan: Plan,
    folder: Path,
    before: pl.DataFrame,
    after: pl.DataFrame,
    written: Sequence[tuple[str, Store, Entry]],
    rules: Sequence[TableRules],
) -> None:
    """Advance the memory of cells that go back and forth, beside the base that is about to be written."""
    serial = plan.base_serial + 1
    memory = flaps.advanced(flaps.load(folder.parent, plan.base_serial), before, after, written, rules, serial)
    conflicts = folder / "clean" / "conflicts.parquet"
    if "sync" in plan.steps and conflicts.exists():
        memory = flaps.marked(memory, pl.read_parquet(conflicts), after)
    flaps.save(folder.parent, serial, memory, base_state.KEPT)


def _folded(
    planned: pl.DataFrame,
    before: pl.DataFrame,
    entries: Sequence[Entry],
    mappings: Mappings,
    rules: Sequence[TableRules],
) -> pl.DataFrame:
    parts = []
    for table in rules:
        names: dict[Store, dict[str, str]] = {
            "database": {name: name for name in table.names},
            "airtable": {field.airtable: field.name for field in table.fields},
        }
        times: dict[Store, str | None] = {"database": table.modified_database, "airtable": table.modified_airtable}
        mine = [
            entry
            for entry in entries
            if mappings[entry.store, entry.write.table] == table.table
            and (entry.store == "airtable" or entry.write.table == table.table)
            and (entry.state == "written" or mapping_of(entry) == table.table)  # else another mapping's merge failed
        ]
        parts.append(
            base_state.folded(
                base_state.of_table(planned, table.table, table.names),
                base_state.of_table(before, table.table, table.names),
                mine,
                names,
                times,
            )
        )
    return pl.concat(parts, how="diagonal_relaxed")


def _unverified(entry: Entry, bad: Sequence[Mismatch]) -> Entry:
    """A row that does not hold what was written counts as not written."""
    wrong: set[tuple[Any, ...]] = {(m.store, m.table, m.row_key) for m in bad}
    if (entry.store, entry.write.table, entry.key) not in wrong:
        return entry
    return replace(entry, state="refused")
