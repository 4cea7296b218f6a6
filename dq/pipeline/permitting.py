"""Whether a plan may be written: by whom, on which base, into which stores, past which brakes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dq.apply import base as base_state
from dq.errors import BrakeError, ConfigurationError
from dq.gate import lifted
from dq.pipeline.access import demand_owned
from dq.pipeline.approving import demand_approved
from dq.pipeline.budget import API_CALLS, over_budget, spent_calls
from dq.pipeline.opening import location
from dq.plan import Brake, Plan
from dq.settings import Settings

_AGAIN = "dq snapshot && dq clean, or keep what still holds of the plan: dq clean --rebase PLAN"


@dataclass(frozen=True)
class Permission:
    """What a person allowed.

    Attributes:
        brakes: Brake → the number that is allowed.
        no_backup: Whether writing without a backup is allowed, where the configuration has switched it off.
    """

    brakes: Mapping[str, int]
    no_backup: bool = False


def applicable(plan: Plan, folder: Path, settings: Settings, permission: Permission) -> None:
    """Refuse a plan that is stale, belongs to other stores, that a brake holds, or that lacks an approval."""
    demand_permitted(plan, settings, permission)
    demand_approved(settings, plan, folder)


def demand_permitted(plan: Plan, settings: Settings, permission: Permission) -> None:
    """The same, approvals apart."""
    demand_owned(settings, permission.brakes)
    demand_fresh(plan, settings)
    demand_lifted(lifted(held_by(plan, settings), permission.brakes))


def held_by(plan: Plan, settings: Settings) -> list[Brake]:
    """The plan's brakes, that of the month's budget as it stands today."""
    brakes = [brake for brake in plan.brakes if brake.name != API_CALLS]  # the month went on since the plan was made
    price = replace(plan.price, spent=spent_calls(settings))
    return [*brakes, *over_budget(price)]


def demand_same(plan: Plan, settings: Settings) -> None:
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
