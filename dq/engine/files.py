"""The steps on plain files, no store needed: Parquet, CSV and NDJSON in and out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from dq.engine.local import Inputs, plan_table
from dq.errors import ConfigurationError
from dq.manifest import Column, TableSchema
from dq.rules import TableRules
from dq.schemas import Cluster
from dq.schemas.base import base_types
from dq.schemas.values import Store

SUFFIXES = (".parquet", ".csv", ".ndjson", ".jsonl")


def read(path: Path) -> pl.LazyFrame:
    """A file as a frame; CSV cells stay text.

    Raises:
        ConfigurationError: No such file, no such format, or it is not what its name says.
    """
    if not path.is_file():
        raise ConfigurationError(
            f"There is no file {path.name}.", where=str(path.parent), fix="name a Parquet, CSV or NDJSON file"
        )
    try:
        match path.suffix.lower():
            case ".parquet":
                frame = pl.scan_parquet(path, glob=False)
            case ".csv":
                frame = pl.scan_csv(path, infer_schema=False, glob=False)
            case ".ndjson" | ".jsonl":
                frame = pl.scan_ndjson(path, infer_schema_length=None)
            case suffix:
                raise ConfigurationError(
                    f"dq does not read {suffix or 'files without a suffix'}.",
                    where=path.name,
                    fix=f"use one of {', '.join(SUFFIXES)}",
                )
        frame.collect_schema()
        frame.select(pl.len()).collect()
    except PolarsError as error:
        raise ConfigurationError(
            f"{path.name} cannot be read as {path.suffix}.",
            where=str(path),
            why=type(error).__name__,
            fix="check the file's format",
        ) from None
    return frame


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame in the format of the file's suffix.

    Raises:
        ConfigurationError: No such format.
    """
    match path.suffix.lower():
        case ".parquet":
            frame.write_parquet(path, compression="zstd", compression_level=1)
        case ".csv":
            frame.write_csv(path)
        case ".ndjson" | ".jsonl":
            frame.write_ndjson(path)
        case suffix:
            raise ConfigurationError(
                f"dq does not write {suffix}.", where=path.name, fix=f"use one of {', '.join(SUFFIXES)}"
            )


def clusters(
    left: pl.LazyFrame, right: pl.LazyFrame | None, key: str | None, rules: TableRules, now: datetime
) -> pl.DataFrame:
    """The rows of one or two files in clusters (Cluster contract; store `database` = first file, `airtable` = second).

    Args:
        left: A file's frame.
        right: The file to link it with, or None to dedupe one alone.
        key: The column that names rows; None uses `id` where there is one, else the row's number from 1.
        rules: Fields and keys; only those whose columns the file has count.
        now: The time.

    Raises:
        ConfigurationError: No such key column, keys that are not unique, or no column that could be a key of matching.
    """
    frames = [frame for frame in (left, right) if frame is not None]
    common = [name for name in rules.names if all(name in frame.collect_schema() for frame in frames)]
    usable = [match for match in rules.dedupe.keys if match.field in common]
    if not any(match.identifying for match in usable):
        known = ", ".join(match.field for match in rules.dedupe.keys if match.identifying)
        raise ConfigurationError(
            "The file has no column to match on.",
            why=f"Rows are matched by {known}.",
            fix="rename its columns, or map them in config/dq.yaml",
        )
    name_field = rules.dedupe.name_field if rules.dedupe.name_field in common else None
    fields = tuple(field.model_copy(update={"airtable": field.name}) for field in rules.fields if field.name in common)
    own = rules.model_copy(
        update={
            "fields": fields,
            "key": "id",
            "modified_database": None,
            "modified_airtable": None,
            "created_database": None,
            "link_database": None,
            "link_airtable": None,
            "children": (),
            "dedupe": rules.dedupe.model_copy(update={"keys": tuple(usable), "name_field": name_field}),
        }
    )
    names = [field.name for field in fields]
    raw: dict[Store, pl.LazyFrame] = {
        "database": _rows(left, key, names),
        "airtable": _rows(right, key, names) if right is not None else _rows(left, key, names).head(0),
    }
    schemas = {store: _schema(store, raw[store], names) for store in raw}
    base = pl.DataFrame(schema=base_types(names))
    planned = plan_table(
        Inputs(own, schemas, raw, [], base, "file", frozenset({"dedupe"}), now.astimezone(UTC).isoformat(), now)
    )
    return planned.clusters.sort(Cluster.entity_id, Cluster.store, Cluster.row_key)


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
        return frame.with_row_index(Cluster.row_key, offset=1).cast({Cluster.row_key: pl.String})
    rows = frame.with_columns(pl.col(chosen).cast(pl.String).alias(Cluster.row_key))
    bad = (
        rows.select((pl.col(Cluster.row_key).is_null() | pl.col(Cluster.row_key).is_duplicated()).sum())
        .collect()
        .item()
    )
    if bad:
        raise ConfigurationError(
            f"Column {chosen} is no key: {bad} rows have an empty or repeated value.", fix="name another with --key"
        )
    return rows


def _rows(frame: pl.LazyFrame, key: str | None, names: Sequence[str]) -> pl.LazyFrame:
    return keyed(frame, key).select(
        pl.col(Cluster.row_key).alias("id"), *(pl.col(name).cast(pl.String) for name in names)
    )


def _schema(store: Store, rows: pl.LazyFrame, names: Sequence[str]) -> TableSchema:
    columns = tuple(Column(name, "text", "text") for name in ["id", *names] if name in rows.collect_schema())
    return TableSchema(store=store, name="file", key="id", columns=columns)
