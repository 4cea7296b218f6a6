"""`dq leads`: invented leads to try things on."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dq.cli.interrupts import heard
from dq.cli.options import AsFormat, Format

app = typer.Typer(help="Invented leads to try matchers on.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _leads() -> None:
    """Invented leads to try matchers on."""


@app.command()
def generate(
    rows: Annotated[int, typer.Option("--rows", help="How many rows.", min=1)] = 100_000,
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds give equal tables.", min=0)] = 1,
    out: Annotated[Path, typer.Option("--out", help="The table: a Parquet, CSV or NDJSON file.")] = Path(
        "leads.parquet"
    ),
    truth: Annotated[
        Path | None, typer.Option("--truth", help="A file for row_key and entity_id: which rows are one person.")
    ] = None,
    traits: Annotated[
        Path | None, typer.Option("--traits", help="A file for row_key and what is hard about each row.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    form: AsFormat = Format.text,
) -> None:
    """Make a table of invented leads with duplicates, look-alikes and mistakes, and the truth about it."""
    from dq.cli.render import print_json
    from dq.engine import files
    from dq.engine.outputs import demand_outputs
    from dq.leads.invented import flat

    asked = {"--out": out, "--truth": truth, "--traits": traits}
    targets = {option: path for option, path in asked.items() if path is not None}
    demand_outputs(asked, force=force)
    made = flat(seed, rows)
    frames = {"--out": made.leads, "--truth": made.truth, "--traits": made.traits}
    with heard():
        for option, path in targets.items():
            files.write(frames[option], path)
    people = made.truth["entity_id"].n_unique()
    if form is Format.json:
        wrote = {option.removeprefix("--"): str(path) for option, path in targets.items()}
        print_json({"format_version": 1, "rows": rows, "entities": people, "seed": seed, **wrote})
        return
    print(f"{out}: {rows:,} rows of {people:,} people, seed {seed}")
    if truth is None:
        print("who is who was not written: --truth FILE with the same seed and rows", file=sys.stderr)
