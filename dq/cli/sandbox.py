"""`dq sandbox`: the local Airtable."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from dq.cli.options import AsFormat, ConfigFile, Format

app = typer.Typer(help="A local server that speaks Airtable's Web API.", no_args_is_help=True, rich_markup_mode=None)
faults = typer.Typer(help="Make a running sandbox fail on demand.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(faults, name="faults")
Data = Annotated[Path, typer.Option("--data", help="The sandbox's file.")]
Found = Annotated[Path | None, typer.Option("--data", help="The file of the running sandbox.")]
Address = Annotated[str | None, typer.Option("--address", help="Where it answers, http://127.0.0.1:PORT.")]


class Mode(StrEnum):
    """What follows one request too many."""

    lockout = "lockout"
    sliding = "sliding"


class PlanName(StrEnum):
    """Airtable's plans."""

    free = "free"
    team = "team"
    business = "business"
    enterprise = "enterprise"


@app.command()
def serve(
    data: Data,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 0,
    rps: Annotated[float, typer.Option(help="Requests a second that a base takes; 0 = no limit.", min=0)] = 5.0,
    penalty: Annotated[float, typer.Option(help="Seconds that a base is locked after too many.", min=0)] = 30.0,
    mode: Annotated[Mode, typer.Option(help="Lock the base after too many, or only refuse those.")] = Mode.lockout,
    latency: Annotated[float, typer.Option(help="Seconds that each answer waits.", min=0)] = 0.0,
    plan: Annotated[PlanName, typer.Option(help="Sets records a base and calls a month.")] = PlanName.business,
    quota: Annotated[int | None, typer.Option(help="Calls a month, in place of the plan's.", min=0)] = None,
    tokens: Annotated[Path | None, typer.Option(help="A YAML file of tokens, scopes and roles.")] = None,
    token: Annotated[
        str | None, typer.Option(help="The only token to take; default: any.", envvar="DQ_SANDBOX_TOKEN")
    ] = None,
    iterator_seconds: Annotated[float, typer.Option(help="How long a list lives that nobody pages.", min=0)] = 600.0,
    iterator_pages: Annotated[int | None, typer.Option(help="Pages after which a list expires.", min=1)] = None,
    body_limit: Annotated[int | None, typer.Option(help="The most bytes that a body may have.", min=0)] = None,
    switch: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE: what to do where Airtable's behavior is unknown.")
    ] = None,
    log: Annotated[Path | None, typer.Option(help="A file for one line of JSON a request.")] = None,
) -> None:
    """Serve it on loopback until interrupted."""
    from dq import sandbox
    from dq.sandbox import tokens as keys
    from dq.sandbox.options import Options, switches_of
    from dq.sandbox.plans import plan_of

    def ready(at: int) -> None:
        print(f"http://127.0.0.1:{at}", flush=True)

    options = Options(
        rps=rps,
        penalty=penalty,
        mode=mode.value,
        latency=latency,
        plan=plan_of(plan, quota),
        tokens=keys.only(token) if tokens is None else keys.from_file(tokens),
        switches=switches_of(switch or ()),
        iterator_seconds=iterator_seconds,
        iterator_pages=iterator_pages,
        body_limit=body_limit,
    )
    sandbox.serve(data, port=port, options=options, log=log, ready=ready)


@app.command()
def load(
    data: Data,
    file: Annotated[Path | None, typer.Argument(help="A JSON file of bases.")] = None,
    snapshot: Annotated[
        str | None, typer.Option("--from-snapshot", help="Build the base of a snapshot: its id, or latest.")
    ] = None,
    snapshots: Annotated[Path | None, typer.Option(help="The snapshots folder; default: the configuration's.")] = None,
    config: ConfigFile = None,
) -> None:
    """Load bases from a JSON file or a snapshot; bases of equal id are replaced."""
    from dq import sandbox
    from dq.errors import ConfigurationError

    if (file is None) == (snapshot is None):
        raise ConfigurationError("Name either a file or a snapshot.", fix="dq sandbox load --from-snapshot latest")
    if file is not None:
        sandbox.load(file, data)
    if snapshot is not None:
        _load_snapshot(data, snapshot, snapshots, config)
    print(", ".join(f"{base} {name}" for base, name in sandbox.bases(data)), file=sys.stderr)


