"""What the gate says, for people, CI systems and other programs: a pure function a format, reports in, text out."""

from collections.abc import Callable, Mapping, Sequence

from dq.gate import Report
from dq.report.verdicts.annotations import as_annotations
from dq.report.verdicts.facts import as_json
from dq.report.verdicts.junit import as_junit
from dq.report.verdicts.markdown import as_markdown
from dq.report.verdicts.page import as_page
from dq.report.verdicts.sarif import as_sarif
from dq.report.verdicts.text import as_text
from dq.schemas.values import Severity

FORMATS: Mapping[str, Callable[[Sequence[Report], Severity], str]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "github": as_annotations,
    "md": as_markdown,
    "sarif": as_sarif,
    "html": as_page,
}
"""Every format by its name."""
SUFFIXES: Mapping[str, str] = {
    ".txt": "text",
    ".json": "json",
    ".xml": "junit",
    ".md": "md",
    ".sarif": "sarif",
    ".html": "html",
}
"""The format of a file, by its suffix."""

__all__ = ["FORMATS", "SUFFIXES", "rendered"]


def rendered(reports: Sequence[Report], form: str, fail_on: Severity = "error") -> str:
    """Reports in a format; no cell's value stands in any.

    Args:
        reports: A report a table or file.
        form: One of `FORMATS`.
        fail_on: The severity from which a rule that does not hold fails the check.
    """
    return FORMATS[form](reports, fail_on)
