"""Undo: a run, one step of it or one lead taken back, with the stores opened and backed up as for an apply."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dq.apply import plan as plans
from dq.apply.base import pointer
from dq.apply.commit import Run, Targets
from dq.apply.journal import JOURNAL, demand_whole, journal, state_of
from dq.apply.undo import Scope, Undoing, Undone, carry_out, prepare, undos, unfinished
from dq.apply.undo.planned import JOURNAL as UNDO_JOURNAL
from dq.errors import ConfigurationError, TemporaryError
from dq.pipeline import auditing
from dq.pipeline.applying import Watch, backed_up
from dq.pipeline.opening import Stores, claim
from dq.pipeline.permitting import Permission, demand_lineage
from dq.pipeline.targets import targets_of
from dq.plan import Plan
from dq.review import DIFFERENT, decided, load, save
from dq.schemas import Change
from dq.settings import Settings
from dq.snapshot import list_snapshots, open_snapshot


@dataclass(frozen=True)
class Asked:
    """What is to be undone.

    Attributes:
        run: The run's snapshot, by its id or the beginning of it; None for the last run that was not undone.
        scope: What of it.
        by: Who asks, for the decisions that an undone merge leaves.
    """

    run: str | None
    scope: Scope
    by: str


@dataclass(frozen=True)
class Taken:
    """What an undo did, and where its backup is."""

    undone: Undone
    backup: Path | None
    calls: int


def undo(
    settings: Settings,
    stores: Stores,
    wanted: Asked,
    permission: Permission,
    watch: Watch,
    confirm: Callable[[Undoing], None],
) -> Taken:
    """Take a run back: every cell that nobody changed since gets the value it had.

    Args:
        settings: The settings.
        stores: Both stores, open.
        wanted: Which run, and what of it.
        permission: Whether it may be done without a backup.
        watch: Clock, progress and stop.
        confirm: Called with what would be written; raises to stop.

    Raises:
        ConfigurationError: The run has not ended, was undone already, or was made for another mapping.
        BrakeError: The base belongs to other stores.
    """
    pending = unfinished(settings.snapshots)
    if pending is not None:
        confirm(pending)
        return carried_on(settings, stores, pending, wanted.by, permission, watch)
    plan, folder = _run(settings, wanted)
    demand_lineage(plan.lineage, pointer(settings.snapshots), settings)
    targets = _targets(settings, plan, folder, stores)
    watch.progress("undo: reading", 0, 0)
    undoing = prepare(plan, plans.changes(plan, folder), folder, wanted.scope, targets, watch.clock().isoformat())
    confirm(undoing)
    return carried_on(settings, stores, undoing, wanted.by, permission, watch)


def carried_on(
    settings: Settings, stores: Stores, undoing: Undoing, by: str, permission: Permission, watch: Watch
) -> Taken:
    """Do what an undo planned, from wherever it stands; an undone merge is kept as a decision."""
    folder = undoing.folder.parent.parent
    plan = plans.load(folder)
    before = stores.airtable.calls
    claim(stores, airtable=any(name.startswith("airtable ") for name in undoing.counts))
    demand_whole(undoing.folder / UNDO_JOURNAL)
    with journal(undoing.folder / UNDO_JOURNAL) as opened:
        targets = _targets(settings, plan, folder, stores)
        backup = backed_up(opened.meta().get("backup"), settings, stores, permission, watch)
        opened.note(backup=str(backup or ""), actor=opened.meta().get("actor", by))
        total = sum(undoing.counts.values())
        run = Run(targets, opened, watch.clock, lambda done: watch.progress("undo", done, total), watch.stop)
        undone = carry_out(
            undoing, plan, run, settings.tables, lambda pairs: _remember(settings, undoing, pairs, by, watch)
        )
    with _done(undone):
        auditing.audited(settings, undoing.folder / UNDO_JOURNAL, watch.clock())
        if undone.finished:
            facts = {"rows": dict(undone.states), "left": len(undone.kept), "why": undoing.why}
            auditing.event(settings, "undone", facts, watch.clock(), plan)
    return Taken(undone, backup, stores.airtable.calls - before)


@contextmanager
def _done(undone: Undone) -> Iterator[None]:
    """Tells of an undo that came to its end before the disk was full: said once more, it would take the run before."""
    try:
        yield
    except TemporaryError as error:
        if not undone.finished:
            raise
        why = "The undo is done; only the audit log lacks it, and the next command that has room adds it."
        raise TemporaryError(
            error.what, where=error.where, why=why, fix="free some space, then: dq snapshot"
        ) from error


def _remember(settings: Settings, undoing: Undoing, pairs: pl.DataFrame, by: str, watch: Watch) -> None:
    if pairs.is_empty():
        return
    why = f"undo of {undoing.snapshot}"
    both = pairs.with_columns(store_l="store", store_r="store")
    at = watch.clock().isoformat()
    save(settings.snapshots, decided(load(settings.snapshots), both, DIFFERENT, by, at, why))


def _run(settings: Settings, wanted: Asked) -> tuple[Plan, Path]:
    """The run that is meant: the one that is named, else the last that ended and was not undone."""
    if wanted.run is not None:
        _, folder = open_snapshot(settings.snapshots, wanted.run)
        return _demand_written(folder), folder
    for folder in _runs(settings):
        if not any(one.is_whole and one.state == "finished" for one in undos(folder)):
            return plans.load(folder), folder
    raise ConfigurationError("There is no run that could be undone.", where=str(settings.snapshots), fix="dq status")


def _demand_written(folder: Path) -> Plan:
    plan = plans.load(folder)
    if state_of(folder / JOURNAL) == "none":
        raise ConfigurationError(
            "This plan was never applied: there is nothing to undo.", where=folder.name, fix="dq status"
        )
    return plan


def _runs(settings: Settings) -> Iterator[Path]:
    """Folders of the runs that wrote, the last one first."""
    for manifest in reversed(list_snapshots(settings.snapshots)):
        folder = settings.snapshots / manifest.id
        if state_of(folder / JOURNAL) != "none":
            yield folder


def merge_of(settings: Settings, name: str) -> tuple[str, str]:
    """The run that made the last merge of a lead, and the lead's entity id in that run.

    Args:
        settings: The settings.
        name: The entity id, or the key of a row that was merged away.

    Raises:
        ConfigurationError: No run that is still kept merged such a lead.
    """
    for folder in _runs(settings):
        merges = (
            plans.changes(plans.load(folder), folder)
            .filter((pl.col(Change.reason) == "merge") & ((pl.col(Change.field) == "deleted_at") | (pl.col(Change.op) == "delete")))
            .filter((pl.col(Change.entity_id) == name) | (pl.col(Change.row_key) == name))
        )  # fmt: skip
        if not merges.is_empty():
            return folder.name, str(merges[str(Change.entity_id)].first())
    raise ConfigurationError(
        f"No run that is still kept merged {name}.",
        where=str(settings.snapshots),
        why="A lead is named by its entity id, or by the key of a row that was merged away (`dq diff`, clean/clusters.parquet).",
        fix="dq status",
    )


def _targets(settings: Settings, plan: Plan, folder: Path, stores: Stores) -> Targets:
    manifest, _ = open_snapshot(settings.snapshots, folder.name)
    targets = targets_of(settings, manifest, plan, stores)
    with journal(folder / JOURNAL) as opened:
        missing = [place for place in opened.places() if place not in targets]
    if missing:
        raise ConfigurationError(
            f"The run wrote to {', '.join(' '.join(place) for place in missing)}, which the configuration no longer maps.",
            where=folder.name,
            fix="put the mapping back, then: dq undo",
        )
    return targets
