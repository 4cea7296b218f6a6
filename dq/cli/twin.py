"""`--against twin`: the plan applied to copies of both stores, and what came of it."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dq.cli.options import Format
from dq.cli.session import clock, watched
from dq.errors import ConfigurationError

if TYPE_CHECKING:
    from dq.pipeline import Permission, Rehearsed, Result, Watch
    from dq.pipeline.log import Log
    from dq.settings import Settings


def apply_to_twin(
    config: Path | None, plan_file: Path | None, permission: "Permission", form: Format, *, resume: bool
) -> None:
    """Rehearse the latest plan; ends with the exit code that the apply would have.

    Raises:
        DqError: As the apply would raise, or no twin can be made.
    """
    from dq import pipeline
    from dq.cli.render import print_json

    if resume:
        raise ConfigurationError(
            "A rehearsal begins at a plan's beginning.", fix="leave --resume or --against twin out"
        )
    if plan_file is not None:
        raise ConfigurationError(
            "A plan file is not rehearsed, only the latest plan.",
            where=str(plan_file),
            why="A twin is made from the snapshot that the plan was made of.",
            fix="rehearse it where it was made: dq apply --against twin",
        )
    with watched("apply-twin", config, secrets=True) as opened:
        plan, _, state = pipeline.latest(opened.settings)
        if state == "finished":
            print(f"plan {plan.snapshot} was applied already", file=sys.stderr)
            if form is Format.json:
                print_json(
                    {"format_version": 1, "against": "twin", "snapshot": plan.snapshot, "exit_code": 0, "already": True}
                )
            return
        result, facts = rehearse(opened.settings, permission, opened.watch, opened.log)
    end(result, facts, form, opened.interrupts.exit_code)


def rehearse(
    settings: "Settings", permission: "Permission", watch: "Watch", log: "Log"
) -> "tuple[Result, dict[str, Any]]":
    """Apply the latest plan to a twin, and log what came of it: the apply's result, and the facts of the rehearsal."""
    from dq import pipeline

    began = clock()
    done = pipeline.rehearsed(settings, permission, watch, time.monotonic)
    result = pipeline.result(None, done.applied, began, clock())
    facts = _facts(done, result)
    log.exit_code = result.exit_code
    log.event(
        "rehearsal",
        **{name: facts[name] for name in ("snapshot", "written", "verified", "failed", "api_calls", "seconds")},
    )
    return result, facts


def end(result: "Result", facts: Mapping[str, Any], form: Format, interrupted: int) -> None:
    """Print a rehearsal and exit with the code that the apply would have."""
    from dq.cli.render import print_json

    if form is Format.json:
        print_json(dict(facts))
    else:
        print("\n".join(_lines(facts)))
    for note in facts["notes"]:
        print(f"note: {note}", file=sys.stderr)
    if facts["second_plan"]:
        why = "rows were edited since the snapshot, or left out; where neither is so, report it as a bug"
        print(f"warning: a second plan on the twin is not empty: {why}", file=sys.stderr)
    if result.exit_code:
        for error in result.errors[:20]:
            print(f"{error['category']}: {error['where']}: {error['what']}", file=sys.stderr)
        raise typer.Exit(interrupted if result.exit_code == 130 else result.exit_code)


def _facts(done: "Rehearsed", result: "Result") -> dict[str, Any]:
    from dq.pipeline import by_category

    plan, report = done.applied.plan, done.applied.report
    return {
        "format_version": 1,
        "against": "twin",
        "snapshot": plan.snapshot,
        "exit_code": result.exit_code,
        "changes": plan.changes,
        "rows": plan.counts["rows"],
        "written": done.written,
        "verified": done.verified,
        "failed": done.failed,
        "states": dict(report.states) if report else {},
        "rolled_back": result.details["rolled_back"],
        "api_calls": {"made": done.applied.calls, "priced": plan.price.api_calls, "repeated": done.applied.repeated},
        "seconds": dict(done.seconds),
        "second_plan": None if done.second is None else dict(done.second),
        "errors": [dict(error) for error in result.errors],
        "errors_by_category": by_category(result.errors),
        "notes": list(done.notes),
    }


def _lines(facts: Mapping[str, Any]) -> list[str]:
    calls, seconds = facts["api_calls"], facts["seconds"]
    told = [
        f"rehearsed plan {facts['snapshot']} on a twin; neither store was touched",
        f"{facts['changes']:,} changes: {facts['written']:,} rows written, {facts['verified']:,} verified, {facts['failed']:,} failed",
    ]
    told += [
        f"{store}: " + ", ".join(f"{n:,} {op}s" for op, n in sorted(ops.items()))
        for store, ops in sorted(facts["rows"].items())
        if ops
    ]
    told += [f"taken back: {facts['rolled_back']:,} rows"] if facts["rolled_back"] else []
    told.append(f"API calls: {calls['made']:,} made, {calls['priced']:,} priced")
    told.append(
        f"time: {seconds['apply']:.1f} s on the twin, about {seconds['at_pace']:.1f} s at the real pace "
        f"({seconds['total']:.1f} s with copying and planning)"
    )
    second = facts["second_plan"]
    if second is None:
        told.append("second plan: none, as the run did not end well")
    elif not second:
        told.append("second plan: empty")
    else:
        told.append("second plan: " + ", ".join(f"{n:,} {kind}" for kind, n in second.items()))
    told.append(f"the apply would exit with {facts['exit_code']}")
    return told
