"""`dq why` and `dq blame`: why a cell is as it is or will be, and who changed it last."""

from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.options import AsFormat, ConfigFile, Format
from dq.cli.session import clock

if TYPE_CHECKING:
    from pathlib import Path

    from dq.schemas.values import Store
    from dq.settings import Settings

InStore = Annotated[str, typer.Argument(help="database or airtable.", metavar="STORE")]
Key = Annotated[
    str,
    typer.Argument(
        help="A database key, record id, Lead ID or entity id; also the old key of a merged row.", metavar="KEY"
    ),
]
Table = Annotated[str | None, typer.Option("--table", help="The table, where a key stands in several.")]
MaskValues = Annotated[bool, typer.Option("--mask", help="Mask all values.")]


def why(
    store: InStore,
    key: Key,
    field: Annotated[str | None, typer.Argument(help="A field, by its name in either store.", metavar="FIELD")] = None,
    table: Table = None,
    mask: MaskValues = False,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Explain a cell: what both stores held, rule, duplicates, base, conflict, plan, receipt, log."""
    from dq.cli.render import print_json
    from dq.pipeline.explaining import why as explained
    from dq.report.masks import masks_of
    from dq.report.why import as_dict, as_text, masked_why

    settings, side = _opened(config, store)
    found = explained(settings, side, key, field, table)
    if mask:
        found = masked_why(found, masks_of(settings.tables))
    if form is Format.json:
        print_json(as_dict(found))
    else:
        print("\n".join(as_text(found)))


def blame(
    store: InStore,
    key: Key,
    table: Table = None,
    mask: MaskValues = False,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Tell who changed each cell of a row last: dq by which run and rule, or a person."""
    from dq.cli.render import print_json
    from dq.pipeline.blaming import blame as blamed
    from dq.report.blame import as_dict, as_text

    settings, side = _opened(config, store)
    found = blamed(settings, side, key, table, mask=mask)
    if form is Format.json:
        print_json(as_dict(found))
    else:
        print("\n".join(as_text(found)))


def _opened(config: "Path | None", store: str) -> "tuple[Settings, Store]":
    """The settings, with what a crash kept from the log brought into it."""
    from dq.pipeline.auditing import healed_if_free
    from dq.pipeline.exporting import known_store
    from dq.settings import load

    side = known_store(store)
    settings = load(config, secrets=False)
    healed_if_free(settings, clock())
    return settings, side
