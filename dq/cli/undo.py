"""`dq undo`: take a run back, or part of it."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dq.cli.options import AsFormat, ConfigFile, Format, NoBackup, OnlyPart, Yes
from dq.cli.session import confirm, session

if TYPE_CHECKING:
    from pathlib import Path

    from dq.apply.undo import Scope, Undoing
    from dq.pipeline import Taken

_SHOWN = 20
"""Lines of what was left alone that a person is shown."""
Lead = Annotated[str | None, typer.Option("--lead", help="Only this lead, by its entity id.")]


def undo(
    run: Annotated[str | None, typer.Argument(help="The run's snapshot id; default: the last run not undone.")] = None,
    config: ConfigFile = None,
    yes: Yes = False,
    only: OnlyPart = None,
    lead: Lead = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be taken back, and write nothing.")
    ] = False,
    show_list: Annotated[bool, typer.Option("--list", help="List the undos that were made.")] = False,
    no_backup: NoBackup = False,
    form: AsFormat = Format.text,
) -> None:
    """Take a run back: deleted rows return, cells get their old values; what people changed since stays."""
    from dq.apply.undo import Scope

    if show_list:
        _list(config, form)
        return
    scope = Scope(frozenset({only.value} if only else ()), lead)
    take_back(config, run, scope, yes=yes, dry=dry_run, no_backup=no_backup, form=form)


def take_back(
    config: "Path | None", run: str | None, scope: "Scope", *, yes: bool, dry: bool, no_backup: bool, form: Format
) -> None:
    """Take a run or a part of it back, as `dq undo` and `dq review unmerge` do."""
    from dq import pipeline

    allowed = pipeline.Permission({}, no_backup)
    with session("undo", config, writes=None if dry else "dq undo") as opened:

        def asked(undoing: "Undoing") -> None:
            if dry:
                raise _ShownError(undoing)
            confirm(_question(undoing), "--yes", yes=yes)

        wanted = pipeline.Asked(run, scope, pipeline.actor())
        try:
            taken = pipeline.undo(opened.settings, opened.stores, wanted, allowed, opened.watch, asked)
        except _ShownError as shown:
            opened.log.exit_code = 0
            _show({"format_version": 1, **_planned(shown.undoing)}, [_question(shown.undoing, "Would")], form)
            return
        facts, code = _facts(taken), _exit_code(taken)
        code = opened.interrupts.exit_code if code == 130 else code
        opened.log.exit_code = code
        opened.log.event("undo", **{name: value for name, value in facts.items() if name not in ("kept", "new_ids")})
    _show(facts, _lines(taken), form)
    for kept in taken.undone.kept[:_SHOWN]:
        print(
            f"{kept.store} {kept.table} {kept.row_key} {kept.field or ''}: left alone, it was changed since",
            file=sys.stderr,
        )
    for bad in taken.undone.mismatches[:_SHOWN]:
        print(
            f"{bad.store} {bad.table} {bad.row_key}: does not hold what was written back: {', '.join(bad.fields)}",
            file=sys.stderr,
        )
    if code == 130:
        print("stopped after a batch; go on with: dq undo", file=sys.stderr)
    if code:
        raise typer.Exit(code)


def unlock(config: ConfigFile = None, yes: Yes = False) -> None:
    """Let commands work again after a fault that a person had to look at."""
    from dq.pipeline import locked, lockout
    from dq.pipeline import unlock as open_up
    from dq.settings import load

    settings = load(config, secrets=False)
    with locked(settings, looks=True):
        held = lockout(settings.snapshots)
        if held is None:
            print("not locked", file=sys.stderr)
            return
        confirm(f"{held.why} (run {held.run}, {held.at}). Did you look, and is it put right?", "--yes", yes=yes)
        open_up(settings.snapshots)
    print("unlocked", file=sys.stderr)


class _ShownError(Exception):
    """Carries the planned undo past the writing."""

    def __init__(self, undoing: "Undoing") -> None:
        super().__init__()
        self.undoing = undoing


def _show(facts: dict[str, Any], lines: list[str], form: Format) -> None:
    from dq.cli.render import print_json

    if form is Format.json:
        print_json(facts)
    else:
        print("\n".join(lines))


def _question(undoing: "Undoing", verb: str = "Undo") -> str:
    what = f" of {', '.join(undoing.steps)}" if undoing.steps else ""
    what += f" of lead {undoing.entity}" if undoing.entity else ""
    rows = "; ".join(f"{name}s {count:,}" for name, count in sorted(undoing.counts.items())) or "nothing to write"
    end = "?" if verb == "Undo" else "."
    return f"{verb} run {undoing.snapshot}{what}: {rows}; {undoing.kept:,} changed since and left alone{end}"


def _planned(undoing: "Undoing") -> dict[str, Any]:
    return {
        "run": undoing.snapshot,
        "undo": undoing.folder.name,
        "steps": list(undoing.steps),
        "lead": undoing.entity,
        "rows": dict(undoing.counts),
        "left_alone": undoing.kept,
        "state": undoing.state,
    }


def _facts(taken: "Taken") -> dict[str, Any]:
    undone = taken.undone
    return {
        "format_version": 1,
        **_planned(undone.undoing),
        "writes": dict(undone.states),
        "left_alone": len(undone.kept),
        "kept": [{"store": k.store, "table": k.table, "row_key": k.row_key, "field": k.field} for k in undone.kept],
        "new_ids": dict(undone.new_ids),
        "mismatches": len(undone.mismatches),
        "base_serial": undone.serial,
        "backup": str(taken.backup) if taken.backup else None,
        "api_calls": taken.calls,
    }


def _exit_code(taken: "Taken") -> int:
    undone = taken.undone
    if not undone.finished:
        return 130
    if undone.mismatches:
        return 6
    return 3 if undone.states.get("refused", 0) else 0


def _lines(taken: "Taken") -> list[str]:
    undone = taken.undone
    lines = [f"undone: run {undone.undoing.snapshot}, {undone.states.get('written', 0):,} rows written back"]
    lines += [f"left alone: {len(undone.kept):,}, changed since"] if undone.kept else []
    lines += [f"new Airtable ids: {len(undone.new_ids):,} records were made again"] if undone.new_ids else []
    lines += [f"not as written: {len(undone.mismatches):,} rows"] if undone.mismatches else []
    return [*lines, f"base: serial {undone.serial}", f"backup: {taken.backup}" if taken.backup else "no backup"]


def _list(config: "Path | None", form: Format) -> None:
    from dq.apply.undo import undos
    from dq.settings import load
    from dq.snapshot import list_snapshots

    root = load(config, secrets=False).snapshots
    found = [one for manifest in list_snapshots(root) for one in undos(root / manifest.id)]
    lines = [
        f"{one.snapshot} {one.folder.name}: {one.state}, {one.made_at}, "
        + (", ".join([*one.steps, *([one.entity] if one.entity else [])]) or "whole run")
        for one in found
    ]
    _show({"format_version": 1, "undos": [_planned(one) for one in found]}, lines or ["no undo yet"], form)
