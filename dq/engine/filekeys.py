"""The rows of plain files in clusters by exact keys alone."""

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from dq.engine.files import keyed
from dq.engine.inputs import Inputs
from dq.engine.local import plan_table
from dq.errors import ConfigurationError
from dq.manifest import Column, TableSchema
from dq.rules import TableRules
from dq.schemas import Cluster
from dq.schemas.base import base_types
from dq.schemas.values import Store


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


def _rows(frame: pl.LazyFrame, key: str | None, names: Sequence[str]) -> pl.LazyFrame:
    return keyed(frame, key).select(
        pl.col(Cluster.row_key).alias("id"), *(pl.col(name).cast(pl.String) for name in names)
    )


def _schema(store: Store, rows: pl.LazyFrame, names: Sequence[str]) -> TableSchema:
    columns = tuple(Column(name, "text", "text") for name in ["id", *names] if name in rows.collect_schema())
    return TableSchema(store=store, name="file", key="id", columns=columns)
