"""Options that several commands share."""

import inspect
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

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


class CheckFormat(StrEnum):
    """What `dq check` writes to stdout."""

    text = "text"
    json = "json"
    junit = "junit"
    github = "github"
    md = "md"
    sarif = "sarif"
    html = "html"


class Only(StrEnum):
    """One part of a full run."""

    dedupe = "dedupe"
    standardize = "standardize"
    sync = "sync"


class Against(StrEnum):
    """What is written in place of the stores."""

    twin = "twin"


ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="The configuration file; default: DQ_CONFIG, else config/dq.yaml.")
]
AsFormat = Annotated[Format, typer.Option("--format", help="What to write to stdout.")]
Separator = Annotated[
    str | None,
    typer.Option("--separator", help="For CSV: what separates columns, e.g. ';' or tab; default: found out."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Brakes still hold.")]
OnlyPart = Annotated[Only | None, typer.Option("--only", help="Do one part: dedupe, standardize or sync.")]
AgainstTwin = Annotated[
    Against | None,
    typer.Option("--against", help="twin: write to copies of both stores in their place, and tell how it went."),
]
NoBackup = Annotated[
    bool, typer.Option("--no-backup", help="Write without a backup, where the configuration switched it off too.")
]

BRAKES = {
    "max_deletes": "Allow this many deletes on a side.",
    "max_merges": "Allow this many rows to be merged away on a side.",
    "max_missing": "Allow a side to lack this many rows of the base.",
    "max_unreadable": "Allow this many rows that stand for the whole base to be unreadable on a side.",
    "max_rekeyed": "Allow this many rows of a side to be there under new keys.",
    "max_returned": "Allow this many rows of a side to be back that were deleted in both stores.",
    "max_older": "Allow this many rows of a side to be older than when the base last saw them.",
    "max_field_changes": "Allow a field to differ from the base in this many rows.",
    "max_rule_changes": "Allow this many changes in the first plan under new rules or a new mapping.",
    "max_api_calls": "Allow a plan of this many Airtable calls, whatever the month's budget.",
}
"""Every brake that a flag lifts, and the flag's help."""


def braked(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command a flag for each of these brakes; it is handed them as `allowed`: brake → the number allowed."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command)
        flags = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_number(name, BRAKES[name])
            )
            for name in names
        ]
        shown = [parameter for name, parameter in own.parameters.items() if name != "allowed"]

        @wraps(command)
        def called(**given: Any) -> None:
            said = {name: given.pop(name) for name in names}
            command(**given, allowed={name: number for name, number in said.items() if number is not None})

        called.__signature__ = own.replace(parameters=[*shown, *flags])  # type: ignore[attr-defined]
        called.__annotations__ = {flag.name: flag.annotation for flag in [*shown, *flags]}
        return called

    return decorated


def _number(name: str, text: str) -> Any:
    return Annotated[int | None, typer.Option(f"--{name.replace('_', '-')}", help=text, min=0)]
