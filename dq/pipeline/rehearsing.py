"""A rehearsal: the latest plan applied to a twin by the same code that applies it to the stores, and planned once more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dq.apply import plan as plans
from dq.errors import ConfigurationError
from dq.pipeline.applying import Applied, Watch, latest
from dq.pipeline.opening import opened
from dq.pipeline.permitting import Permission, demand_permitted
from dq.pipeline.planning import clean
from dq.pipeline.rollback import apply_safely
from dq.pipeline.running import snapshot
from dq.pipeline.twin import Twin, twinned
from dq.plan import Plan
from dq.rules import Step
from dq.schemas import Change
from dq.settings import Settings


@dataclass(frozen=True)
class Rehearsed:
    """How a rehearsal went.

    Attributes:
        applied: What the apply did, to the twin.
        seconds: How long it took: `copy` making the twin, `apply`, `total`; `at_pace` is how long the apply would take
            at the pace of the settings.
        second: Changes that a second plan on the twin would make, by store, op and reason; None where there was none to
            make: the run was stopped or taken back.
        notes: What the copies lack, one sentence each.
    """

    applied: Applied
    seconds: Mapping[str, float]
    second: Mapping[str, int] | None
    notes: tuple[str, ...]

    @property
    def written(self) -> int:
        """Rows whose write was confirmed."""
        return self.applied.report.states.get("written", 0) if self.applied.report else 0

    @property
    def verified(self) -> int:
        """Those of them that held what was written when they were read back."""
        report = self.applied.report
        return self.written - len(report.mismatches) - len(report.moved) if report else 0

    @property
    def failed(self) -> int:
        """Rows that were not written."""
        return len(self.applied.report.failed) if self.applied.report else 0


def rehearsed(settings: Settings, permission: Permission, watch: Watch, ticks: Callable[[], float]) -> Rehearsed:
    """Apply the latest plan to a twin of both stores, then plan the twin again; neither store is touched.

    Args:
        settings: The settings; the caller holds the project's lock.
        permission: What a person allowed, as for the apply that is rehearsed.
        watch: Clock, progress and stop.
        ticks: Seconds of a clock that only goes forward.

    Raises:
        BrakeError: A brake holds, or the plan was made on another base: the apply would be refused as well.
        ConfigurationError: The plan was begun or applied already, or no twin can be made.
    """
    plan, _, state = latest(settings)
    if state != "none":
        raise _begun(plan, state)
    demand_permitted(plan, settings, permission)  # who approves may want to see a rehearsal first
    began = ticks()
    watch.progress("copying both stores", 0, 0)
    with twinned(settings) as twin:
        with opened(twin.settings) as stores:
            copied = ticks()
            applied = apply_safely(twin.settings, stores, permission, watch)
            ended = ticks()
        second = _planned_again(twin, plan, watch) if _has_settled(applied) else None
    seconds = {"copy": copied - began, "apply": ended - copied, "total": ticks() - began}
    at_pace = _at_pace(seconds["apply"], applied.calls, settings.limits.requests_per_second)
    rounded = {name: round(value, 3) for name, value in {**seconds, "at_pace": at_pace}.items()}
    return Rehearsed(applied, rounded, second, twin.notes)


def _at_pace(seconds: float, calls: int, pace: float) -> float:
    """The calls wait for one another at the pace; what is done besides takes its time in any case."""
    return max(seconds, calls / pace) if pace else seconds


def _has_settled(applied: Applied) -> bool:
    report = applied.report
    return report is None or (report.finished and report.failing is None)


def _planned_again(twin: Twin, plan: Plan, watch: Watch) -> dict[str, int]:
    """What a second plan of the same steps would change on the twin: kind of change → cells."""
    with opened(twin.settings) as stores:
        snapshot(twin.settings, stores, watch, full=True)
    steps: frozenset[Step] = frozenset(plan.steps)  # type: ignore[arg-type]  # as `clean` noted them
    cleaned = clean(twin.settings, watch.clock(), steps, lambda step: watch.progress(step, 0, 0))
    return _kinds(cleaned.plan, cleaned.folder)


def _kinds(plan: Plan, folder: Path) -> dict[str, int]:
    kinds = [pl.col(name) for name in (Change.store, Change.op, Change.reason)]
    told = pl.concat_str(kinds, separator=" ").alias("kind")
    counts = plans.changes(plan, folder).group_by(told).len("cells").sort("kind")
    return dict(zip(counts["kind"].to_list(), counts["cells"].to_list(), strict=True))


def _begun(plan: Plan, state: str) -> ConfigurationError:
    if state == "finished":
        return ConfigurationError(
            "The latest plan was applied already.", where=plan.snapshot, fix="dq snapshot && dq clean"
        )
    return ConfigurationError(
        "The latest plan was begun and not finished.",
        where=plan.snapshot,
        why="A part of it is in the stores: a twin made from its snapshot would not be as they are.",
        fix="dq apply --resume",
    )
