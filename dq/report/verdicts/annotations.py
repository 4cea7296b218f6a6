"""Verdicts as workflow commands of GitHub Actions: annotations at the lines of the rules.

GitHub shows 10 errors, 10 warnings and 10 notices of a step and drops the others without a word; here the worst come
first and a last notice counts the rest.
"""

from collections.abc import Mapping, Sequence

from dq.gate import Report, Verdict
from dq.report.verdicts.wording import message, place_of, worst_first
from dq.schemas.values import Severity

MOST = 10
"""Annotations of a kind that GitHub shows of one step."""
KINDS: Mapping[str, str] = {"error": "error", "warning": "warning", "info": "notice"}


def as_annotations(reports: Sequence[Report], _fail_on: Severity) -> str:
    """The reports as workflow commands, a line an annotation; nothing where every rule holds."""
    failed = worst_first(reports)
    by_kind = {kind: [pair for pair in failed if KINDS[pair[1].status] == kind] for kind in KINDS.values()}
    room = dict.fromkeys(by_kind, MOST)
    if any(len(found) > MOST for found in by_kind.values()):
        room["notice"] = MOST - 1
    told = [_command(kind, *pair) for kind, found in by_kind.items() for pair in found[: room[kind]]]
    rest = {kind: len(found) - room[kind] for kind, found in by_kind.items() if len(found) > room[kind]}
    if rest:
        counts = ", ".join(f"{n:,} {kind}{'' if n == 1 else 's'}" for kind, n in rest.items())
        told.append(f"::notice title=dq check::{_data(f'not shown here: {counts}; the job summary has them all')}")
    return "\n".join(told)


def _command(kind: str, report: Report, verdict: Verdict) -> str:
    place = place_of(verdict)
    where = {"file": place.file} | ({"line": str(place.line)} if place.line else {})
    properties = where | {"title": f"{report.target}: {verdict.check.name}"}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {told}::{_data(message(verdict))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
