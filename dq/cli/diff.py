"""`dq diff`: what the latest plan would write, or what differs between two files."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli import filediff
from dq.cli.options import ConfigFile, DiffFormat, Separator
from dq.cli.session import clock, session, watched

if TYPE_CHECKING:
    from dq.report.diff import Diff

Compare = Annotated[
    bool,
    typer.Option("--compare-policies", help="Show what each policy would decide for the conflicts; values masked."),
]
AsDiff = Annotated[DiffFormat, typer.Option("--format", help="What to write to stdout.")]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit with 1 when there are changes.")]
Detailed = Annotated[
    bool, typer.Option("--detailed-exitcode", help="Exit with 0 for none, 1 for an error, 2 for changes.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file of --out.")]
Limit = Annotated[int, typer.Option(help="Changes to list; 0 lists all.", min=0)]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="Write the plan as one file that another machine can apply; of two files, all changes."),
]
Masked = Annotated[
    bool | None,
    typer.Option("--mask/--unmasked", help="Mask values; default: only in Markdown, which goes to other people."),
]
Stale = Annotated[
    bool, typer.Option("--stale", help="Read the stores, and show which planned cells moved since; values masked.")
]


def diff(
    plan: filediff.Left = None,
    right: filediff.Right = None,
    config: ConfigFile = None,
    form: AsDiff = DiffFormat.text,
    compare: Compare = False,
    limit: Limit = 40,
    exit_code: ExitCode = False,
    detailed: Detailed = False,
    mask: Masked = None,
    out: Out = None,
    force: Force = False,
    stale: Stale = False,
    key: filediff.Keys = None,
    columns: filediff.Columns = None,
    ignore: filediff.Ignored = None,
    standard: filediff.Standard = False,
    separator: Separator = None,
) -> None:
    """Show what a plan would write, or what differs between two files. No store is written, and none is read but with --stale."""
    from dq.errors import DqError

    hide = form is DiffFormat.md if mask is None else mask
    asked = filediff.TwoFiles(plan, right, key or (), columns or (), ignore or (), standard, separator)
    try:
        filediff.demand_clear(asked, stale=stale, compare=compare)
        if right is not None:
            found: int = filediff.show(asked, filediff.Shown(form, limit, hide, out, force, config))
        else:
            if out is not None:
                _hand_out(config, plan, out, force=force)
            if stale:
                found = _stale(config, plan, form, limit, mask=mask is not False)
            elif compare:
                found = _compare(config, plan, form, limit)
            else:
                found = _show(config, plan, form, limit, mask=hide)
    except DqError as error:
        if detailed:
            typer.echo(f"dq: {error}", err=True)
            raise typer.Exit(1) from None
        raise
    if found and (exit_code or detailed):
        raise typer.Exit(2 if detailed else 1)


def _show(config: Path | None, plan: str | None, form: DiffFormat, limit: int, *, mask: bool) -> int:
    """Tell what a plan would write; how many changes that is."""
    from dq.cli.render import colored, print_json
    from dq.report.diff import as_dict, as_markdown, as_text

    shown = _load(config, plan, limit, mask=mask)
    if form is DiffFormat.json:
        print_json(as_dict(shown))
    else:
        told = as_text(shown) if form is DiffFormat.text else as_markdown(shown)
        print("\n".join(_colored(told) if form is DiffFormat.text and colored() else told))
    return shown.plan.changes


def _hand_out(config: Path | None, plan: str | None, out: Path, *, force: bool) -> None:
    from dq import pipeline
    from dq.errors import ConfigurationError

    if plan is not None:
        raise ConfigurationError("--out writes the latest plan, and no other.", where=plan, fix="dq diff --out FILE")
    with watched("diff-out", config) as opened:
        pipeline.healed(opened.settings, clock())
        latest, folder, _ = pipeline.latest(opened.settings)
        digest = pipeline.hand_out(opened.settings, latest, folder, out, clock(), force=force)
        opened.log.event("plan_exported", plan=latest.digest, sha256=digest)
    print(f"{out}: {out.stat().st_size:,} bytes, sha256 {digest}; it holds the stores' values", file=sys.stderr)


def _stale(config: Path | None, plan: str | None, form: DiffFormat, limit: int, *, mask: bool) -> int:
    """Tell what moved since the plan's snapshot; how many rows did."""
    from dq import pipeline
    from dq.cli.render import print_json
    from dq.errors import ConfigurationError
    from dq.report.masks import masks_of
    from dq.report.stale import as_dict, as_text, masked

    if form is DiffFormat.md:
        raise ConfigurationError("--stale takes --format text or json.")
    with session("diff-stale", config) as opened, pipeline.meant(opened.settings, plan) as meant:
        pipeline.demand_unbegun(meant.folder, meant.state)
        found = pipeline.stale(opened.settings, opened.stores, meant.manifest, meant.plan, meant.folder)
        opened.log.event("stale", plan=meant.plan.digest, rows=found.rows, moved=found.moved)
    cells = masked(found.cells, masks_of(opened.settings.tables)) if mask else found.cells
    if form is DiffFormat.json:
        print_json(as_dict(meant.plan.snapshot, found.rows, cells, limit))
    else:
        print("\n".join(as_text(meant.plan.snapshot, found.rows, cells, limit)))
    if found.moved:
        name = f" {plan}" if plan else " latest"
        print(f"what still holds is planned again by: dq clean --rebase{name}", file=sys.stderr)
    return found.moved


