"""`dq audit`: the log of what dq did to both stores, proved and exported; `dq export audit` is the same export."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.options import AsFormat, ConfigFile, Format
from dq.cli.session import clock

if TYPE_CHECKING:
    from dq.audit import Anchor, Verified

app = typer.Typer(
    help="The log of what dq did to both stores: prove it, export it.", no_args_is_help=True, rich_markup_mode=None
)
export_app = typer.Typer(help="Write dq's records in other formats.", no_args_is_help=True, rich_markup_mode=None)


class ExportFormat(StrEnum):
    """A file format of the exported log."""

    json = "json"
    csv = "csv"
    parquet = "parquet"


@app.command()
def verify(
    config: ConfigFile = None,
    heads: Annotated[
        list[str] | None,
        typer.Option("--head", help="A place of the log that you noted, as `entries:digest`; may be given again."),
    ] = None,
    form: AsFormat = Format.text,
) -> None:
    """Prove the log: no entry was changed, removed, moved, added or cut off. Exit 7 names the first that was."""
    from dq import audit
    from dq.cli.render import print_json
    from dq.errors import DamagedError
    from dq.pipeline.auditing import anchors
    from dq.settings import load

    settings = load(config, secrets=False)
    found = audit.verify(settings.snapshots, [*anchors(settings), *map(_pinned, heads or ())])
    if form is Format.json:
        print_json(_facts(found))
    elif found.broken is None:
        print(f"{found.link.entries:,} entries, unbroken, held against {found.anchors:,} noted places")
        print(f"head {found.link}")
    if found.unfinished:
        print("an append was cut off; the next command that writes settles it", file=sys.stderr)
    if found.broken is not None:
        raise DamagedError(
            f"The audit log is broken: entry {found.broken.entry:,} {found.broken.what}.",
            where="snapshots/audit",
            why="Nobody can tell from it any more what dq did since.",
            fix="keep the folder as it is and compare it with your own copies; to go on, move it to another place",
        )


def export(
    form: Annotated[ExportFormat, typer.Option("--format", help="The file format.")] = ExportFormat.json,
    out: Annotated[Path | None, typer.Option("--out", help="The file; default: stdout.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="From this date or ISO time on; UTC.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Up to this date or ISO time; UTC.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="Only this lead, by its entity id.")] = None,
    store: Annotated[str | None, typer.Option("--store", help="Only database or airtable.")] = None,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Write values as they are.")] = False,
    config: ConfigFile = None,
) -> None:
    """Export the log; values are masked unless you say --unmasked."""
    from dq.errors import ConfigurationError
    from dq.pipeline.exporting import Wanted, exported
    from dq.settings import load
    from dq.stores.private import disk_errors, write_file

    if form is ExportFormat.parquet and out is None and sys.stdout.isatty():
        raise ConfigurationError("Parquet is no text for a terminal.", fix="--out FILE")
    settings = load(config, secrets=False)
    data = exported(settings, Wanted(since, until, entity, store), form.value, clock(), unmasked=unmasked)
    if out is None:
        _print(data, form)
        return
    with disk_errors(out.parent, "--out"):
        write_file(out, data)
    print(f"{out}: {len(data):,} bytes, {'unmasked' if unmasked else 'masked'}", file=sys.stderr)


app.command()(export)
export_app.command("audit")(export)


@export_app.callback()
def _export() -> None:
    """Write dq's records in other formats."""


def _print(data: bytes, form: ExportFormat) -> None:
    if form is ExportFormat.parquet:
        sys.stdout.buffer.write(data)
        return
    print(data.decode(), end="")


def _pinned(text: str) -> "Anchor":
    from dq.audit import Anchor
    from dq.errors import ConfigurationError
    from dq.pipeline.auditing import link_of

    try:
        link = link_of(text)
    except ValueError:
        link = None
    if link is None or len(link.digest) != 64:
        raise ConfigurationError("--head takes a place as dq prints it.", fix="--head entries:digest")
    return Anchor("--head", link)


def _facts(found: "Verified") -> dict[str, object]:
    broken = found.broken and {"entry": found.broken.entry, "what": found.broken.what}
    return {
        "format_version": 1,
        "unbroken": found.broken is None,
        "entries": found.link.entries,
        "head": str(found.link),
        "anchors": found.anchors,
        "unfinished": found.unfinished,
        "broken": broken,
    }
