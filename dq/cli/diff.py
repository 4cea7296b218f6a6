"""`dq diff`: what the latest plan would write."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.options import ConfigFile, DiffFormat

if TYPE_CHECKING:
    from dq.report.diff import Diff


def diff(
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
) -> None:
    """Show what the latest plan would write. Nothing is read from or written to a store."""
    from dq.cli.render import colored, print_json
    from dq.errors import DqError
    from dq.report.diff import as_dict, as_markdown, as_text

    if compare:
        _compare(config, form, limit)
        return
    try:
        shown = _load(config, limit, mask=form is DiffFormat.md if mask is None else mask)
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


def _compare(config: Path | None, form: DiffFormat, limit: int) -> None:
    import polars as pl

    from dq.cli.render import print_json
    from dq.errors import ConfigurationError
    from dq.pipeline import latest
    from dq.report.policies import as_dict, as_markdown, as_text, compared
    from dq.settings import load

    plan, folder, _ = latest(load(config, secrets=False))
    path = folder / "clean" / "policies.parquet"
    if not path.exists():
        raise ConfigurationError("This plan was made by an older dq.", where=plan.snapshot, fix="dq clean")
    conflicts = pl.read_parquet(folder / "clean" / "conflicts.parquet")
    shown = compared(plan.snapshot, pl.read_parquet(path), conflicts, limit)
    if form is DiffFormat.json:
        print_json(as_dict(shown))
    else:
        print("\n".join(as_text(shown) if form is DiffFormat.text else as_markdown(shown)))


def _load(config: Path | None, limit: int, *, mask: bool) -> "Diff":
    import polars as pl

    from dq.apply import plan as plans
    from dq.pipeline import latest
    from dq.plan import emptied
    from dq.report.diff import Diff, masked_diff
    from dq.report.masks import masks_of
    from dq.settings import load

    settings = load(config, secrets=False)
    plan, folder, state = latest(settings)
    changes = plans.changes(plan, folder)
    if state == "finished":  # what was written is no difference any more
        changes = changes.clear()
        plan = emptied(plan)
    shown = Diff(plan, changes, pl.read_parquet(folder / "clean" / "conflicts.parquet"), limit)
    return masked_diff(shown, masks_of(settings.tables)) if mask else shown


_COLORS = {"+ ": "\033[32m", "- ": "\033[31m", "~ ": "\033[33m", "! ": "\033[35m"}


def _colored(lines: list[str]) -> list[str]:
    return [f"{_COLORS[line[:2]]}{line}\033[0m" if line[:2] in _COLORS else line for line in lines]
