"""Run: snapshot, clean and apply in one process; and settling what an earlier run left open."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from dq.apply.execute import Report
from dq.apply.journal import JOURNAL, state_of
from dq.apply.undo import unfinished
from dq.manifest import Manifest
from dq.pipeline.applying import Applied, Watch
from dq.pipeline.opening import Stores, lineage_of, plans_of
from dq.pipeline.permitting import Permission
from dq.pipeline.planfiles import Cleaned
from dq.pipeline.planning import clean
from dq.pipeline.readonly import demand_writable
from dq.pipeline.rebasing import Earlier, Rebased, rebase
from dq.pipeline.result import Result
from dq.pipeline.rollback import apply_safely
from dq.pipeline.scheduling import schedule_of
from dq.pipeline.undoing import carried_on
from dq.rules import Step
from dq.settings import Settings
from dq.snapshot import last, take

NO_BRAKES = Permission({})


@dataclass(frozen=True)
class Ran:
    """What a run made: its plan, and what applying it did (None for a dry run)."""

    cleaned: Cleaned
    applied: Applied | None
    snapshot: Manifest


def snapshot(settings: Settings, stores: Stores, watch: Watch, *, full: bool = False) -> Manifest:
    """Both stores to Parquet, after settling what an earlier run left open.

    Args:
        settings: The settings.
        stores: Both stores, open.
        watch: Clock and progress.
        full: Whether all of Airtable is read, whatever the settings say.
    """
    settle(settings, stores, watch)
    schedule, before = schedule_of(settings, full=full), stores.airtable.calls
    tables = {
        rules.table: stores.airtable.describe(rules.airtable, []).id or rules.airtable for rules in settings.tables
    }
    return take(
        settings.snapshots,
        stores.database,
        stores.airtable,
        plans_of(settings),
        lineage_of(stores, tables),
        watch.clock(),
        lambda store, table, rows: watch.progress(f"snapshot {store} {table}", rows, 0),
        schedule,
        before,
        at_once=settings.limits.enable_parallel_processing,
    )


def settle(settings: Settings, stores: Stores, watch: Watch) -> Applied | None:
    """Finish an undo or an apply that was cut off, so that nothing is planned on a half-written state."""
    pending = unfinished(settings.snapshots)
    if pending is not None:
        demand_writable(settings, "dq undo")
        watch.progress("settling an unfinished undo", 0, 0)
        carried_on(settings, stores, pending, "dq", NO_BRAKES, watch)
    latest = last(settings.snapshots)
    if latest is None or state_of(latest.folder / JOURNAL) != "open":
        return None
    demand_writable(settings, "dq apply --resume")
    watch.progress("settling an unfinished apply", 0, 0)
    return apply_safely(settings, stores, NO_BRAKES, watch)


def carry_on(settings: Settings, stores: Stores, before: Earlier, watch: Watch) -> Rebased:
    """Snapshot, and plan again what of an earlier plan still holds.

    Args:
        settings: The settings.
        stores: Both stores, open.
        before: The earlier plan.
        watch: Clock and progress.
    """
    snapshot(settings, stores, watch)
    return rebase(settings, before, watch.clock(), lambda step: watch.progress(step, 0, 0))


def run(
    settings: Settings,
    stores: Stores,
    steps: frozenset[Step],
    watch: Watch,
    *,
    dry: bool,
    permission: Permission,
    confirm: Callable[[Cleaned], None],
) -> Ran:
    """Snapshot, clean, apply.

    Args:
        settings: The settings.
        stores: Both stores, open.
        steps: What the plan is for.
        watch: Clock, progress and stop.
        dry: Plan only.
        permission: What a person allowed.
        confirm: Called with the plan before anything is written; raises to stop.
    """
    if not dry:
        demand_writable(settings, "dq run")
    manifest = snapshot(settings, stores, watch)
    cleaned = clean(settings, watch.clock(), steps, lambda step: watch.progress(step, 0, 0))
    if dry:
        return Ran(cleaned, None, manifest)
    if cleaned.plan.changes:
        confirm(cleaned)
    return Ran(cleaned, apply_safely(settings, stores, permission, watch), manifest)


def result(
    ran: Ran | None, plan_of: Applied | None, began: datetime, ended: datetime, warnings: Sequence[str] = ()
) -> Result:
    """What a run or an apply did, as a value."""
    applied = ran.applied if ran else plan_of
    plan = ran.cleaned.plan if ran else plan_of.plan  # type: ignore[union-attr]
    report = applied.report if applied else None
    undone = applied.undone if applied else None
    code, errors = verdict(report)
    counts = plan.counts
    return Result(
        success=code == 0,
        operation_id=plan.snapshot,
        start_time=began,
        end_time=ended,
        exit_code=code,
        backup_paths=(str(applied.backup),) if applied and applied.backup else (),
        duplicates_removed=counts["merged"] if applied else 0,
        records_standardized=counts["standardized"] if applied else 0,
        records_synchronized=counts["synchronized"] if applied else 0,
        conflicts_resolved=counts["conflicts_resolved"] if applied else 0,
        conflicts_waiting=plan.conflicts,
        errors=tuple(errors),
        warnings=(
            *warnings,
            *_moved(report),
            *((*ran.cleaned.failed, *ran.cleaned.notes) if ran else ()),
            *(brake.message for brake in plan.brakes),
        ),
        details={
            "changes": plan.changes,
            "counts": dict(counts),
            "slices": dict(ran.cleaned.slices) if ran else {},
            "price": asdict(plan.price),
            "api_calls": {"snapshot": ran.snapshot.api_calls if ran else 0, "apply": applied.calls if applied else 0},
            "api_calls_repeated": applied.repeated if applied else 0,
            "writes": dict(report.states) if report else {},
            "rolled_back": undone.states.get("written", 0) if undone else 0,
            "audit": asdict(applied.audit) if applied and applied.audit else None,
            "base_serial": report.serial if report else plan.base_serial,
        },
    )


def _moved(report: Report | None) -> tuple[str, ...]:
    if report is None or not report.moved:
        return ()
    rows = ", ".join(f"{one.store} {one.table} {one.row_key}" for one in report.moved[:5])
    return (f"{len(report.moved)} rows were changed by somebody while dq wrote; the next run settles them: {rows}",)


_FAILING = {
    "refused": "so many rows were refused that the run was stopped and taken back",
    "lost": "stores lost writes that they had confirmed; the run was taken back",
}


def verdict(report: Report | None) -> tuple[int, list[dict[str, str]]]:
    """Exit code and errors of an apply: 6 if it was taken back, 3 for rows left out, 130 when it was stopped, else 0."""
    if report is None:
        return 0, []
    errors = []
    if report.failing:
        errors.append({"category": "critical", "where": "the run", "what": _FAILING[report.failing]})
    if not report.finished:
        errors.append(
            {"category": "recoverable", "where": "the run", "what": "stopped after a batch: dq apply --resume"}
        )
    errors += [
        {
            "category": "critical",
            "where": f"{m.store} {m.table} {m.row_key}",
            "what": f"does not hold what was written: {', '.join(m.fields)}",
        }
        for m in report.mismatches
    ]
    refused = {entry.write.group for entry in report.failed if entry.state == "refused"}
    errors += [
        {
            "category": "data quality"
            if e.write.group in refused
            else "recoverable",  # the next run takes up what moved
            "where": f"{e.store} {e.write.table} {e.write.key or 'new row'}",
            "what": f"{e.state}: {e.reason or ''}",
        }
        for e in report.failed
    ]
    code = 6 if report.failing else 3 if report.failed else 0
    return (code if report.finished else 130), errors
