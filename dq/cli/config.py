"""`dq config`: what is configured, whether it is right, and what can be."""

import sys
from typing import Annotated

import typer

from dq.cli.options import AsFormat, ConfigFile, Format

app = typer.Typer(help="Show, check and describe the configuration.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show(config: ConfigFile = None, form: AsFormat = Format.text) -> None:
    """Show the configuration in effect, secrets masked."""
    from dq import settings
    from dq.cli.render import print_json

    shown = settings.show(settings.load(config, secrets=False))
    if form is Format.json:
        print_json({"format_version": 1, **shown})
        return
    from ruamel.yaml import YAML

    YAML(typ="safe", pure=True).dump(shown, sys.stdout)


@app.command()
def check(config: ConfigFile = None, form: AsFormat = Format.text) -> None:
    """Check configuration and rules: exit 2 names every mistake."""
    from dq import settings
    from dq.cli.render import print_json

    warnings = settings.check(config)
    if form is Format.json:
        print_json({"format_version": 1, "ok": True, "warnings": warnings})
        return
    for warning in warnings:
        print(f"warning: {warning}")
    print("configuration and rules are right")


@app.command()
def schema(form: Annotated[Format, typer.Option("--format", help="What to write to stdout.")] = Format.json) -> None:
    """Print the configuration's JSON Schema, or its keys as text."""
    from dq import settings
    from dq.cli.render import print_json

    described = settings.schema()
    if form is Format.json:
        print_json(described)
        return
    for name, key in described["properties"].items():
        print(f"{name}: {key.get('description', '')}")
