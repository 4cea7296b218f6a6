"""The sandbox's own pages under `/_sandbox/`: its log, its faults and its people."""

from dataclasses import asdict
from typing import Any

from dq.sandbox import faults, people, refusals, requestlog
from dq.sandbox.endpoints import Call, Endpoint, Sandbox
from dq.sandbox.faults import Schedule
from dq.sandbox.parsing import parsed
from dq.sandbox.people import Script


def show_log(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """What the server was asked since it started."""
    try:
        return requestlog.summary(sandbox.log, dict(call.query))
    except ValueError as error:
        raise refusals.invalid_request("status and last are numbers.") from error


def show_faults(sandbox: Sandbox, _call: Call) -> dict[str, Any]:
    """The schedule in force, how many requests it has seen, and what it injected."""
    state = sandbox.faults
    return {"schedule": asdict(state.schedule), "number": state.number, "injected": state.injected}


def put_faults(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Take a schedule; `{"seed": 7, "rate": 0.1}` stands for one that draws from all faults."""
    try:
        drawn = asdict(faults.seeded(**call.body)) if "rate" in call.body else call.body
        schedule = parsed(Schedule, drawn)
    except (ValueError, TypeError) as error:
        raise refusals.invalid_request(str(error)) from error
    faults.set_schedule(sandbox.faults, schedule)
    return show_faults(sandbox, call)


def clear_faults(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Answer without faults; what was injected before stays listed until the next schedule."""
    injected = sandbox.faults.injected
    faults.set_schedule(sandbox.faults, Schedule())
    sandbox.faults.injected = injected
    return show_faults(sandbox, call)


def show_people(sandbox: Sandbox, _call: Call) -> dict[str, Any]:
    """The script in force, how many requests it has seen, and what was done."""
    state = sandbox.people
    return {"script": asdict(state.script), "number": state.number, "done": [asdict(one) for one in state.done]}


def put_people(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Take a script."""
    try:
        people.set_script(sandbox.people, parsed(Script, call.body))
    except ValueError as error:
        raise refusals.invalid_request(str(error)) from error
    return show_people(sandbox, call)


def clear_people(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Let people do nothing more; what they did stays listed until the next script."""
    done = sandbox.people.done
    people.set_script(sandbox.people, Script())
    sandbox.people.done = done
    return show_people(sandbox, call)


PAGES: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", requestlog.LOG_PATH, show_log),
    ("GET", faults.FAULTS_PATH, show_faults),
    ("POST", faults.FAULTS_PATH, put_faults),
    ("DELETE", faults.FAULTS_PATH, clear_faults),
    ("GET", people.PEOPLE_PATH, show_people),
    ("POST", people.PEOPLE_PATH, put_people),
    ("DELETE", people.PEOPLE_PATH, clear_people),
)
