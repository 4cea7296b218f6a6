"""The steps on plain files, no store needed: Parquet, CSV and NDJSON in and out."""

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from dq.engine.dialects import Dialect, dialect_of
from dq.engine.unreadable import disguised, reason_of
from dq.errors import ConfigurationError, TemporaryError
from dq.schemas import Cluster
from dq.stores.private import disk_errors, open_file, sync_file, sync_folder

SUFFIXES = (".parquet", ".csv", ".ndjson", ".jsonl")
_HINTS = {
    ".tsv": "call it .csv; columns may be separated by tabs",
    ".xlsx": "save the sheet as `CSV UTF-8`",
    ".xls": "save the sheet as `CSV UTF-8`",
    ".ods": "save the sheet as CSV, in UTF-8",
    ".json": "write one object a line and call it .ndjson",
}


def read(path: Path, separator: str | None = None) -> pl.LazyFrame:
    """A file as a frame; CSV cells stay text, an empty one is null.

    Args:
        path: A Parquet, CSV or NDJSON file.
        separator: What separates the columns of a CSV file; None finds out.

    Raises:
        ConfigurationError: No such file, no such format, or it is not what its name says.
    """
    _demand_file(path)
    if separator is not None and path.suffix.lower() != ".csv":
        raise ConfigurationError(f"--separator is for CSV files, and {path.name} is none.", fix="leave it out")
    with readable(path):
        match path.suffix.lower():
            case ".parquet":
                frame = pl.scan_parquet(path, glob=False)
            case ".csv":
                _refuse_disguise(path)
                apart = dialect_of(path, separator).separator
                frame = pl.scan_csv(path, infer_schema=False, glob=False, separator=apart)
                frame.select(pl.all().null_count()).collect(
                    engine="streaming"
                )  # lines too long show in whole rows only
            case ".ndjson" | ".jsonl":
                frame = pl.scan_ndjson(path, infer_schema_length=None)
            case suffix:
                raise ConfigurationError(
                    f"dq does not read {suffix or 'files without a suffix'}.",
                    where=path.name,
                    why=f"It reads {', '.join(SUFFIXES)}.",
                    fix=_HINTS.get(suffix, "write the rows in one of these"),
                )
        frame.collect_schema()
        frame.select(pl.len()).collect()
    return frame


@contextmanager
def readable(*paths: Path) -> Iterator[None]:
    """Raise what Polars says of files while the block reads them as dq's error; it never shows a cell.

    Raises:
        ConfigurationError: A file is not what its name says.
        TemporaryError: A file changed meanwhile. It is read more than once, so what was read does not fit together.
    """
    before = [_stamp(path) for path in paths]
    try:
        yield
    except Exception as error:
        _demand_unchanged(paths, before)
        if not isinstance(error, PolarsError):
            raise
        told = " or ".join(path.name for path in paths)
        reason = reason_of(paths[0], str(error)) if len(paths) == 1 else None
        raise ConfigurationError(
            f"{told} cannot be read as {' or '.join(sorted({path.suffix for path in paths}))}.",
            where=str(paths[0]) if len(paths) == 1 else None,
            why=reason.why if reason else type(error).__name__,
            fix=reason.fix if reason else "check the files' formats",
        ) from None
    _demand_unchanged(paths, before)


def _demand_unchanged(paths: Sequence[Path], before: Sequence[object]) -> None:
    changed = [path for path, stamp in zip(paths, before, strict=True) if stamp != _stamp(path)]
    if changed:
        raise TemporaryError(
            f"{changed[0].name} changed while it was read.",
            where=str(changed[0]),
            fix="run the command again when nothing writes to the file",
        )


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What tells a file from another one that takes its place, or from itself after somebody wrote to it."""
    with suppress(OSError):
        held = path.stat()
        return held.st_ino, held.st_size, held.st_mtime_ns
    return None


def _demand_file(path: Path) -> None:
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder.", fix="name a Parquet, CSV or NDJSON file in it")
    if not path.is_file():
        raise ConfigurationError(
            f"There is no file {path.name}.", where=str(path.parent), fix="name a Parquet, CSV or NDJSON file"
        )
    if not os.access(path, os.R_OK):
        raise ConfigurationError(
            f"{path.name} may not be read.", where=str(path), fix="let yourself read it: chmod u+r"
        )


def _refuse_disguise(path: Path) -> None:
    found = disguised(path)
    if found is not None:
        raise ConfigurationError(f"{path.name} cannot be read as .csv.", where=str(path), why=found.why, fix=found.fix)


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame in the format of the file's suffix, whole or not at all, for its owner only.

    Raises:
        ConfigurationError: No such format, one that cannot hold the frame, or a folder that may not be written.
        TemporaryError: The disk is full.
    """
    demand_format(path)
    with beside(path) as written:
        sink(frame.lazy(), written, path.suffix)


