"""`dq apply` and `dq run`: write the plan, or do all of it."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.clean import steps_of, warn, warn_full
from dq.cli.failing import failures_told
from dq.cli.options import BRAKES, AgainstTwin, AsFormat, ConfigFile, Format, NoBackup, OnlyPart, Yes, braked
from dq.cli.prune import prune_after
from dq.cli.session import Session, clock, confirm, session
from dq.errors import ConfigurationError

if TYPE_CHECKING:
    from dq.pipeline import Cleaned, Result
    from dq.plan import Plan


@braked(*BRAKES)
def apply(
    plan_file: Annotated[
        Path | None, typer.Argument(help="A plan file (`dq diff --out`); default: the latest plan.", metavar="[PLAN]")
    ] = None,
    config: ConfigFile = None,
    yes: Yes = False,
    resume: Annotated[bool, typer.Option("--resume", help="Take the latest plan from wherever it stands.")] = False,
    no_backup: NoBackup = False,
    against: AgainstTwin = None,
    form: AsFormat = Format.text,
    *,
    allowed: Mapping[str, int],
) -> None:
    """Write the latest plan: backup, batches, verification."""
    from dq import pipeline
    from dq.cli.twin import apply_to_twin

    permission = pipeline.Permission(allowed, no_backup)
    if against:
        with failures_told(config, form, fresh=False):
            apply_to_twin(config, plan_file, permission, form, resume=resume)
        return
    began = clock()
    with failures_told(config, form, fresh=False), session("apply", config, writes="dq apply") as opened:
        if plan_file is not None:
            pipeline.take_in(opened.settings, plan_file, permission, clock())
        plan, folder, state = pipeline.latest(opened.settings)
        if state == "open" and not resume:
            confirm("The latest plan was begun and not finished.", "--resume", yes=False)
        if state == "none" and plan.changes:
            pipeline.applicable(plan, folder, opened.settings, permission)
            confirm(_question(plan), "--yes", yes=yes or resume)
        applied = pipeline.apply(opened.settings, opened.stores, permission, opened.watch)
        result = _with_memory(pipeline.result(None, applied, began, clock()), opened)
        _logged(opened, result)
        prune_after(opened, result.exit_code)
    _end(result, form, opened, already=applied.already)


@braked(*BRAKES)
def run(
    config: ConfigFile = None,
    yes: Yes = False,
    only: OnlyPart = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan, and write nothing to either store.")] = False,
    no_backup: NoBackup = False,
    against: AgainstTwin = None,
    form: AsFormat = Format.text,
    *,
    allowed: Mapping[str, int],
) -> None:
    """Do all of it: snapshot, clean, apply."""
    from dq import pipeline
    from dq.cli.twin import end, rehearse

    if against and dry_run:
        raise ConfigurationError("A dry run writes nothing, not even to a twin.", fix="leave --dry-run out")
    permission = pipeline.Permission(allowed, no_backup)
    began = clock()
    with failures_told(config, form, fresh=True), session("run", config) as opened:
        steps = steps_of(opened.settings, only)

        def asked(cleaned: "Cleaned") -> None:
            warn(cleaned)
            pipeline.applicable(cleaned.plan, cleaned.folder, opened.settings, permission)
            confirm(_question(cleaned.plan), "--yes", yes=yes)

        dry = dry_run or opened.settings.options.dry_run or against is not None
        ran = pipeline.run(
            opened.settings, opened.stores, steps, opened.watch, dry=dry, permission=permission, confirm=asked
        )
        warn_full(ran.snapshot)
        if against:
            result, facts = rehearse(opened.settings, permission, opened.watch, opened.log)
        else:
            result = _with_memory(pipeline.result(ran, None, began, clock()), opened)
            _logged(opened, result)
            prune_after(opened, result.exit_code)
    if against:
        end(result, facts, form, opened.interrupts.exit_code)
    else:
        _end(result, form, opened)


def _question(plan: "Plan") -> str:
    rows = plan.counts["rows"]
    told = "; ".join(f"{store}: " + ", ".join(f"{n:,} {op}s" for op, n in ops.items()) for store, ops in rows.items())
    return f"Write {plan.changes:,} changes ({told}) in about {plan.price.api_calls:,} API calls?"


def _with_memory(result: "Result", opened: Session) -> "Result":
    """The result with what was seen of the memory that it took."""
    opened.memory.sample()
    details = {**result.details, "memory": opened.memory.facts()}
    return replace(result, details=details, warnings=(*result.warnings, *opened.memory.warnings))


def _logged(opened: Session, result: "Result") -> None:
    from dq.pipeline import by_category

    seconds = (result.end_time - result.start_time).total_seconds()
    opened.log.exit_code = _exit_code(result, opened)
    opened.log.event(
        "result",
        exit_code=opened.log.exit_code,
        seconds=seconds,
        errors=by_category(result.errors),
        **dict(result.details),
    )


def _exit_code(result: "Result", opened: Session) -> int:
    return opened.interrupts.exit_code if result.exit_code == 130 else result.exit_code


def _end(result: "Result", form: Format, opened: Session, *, already: bool = False) -> None:
    from dq.cli.render import print_json
    from dq.pipeline import to_dict
    from dq.report.result import lines

    if form is Format.json:
        print_json(to_dict(result))
    elif already:
        print(f"plan {result.operation_id} was applied already")
    else:
        print("\n".join(lines(to_dict(result))))
    if result.exit_code:
        for error in result.errors[:20]:
            print(f"{error['category']}: {error['where']}: {error['what']}", file=sys.stderr)
        if result.exit_code == 130:
            print("stopped after a batch; go on with: dq apply --resume", file=sys.stderr)
        raise typer.Exit(_exit_code(result, opened))
