"""Two files for comparing: read, put into standard form where that is asked for, and their differences written."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from dq.engine import files
from dq.engine.filecells import key_names, prepared, shape_of
from dq.engine.filecolumns import columns_of
from dq.engine.filediff import Pair
from dq.engine.filestandard import plan_of, standardized
from dq.engine.outputs import demand_outputs
from dq.errors import ConfigurationError
from dq.report.filediff import Shape
from dq.rules import TableRules

OUT_COLUMNS = ("op", "column", "before", "after")
_CSV = ".csv"


def pair_of(
    paths: tuple[Path, Path],
    keys: Sequence[str],
    columns: Sequence[str] = (),
    ignore: Sequence[str] = (),
    rules: TableRules | None = None,
    separator: str | None = None,
) -> Pair:
    """Two files, ready to be compared.

    Args:
        paths: Left and right.
        keys: The columns that tell rows apart; none takes `id`.
        columns: The only columns to compare; none compares all.
        ignore: Columns not to compare.
        rules: Compare standard forms by these rules; None compares the cells as they are.
        separator: What separates the columns of CSV files; None finds out.

    Raises:
        ConfigurationError: A file cannot be read, or a column that is named is not there.
    """
    has_csv = [path.suffix.lower() == _CSV for path in paths]
    if separator is not None and not any(has_csv):
        raise ConfigurationError("--separator is for CSV files, and none of the two is one.", fix="leave it out")
    left, right = (files.read(path, separator if is_csv else None) for path, is_csv in zip(paths, has_csv, strict=True))
    shape = shape_of(_names(paths), (left.collect_schema(), right.collect_schema()), keys, columns, ignore)
    if rules is not None:
        left, right = (_standard(path, frame, rules) for path, frame in zip(paths, (left, right), strict=True))
    blanks = any(has_csv)
    return Pair(shape, prepared(left, shape, blanks=blanks), prepared(right, shape, blanks=blanks))


def demand_out(shape: Shape, out: Path, inputs: Sequence[Path], *, force: bool) -> None:
    """Refuse a file that differences cannot or must not be written to.

    Raises:
        ConfigurationError: No such format, it is there already, or a key has the name of one of its columns.
    """
    demand_outputs({"--out": out}, inputs, force=force)
    clash = [name for name in shape.keys if name in OUT_COLUMNS]
    if clash:
        raise ConfigurationError(
            f"--out writes columns of its own called {', '.join(OUT_COLUMNS)}, and the key has {', '.join(clash)}.",
            fix="rename the key's column, or leave --out out",
        )


def write_changes(pair: Pair, parts: Path, out: Path) -> None:
    """Write the differences that `compared` left in a folder as one file, sorted by key.

    Args:
        pair: What was compared.
        parts: The folder.
        out: The file: the key's columns, then `OUT_COLUMNS`.
    """
    found = sorted(parts.glob("*.parquet"))
    own = dict(zip(key_names(pair.shape), pair.shape.keys, strict=True))
    held = pair.left.collect_schema()
    types = pl.Schema({**{name: held[key] for key, name in own.items()}, **dict.fromkeys(OUT_COLUMNS, pl.String())})
    rows = pl.concat([pl.scan_parquet(part) for part in found]).rename(own) if found else pl.LazyFrame(schema=types)
    with files.beside(out) as path:
        files.sink(rows, path, out.suffix)


def _names(paths: tuple[Path, Path]) -> tuple[str, str]:
    """The files' names; of equal ones with their folders, as they were given."""
    left, right = paths
    return (left.name, right.name) if left.name != right.name else (str(left), str(right))


def _standard(path: Path, frame: pl.LazyFrame, rules: TableRules) -> pl.LazyFrame:
    columns = columns_of(frame.collect_schema(), rules, {})
    return standardized(frame, plan_of(path, frame, columns, None, rules))
