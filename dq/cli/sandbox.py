"""`dq sandbox`: the local Airtable."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="A local server that speaks Airtable's Web API.", no_args_is_help=True, rich_markup_mode=None)
Data = Annotated[Path, typer.Option("--data", help="The sandbox's file.")]


@app.command()
def serve(
    data: Data,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 0,
    rps: Annotated[float, typer.Option(help="Requests a second that a base takes; 0 = no limit.", min=0)] = 5.0,
    penalty: Annotated[float, typer.Option(help="Seconds that a base is locked after too many.", min=0)] = 30.0,
    token: Annotated[
        str | None, typer.Option(help="The only token to take; default: any.", envvar="DQ_SANDBOX_TOKEN")
    ] = None,
) -> None:
    """Serve it on loopback until interrupted."""
    from dq import sandbox

    def ready(at: int) -> None:
        print(f"http://127.0.0.1:{at}", flush=True)

    sandbox.serve(data, port=port, rps=rps, penalty=penalty, token=token, ready=ready)


@app.command()
def load(file: Annotated[Path, typer.Argument(help="A JSON file of bases.")], data: Data) -> None:
    """Load bases from a JSON file; bases of equal id are replaced."""
    from dq import sandbox

    sandbox.load(file, data)
    print(", ".join(f"{base} {name}" for base, name in sandbox.bases(data)), file=sys.stderr)


@app.command()
def dump(data: Data) -> None:
    """Write all bases as JSON to stdout."""
    from dq import sandbox

    print(json.dumps(sandbox.dump(data), ensure_ascii=False, indent=1))
