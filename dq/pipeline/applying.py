"""Apply: the latest plan from wherever it stands. Checks, backup, batches, verification, base."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

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
from dq.errors import BrakeError, ConfigurationError, TemporaryError
from dq.gate import lifted
from dq.manifest import Manifest
from dq.pipeline import auditing
from dq.pipeline.access import demand_owned
from dq.pipeline.approving import demand_approved
from dq.pipeline.backing import back_up
from dq.pipeline.budget import API_CALLS, over_budget, spent_calls
from dq.pipeline.opening import Stores, claim, location
from dq.pipeline.quarantining import quarantined
from dq.pipeline.targets import targets_of
from dq.plan import Brake, Plan
from dq.settings import Settings
from dq.snapshot import LATEST, open_snapshot, scan

_AGAIN = "dq snapshot && dq clean, or keep what still holds of the plan: dq clean --rebase PLAN"


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
class Permission:
    """What a person allowed.

    Attributes:
        brakes: Brake → the number that is allowed.
        no_backup: Whether writing without a backup is allowed, where the configuration has switched it off.
    """

    brakes: Mapping[str, int]
    no_backup: bool = False


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
        _demand_same(plan, settings)
    _demand_whole(plan, folder, state)
    if changes.is_empty():
        advance(plan, folder, None, settings.tables)
        return Applied(plan, None, None, 0)
    approved = ApprovedChangeset(changes, plan.digest)
    before, again = stores.airtable.calls, stores.airtable.repeated
    claim(stores, airtable="airtable" in changes["store"])
    with _putting_back(state):
        targets = targets_of(settings, manifest, plan, stores)
    with journal(folder / JOURNAL) as opened:
        backup = backed_up(opened.meta().get("backup"), settings, stores, permission, watch)
        held = _held(plan, settings) if state == "none" else None
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


def applicable(plan: Plan, folder: Path, settings: Settings, permission: Permission) -> None:
    """Refuse a plan that is stale, belongs to other stores, that a brake holds, or that lacks an approval."""
    demand_permitted(plan, settings, permission)
    demand_approved(settings, plan, folder)


def demand_permitted(plan: Plan, settings: Settings, permission: Permission) -> None:
    """The same, approvals apart."""
    demand_owned(settings, permission.brakes)
    demand_fresh(plan, settings)
    demand_lifted(lifted(_held(plan, settings), permission.brakes))


def _held(plan: Plan, settings: Settings) -> list[Brake]:
    """The plan's brakes, that of the month's budget as it stands today."""
    brakes = [brake for brake in plan.brakes if brake.name != API_CALLS]  # the month went on since the plan was made
    price = replace(plan.price, spent=spent_calls(settings))
    return [*brakes, *over_budget(price)]


def _demand_same(plan: Plan, settings: Settings) -> None:
    """Refuse to go on with a plan where the configuration names other stores or another mapping than it was begun with."""
    if plan.digests["config"] != settings.config_digest:
        raise ConfigurationError(
            "The configuration changed since this plan was begun.",
            where=plan.snapshot,
            why="A part of it is written; the rest belongs to the same stores and columns.",
            fix="put the configuration back, then: dq apply --resume",
        )
    current = base_state.pointer(settings.snapshots)
    if current is not None and plan.digest != current.plan and plan.base_serial != current.serial:
        raise BrakeError(
            f"This plan was begun on base {plan.base_serial}, but the base is at {current.serial} now.",
            where=plan.snapshot,
            why="A backup is being restored, or a folder was: the rest of the plan belongs to stores that are no more.",
            fix="finish the restore (dq backup restore), or put the base back, then: dq apply --resume",
        )
    demand_lineage(plan.lineage, None, settings)


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


def demand_fresh(plan: Plan, settings: Settings) -> None:
    """Refuse a plan that was made under other rules, on another base, or for other stores."""
    for name, now in (("rules", settings.rules_digest), ("config", settings.config_digest)):
        if plan.digests[name] != now:
            raise ConfigurationError(
                f"The {'rules' if name == 'rules' else 'configuration'} changed since this plan was made.",
                where=plan.snapshot, why="It would write what the old ones said.", fix="dq clean",
            )  # fmt: skip
    current = base_state.pointer(settings.snapshots)
    serial, digest = (current.serial, current.digest) if current else (0, "")
    if serial != plan.base_serial:
        raise BrakeError(
            f"The plan was made on base {plan.base_serial}, but the base is at {serial} now.",
            where=plan.snapshot, why="Another run, or a restored folder, moved it.", fix=_AGAIN,
        )  # fmt: skip
    if plan.digests.get("base", digest) != digest:
        raise BrakeError(
            f"The plan was made on another base {serial} than the one that is here.",
            where=plan.snapshot, why="Two machines went on from one base, each by itself.", fix=_AGAIN,
        )  # fmt: skip
    demand_lineage(plan.lineage, current, settings)


def demand_lineage(lineage: Mapping[str, Any], current: base_state.Pointer | None, settings: Settings) -> None:
    """Refuse to work on other stores than the base state is of."""
    here = {"database": location(settings)}
    wrong = [name for name, value in here.items() if lineage[name] != value]
    if current is not None:
        wrong += [name for name in ("database", "airtable", "tables") if current.lineage[name] != lineage[name]]
    if wrong:
        raise BrakeError(
            f"The base state belongs to another {' and '.join(dict.fromkeys(wrong))}.",
            where="snapshots/base",
            why="Against another store's memory every row looks deleted or edited.",
            fix="point config/dq.yaml back, or give these stores a snapshots folder of their own (`snapshots:`)",
        )


def demand_lifted(held: list[Brake]) -> None:
    """Raise for brakes that hold."""
    if held:
        raise BrakeError(
            " ".join(brake.message for brake in held),
            why="This may be a broken import or a wrong store. Nothing was written.",
            fix=f"look at `dq diff`; to go ahead: dq apply {' '.join(dict.fromkeys(brake.flag for brake in held))}",
        )


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
