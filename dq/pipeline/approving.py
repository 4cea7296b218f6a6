"""Approvals: who lets exactly this plan be written, where the configuration asks for somebody's word.

An approval is an entry of the audit log; `approvals.json` beside the plan names the entry. One that the log does not
bear out does not count, and none outlives its plan: it is of the plan's digest.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from dq import audit
from dq.apply.files import write_json
from dq.errors import BrakeError, ConfigurationError, DamagedError
from dq.pipeline.auditing import actor, event
from dq.plan import Plan
from dq.report.diff import shortened
from dq.schemas import AuditEntry
from dq.settings import Settings

FILE = "approvals.json"
ACTION = "plan_approved"
FORMAT_VERSION = 1
_COUNTED = {"changes": "changes", "deletes": "deleted", "merges": "merged"}
"""What a limit counts → its name among the plan's counts."""


@dataclass(frozen=True)
class Approval:
    """Somebody's word for a plan.

    Attributes:
        plan: The plan's digest.
        by: Who approved.
        actor: Under which name dq ran then.
        at: When, ISO text in UTC.
        note: A word for people.
        entry: Number of the audit log's entry that bears it out.
    """

    plan: str
    by: str
    actor: str
    at: str
    note: str = ""
    entry: int = 0


def needed(settings: Settings, plan: Plan) -> tuple[str, ...]:
    """Why a plan needs an approval, a line a limit; empty if it needs none."""
    counts = {name: int(plan.counts.get(key, 0)) for name, key in _COUNTED.items()}
    above = settings.approval.above
    return tuple(
        f"{counts[name]:,} {name}, over {above[name]:,}" for name in _COUNTED if counts[name] > above.get(name, 1 << 62)
    )


def approve(settings: Settings, plan: Plan, folder: Path, by: str | None, note: str, now: datetime) -> Approval:
    """Let a plan be written: in the audit log, then beside the plan.

    Args:
        settings: Who may.
        plan: The plan.
        folder: Its folder.
        by: Who approves; None for who runs dq.
        note: A word for people.
        now: The time.

    Raises:
        ConfigurationError: There is nothing to approve, or who approves may not.
    """
    if not plan.changes:
        raise ConfigurationError("This plan writes nothing: there is nothing to approve.", where=plan.snapshot)
    approval = Approval(plan.digest, by or actor(), actor(), now.astimezone(UTC).isoformat(), note)
    unfit = _unfit(settings, plan, approval)
    if unfit:
        names = ", ".join(settings.approval.approvers) or "anybody else"
        raise ConfigurationError(
            f"{approval.by} may not approve this plan: {unfit}.",
            where=f"approval in the configuration; plan {plan.snapshot}",
            fix=f"ask for the approval of: {names}",
        )
    logged = recorded(settings, plan, [approval], now)
    save(folder, [*held(folder, plan), *logged])
    return logged[0]


def recorded(settings: Settings, plan: Plan, approvals: Sequence[Approval], now: datetime) -> list[Approval]:
    """Approvals once they stand in this project's audit log."""
    done = []
    for one in approvals:
        facts = {"by": one.by, "actor": one.actor, "at": one.at, "note": one.note, "changes": plan.changes}
        link = event(settings, ACTION, facts, now, plan)
        done.append(Approval(one.plan, one.by, one.actor, one.at, one.note, link.entries))
    return done


def held(folder: Path, plan: Plan) -> list[Approval]:
    """The approvals beside a plan that are of this very plan.

    Raises:
        DamagedError: They cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return []
    try:
        found = [Approval(**one) for one in json.loads(path.read_text(encoding="utf-8"))["approvals"]]
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedError(
            f"{FILE} cannot be read.",
            where=folder.name,
            why=f"{type(error).__name__}. It names who let the plan be written.",
            fix="remove the file, and have the plan approved again: dq approve",
        ) from None
    return [one for one in found if one.plan == plan.digest]


def save(folder: Path, approvals: Sequence[Approval]) -> None:
    """Write the approvals beside a plan."""
    write_json({"format_version": FORMAT_VERSION, "approvals": [asdict(one) for one in approvals]}, folder / FILE)


def counting(settings: Settings, plan: Plan, approvals: Sequence[Approval]) -> list[Approval]:
    """Those of the approvals that are of people who may approve the plan."""
    return [one for one in approvals if one.plan == plan.digest and not _unfit(settings, plan, one)]


def demand_approved(settings: Settings, plan: Plan, folder: Path) -> None:
    """Refuse a plan that needs an approval and has none that counts and that the audit log bears out.

    Raises:
        BrakeError: It has none.
    """
    if needed(settings, plan):
        demand_any(settings, plan, borne_out(settings, plan, held(folder, plan)))


def demand_any(settings: Settings, plan: Plan, approvals: Sequence[Approval]) -> None:
    """Refuse a plan that needs an approval where none of these counts.

    Raises:
        BrakeError: None does.
    """
    why = needed(settings, plan)
    if not why or counting(settings, plan, approvals):
        return
    may = ", ".join(settings.approval.approvers) or "anybody"
    others = ", but for who made it" if settings.approval.four_eyes else ""
    raise BrakeError(
        f"This plan needs an approval: {'; '.join(why)}.",
        where=f"plan {plan.snapshot}",
        why=f"Nothing was written. An approval is of one plan, and --yes is none. Who may: {may}{others}.",
        fix="look at `dq diff`, then: dq approve, and dq apply",
    )


def borne_out(settings: Settings, plan: Plan, approvals: Sequence[Approval]) -> list[Approval]:
    """Those of the approvals that stand in the audit log as they are told."""
    if not approvals:
        return []
    is_one = (pl.col(AuditEntry.action) == ACTION) & (pl.col(AuditEntry.plan) == plan.digest)
    logged = audit.entries(settings.snapshots, is_one, naming=[plan.digest])
    facts = dict(zip(logged["n"], logged[AuditEntry.detail], strict=True))
    return [
        one for one in approvals if one.entry in facts and _told(json.loads(facts[one.entry])) == _told(asdict(one))
    ]


def status(settings: Settings, plan: Plan, folder: Path) -> dict[str, Any]:
    """How a plan stands, for people and JSON: why it needs an approval, who gave one, whether it lacks one."""
    given = held(folder, plan)
    why = needed(settings, plan)
    return {
        "needed": list(why),
        "lacking": bool(why) and not counting(settings, plan, given),
        "approvals": [{"by": one.by, "at": one.at, "note": one.note} for one in given],
    }


def lines(status: Mapping[str, Any]) -> list[str]:
    """The same as lines of text."""
    told = [_line(one) for one in status["approvals"]]
    if status["lacking"]:
        told.append(f"needs an approval ({'; '.join(status['needed'])}): dq approve")
    return told


def _line(one: Mapping[str, Any]) -> str:
    """An approval; what people wrote is shown without what moves a terminal's cursor."""
    at = shortened(one["at"][:16].replace("T", " "))
    return f"approved by {shortened(one['by'])} at {at}Z" + (f": {shortened(one['note'])}" if one["note"] else "")


def _told(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(facts.get(name) for name in ("by", "actor", "at", "note"))


def _unfit(settings: Settings, plan: Plan, approval: Approval) -> str | None:
    """Why an approval does not count; None if it does."""
    rules = settings.approval
    if rules.approvers and approval.by not in rules.approvers:
        return "not one of approval.approvers"
    if rules.four_eyes and plan.made_by in ("", approval.by, approval.actor):
        return "who made a plan does not approve it (approval.four_eyes)"
    return None
