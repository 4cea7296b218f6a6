"""Verdicts as JUnit's XML, as Jenkins and GitLab read it: a suite a table or file, a test case a rule.

JUnit knows no warnings: a rule that does not hold and yet does not fail the check passes, and says so in its output.
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from dq.gate import Report, Verdict
from dq.report.verdicts.wording import cut, details, fails, place_of, sentence, subject
from dq.schemas.values import Severity

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(reports: Sequence[Report], fail_on: Severity) -> str:
    """The reports as a JUnit document."""
    root = ET.Element("testsuites", {"name": "dq check", **_counts([v for r in reports for v in r.verdicts], fail_on)})
    for report in reports:
        suite = ET.SubElement(root, "testsuite", {"name": _plain(report.target), **_counts(report.verdicts, fail_on)})
        properties = ET.SubElement(suite, "properties")
        facts = {"rows": str(report.rows), "score": f"{report.total_score:.4f}"}
        facts |= {f"score.{name}": f"{score:.4f}" for name, score in report.scores.items()}
        for name, value in facts.items():
            ET.SubElement(properties, "property", name=name, value=value)
        for verdict in report.verdicts:
            _case(suite, report, verdict, fail_on)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _case(suite: ET.Element, report: Report, verdict: Verdict, fail_on: Severity) -> None:
    place = place_of(verdict)
    where = {"file": _plain(place.file)} | ({"line": str(place.line)} if place.line else {})
    name, group = _plain(verdict.check.name), _plain(f"dq.{report.target}")
    case = ET.SubElement(suite, "testcase", {"classname": group, "name": name, "time": "0", **where})
    told, text = _plain(sentence(verdict)), _plain(cut("\n".join([sentence(verdict), *details(verdict)])))
    if verdict.status == "skipped":
        ET.SubElement(case, "skipped", message=told)
    elif fails(verdict, fail_on):
        ET.SubElement(case, "failure", message=told, type=_plain(subject(verdict))).text = text
    elif verdict.status != "passed":
        ET.SubElement(case, "system-out").text = f"{verdict.status}: {text}"


def _counts(verdicts: Sequence[Verdict], fail_on: Severity) -> dict[str, str]:
    return {
        "tests": str(len(verdicts)),
        "failures": str(sum(fails(verdict, fail_on) for verdict in verdicts)),
        "errors": "0",
        "skipped": str(sum(verdict.status == "skipped" for verdict in verdicts)),
        "time": "0",
    }


def _plain(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return _NOT_XML.sub("·", text)
