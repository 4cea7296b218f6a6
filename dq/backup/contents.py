"""What is inside the files of a backup, for counting and checking."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from dq.errors import DamagedError
from dq.stores.postgres import archive
from dq.stores.sqlite.copying import check_copy, count_copy


def count_rows(path: Path) -> dict[str, int]:
    """Rows of every table in a backup's file; none for a kind of file that dq keeps without reading it.

    Raises:
        DamagedError: The file cannot be read as what it is.
    """
    match path.suffix:
        case ".db":
            return count_copy(path)
        case ".json":
            return _count_records(path)
        case ".dump" | ".zip":
            return archive.count_rows(path)
        case ".parquet":
            return _count_parquet(path)
        case _:
            return {}


def problem_in(path: Path, rows: Mapping[str, int]) -> str | None:
    """What is wrong with a file's contents, or None.

    Args:
        path: The file.
        rows: The rows that each of its tables must have.
    """
    if path.suffix == ".db":
        return check_copy(path, dict(rows))
    if path.suffix in archive.SUFFIXES:
        return archive.problem_in(path, rows)
    held = count_rows(path)
    return None if held == dict(rows) else "its tables hold other numbers of records than its manifest says"


def _count_parquet(path: Path) -> dict[str, int]:
    try:
        return {path.stem: pl.read_parquet(path).height}
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, "Parquet") from error


def _count_records(path: Path) -> dict[str, int]:
    try:
        with path.open(encoding="utf-8") as file:
            data = json.load(file)
    except ValueError as error:
        raise _unreadable(path, "JSON") from error
    return {name: len(records) for name, records in _tables(data).items()}


def _unreadable(path: Path, form: str) -> DamagedError:
    return DamagedError(
        f"A file of the backup is no {form}: {path.name}",
        where=str(path),
        why="It is cut off or was changed.",
        fix="run the command again: it makes a new backup",
    )


def _tables(data: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with their records: of the bases of an export, or of a store in memory."""
    if "bases" not in data:
        return dict(data)
    return {f"{base['id']}/{table['id']}": table["records"] for base in data["bases"] for table in base["tables"]}
