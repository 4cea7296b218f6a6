"""Execute an approved plan: commit, verify, fold the base. Whatever ends it, the journal knows how far it came.

A run that goes wrong, because stores refuse too many rows or lost what they confirmed, stops without touching the base:
its writes are then to be taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import polars as pl

from dq.apply import base as base_state
from dq.apply import flaps
from dq.apply.batches import Mappings, batches, numbered
from dq.apply.commit import Run, commit
from dq.apply.journal import FAILED, Entry, Journal, mapping_of
from dq.apply.plan import base_next, changes
from dq.apply.verify import Mismatch, are_lost, mismatches
from dq.changeset import ApprovedChangeset
from dq.plan import Plan
from dq.rules import TableRules
from dq.schemas import BaseRow, Change
from dq.schemas.values import Store

REFUSED_SHARE, REFUSED_ROWS = 0.05, 10
"""So many refused rows are a mistake in the plan, not in the rows: more than this share of those tried, and this number."""
Failing = Literal["refused", "lost"]


@dataclass(frozen=True)
class Report:
    """How an apply ended.

    Attributes:
        finished: False if a person asked to stop before the last batch.
        states: Writes by state: written, moved, refused, skipped.
        failed: The writes that were not carried out, in order.
        mismatches: Rows that do not hold what was written.
        serial: The base's serial afterwards.
        moved: Rows that somebody changed between their write and the verification.
        failing: Why the run must be taken back: too many rows `refused`, or confirmed writes `lost`; None if it need not.
    """

    finished: bool
    states: Mapping[str, int]
    failed: tuple[Entry, ...]
    mismatches: tuple[Mismatch, ...]
    serial: int
    moved: tuple[Mismatch, ...] = ()
    failing: Failing | None = None


def execute(
    approved: ApprovedChangeset, plan: Plan, folder: Path, run: Run, rules: Sequence[TableRules], seen: pl.DataFrame
) -> Report:
    """Write the changeset, read it back, and advance the base.

    Args:
        approved: What the gate let through.
        plan: The plan it belongs to.
        folder: The snapshot's folder.
        run: The open stores and journal.
        rules: The mappings.
        seen: What the plan saw in rows that get the mark of a soft delete (`removals.seen`).
    """
    mappings: Mappings = {place: target.mapping for place, target in run.targets.items()}
    tally = _Tally(run)
    rows = numbered(approved.changes, plan.batch_size, mappings)
    rows = rows.join(seen, on=[Change.store, Change.table, Change.row_key], how="left", maintain_order="left")
    if run.journal.meta().get("failing") is None:
        ended = commit(batches(rows), replace(run, progress=tally.told, stop=tally.asked))
        if not ended and not tally.is_failing:
            return Report(False, run.journal.counts(), (), (), plan.base_serial)
    found = [] if tally.is_failing else mismatches(run.journal, run.targets)
    bad = are_lost(found, tally.done)
    failed = tuple(run.journal.entries(states=FAILED))
    if tally.is_failing or bad:
        failing: Failing = "lost" if bad else "refused"
        run.journal.note(failing=failing)
        return Report(True, run.journal.counts(), failed, bad, plan.base_serial, failing=failing)
    serial = advance(plan, folder, (run.journal, mappings), rules)
    run.journal.note(ended=run.clock().isoformat())
    return Report(True, run.journal.counts(), failed, (), serial, moved=tuple(found))


@dataclass
class _Tally:
    """How a run goes: it stops when a person asks, or when too many rows are refused."""

    run: Run
    done: int = 0

    def told(self, done: int) -> None:
        self.done = done
        self.run.progress(done)

    def asked(self) -> bool:
        return self.run.stop() or self.is_failing

    @property
    def is_failing(self) -> bool:
        refused = self.run.journal.refused()
        return refused > REFUSED_ROWS and refused > REFUSED_SHARE * self.done


def advance(
    plan: Plan,
    folder: Path,
    receipts: tuple[Journal, Mappings] | None,
    rules: Sequence[TableRules],
) -> int:
    """Fold the receipts into the next base; a plan that was folded already changes nothing. Returns the serial.

    Args:
        plan: The plan.
        folder: The snapshot's folder.
        receipts: The journal, and which mapping each table in it belongs to; None where nothing was to be written.
        rules: The mappings.
    """
    root = folder.parent
    current = base_state.pointer(root)
    if current is not None and current.plan == plan.digest:
        return current.serial
    _, before = base_state.load(root)
    planned = base_next(plan, folder)
    journal, mappings = receipts or (None, {})
    entries = [] if journal is None else list(journal.entries())
    folded = _folded(planned, before, entries, mappings, rules, _own_words(plan, folder, entries))
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


def _own_words(plan: Plan, folder: Path, entries: Sequence[Entry]) -> frozenset[base_state.Cell]:
    """Of the leads whose writes failed: cells of which the plan changes the form only, and not what they mean."""
    failed = sorted({entry.entity for entry in entries if entry.state in FAILED})
    if not failed:
        return frozenset()
    is_own = (pl.col(Change.reason) == "standardize") & (pl.col(Change.op) == "update")
    cells = changes(plan, folder).filter(is_own & pl.col(Change.entity_id).is_in(failed))
    places = cells.select(Change.store, Change.entity_id, Change.field)
    return frozenset(zip(*(places[name].to_list() for name in places.columns), strict=True))


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
    own: frozenset[base_state.Cell],
) -> pl.DataFrame:
    parts = []
    for table in rules:
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
                base_state.field_names(table),
                base_state.modified_columns(table),
                own,
            )
        )
    return pl.concat(parts, how="diagonal_relaxed")
