"""`dq snapshot` and `dq clean`: read both stores, and plan."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dq.cli.options import AsFormat, ConfigFile, Format, Only, OnlyPart
from dq.cli.session import clock, session

if TYPE_CHECKING:
    from pathlib import Path

    from dq.manifest import Manifest
    from dq.pipeline import Cleaned
    from dq.rules import Step
    from dq.settings import Settings


def snapshot(
    config: ConfigFile = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read all of Airtable, whatever the configuration says.")
    ] = False,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", help="A word for it, by which it can be kept; may be given several times."),
    ] = None,
    form: AsFormat = Format.text,
) -> None:
    """Read both stores to Parquet, complete or not at all."""
    from dq import pipeline
    from dq.cli.render import print_json
    from dq.snapshot.tags import tag as tagged

    with session("snapshot", config) as opened:
        manifest = pipeline.snapshot(opened.settings, opened.stores, opened.watch, full=full)
        tagged(opened.settings.snapshots / manifest.id, tag or ())
        rows = {f"{table.schema.store} {table.schema.name}": table.rows for table in manifest.tables}
        opened.log.event("snapshot", id=manifest.id, rows=rows, api_calls=manifest.api_calls)
    warn_full(manifest)
    if form is Format.json:
        facts = {"snapshot": manifest.id, "rows": rows, "api_calls": manifest.api_calls, "readings": readings(manifest)}
        print_json({"format_version": 1, **facts})
        return
    print(f"snapshot {manifest.id}: " + told_tables(rows, readings(manifest)))


def readings(manifest: "Manifest") -> dict[str, dict[str, Any]]:
    """How each Airtable table was read, for JSON."""
    return {table.schema.name: asdict(table.reading) for table in manifest.tables if table.schema.store == "airtable"}


def told_tables(rows: Mapping[str, int], how: Mapping[str, Mapping[str, Any]]) -> str:
    """The tables of a snapshot with their rows, in one line.

    Args:
        rows: Store and table → rows.
        how: What `readings` gives.
    """
    told = {name: f"{name} {count:,}" for name, count in rows.items()}
    for table, reading in how.items():
        if reading["kind"] == "incremental":
            blind = "" if reading["deletes_visible"] else "; deletions not visible"
            told[f"airtable {table}"] += f" ({reading['read']:,} read, the rest as in {reading['based_on']}{blind})"
    return ", ".join(told.values())


def warn_full(manifest: "Manifest") -> None:
    """Tell on stderr why a table was read in full where less was wanted."""
    for table in manifest.tables:
        if table.reading.why:
            print(f"{table.schema.store} {table.schema.name} was read in full: {table.reading.why}", file=sys.stderr)


def clean(
    config: ConfigFile = None,
    only: OnlyPart = None,
    rebase: Annotated[
        str | None,
        typer.Option(
            "--rebase",
            metavar="PLAN",
            help="Read the stores again and keep what of a plan still holds: latest, a snapshot's id, or a plan file.",
        ),
    ] = None,
    relearn: Annotated[
        bool, typer.Option("--relearn", help="Learn anew from the rows what makes two of them one lead.")
    ] = False,
    form: AsFormat = Format.text,
) -> None:
    """Plan the latest snapshot: standardize, dedupe, reconcile, gate."""
    from dq import pipeline
    from dq.cli.render import print_json
    from dq.plan import to_dict
    from dq.report.diff import headline

    if rebase is not None:
        _rebase(config, rebase, only, form)
        return
    with session("clean", config) as opened:
        pipeline.settle(opened.settings, opened.stores, opened.watch)
        steps = steps_of(opened.settings, only)
        cleaned = pipeline.clean(
            opened.settings, clock(), steps, lambda step: opened.watch.progress(step, 0, 0), relearn=relearn
        )
        opened.log.event(
            "plan",
            snapshot=cleaned.plan.snapshot,
            counts=cleaned.plan.counts,
            brakes=len(cleaned.plan.brakes),
            slices=cleaned.slices,
        )
    warn(cleaned)
    if form is Format.json:
        print_json(to_dict(cleaned.plan))
        return
    print("\n".join(headline(cleaned.plan)))


def _rebase(config: "Path | None", name: str, only: Only | None, form: Format) -> None:
    from dq import pipeline
    from dq.cli.render import print_json
    from dq.errors import ConfigurationError
    from dq.plan import to_dict
    from dq.report.diff import headline

    if only is not None:
        raise ConfigurationError("--only and --rebase do not go together: a plan keeps the parts that it was made for.")
    with session("clean", config) as opened:
        with pipeline.meant(opened.settings, None if name == "latest" else name) as meant:
            pipeline.demand_unbegun(meant.folder, meant.state)
            before = pipeline.earlier(opened.settings, meant.plan, meant.folder)
        made = pipeline.carry_on(opened.settings, opened.stores, before, opened.watch)
        plan, leads = made.cleaned.plan, {"changed": made.changed, "done": made.done, "new": made.new}
        counts = {name: len(found) for name, found in leads.items()}
        opened.log.event("rebased", plan=before.plan.digest, onto=plan.digest, kept=made.kept, **counts)
    warn(made.cleaned)
    if form is Format.json:
        rebased = {"from": made.earlier.snapshot, "kept": made.kept, **leads}
        print_json({**to_dict(plan), "rebased": rebased})
        return
    print("\n".join(headline(plan)))
    print(f"  of plan {made.earlier.snapshot}: {made.kept:,} leads kept, " + _left(counts))
    for why, found in leads.items():
        for entity in found[:_SHOWN]:
            print(f"{entity}: {_LEFT[why]}", file=sys.stderr)


_SHOWN = 20
"""Leads of each kind that a person is shown."""
_LEFT = {
    "changed": "left alone, it would be written otherwise now",
    "done": "needs nothing any more",
    "new": "left alone, the earlier plan did not have it",
}


def _left(counts: Mapping[str, int]) -> str:
    return (
        f"{counts['changed']:,} changed and left alone, {counts['done']:,} done; {counts['new']:,} new ones left alone"
    )


def steps_of(settings: "Settings", only: Sequence[str] | str | None) -> "frozenset[Step]":
    """The steps that the command line asks for, else those of the configuration's options."""
    from dq.rules import ALL_STEPS

    if only is not None:
        return frozenset(step for step in ALL_STEPS if step == str(only))
    options = settings.options
    wanted = {"standardize": options.standardize_fields, "dedupe": options.remove_duplicates, "sync": options.sync_data}
    return frozenset(step for step in ALL_STEPS if wanted[step])


def warn(cleaned: "Cleaned") -> None:
    """Tell brakes, failed quality rules and what else is to be known on stderr."""
    for brake in cleaned.plan.brakes:
        print(f"brake: {brake.message} To go ahead: {brake.flag}", file=sys.stderr)
    for told in (*cleaned.failed, *cleaned.notes):
        print(told, file=sys.stderr)
