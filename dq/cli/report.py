"""`dq report`: a plan as a page that people can read."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.options import AsFormat, ConfigFile, Format
from dq.cli.session import clock, watched

if TYPE_CHECKING:
    from dq.pipeline import Meant
    from dq.settings import Settings


def report(
    plan: Annotated[
        str | None, typer.Argument(help="A plan file or a snapshot's id; default: the latest plan.", metavar="[PLAN]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The page (.html); default: report.html in the snapshot's folder.")
    ] = None,
    mask: Annotated[bool, typer.Option("--mask/--unmasked", help="Mask the values of conflicts.")] = True,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Write a plan as a page: counts, findings by rule, conflicts, brakes, and charts of what was matched."""
    from dq import pipeline
    from dq.cli.render import print_json
    from dq.engine.outputs import demand_outputs, write_page
    from dq.pipeline.auditing import healed_if_free
    from dq.pipeline.reporting import plan_page
    from dq.report.planpage import as_page

    demand_outputs({"--out": out}, pages=["--out"])
    with watched("report", config, alone=False) as opened:  # a plan that is being written can be told of
        healed_if_free(opened.settings, clock())
        with pipeline.meant(opened.settings, plan) as found:
            path = out or _beside(opened.settings, found, plan)
            page = plan_page(opened.settings, found, clock(), mask=mask)
            write_page(as_page(page) + "\n", path)
        opened.log.event("report", plan=page.plan.digest, masked=mask)
    if form is Format.json:
        counts = {
            "changes": page.plan.changes,
            "findings": page.findings.height,
            "conflicts_waiting": page.plan.conflicts,
        }
        facts = {"snapshot": page.plan.snapshot, "report": str(path), "masked": mask, **counts}
        print_json({"format_version": 1, **facts, "brakes": [brake.message for brake in page.plan.brakes]})
        return
    print(path)
    print("values are masked" if mask else "it holds the stores' values", file=sys.stderr)


def _beside(settings: "Settings", found: "Meant", name: str | None) -> Path:
    """The page's place in the snapshot's folder, if that is here."""
    from dq.errors import ConfigurationError
    from dq.pipeline.planfiles import REPORT

    if found.folder != settings.snapshots / found.plan.snapshot:
        raise ConfigurationError("A plan file has no folder for a report.", where=name, fix="--out FILE.html")
    return found.folder / REPORT
