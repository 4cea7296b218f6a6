"""`dq diff`: what the latest plan would write."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.options import ConfigFile, DiffFormat
from dq.cli.session import clock, watched

if TYPE_CHECKING:
    from dq.plan import Plan
    from dq.report.diff import Diff
    from dq.settings import Settings

PlanFile = Annotated[
    Path | None, typer.Argument(help="A plan file (`--out`); default: the latest plan.", metavar="[PLAN]")
]


def diff(
    plan_file: PlanFile = None,
    config: ConfigFile = None,
    form: Annotated[DiffFormat, typer.Option("--format", help="What to write to stdout.")] = DiffFormat.text,
    compare: Annotated[
        bool,
        typer.Option("--compare-policies", help="Show what each policy would decide for the conflicts; values masked."),
    ] = False,
    limit: Annotated[int, typer.Option(help="Changes to list; 0 lists all.", min=0)] = 40,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 when there are changes.")] = False,
    detailed: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 0 for none, 1 for an error, 2 for changes.")
    ] = False,
    mask: Annotated[
        bool | None,
        typer.Option("--mask/--unmasked", help="Mask values; default: only in Markdown, which goes to other people."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the plan as one file that another machine can apply.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --out.")] = False,
) -> None:
    """Show what the latest plan would write. Nothing is read from or written to a store."""
    from dq.cli.render import colored, print_json
    from dq.errors import DqError
    from dq.report.diff import as_dict, as_markdown, as_text

    try:
        if out is not None:
            _hand_out(config, plan_file, out, force=force)
        if compare:
            _compare(config, plan_file, form, limit)
            return
        shown = _load(config, plan_file, limit, mask=form is DiffFormat.md if mask is None else mask)
    except DqError as error:
        if detailed:
            typer.echo(f"dq: {error}", err=True)
            raise typer.Exit(1) from None
        raise
    if form is DiffFormat.json:
        print_json(as_dict(shown))
    else:
        told = as_text(shown) if form is DiffFormat.text else as_markdown(shown)
        print("\n".join(_colored(told) if form is DiffFormat.text and colored() else told))
    if shown.plan.changes and (exit_code or detailed):
        raise typer.Exit(2 if detailed else 1)


def _hand_out(config: Path | None, plan_file: Path | None, out: Path, *, force: bool) -> None:
    from dq import pipeline
    from dq.errors import ConfigurationError

    if plan_file is not None:
        raise ConfigurationError("--out writes the latest plan; this one is a file already.", where=str(plan_file))
    with watched("diff-out", config) as opened:
        pipeline.healed(opened.settings, clock())
        plan, folder, _ = pipeline.latest(opened.settings)
        digest = pipeline.hand_out(opened.settings, plan, folder, out, clock(), force=force)
        opened.log.event("plan_exported", plan=plan.digest, sha256=digest)
    print(f"{out}: {out.stat().st_size:,} bytes, sha256 {digest}; it holds the stores' values", file=sys.stderr)


@contextmanager
def _planned(settings: "Settings", plan_file: Path | None) -> Iterator[tuple["Plan", Path, str]]:
    """The plan that is meant, its folder, and whether it was begun."""
    from dq import pipeline

    if plan_file is None:
        yield pipeline.latest(settings)
        return
    with pipeline.arrived(settings, plan_file) as found:
        yield found.plan, found.folder, "none"


def _compare(config: Path | None, plan_file: Path | None, form: DiffFormat, limit: int) -> None:
    import polars as pl

    from dq.cli.render import print_json
    from dq.errors import ConfigurationError
    from dq.report.policies import as_dict, as_markdown, as_text, compared
    from dq.settings import load

    with _planned(load(config, secrets=False), plan_file) as (plan, folder, _):
        path = folder / "clean" / "policies.parquet"
        if not path.exists():
            raise ConfigurationError("This plan was made by an older dq.", where=plan.snapshot, fix="dq clean")
        conflicts = pl.read_parquet(folder / "clean" / "conflicts.parquet")
        shown = compared(plan.snapshot, pl.read_parquet(path), conflicts, limit)
    if form is DiffFormat.json:
        print_json(as_dict(shown))
    else:
        print("\n".join(as_text(shown) if form is DiffFormat.text else as_markdown(shown)))


def _load(config: Path | None, plan_file: Path | None, limit: int, *, mask: bool) -> "Diff":
    import polars as pl

    from dq.apply import plan as plans
    from dq.pipeline import approving
    from dq.plan import emptied
    from dq.report.diff import Diff, masked_diff
    from dq.report.masks import masks_of
    from dq.settings import load

    settings = load(config, secrets=False)
    with _planned(settings, plan_file) as (plan, folder, state):
        changes = plans.changes(plan, folder)
        conflicts = pl.read_parquet(folder / "clean" / "conflicts.parquet")
        approval = approving.status(settings, plan, folder)
    notes = tuple(approving.lines(approval)) if state == "none" else ()
    if state == "finished":  # what was written is no difference any more
        changes = changes.clear()
        plan = emptied(plan)
    shown = Diff(plan, changes, conflicts, limit, notes, approval)
    return masked_diff(shown, masks_of(settings.tables)) if mask else shown


_COLORS = {"+ ": "\033[32m", "- ": "\033[31m", "~ ": "\033[33m", "! ": "\033[35m"}


def _colored(lines: list[str]) -> list[str]:
    return [f"{_COLORS[line[:2]]}{line}\033[0m" if line[:2] in _COLORS else line for line in lines]
