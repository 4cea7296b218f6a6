"""`dq check`: quality rules on the planned result, or on any file."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.options import CheckFormat, ConfigFile, Separator

if TYPE_CHECKING:
    from dq.gate import Report
    from dq.pipeline.judging import Gate
    from dq.schemas.values import Severity
    from dq.settings import Settings


Targets = Annotated[
    list[str] | None,
    typer.Argument(help="A snapshot's id, or Parquet, CSV or NDJSON files; default: latest.", metavar="[TARGET]..."),
]
Out = Annotated[
    list[Path] | None,
    typer.Option("--out", help="Write a file too, in the format of its suffix (.json .xml .sarif .md .html .txt)."),
]
Suggest = Annotated[
    bool, typer.Option("--suggest", help="Judge nothing: write the rules that the file suggests (to --out FILE).")
]
RulesFile = Annotated[
    Path | None, typer.Option("--rules", help="Quality rules instead of the project's rules/quality.yaml.")
]
BaselineFile = Annotated[
    Path | None,
    typer.Option("--baseline", help="Failures that are accepted; default: rules/quality-baseline.json, if it exists."),
]
UpdateBaseline = Annotated[bool, typer.Option("--update-baseline", help="Accept all failures that there are now.")]
Shrink = Annotated[bool, typer.Option("--shrink/--no-shrink", help="Take out of the baseline what fails no more.")]
FindingsFile = Annotated[
    Path | None, typer.Option("--findings", help="Write every failing row to a Parquet, CSV or NDJSON file.")
]


@dataclass(frozen=True)
class _Asked:
    targets: Sequence[str]
    key: str | None
    separator: str | None
    settings: "Settings"


def check(
    targets: Targets = None,
    key: Annotated[str | None, typer.Option("--key", help="For a file: the column that names rows.")] = None,
    rules: RulesFile = None,
    baseline: BaselineFile = None,
    update_baseline: UpdateBaseline = False,
    shrink: Shrink = True,
    findings: FindingsFile = None,
    fail_on: Annotated[str, typer.Option("--fail-on", help="Fail on `error` only, or on `warning` too.")] = "error",
    separator: Separator = None,
    config: ConfigFile = None,
    form: Annotated[CheckFormat, typer.Option("--format", help="What to write to stdout.")] = CheckFormat.text,
    out: Out = None,
    suggest: Suggest = False,
) -> None:
    """Hold the planned result, or a file, against rules/quality.yaml; exit 1 when it fails."""
    import polars as pl

    from dq.cli.verdicts import demand_reports, suggest_rules, tell
    from dq.engine import files
    from dq.engine.outputs import demand_outputs
    from dq.pipeline.baselines import DEFAULT
    from dq.settings import load

    level = _level(fail_on)
    if suggest:
        given = {
            "--key": key,
            "--rules": rules,
            "--baseline": baseline,
            "--update-baseline": update_baseline,
            "--findings": findings,
            "--format": form is not CheckFormat.text,
        }
        _demand_alone([option for option, value in given.items() if value])
        suggest_rules(targets or (), separator, out or ())
        return
    demand_reports(out or ())
    if findings is not None:
        demand_outputs({"--findings": findings}, [Path(target) for target in targets or ()])
    settings = load(config, secrets=False)
    asked, gate = _Asked(targets or ("latest",), key, separator, settings), _gate(rules, settings)
    path = baseline or settings.root / DEFAULT
    judged = _against_baseline(
        asked, gate, path, update=update_baseline, shrink=shrink, must_exist=baseline is not None
    )
    if findings is not None:
        files.write(pl.concat([report.findings for report in judged]), findings)
    tell(judged, form, level, out or ())
    if not all(report.passes(level) for report in judged):
        raise typer.Exit(1)


def _demand_alone(others: Sequence[str]) -> None:
    from dq.errors import ConfigurationError

    if others:
        raise ConfigurationError(
            f"{', '.join(others)} does not go with --suggest.",
            why="It judges nothing and writes YAML.",
            fix="dq check FILE --suggest --out NEW.yaml",
        )


def _level(said: str) -> "Severity":
    from dq.errors import ConfigurationError

    if said not in ("error", "warning"):
        raise ConfigurationError(f"--fail-on takes error or warning, not {said!r}.")
    return "error" if said == "error" else "warning"


def _gate(rules: Path | None, settings: "Settings") -> "Gate":
    from functools import partial

    from dq.errors import ConfigurationError
    from dq.pipeline.judging import Gate
    from dq.settings.mistakes import AGAIN, raise_all
    from dq.settings.qualityfile import read_quality
    from dq.settings.rulefiles import list_file

    now = datetime.now(UTC)
    if rules is None:
        return Gate(now)
    if not rules.is_file():
        raise ConfigurationError(f"There is no file {rules}.", fix="--rules names a file like rules/quality.yaml")
    quality, mistakes = read_quality(rules, str(rules), partial(list_file, settings.root, beside=rules.parent))
    raise_all(mistakes, AGAIN)
    return Gate(now, quality=quality)


def _against_baseline(
    asked: _Asked, gate: "Gate", path: Path, *, update: bool, shrink: bool, must_exist: bool
) -> list["Report"]:
    """The reports against the baseline, which is written anew or shrinks where that is asked for."""
    from dq.pipeline.baselines import accepting, read_baseline, shrunk, write_baseline

    kept = read_baseline(path) if path.is_file() or (must_exist and not update) else {}
    judged = _judged(asked, replace(gate, baseline=kept))
    told = accepting(judged, kept) if update else shrunk(judged, kept) if shrink else kept
    if told == kept and not (update and not path.is_file()):
        return judged
    write_baseline(path, told)
    if not update:
        fixed = sum(report.baseline.fixed for report in judged)
        print(f"{_near(path)}: {fixed:,} failures are fixed and no longer accepted", file=sys.stderr)
        return judged
    print(f"{_near(path)}: accepts {sum(v.failed for r in judged for v in r.verdicts):,} failures", file=sys.stderr)
    return _judged(asked, replace(gate, baseline=told))


def _near(path: Path) -> Path:
    """A path as seen from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _judged(asked: _Asked, gate: "Gate") -> list["Report"]:
    from dq.errors import ConfigurationError
    from dq.pipeline.judging import judged, judged_file
    from dq.stores.folders import ids_in

    reports: list[Report] = []
    for target in asked.targets:
        path = Path(target)
        if path.suffix or path.exists():
            reports.append(judged_file(path, asked.key, asked.settings, gate, asked.separator))
        elif target != "latest" and not any(name.startswith(target) for name in ids_in(asked.settings.snapshots)):
            raise ConfigurationError(
                f"There is no file and no snapshot {target}.",
                where=str(asked.settings.snapshots),
                fix="name a Parquet, CSV or NDJSON file, or a snapshot's id",
            )
        else:
            reports += judged(asked.settings, target, gate)
    return reports