def _compare(config: Path | None, plan: str | None, form: DiffFormat, limit: int) -> int:
    """Tell what each policy would decide; not a count of changes."""
    import polars as pl

    from dq.cli.render import print_json
    from dq.errors import ConfigurationError
    from dq.pipeline import meant
    from dq.report.policies import as_dict, as_markdown, as_text, compared
    from dq.settings import load

    with meant(load(config, secrets=False), plan) as found:
        clean, name = found.folder / "clean", found.plan.snapshot
        if not (clean / "policies.parquet").exists():
            raise ConfigurationError("This plan was made by an older dq.", where=name, fix="dq clean")
        decided = pl.read_parquet(clean / "policies.parquet")
        shown = compared(name, decided, pl.read_parquet(clean / "conflicts.parquet"), limit)
    if form is DiffFormat.json:
        print_json(as_dict(shown))
    else:
        print("\n".join(as_text(shown) if form is DiffFormat.text else as_markdown(shown)))
    return 0


def _load(config: Path | None, plan: str | None, limit: int, *, mask: bool) -> "Diff":
    import polars as pl

    from dq.apply import plan as plans
    from dq.pipeline import approving, meant
    from dq.plan import emptied
    from dq.report.diff import Diff, masked_diff
    from dq.report.masks import masks_of
    from dq.settings import load

    settings = load(config, secrets=False)
    with meant(settings, plan) as found:
        changes = plans.changes(found.plan, found.folder)
        conflicts = pl.read_parquet(found.folder / "clean" / "conflicts.parquet")
        approval = approving.status(settings, found.plan, found.folder)
    notes = tuple(approving.lines(approval)) if found.state == "none" else ()
    if found.state == "finished":  # what was written is no difference any more
        shown = Diff(emptied(found.plan), changes.clear(), conflicts, limit, notes, approval)
    else:
        shown = Diff(found.plan, changes, conflicts, limit, notes, approval)
    return masked_diff(shown, masks_of(settings.tables)) if mask else shown


_COLORS = {"+ ": "\033[32m", "- ": "\033[31m", "~ ": "\033[33m", "! ": "\033[35m"}


def _colored(lines: list[str]) -> list[str]:
    return [f"{_COLORS[line[:2]]}{line}\033[0m" if line[:2] in _COLORS else line for line in lines]
