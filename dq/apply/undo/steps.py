"""Undo in two steps: `prepare` reads the journal and both stores and writes a plan, `carry_out` does what it says."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from dq.apply import base as base_state
from dq.apply import flaps
from dq.apply.commit import Run, Targets, commit
from dq.apply.journal import FAILED, JOURNAL, Entry, Journal, demand_whole, journal
from dq.apply.undo import planned
from dq.apply.undo.inverse import UNDO, Kept, Told, inverse
from dq.apply.undo.planned import Undoing, Why
from dq.apply.undo.rebase import new_ids, parted, rebased
from dq.apply.undo.scope import Place, Scope, asked, asked_places
from dq.apply.verify import Mismatch, mismatches
from dq.errors import ConfigurationError
from dq.plan import Plan
from dq.rules import TableRules
from dq.schemas import BaseRow


@dataclass(frozen=True)
class Undone:
    """What undo did.

    Attributes:
        undoing: What was planned.
        finished: False if a person asked to stop before the last batch.
        states: Writes by state.
        kept: What people changed since, left alone.
        mismatches: Rows that do not hold what was written back.
        new_ids: Airtable ids of deleted records → ids of the records made in their place.
        serial: The base's serial afterwards.
    """

    undoing: Undoing
    finished: bool
    states: Mapping[str, int]
    kept: tuple[Kept, ...]
    mismatches: tuple[Mismatch, ...]
    new_ids: Mapping[str, str]
    serial: int


def prepare(
    plan: Plan, changes: pl.DataFrame, folder: Path, scope: Scope, targets: Targets, now: str, why: Why = "asked"
) -> Undoing:
    """Plan the undo of a run; nothing is written to a store.

    Args:
        plan: The run's plan.
        changes: Its changeset.
        folder: Its snapshot's folder, with its journal.
        scope: What of it.
        targets: The open stores.
        now: The time, in ISO format.
        why: A person's wish, or the rollback of a run that went wrong.

    Raises:
        ConfigurationError: The run has not ended, or was undone already.
    """
    earlier = [one for one in planned.undos(folder) if one.state == "finished"]
    serial, base = base_state.load(folder.parent)
    demand_whole(folder / JOURNAL)
    with journal(folder / JOURNAL) as done:
        _demand_undoable(plan, done.meta(), earlier, why)
        places = asked_places(changes, scope)
        told = Told(targets, _survivors(base), _parents_in(targets), _done_before(earlier))
        told.remade.update(dict.fromkeys(_deleted(done, scope, places), False))
        told.partners = _partners(folder.parent, plan, list(told.remade))
        kept: list[Kept] = []
        return planned.save(
            folder, plan.digest, scope, why, now, serial, inverse(_backwards(done, scope, places), told, kept), kept
        )


def carry_out(
    undoing: Undoing, plan: Plan, run: Run, rules: Sequence[TableRules], remember: Callable[[pl.DataFrame], None]
) -> Undone:
    """Do what an undo planned, from wherever its journal stands.

    Args:
        undoing: The undo.
        plan: The undone run's plan.
        run: The open stores, and the undo's own journal.
        rules: The mappings.
        remember: Called with table, store, key_l, key_r of rows that are no longer one lead, before the base moves on.
    """
    run.journal.note(plan=undoing.digest, began=run.journal.meta().get("began", run.clock().isoformat()))
    kept = planned.kept(undoing)
    if not commit(planned.batches(undoing), run):
        return Undone(undoing, False, run.journal.counts(), tuple(kept), (), {}, undoing.base_serial)
    bad = mismatches(run.journal, run.targets)
    written = list(run.journal.entries(states=("written",)))
    if undoing.why == "asked":
        remember(_parted(undoing, written, run.targets, rules))
    serial = _base_back(undoing, plan, written, run.targets, rules)
    run.journal.note(ended=run.clock().isoformat())
    failed = [Kept(e.store, e.write.table, e.write.key, None) for e in run.journal.entries(states=FAILED)]
    return Undone(undoing, True, run.journal.counts(), (*kept, *failed), tuple(bad), new_ids(written), serial)


def _demand_undoable(plan: Plan, noted: Mapping[str, str], earlier: Iterable[Undoing], why: Why) -> None:
    if why == "asked" and "ended" not in noted:
        raise ConfigurationError(
            "This run has not ended, so it cannot be undone.", where=plan.snapshot, fix="dq apply --resume"
        )
    if any(one.is_whole for one in earlier):
        raise ConfigurationError("This run was undone already.", where=plan.snapshot, fix="dq undo --list")


def _backwards(done: Journal, scope: Scope, places: frozenset[Place] | None) -> Iterator[Sequence[Entry]]:
    """The written entries that are asked for, batch by batch, the last one first."""
    for number in reversed(done.numbers()):
        part = list(asked(list(done.entries(number, states=("written",))), scope, places))
        if part:
            yield part


def _deleted(done: Journal, scope: Scope, places: frozenset[Place] | None) -> Iterator[str]:
    """Keys of the Airtable records that are to come back."""
    for part in _backwards(done, scope, places):
        yield from (str(entry.key) for entry in part if (entry.store, entry.write.op) == ("airtable", "delete"))


def _partners(root: Path, plan: Plan, records: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Deleted records → table, key and entity of the database row that was linked to them before the run."""
    if not records or not base_state.is_kept(root, plan.base_serial):
        return {}
    base = base_state.at(root, plan.base_serial)
    linked = base.filter((pl.col(BaseRow.state) == "linked") & pl.col(BaseRow.airtable_key).is_in(records))
    ends = linked.drop_nulls(BaseRow.database_key).select("airtable_key", "table", "database_key", "entity_id")
    return {
        record: (table, key, entity)
        for record, table, key, entity in zip(*ends.to_dict(as_series=False).values(), strict=True)
    }


