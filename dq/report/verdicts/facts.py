"""Verdicts as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dq.gate import Report, Verdict
from dq.report.verdicts.wording import keys_of, passed, place_of
from dq.schemas.values import Severity


def as_json(reports: Sequence[Report], fail_on: Severity) -> str:
    """The reports as a JSON document."""
    facts = {
        "format_version": 1,
        "passed": passed(reports, fail_on),
        "fail_on": fail_on,
        "reports": [
            {
                "target": report.target,
                "rows": report.rows,
                "passed": report.passes(fail_on),
                "score": round(report.total_score, 6),
                "scores": {name: round(score, 6) for name, score in report.scores.items()},
                "baseline": asdict(report.baseline),
            }
            for report in reports
        ],
        "checks": [fact_of(report, verdict) for report in reports for verdict in report.verdicts],
    }
    return json.dumps(facts, ensure_ascii=False, indent=2)


def fact_of(report: Report, verdict: Verdict) -> dict[str, Any]:
    """A rule's outcome as JSON-ready values."""
    rule, place = verdict.check, place_of(verdict)
    return {
        "name": rule.name,
        "target": report.target,
        "check": rule.check,
        "field": rule.field,
        "dimension": rule.dimension,
        "severity": rule.severity,
        "status": verdict.status,
        "passed": verdict.passed,
        "failed": verdict.failed,
        "total": verdict.total,
        "known": verdict.known,
        "allowed": verdict.allowed,
        "measured": verdict.measured,
        "unit": verdict.unit,
        "why_skipped": verdict.why_skipped,
        "rows": keys_of(verdict),
        "reason": rule.reason,
        "owner": rule.owner,
        "notes": list(verdict.notes),
        "file": place.file,
        "line": place.line,
    }
