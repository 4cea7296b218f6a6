"""Apply: the latest plan from wherever it stands. Checks, backup, batches, verification, base."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from dq.apply import base as base_state
from dq.apply import plan as plans
from dq.apply.commit import Run
from dq.apply.execute import Report, advance, execute
from dq.apply.journal import JOURNAL, demand_whole, journal, state_of
from dq.apply.removals import seen
from dq.apply.undo import Undone
from dq.audit import Link
from dq.changeset import ApprovedChangeset
from dq.errors import ConfigurationError, TemporaryError
from dq.manifest import Manifest
from dq.pipeline import auditing
from dq.pipeline.backing import back_up
from dq.pipeline.opening import Stores, claim
from dq.pipeline.permitting import Permission, applicable, demand_same, held_by
from dq.pipeline.quarantining import quarantined
from dq.pipeline.targets import targets_of
from dq.plan import Plan
from dq.settings import Settings
from dq.snapshot import LATEST, open_snapshot, scan


@dataclass(frozen=True)
class Applied:
    """How an apply ended.

    Attributes:
        plan: The plan.
        report: What the batches did; None when there was nothing to write or it was done before.
        backup: The backup's folder.
        calls: Airtable calls made.
        repeated: Those of them that repeated another one, after a failure.
        already: The plan had been finished before.
        undone: What was taken back again, of a run that went wrong.
        audit: Where the audit log ends with this run's receipts; None while the run has not ended.
    """

    plan: Plan
    report: Report | None
    backup: Path | None
    calls: int
    already: bool = False
    repeated: int = 0
    undone: Undone | None = None
    audit: Link | None = None


@dataclass(frozen=True)
class Watch:
    """How apply is watched: the clock, progress by (step, done, total), and whether to stop after the batch at hand."""

    clock: Callable[[], datetime]
    progress: Callable[[str, int, int], None]
    stop: Callable[[], bool]


def latest(settings: Settings, snapshot: str = LATEST) -> tuple[Plan, Path, str]:
    """The latest snapshot's plan, or that of another, its folder, and whether it was begun: `none`, `open` or `finished`."""
    _, folder = open_snapshot(settings.snapshots, snapshot)
    plan = plans.load(folder)
    current = base_state.pointer(settings.snapshots)
    done = current is not None and current.plan == plan.digest and state_of(folder / JOURNAL) != "open"
    return plan, folder, "finished" if done else state_of(folder / JOURNAL)


def apply(settings: Settings, stores: Stores, permission: Permission, watch: Watch) -> Applied:
    """Apply the latest plan: begin it, or go on where its journal stands.

    Raises:
        BrakeError: A brake holds, or the plan was made on another base or for other stores.
        ConfigurationError: Rules or configuration changed since the plan was made.
        TemporaryError: A store cannot be reached; `dq apply --resume` goes on.
    """
    plan, folder, state = latest(settings)
    if state == "finished":
        return Applied(plan, None, None, 0, already=True)
    changes = plans.changes(plan, folder)
    manifest, _ = open_snapshot(settings.snapshots)
    if state == "none":
        applicable(plan, folder, settings, permission)
    else:
        demand_same(plan, settings)
    _demand_whole(plan, folder, state)
    if changes.is_empty():
        advance(plan, folder, None, settings.tables)
        return Applied(plan, None, None, 0)
    approved = ApprovedChangeset(changes, plan.digest)
    before, again = stores.airtable.calls, stores.airtable.repeated
    with _putting_back(state):
        targets = targets_of(settings, manifest, plan, stores)
    claim(stores, airtable="airtable" in changes["store"])
    with journal(folder / JOURNAL) as opened:
        backup = backed_up(opened.meta().get("backup"), settings, stores, permission, watch)
        held = held_by(plan, settings) if state == "none" else None
        auditing.begun(settings, plan, held, permission.brakes, watch.clock())
        noted = {"began": watch.clock().isoformat(), "actor": auditing.actor(), **opened.meta()}
        opened.note(plan=plan.digest, backup=str(backup or ""), began=noted["began"], actor=noted["actor"])
        total = changes.select("store", "table", "entity_id", "row_key").n_unique()
        run = Run(targets, opened, watch.clock, lambda done: watch.progress("apply", done, total), watch.stop)
        with _resumable(folder):
            report = execute(approved, plan, folder, run, settings.tables, _seen(changes, settings, manifest, folder))
            if report.finished:
                quarantined(settings, manifest, folder, report.failed)
    with _resumable(folder):
        audit = auditing.audited(settings, folder / JOURNAL, watch.clock())
    calls, repeated = stores.airtable.calls - before, stores.airtable.repeated - again
    return Applied(plan, report, backup, calls, repeated=repeated, audit=audit)


def _seen(changes: pl.DataFrame, settings: Settings, manifest: Manifest, folder: Path) -> pl.DataFrame:
    """What the plan saw in rows that get the mark of a soft delete."""
    return seen(
        changes,
        {
            rules.table: (
                manifest.table("database", rules.table).schema,
                scan(manifest, folder, "database", rules.table),
                list(rules.names),
            )
            for rules in settings.tables
        },
    )


def _demand_whole(plan: Plan, folder: Path, state: str) -> None:
    """Refuse damaged files before the first write: the base can only advance from whole ones."""
    if state != "none":
        demand_whole(folder / JOURNAL)
    plans.base_next(plan, folder)
    base_state.load(folder.parent)


@contextmanager
def _putting_back(state: str) -> Iterator[None]:
    """A store's schema that changed under a half-written plan must change back: a new plan cannot be made before."""
    try:
        yield
    except ConfigurationError as error:
        if state == "none":
            raise
        why = "A part of the plan is written, and the rest names what was there."
        raise ConfigurationError(
            error.what, where=error.where, why=why, fix="change it back, then: dq apply --resume"
        ) from error


@contextmanager
def _resumable(folder: Path) -> Iterator[None]:
    """Name the way on in errors that end an apply half-way."""
    try:
        yield
    except OSError as error:
        raise TemporaryError(
            f"The disk fails: {error.strerror or type(error).__name__}.",
            where=folder.name,
            why="What was sent is in the journal.",
            fix="look at the disk, then: dq apply --resume",
        ) from error
    except TemporaryError as error:
        why = error.why or "What was sent is in the journal."
        raise TemporaryError(error.what, where=error.where or folder.name, why=why, fix="dq apply --resume") from error


def backed_up(
    made: str | None, settings: Settings, stores: Stores, permission: Permission, watch: Watch
) -> Path | None:
    """The backup that stands before anything is written: the one that was made, else a new one.

    Raises:
        ConfigurationError: Backups are switched off, and nobody said that it may be done without.
    """
    if made is not None:
        return Path(made) if made else None
    if not settings.backups.enabled:
        if permission.no_backup:
            return None
        raise ConfigurationError(
            "Backups are switched off in the configuration.",
            where="backups.enabled",
            why="Nothing is written without one.",
            fix="switch them on, or say --no-backup as well",
        )
    watch.progress("backup", 0, 1)
    return back_up(settings, stores, watch.clock(), made_by="apply").path
