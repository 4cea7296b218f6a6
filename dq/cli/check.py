"""`dq check`: quality rules on the planned result, or on any file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dq.cli.options import AsFormat, ConfigFile, Format, Separator

if TYPE_CHECKING:
    from dq.gate import Report, Verdict
    from dq.settings import Settings


def check(
    target: Annotated[str, typer.Argument(help="A snapshot's id, or a Parquet, CSV or NDJSON file.")] = "latest",
    key: Annotated[str | None, typer.Option("--key", help="For a file: the column that names rows.")] = None,
    fail_on: Annotated[str, typer.Option("--fail-on", help="Fail on `error` only, or on `warning` too.")] = "error",
    separator: Separator = None,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Hold the planned result, or a file, against rules/quality.yaml; exit 1 when it fails."""
    from dq.cli.render import print_json
    from dq.errors import ConfigurationError
    from dq.pipeline import judged as judged_snapshot
    from dq.settings import load

    if fail_on not in ("error", "warning"):
        raise ConfigurationError(f"--fail-on takes error or warning, not {fail_on!r}.")
    settings = load(config, secrets=False)
    is_file = Path(target).suffix != "" or Path(target).exists()
    judged = _of_file(Path(target), key, separator, settings) if is_file else judged_snapshot(settings, target)
    passed = all(report.passes("error" if fail_on == "error" else "warning") for report in judged)
    failed = [verdict for report in judged for verdict in report.failed]
    facts = [fact_of(verdict) for report in judged for verdict in report.verdicts]
    if form is Format.json:
        print_json({"format_version": 1, "passed": passed, "checks": facts})
    else:
        for fact in facts:
            mark = "ok  " if fact["passed"] else fact["severity"]
            print(f"{mark:<8}{fact['name']}: {fact['failed']:,} of {fact['total']:,} rows fail")
        print(f"{len(facts) - len(failed)} of {len(facts)} rules hold", file=sys.stderr)
    if not passed:
        raise typer.Exit(1)


def fact_of(verdict: "Verdict") -> dict[str, Any]:
    """A rule's outcome as JSON-ready values."""
    rule = verdict.check
    return {
        "name": rule.name,
        "field": rule.field,
        "severity": rule.severity,
        "failed": verdict.failed,
        "total": verdict.total,
        "passed": verdict.passed,
    }


def _of_file(path: Path, key: str | None, separator: str | None, settings: "Settings") -> list["Report"]:
    import polars as pl

    from dq.engine import files
    from dq.engine.validity import with_findings
    from dq.gate import judge, named_by

    rules = settings.tables[0]
    with files.readable(path):
        frame = files.keyed(files.read(path, separator), key).collect()
    known = [name for name in rules.names if name in frame.columns]
    texts = frame.select("row_key", *(pl.col(name).cast(pl.String) for name in known))
    return [judge(with_findings(texts, rules), rules.quality, named_by(path.stem, "row_key"), path.name)]