def _survivors(base: pl.DataFrame) -> dict[str, str]:
    """Keys of merged database rows → the row that their lead has today."""
    homes = base.filter(pl.col(BaseRow.state) == "linked").select(
        BaseRow.table, BaseRow.entity_id, BaseRow.database_key
    )
    losers = base.filter((pl.col(BaseRow.state) == "loser") & (pl.col(BaseRow.store) == "database"))
    ends = losers.select(BaseRow.table, BaseRow.entity_id, BaseRow.row_key).join(homes, on=["table", "entity_id"])
    return dict(zip(ends["row_key"].to_list(), ends["database_key"].to_list(), strict=True))


def _parents_in(targets: Targets) -> Callable[[str], frozenset[str]]:
    """Tells which rows of a database table others hang on, by the store's own word; each table is read once."""
    sink = next(target.sink for (store, _), target in targets.items() if store == "database")

    @cache
    def parents(table: str) -> frozenset[str]:
        keys: set[str] = set()
        for reference in sink.references(table):
            schema = sink.describe(reference.table, [reference.column])
            for batch in sink.batches(schema):
                column = pl.Series(batch.column(reference.column)).drop_nulls().cast(pl.String)
                keys |= set(column.to_list())
        return frozenset(keys)

    return parents


def _done_before(earlier: Iterable[Undoing]) -> frozenset[tuple[str, str, str, str | None]]:
    """What earlier undos of the run took back."""
    done: set[tuple[str, str, str, str | None]] = set()
    for undoing in earlier:
        with journal(undoing.folder / planned.JOURNAL) as opened:
            for entry in opened.entries(states=("written",)):
                key = str(entry.create_id or entry.key).removeprefix(UNDO)
                names = list(entry.write.after) if entry.write.op == "update" else [None]
                done |= {(entry.store, entry.write.table, key, name) for name in names}
    return frozenset(done)


def _own(table: TableRules, entries: Sequence[Entry], targets: Targets) -> list[Entry]:
    """What was written to a mapping's own two tables."""
    return [
        entry
        for entry in entries
        if targets[entry.store, entry.write.table].mapping == table.table
        and (entry.store == "airtable" or entry.write.table == table.table)
    ]


def _parted(undoing: Undoing, written: Sequence[Entry], targets: Targets, rules: Sequence[TableRules]) -> pl.DataFrame:
    """Of every mapping, the rows that are no longer one lead; of the base before this undo folded its own."""
    root = undoing.folder.parent.parent.parent
    base = base_state.at(root, undoing.base_serial)
    parts = [
        parted(base_state.of_table(base, table.table, table.names), _own(table, written, targets)).select(
            pl.lit(table.table).alias("table"), "store", "key_l", "key_r"
        )
        for table in rules
    ]
    return pl.concat(parts)


def _base_back(
    undoing: Undoing, plan: Plan, written: Sequence[Entry], targets: Targets, rules: Sequence[TableRules]
) -> int:
    """Fold the undo into the base, once, under a serial of its own."""
    root = undoing.folder.parent.parent.parent
    current = base_state.pointer(root)
    name = f"{UNDO}{undoing.digest}"
    if current is None or current.plan == name:
        return current.serial if current else 0
    _, base = base_state.load(root)
    before = base_state.at(root, plan.base_serial) if base_state.is_kept(root, plan.base_serial) else base.clear()
    parts = [base.filter(~pl.col(BaseRow.table).is_in([table.table for table in rules]))]
    for table in rules:
        now, then = (base_state.of_table(frame, table.table, table.names) for frame in (base, before))
        names, times = base_state.field_names(table), base_state.modified_columns(table)
        parts.append(rebased(now, then, _own(table, written, targets), names, times))
    rows = pl.concat(parts, how="diagonal_relaxed")
    memory = flaps.load(root, plan.base_serial if current.plan == plan.digest else current.serial)
    flaps.save(root, current.serial + 1, memory, base_state.KEPT)
    saved = base_state.save(
        root,
        rows,
        serial=current.serial + 1,
        lineage=current.lineage,
        plan=name,
        rules=current.rules,
        meaning=current.meaning,
    )
    return saved.serial
