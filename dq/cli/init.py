"""`dq init`: a folder to work in."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(help="The folder; default: here.")] = Path(),
    sample: Annotated[
        bool, typer.Option("--sample", help="Load sample data, if the embedded stores have none.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite configuration and rules that are there.")] = False,
) -> None:
    """Make a folder to work in: config/, rules/, snapshots/, data/."""
    from dq.leads.start import start

    for line in start(folder, sample=sample, force=force):
        print(line)
