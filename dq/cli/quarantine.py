"""`dq quarantine`: leads of which a store refused a row, and which wait for something about them to change."""

import sys
from typing import Annotated, Any

import typer

from dq.cli.options import AsFormat, ConfigFile, Format
from dq.cli.session import clock

app = typer.Typer(
    help="Leads that wait because a store refused one of their rows.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def list_(config: ConfigFile = None, form: AsFormat = Format.text) -> None:
    """List the leads in quarantine, and why each is there."""
    from dq.apply import quarantine
    from dq.cli.render import print_json
    from dq.settings import load

    held = quarantine.load(load(config, secrets=False).snapshots)
    facts = _leads(held)
    if form is Format.json:
        print_json({"format_version": 1, "leads": facts})
        return
    for fact in facts:
        print(f"{fact['entity_id']}  {fact['refused']}: {fact['reason']}  (plan {fact['snapshot']})")
    told = "is tried again when its rows, the rules or the schema change, or after: dq quarantine retry"
    print(f"{len(facts):,} leads in quarantine" + (f"; each {told}" if facts else ""), file=sys.stderr)


@app.command()
def retry(
    leads: Annotated[list[str] | None, typer.Argument(help="Entity ids, as `list` shows them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    config: ConfigFile = None,
) -> None:
    """Let the next plan try leads again."""
    from dq.apply import quarantine
    from dq.errors import ConfigurationError
    from dq.pipeline import event, locked
    from dq.settings import load

    settings = load(config, secrets=False)
    if bool(leads) == everything:
        raise ConfigurationError("Say which leads, or --all.", fix="dq quarantine list")
    with locked(settings):
        held = quarantine.load(settings.snapshots)
        known = set(held["entity_id"])
        unknown = [lead for lead in leads or () if lead not in known]
        if unknown:
            raise ConfigurationError(
                f"{len(unknown)} of these leads are not in quarantine: {', '.join(unknown[:5])}.",
                fix="dq quarantine list",
            )
        chosen = known if everything else set(leads or ())
        quarantine.save(settings.snapshots, held.filter(~held["entity_id"].is_in(list(chosen))))
        event(settings, "quarantine_retried", {"leads": sorted(chosen)}, clock())
    print(f"{len(chosen):,} leads are tried again by the next plan", file=sys.stderr)


def _leads(held: Any) -> list[dict[str, str]]:
    columns = ["mapping", "entity_id", "refused", "reason", "snapshot"]
    leads: list[dict[str, str]] = held.select(columns).unique().sort(columns).to_dicts()
    return leads
