"""Verdicts as SARIF 2.1.0, as GitHub's code scanning and other viewers take it: a result a rule that does not hold.

A result lies at the line of its rule in the repository. Its fingerprint is of the table and the rule's name, so that it
stays one alert while counts and lines move.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dq.gate import Report, Verdict
from dq.report.verdicts.wording import judged, message, place_of, subject, worst_first
from dq.schemas.values import Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
"""What GitHub takes of one run."""
LEVELS: Mapping[str, str] = {"error": "error", "warning": "warning", "info": "note", "known": "note"}


def as_sarif(reports: Sequence[Report], _fail_on: Severity) -> str:
    """The reports as a SARIF log of one run; failures that are accepted are results that are suppressed."""
    known = [(report, verdict) for report, verdict in judged(reports) if verdict.status == "known"]
    failed = [*worst_first(reports), *known][:MOST_RESULTS]
    rules = {verdict.check.name: verdict for _, verdict in failed}
    places = {name: place for place, name in enumerate(rules)}
    driver = {
        "name": "dq",
        "informationUri": "https://github.com/dq-data/dq",
        "rules": [_rule(verdict) for verdict in rules.values()],
    }
    results = [_result(report, verdict, places[verdict.check.name]) for report, verdict in failed]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1)


def _rule(verdict: Verdict) -> dict[str, Any]:
    rule = verdict.check
    why = rule.reason or subject(verdict)
    return {
        "id": rule.name,
        "name": rule.check,
        "shortDescription": {"text": subject(verdict)},
        "fullDescription": {"text": why},
        "help": {"text": f"{subject(verdict)}: {why}. The rule stands in {place_of(verdict).file}."},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": ["data-quality", rule.dimension]},
    }


def _result(report: Report, verdict: Verdict, place: int) -> dict[str, Any]:
    where = place_of(verdict)
    told = {
        "ruleId": verdict.check.name,
        "ruleIndex": place,
        "level": LEVELS[verdict.status],
        "message": {"text": f"{report.target}: {message(verdict)}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(where.file), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": where.line or 1},
                }
            }
        ],
        "partialFingerprints": {"dqRule/v1": _fingerprint(report.target, verdict.check.name)},
    }
    if verdict.status == "known":
        told["suppressions"] = [{"kind": "external", "justification": "; ".join(verdict.notes) or "in the baseline"}]
    return told


def _fingerprint(target: str, name: str) -> str:
    return hashlib.sha256(f"{target}\0{name}".encode()).hexdigest()[:32]
