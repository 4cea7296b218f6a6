"""`dq prune`: dq's own files that nobody needs any more go, each for a reason that is told."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dq.cli.options import AsFormat, ConfigFile, Format
from dq.cli.session import Session, clock, watched

if TYPE_CHECKING:
    from dq.pipeline import Item

_DONE = (0, 3)
"""Exit codes of runs that did their work."""


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of each.")] = False,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Move snapshots, plans, journals and logs that the policy does not keep to the trash; later remove them for good."""
    from dq import pipeline
    from dq.cli.render import print_json

    with watched("prune", config) as opened:
        if not dry_run:
            pipeline.healed(opened.settings, clock())
        items = pipeline.tidied(opened.settings, clock(), dry=dry_run)
        opened.log.event("prune", dry_run=dry_run, **_counts(items))
    if form is Format.json:
        print_json({"format_version": 1, "dry_run": dry_run, "items": [_fact(item) for item in items]})
        return
    print("\n".join(_lines(items)))
    verb = "would go" if dry_run else "went"
    print(f"{_told(items, 'trash')} {verb} to the trash, {_told(items, 'remove')} {verb} for good", file=sys.stderr)


def prune_after(opened: Session, exit_code: int) -> None:
    """Prune after a run that did its work, where the configuration says so; a failure to prune is not the run's."""
    from dq import pipeline
    from dq.errors import DqError

    if opened.settings.retention.prune != "after_run" or exit_code not in _DONE:
        return
    try:
        items = pipeline.tidied(opened.settings, clock(), dry=False)
    except DqError as error:
        opened.log.event("prune", error=type(error).__name__, category=error.category)
        print(f"warning: nothing was pruned: {error.what}", file=sys.stderr)
        return
    opened.log.event("prune", dry_run=False, **_counts(items))
    if any(item.fate != "keep" for item in items):
        print(f"pruned: {_told(items, 'trash')} to the trash, {_told(items, 'remove')} for good", file=sys.stderr)


def _counts(items: "Sequence[Item]") -> dict[str, int]:
    return dict(Counter(f"{item.fate} {item.kind}" for item in items))


def _fact(item: "Item") -> dict[str, Any]:
    return {"kind": item.kind, "name": item.name, "fate": item.fate, "reason": item.reason, "bytes": item.size}


def _lines(items: "Sequence[Item]") -> list[str]:
    """A line an item; logs are many, and told together."""
    told = [f"{item.fate:<6} {item.kind} {item.name}  {item.reason}" for item in items if item.kind != "log"]
    for fate in ("keep", "trash"):
        logs = [item for item in items if (item.kind, item.fate) == ("log", fate)]
        if logs:
            told.append(f"{fate:<6} {len(logs):,} logs  {logs[-1].reason}, the newest of them")
    return told


def _told(items: "Sequence[Item]", fate: str) -> str:
    mine = [item for item in items if item.fate == fate]
    return f"{len(mine):,} ({sum(item.size for item in mine) / 1e6:,.1f} MB)"
