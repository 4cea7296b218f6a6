"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """What a read command writes to stdout."""

    text = "text"
    json = "json"


class DiffFormat(StrEnum):
    """What `dq diff` writes to stdout."""

    text = "text"
    json = "json"
    md = "md"


class Only(StrEnum):
    """One part of a full run."""

    dedupe = "dedupe"
    standardize = "standardize"
    sync = "sync"


ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="The configuration file; default: DQ_CONFIG, else config/dq.yaml.")
]
AsFormat = Annotated[Format, typer.Option("--format", help="What to write to stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Brakes still hold.")]
OnlyPart = Annotated[Only | None, typer.Option("--only", help="Do one part: dedupe, standardize or sync.")]
MaxDeletes = Annotated[int | None, typer.Option("--max-deletes", help="Allow this many deletes on a side.", min=0)]
MaxMerges = Annotated[
    int | None, typer.Option("--max-merges", help="Allow this many rows to be merged away on a side.", min=0)
]
MaxMissing = Annotated[
    int | None, typer.Option("--max-missing", help="Allow a side to lack this many rows of the base.", min=0)
]
MaxFieldChanges = Annotated[
    int | None,
    typer.Option("--max-field-changes", help="Allow a field to differ from the base in this many rows.", min=0),
]
MaxApiCalls = Annotated[
    int | None,
    typer.Option(
        "--max-api-calls", help="Allow a plan of this many Airtable calls, whatever the month's budget.", min=0
    ),
]
NoBackup = Annotated[
    bool, typer.Option("--no-backup", help="Write without a backup, where the configuration switched it off too.")
]
