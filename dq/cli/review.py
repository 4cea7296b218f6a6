"""`dq review`: pairs of rows that wait for a person, what people decided, and merges that are taken apart again."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dq.cli.options import AsFormat, ConfigFile, Format, NoBackup, Yes

app = typer.Typer(help="What people decide about rows.", no_args_is_help=True, rich_markup_mode=None)
Row = Annotated[str, typer.Argument(help="A row's key, or store:key.", show_default=False)]
Table = Annotated[str | None, typer.Option("--table", help="The table, where keys stand in several.")]
Why = Annotated[str, typer.Option("--why", help="A word to it, kept with the decision.")]


@app.command()
def pairs(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many are shown.")] = 10,
    out: Annotated[Path | None, typer.Option("--out", help="Write them all to a file.")] = None,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Show the pairs of rows that wait for a person, those that teach most first."""
    from dq import pipeline
    from dq.cli.render import print_json
    from dq.engine import files
    from dq.engine.outputs import demand_outputs
    from dq.settings import load

    demand_outputs({"--out": out})
    settings = load(config, secrets=False)
    found = pipeline.waiting(settings)
    if out is not None:
        files.write(found, out)
    elif form is Format.json:
        print_json({"format_version": 1, "waiting": found.height, "pairs": found.head(limit).to_dicts()})
    else:
        shown = found.head(limit).to_dicts()
        for number, (pair, cells) in enumerate(zip(shown, pipeline.said(settings, shown), strict=True), 1):
            print("\n".join([*_told(pair, number), *_sides(cells), ""]))
    more = "; dq review same|different|unsure LEFT RIGHT" if found.height else ""
    print(f"{found.height:,} pairs wait" + more, file=sys.stderr)


def _told(pair: dict[str, Any], number: int) -> list[str]:
    left, right = (f"{pair[f'store_{side}']}:{pair[f'key_{side}']}" for side in "lr")
    alike = f", {pair['alike']:,} pairs like it" if pair["alike"] > 1 else ""
    return [f"{number}. {left} ~ {right}: {pair['match_probability']:.1%} ({pair['match_weight']:+.1f} bits){alike}"]


def _sides(said: "list[tuple[str, str | None, str | None]]") -> list[str]:
    """What both rows say, field by field."""
    broad = max((len(name) for name, *_ in said), default=0)
    return [
        f"   {name:<{broad}}  {'=' if one == other else ' '} {one or '-'}  |  {other or '-'}"
        for name, one, other in said
    ]


@app.command()
def same(left: Row, right: Row, why: Why = "", table: Table = None, config: ConfigFile = None) -> None:
    """Say that two rows are the same lead: the next plan makes them one, whatever the rules say."""
    _decide(config, left, right, "same", why, table)


@app.command()
def different(left: Row, right: Row, why: Why = "", table: Table = None, config: ConfigFile = None) -> None:
    """Say that two rows are not the same lead: no plan makes them one."""
    _decide(config, left, right, "different", why, table)


@app.command()
def unsure(left: Row, right: Row, why: Why = "", table: Table = None, config: ConfigFile = None) -> None:
    """Say that nobody can tell: the pair is not asked about again, and the matcher leaves the rows two."""
    _decide(config, left, right, "unsure", why, table)


def _decide(config: Path | None, left: str, right: str, decision: str, why: str, table: str | None) -> None:
    from dq import pipeline
    from dq.cli.session import clock
    from dq.settings import load

    settings = load(config, secrets=False)
    with pipeline.locked(settings):
        one, other = pipeline.decide(settings, left, right, decision, why, clock(), table)
    then = "" if decision == "unsure" else "; the next plan goes by it: dq clean"
    print(f"{one} and {other}: {decision}{then}", file=sys.stderr)


@app.command("list")
def list_(config: ConfigFile = None, form: AsFormat = Format.text) -> None:
    """List what people decided, who and when."""
    from dq.cli.render import print_json
    from dq.review import load as decisions
    from dq.settings import load

    lines: list[dict[str, str]] = decisions(load(config, secrets=False).snapshots).to_dicts()
    if form is Format.json:
        print_json({"format_version": 1, "decisions": lines})
        return
    for one in lines:
        rows = f"{one['store_l']}:{one['key_l']} and {one['store_r']}:{one['key_r']}"
        print(f"{one['table']} {rows}: {one['decision']}, {one['by']}, {one['at']}, {one['why']}")
    print(
        f"{len(lines):,} decisions" + ("; take one back with: dq review forget KEY" if lines else ""), file=sys.stderr
    )


@app.command()
def forget(
    key: Annotated[str, typer.Argument(help="The key of a row, as `list` shows it.")], config: ConfigFile = None
) -> None:
    """Forget what was decided about a row: the rules say again which others are the same lead."""
    from dq import review as reviews
    from dq.errors import ConfigurationError
    from dq.pipeline import locked
    from dq.settings import load

    settings = load(config, secrets=False)
    with locked(settings):
        before = reviews.load(settings.snapshots)
        after = reviews.forgotten(before, key)
        if len(before) == len(after):
            raise ConfigurationError(f"Nothing was decided about a row {key!r}.", fix="dq review list")
        reviews.save(settings.snapshots, after)
    print(f"{len(before) - len(after):,} decisions forgotten", file=sys.stderr)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A Parquet, CSV or NDJSON file.")], config: ConfigFile = None
) -> None:
    """Write what people decided to a file, for another project or for keeping."""
    from dq import review as reviews
    from dq.engine import files
    from dq.engine.outputs import demand_outputs
    from dq.settings import load

    demand_outputs({"FILE": file})
    held = reviews.load(load(config, secrets=False).snapshots)
    files.write(held, file)
    print(f"{len(held):,} decisions", file=sys.stderr)


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="A file as `export` writes it: store_l, key_l, store_r, key_r, decision.")
    ],
    config: ConfigFile = None,
) -> None:
    """Add the decisions of a file to those that are known; what it says of a pair holds from now on."""
    from dq import pipeline
    from dq.cli.session import clock
    from dq.engine import files
    from dq.settings import load

    settings = load(config, secrets=False)
    with files.readable(file):
        held = files.read(file, None).collect()
    with pipeline.locked(settings):
        told = pipeline.decisions_of(held, [rules.table for rules in settings.tables])
        pipeline.add_decisions(settings, told, clock())
    print(f"{len(told):,} decisions", file=sys.stderr)


@app.command()
def unmerge(
    lead: Annotated[str, typer.Argument(help="Entity id of a merged lead, or the key of a row that was merged away.")],
    config: ConfigFile = None,
    yes: Yes = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be taken back, and write nothing.")
    ] = False,
    no_backup: NoBackup = False,
    form: AsFormat = Format.text,
) -> None:
    """Take a merge apart again, and remember that its rows are not the same lead."""
    from dq.apply.undo import Scope
    from dq.cli.undo import take_back
    from dq.pipeline import merge_of
    from dq.settings import load

    run, entity = merge_of(load(config), lead)
    take_back(config, run, Scope(frozenset({"dedupe"}), entity), yes=yes, dry=dry_run, no_backup=no_backup, form=form)
