"""`dq standardize FILE`: standard forms in any file, by the same rules."""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.interrupts import heard
from dq.cli.options import AsFormat, ConfigFile, Format, Separator

if TYPE_CHECKING:
    import polars as pl

    from dq.engine.filestandard import Plan, Tally
    from dq.report.standardized import Standardized

STDOUT = Path("-")
_TOP = 5
_CLOSED = 141
Maps = Annotated[list[str] | None, typer.Option("--map", help="COLUMN=FIELD: treat the column as this field.")]


@dataclass(frozen=True)
class _Asked:
    """The file and its rows, where its standard form goes (None: nowhere), its findings go, and its separator."""

    file: Path
    frame: "pl.LazyFrame"
    out: Path | None
    findings: Path | None
    separator: str | None


def standardize(
    file: Annotated[Path, typer.Argument(help="A Parquet, CSV or NDJSON file.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write; - is CSV on stdout. Else only told.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write to the file itself, whole or not at all.")
    ] = False,
    rules: Annotated[Path | None, typer.Option("--rules", help="A file in place of rules/standardize.yaml.")] = None,
    maps: Maps = None,
    key: Annotated[str | None, typer.Option("--key", help="The column that names rows in what is told.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Samples by rule, and what repeats most.")] = False,
    mask: Annotated[bool, typer.Option("--mask/--unmasked", help="Mask the values of --explain.")] = True,
    findings: Annotated[Path | None, typer.Option("--findings", help="Write a line for every finding.")] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 when cells change.")] = False,
    separator: Separator = None,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Put a file's cells into standard form: the same columns, types and rows, only such cells changed."""
    from dq.engine import filecolumns, files, filestandard
    from dq.engine.outputs import demand_outputs
    from dq.settings import file_rules

    target = _target(file, out, form, in_place=in_place)
    if findings is not None:
        demand_outputs({"--out": out, "--findings": findings}, [file])
    frame = files.read(file, separator)
    ruled = file_rules(config, rules)
    columns = filecolumns.columns_of(frame.collect_schema(), ruled, filecolumns.pairs_of(maps or ()))
    plan = filestandard.plan_of(file, frame, columns, key, ruled)
    tally = filestandard.Tally(explained=explain, listed=findings is not None)
    asked = _Asked(file, frame, target, findings, separator)
    with heard():
        done = _done(asked, plan, tally)
    _tell(asked, _masked(done, config) if mask else done, form, explained=explain)
    if explain and mask:
        print("  values are masked; --unmasked shows them", file=sys.stderr)
    if exit_code and done.changed:
        raise typer.Exit(1)


def _target(file: Path, out: Path | None, form: Format, *, in_place: bool) -> Path | None:
    from dq.engine.outputs import demand_outputs
    from dq.errors import ConfigurationError

    if in_place:
        if out is not None:
            raise ConfigurationError("--in-place and --out name two places to write to.", fix="give one of them")
        return file
    if out == STDOUT:
        if form is Format.json:
            raise ConfigurationError(
                "--out - and --format json both want stdout.", fix="--out FILE, or leave --format out"
            )
        return out
    demand_outputs({"--out": out}, [file], fix="--in-place writes to it")
    return out


def _done(asked: _Asked, plan: "Plan", tally: "Tally") -> "Standardized":
    from dq.engine import files
    from dq.engine.filestandard import findings_of, tallied, told

    if asked.out is None:
        with files.readable(asked.file):
            tallied(asked.frame, plan, tally)
    elif asked.out == STDOUT:
        with tempfile.TemporaryDirectory(prefix="dq-") as folder:  # for its owner only
            _write(asked, plan, tally, Path(folder) / "out.csv", ".csv")
            _pour(Path(folder) / "out.csv")
    else:
        with files.beside(asked.out) as path:
            _write(asked, plan, tally, path, asked.out.suffix)
            if asked.out == asked.file and not tally.changed:
                path.unlink()  # a file that is in standard form already stays the very same
    if asked.findings is not None:
        files.write(findings_of(tally), asked.findings)
    return told(plan, tally, _TOP)


def _write(asked: _Asked, plan: "Plan", tally: "Tally", path: Path, suffix: str) -> None:
    """Write the standard form; a CSV file of a CSV file is written the same way."""
    from dq.engine import files
    from dq.engine.dialects import dialect_of
    from dq.engine.filestandard import standardized

    alike = asked.file.suffix.lower() == ".csv"
    way = dialect_of(asked.file, asked.separator) if alike else None
    with files.readable(asked.file):
        files.sink(standardized(asked.frame, plan, tally), path, suffix, way)


def _pour(path: Path) -> None:
    """A file on stdout; who reads it may stop early."""
    stdout = getattr(sys.stdout, "buffer", None)
    try:
        if stdout is None:  # something in the place of stdout that takes text alone
            sys.stdout.write(path.read_text(encoding="utf-8"))
        else:
            with path.open("rb") as file:
                shutil.copyfileobj(file, stdout, 1 << 20)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_CLOSED) from None


def _masked(done: "Standardized", config: Path | None) -> "Standardized":
    from dq.report.masks import masks_of
    from dq.report.standardized import masked_samples
    from dq.settings import load

    return masked_samples(done, masks_of(load(config, secrets=False).tables))


def _tell(asked: _Asked, done: "Standardized", form: Format, *, explained: bool) -> None:
    from dq.cli.render import print_json
    from dq.report.standardized import as_dict, as_text, columns_told, headline

    where = None if asked.out is None else str(asked.out)
    if form is Format.json:
        print_json({**as_dict(asked.file.name, done), "out": where})
        return
    talk = sys.stderr
    print("\n".join(columns_told(done)), file=talk)
    lines = [headline(asked.file.name, done, "would change" if where is None else "changed")]
    lines += as_text(done) if explained or where is None else []
    print("\n".join(lines), file=talk if asked.out == STDOUT else sys.stdout)