def _load_snapshot(data: Path, snapshot: str, snapshots: Path | None, config: Path | None) -> None:
    from dq import settings
    from dq.pipeline.rehearsal import rehearse

    rehearsal = rehearse(snapshots or settings.load(config, secrets=False).snapshots, snapshot, data)
    for note in rehearsal.notes:
        print(f"note: {note}", file=sys.stderr)


@app.command()
def dump(data: Data) -> None:
    """Write all bases as JSON to stdout."""
    from dq import sandbox

    print(json.dumps(sandbox.dump(data), ensure_ascii=False, indent=1))


@app.command()
def log(
    data: Found = None,
    address: Address = None,
    form: AsFormat = Format.text,
    base: Annotated[str | None, typer.Option(help="Only requests to this base.")] = None,
    status: Annotated[int | None, typer.Option(help="Only requests that ended with this status.")] = None,
    last: Annotated[int, typer.Option(help="How many, from the end.", min=0)] = 50,
) -> None:
    """Show what a running sandbox was asked."""
    from dq.cli.render import print_json
    from dq.sandbox import requestlog

    wanted = {"base": base, "status": None if status is None else str(status), "last": str(last)}
    query = {name: value for name, value in wanted.items() if value is not None}
    found = requestlog.fetched(_running(data, address), **query)
    if form is Format.json:
        print_json({"format_version": 1, **found})
        return
    for request in found["requests"]:
        print(_line(request))
    for name, count in sorted(found["calls"].items()):
        print(f"{name}: {count} calls", file=sys.stderr)


def _line(request: dict[str, Any]) -> str:
    parts = [
        request["time"],
        f"{request['status'] or '---'}",
        f"{request['seconds'] * 1000:7.1f} ms",
        f"{request['records']:3d}",
        request["method"],
        request["path"],
        *([f"?{','.join(request['query'])}"] if request["query"] else []),
        *([request["error"]] if request["error"] else []),
        *([f"[{request['fault']}]"] if request["fault"] else []),
    ]
    return " ".join(parts)


@faults.command("set")
def set_faults(
    file: Annotated[Path, typer.Argument(help="A JSON file with a schedule.")],
    data: Found = None,
    address: Address = None,
) -> None:
    """Put a schedule of faults in force."""
    from dq.errors import ConfigurationError
    from dq.sandbox import remote
    from dq.sandbox.faults import FAULTS_PATH

    try:
        schedule = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"The file cannot be read: {error.strerror}.", where=str(file)) from error
    except ValueError as error:
        raise ConfigurationError("The file is not JSON in UTF-8.", where=str(file)) from error
    remote.ask(_running(data, address), "POST", FAULTS_PATH, schedule)


@faults.command()
def seed(
    seed: Annotated[int, typer.Argument(help="Decides which requests meet which faults.")],
    rate: Annotated[float, typer.Option(help="How likely a request meets a fault.", min=0, max=1)] = 0.1,
    data: Found = None,
    address: Address = None,
) -> None:
    """Draw faults by a seed."""
    from dq.sandbox import faults as schedules

    schedules.put(_running(data, address), schedules.seeded(seed, rate))


@faults.command()
def clear(data: Found = None, address: Address = None) -> None:
    """Let it answer without faults."""
    from dq.sandbox import faults as schedules

    schedules.clear(_running(data, address))


@faults.command("list")
def list_faults(data: Found = None, address: Address = None) -> None:
    """Show the schedule in force and what was injected, as JSON."""
    from dq.cli.render import print_json
    from dq.sandbox import faults as schedules

    print_json({"format_version": 1, **schedules.listed(_running(data, address))})


def _running(data: Path | None, address: str | None) -> str:
    from dq.errors import ConfigurationError
    from dq.sandbox.serving import address_of

    if address is not None:
        return address
    if data is None:
        raise ConfigurationError("Name the running sandbox.", fix="--data FILE or --address http://127.0.0.1:PORT")
    return address_of(data)
