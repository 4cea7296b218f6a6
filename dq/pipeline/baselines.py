"""The baseline of the quality gate: failures that are accepted, in a file that only shrinks by itself."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from dq.errors import ConfigurationError
from dq.gate import Entry, Report, entry_of
from dq.schemas import Finding
from dq.settings import Settings
from dq.stores.private import disk_errors, make_folder, write_file

FORMAT_VERSION = 1
DEFAULT = Path("rules") / "quality-baseline.json"
"""Where a project keeps it, from its root."""

Baseline = Mapping[str, Mapping[str, Entry]]
"""Target → rule → what is accepted."""


def baseline_of(settings: Settings) -> Baseline:
    """A project's own baseline; empty if it has none."""
    path = settings.root / DEFAULT
    return read_baseline(path) if path.is_file() else {}


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Raises:
        ConfigurationError: There is no such file, or it holds no baseline.
    """
    if not path.is_file():
        raise ConfigurationError(
            f"There is no baseline {path.name}.", where=str(path), fix="dq check --update-baseline writes it"
        )
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format_version"] > FORMAT_VERSION:
            raise ConfigurationError(f"{path.name} was written by a newer dq.", where=str(path), fix="use the newer dq")
        return {
            target: {rule: Entry(int(said["failed"]), frozenset(said["keys"])) for rule, said in rules.items()}
            for target, rules in data["targets"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f"{path.name} is no baseline.", where=str(path), fix="dq check --update-baseline writes it anew"
        ) from None


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline, whole or not at all: rules in the order of their names, a key a line, so that changes read well."""
    targets = {
        target: {
            rule: {"failed": entry.failed, "keys": sorted(entry.keys)}
            for rule, entry in sorted(rules.items())
            if entry.failed
        }
        for target, rules in sorted(baseline.items())
    }
    text = json.dumps({"format_version": FORMAT_VERSION, "targets": targets}, indent=1, ensure_ascii=False) + "\n"
    with disk_errors(path.parent, "--baseline"):
        write_file(make_folder(path.parent) / path.name, text.encode())


def accepting(reports: Sequence[Report], baseline: Baseline) -> Baseline:
    """The baseline that accepts every failure of these reports; other targets keep what they have."""
    made = {
        report.target: {
            verdict.check.name: entry_of(verdict.failed, _keys(report, verdict.check.name), lasting=report.lasting)
            for verdict in report.verdicts
            if verdict.failed
        }
        for report in reports
    }
    return {**baseline, **made}


def shrunk(reports: Sequence[Report], baseline: Baseline) -> Baseline:
    """The baseline without what fails no more; it never grows. Rules that were not judged keep what they have."""
    left = {target: dict(rules) for target, rules in baseline.items()}
    for report in reports:
        mine = left.get(report.target, {})
        for verdict in report.verdicts:
            entry = mine.get(verdict.check.name)
            if entry is None or verdict.status == "skipped":
                continue
            now = entry_of(verdict.failed, _keys(report, verdict.check.name), lasting=report.lasting)
            both = entry.keys & now.keys
            mine[verdict.check.name] = (
                Entry(len(both), both) if entry.keys and report.lasting else Entry(min(entry.failed, verdict.failed))
            )
    return {target: {rule: e for rule, e in rules.items() if e.failed} for target, rules in left.items()}


def _keys(report: Report, rule: str) -> pl.Series:
    return report.findings.filter(pl.col(Finding.rule) == rule)[str(Finding.row_key)].fill_null("")
