"""`dq approve`: let exactly this plan be written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.options import AsFormat, ConfigFile, Format
from dq.cli.session import clock, watched

if TYPE_CHECKING:
    from dq.pipeline.approving import Approval
    from dq.settings import Settings


def approve(
    plan: Annotated[
        Path | None, typer.Argument(help="A plan file; default: the latest plan.", metavar="[PLAN]")
    ] = None,
    by: Annotated[str | None, typer.Option("--as", help="Who approves; default: DQ_ACTOR, else who runs dq.")] = None,
    note: Annotated[str, typer.Option("--note", help="A word for people.")] = "",
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Let exactly this plan be written: who and when goes into the audit log. Reads and writes no store."""
    from dataclasses import asdict

    from dq.cli.render import print_json

    with watched("approve", config) as opened:
        approval = _approved(opened.settings, plan, by, note)
        opened.log.event("approved", plan=approval.plan, by=approval.by)
    if form is Format.json:
        print_json({"format_version": 1, **asdict(approval)})
        return
    print(f"approved by {approval.by}: plan {approval.plan}")


def _approved(settings: "Settings", file: Path | None, by: str | None, note: str) -> "Approval":
    from dq import pipeline
    from dq.pipeline.handing import approve_file, demand_unbegun

    pipeline.healed(settings, clock())
    if file is not None:
        return approve_file(settings, file, by, note, clock())
    plan, folder, _ = pipeline.latest(settings)
    demand_unbegun(folder)
    return pipeline.approve(settings, plan, folder, by, note, clock())
