"""`dq check`: quality rules on the planned result, or on any file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.options import CheckFormat, ConfigFile

if TYPE_CHECKING:
    from dq.gate import Report
    from dq.schemas.values import Severity
    from dq.settings import Settings


def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            help="A snapshot's id, or Parquet, CSV or NDJSON files; default: latest.", metavar="[TARGET]..."
        ),
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="For a file: the column that names rows.")] = None,
    fail_on: Annotated[str, typer.Option("--fail-on", help="Fail on `error` only, or on `warning` too.")] = "error",
    config: ConfigFile = None,
    form: Annotated[CheckFormat, typer.Option("--format", help="What to write to stdout.")] = CheckFormat.text,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", help="Write a file too, in the format of its suffix (.json .xml .sarif .md .html .txt)."),
    ] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Judge nothing: write the rules that the file suggests (to --out FILE).")
    ] = False,
) -> None:
    """Hold the planned result, or a file, against rules/quality.yaml; exit 1 when it fails."""
    from dq.cli.verdicts import suggest_rules, tell
    from dq.errors import ConfigurationError
    from dq.pipeline import judged as judged_snapshot
    from dq.settings import load

    if fail_on not in ("error", "warning"):
        raise ConfigurationError(f"--fail-on takes error or warning, not {fail_on!r}.")
    if suggest:
        suggest_rules(targets or (), out or ())
        return
    settings = load(config, secrets=False)
    judged = [
        report
        for target in targets or ["latest"]
        for report in (_of_file(Path(target), key, settings) if is_file(target) else judged_snapshot(settings, target))
    ]
    level: Severity = "error" if fail_on == "error" else "warning"
    tell(judged, form, level, out or ())
    if not all(report.passes(level) for report in judged):
        raise typer.Exit(1)


def is_file(target: str) -> bool:
    """Whether a target is meant to be a file: it is there, or its name has a suffix."""
    return Path(target).suffix != "" or Path(target).exists()


def _of_file(path: Path, key: str | None, settings: "Settings") -> list["Report"]:
    import polars as pl

    from dq.engine import files
    from dq.engine.validity import with_findings
    from dq.gate import judge, named_by

    rules = settings.tables[0]
    frame = files.keyed(files.read(path), key).collect()
    known = [name for name in rules.names if name in frame.columns]
    texts = frame.select("row_key", *(pl.col(name).cast(pl.String) for name in known))
    return [judge(with_findings(texts, rules), rules.quality, named_by(path.stem, "row_key"), path.name)]