def demand_format(path: Path, suffixes: Collection[str] = SUFFIXES) -> None:
    """Refuse a file whose suffix names no format that is written, or whose folder is not there.

    Raises:
        ConfigurationError: No such format, or no such folder.
    """
    if path.suffix.lower() not in suffixes:
        raise ConfigurationError(
            f"dq does not write {path.suffix or 'files without a suffix'}.",
            where=path.name,
            fix=f"use one of {', '.join(suffixes)}",
        )
    if not path.parent.is_dir():
        raise ConfigurationError("There is no such folder.", where=str(path.parent), fix="make it, or name another")


def sink(frame: pl.LazyFrame, path: Path, suffix: str, dialect: Dialect | None = None) -> None:
    """Write a frame as it is worked out, without holding all of it.

    Args:
        frame: The rows.
        path: Where; its own suffix does not count.
        suffix: One of `SUFFIXES`, which names the format.
        dialect: How CSV is written.

    Raises:
        ConfigurationError: The format cannot hold lists and structs, and the frame has some.
    """
    match suffix.lower():
        case ".parquet":
            frame.sink_parquet(path, compression="zstd", compression_level=1)
        case ".csv":
            _demand_flat(frame.collect_schema())
            way = dialect or Dialect()
            frame.sink_csv(path, separator=way.separator, include_bom=way.mark, line_terminator=way.line_end)
        case _:
            frame.sink_ndjson(path)


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A private file to write, which takes the target's place, and its mode if it was there, when the block ends well.

    A block that removes the file leaves the target as it is.

    Raises:
        ConfigurationError: The folder may not be written.
        TemporaryError: The disk is full.
    """
    target = target.resolve()  # a link stays one
    written = target.with_name(f".{target.name}.{os.getpid()}.partial")
    with disk_errors(target.parent, "--out", "Nothing was written."):
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
        try:
            with open_file(written):
                pass
            yield written
            if not written.exists():
                return
            sync_file(written)
            if mode is not None:
                written.chmod(mode)
            written.replace(target)
            sync_folder(target.parent)
        finally:
            written.unlink(missing_ok=True)


def _demand_flat(schema: pl.Schema) -> None:
    nested = [name for name, dtype in schema.items() if dtype.is_nested() or dtype == pl.Binary]
    if nested:
        raise ConfigurationError(
            f"CSV cannot hold lists or structs, and {len(nested)} columns are such: {', '.join(nested[:3])}.",
            fix="write Parquet or NDJSON",
        )


def keyed(frame: pl.LazyFrame, key: str | None) -> pl.LazyFrame:
    """The frame with `row_key`: the named column, else `id`, else the row's number from 1.

    Raises:
        ConfigurationError: No such column, or its values do not name rows.
    """
    columns = frame.collect_schema().names()
    if key is not None and key not in columns:
        near = get_close_matches(key, columns, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ConfigurationError(f"The file has no column {key!r}{hint}.", fix=f"--key one of {', '.join(columns[:8])}")
    chosen = key or ("id" if "id" in columns else None)
    if chosen is None:
        return numbered(frame)
    bad = nameless(frame, chosen)
    if bad:
        raise ConfigurationError(
            f"Column {chosen} is no key: {bad:,} rows have an empty or repeated value.", fix="name another with --key"
        )
    return frame.with_columns(pl.col(chosen).cast(pl.String).alias(Cluster.row_key))


def numbered(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The frame with `row_key`: the row's number from 1."""
    return frame.with_row_index(Cluster.row_key, offset=1).cast({Cluster.row_key: pl.String})


def nameless(frame: pl.LazyFrame, column: str) -> int:
    """How many rows a column does not tell apart: it is empty there, or holds what another row holds."""
    key = frame.select(pl.col(column).cast(pl.String)).collect().to_series()
    if not key.null_count() and key.hash().n_unique() == len(key):  # different hashes, different values
        return 0
    return int((key.is_null() | key.is_duplicated()).sum())
