"""Soft removals: only a mark is written, but the whole row is judged, so its cells guard the write as the plan saw them.

A delete carries its row and is guarded by it. A mark carries none: without this, what somebody wrote into the row since
the snapshot would be gone with it.
"""

from collections.abc import Mapping

import polars as pl

from dq.apply.batches import SEEN, SEEN_BEFORE
from dq.cells import json_of, text_of
from dq.changeset import is_removal
from dq.manifest import TableSchema
from dq.schemas import Change

ROW = [Change.store, Change.table, Change.row_key]
TYPES = pl.Schema({**dict.fromkeys(ROW, pl.String()), SEEN: pl.List(pl.String), SEEN_BEFORE: pl.List(pl.String)})


def seen(changes: pl.DataFrame, tables: Mapping[str, tuple[TableSchema, pl.LazyFrame, list[str]]]) -> pl.DataFrame:
    """The cells that the plan saw in rows which get a mark: store, table, row_key and, as lists, fields and JSON texts.

    Args:
        changes: Change contract.
        tables: The database's mapped tables: schema, snapshot rows, mapped columns.
    """
    marked = changes.filter(is_removal() & (pl.col(Change.op) == "update"))
    found = [pl.DataFrame(schema=TYPES)]
    for table, (schema, rows, names) in tables.items():
        mine = changes.join(marked.filter(pl.col(Change.table) == table).select(ROW).unique(), on=ROW, how="semi")
        if names and not mine.is_empty():
            found.append(_cells(mine, schema, rows, names).cast(TYPES))
    return pl.concat(found)


def _cells(mine: pl.DataFrame, schema: TableSchema, rows: pl.LazyFrame, names: list[str]) -> pl.DataFrame:
    """The cells that the plan leaves as they are: those that it writes have guards of their own."""
    key, types = pl.col(schema.key).cast(pl.String), rows.collect_schema()
    held = rows.join(mine.lazy().select(Change.row_key).unique(), left_on=key, right_on=Change.row_key, how="semi")
    cells = [
        held.select(
            key.alias(Change.row_key),
            pl.lit(name).alias(Change.field),
            json_of(text_of(pl.col(name), schema.column(name).kind, types[name]), schema.column(name).kind).alias(
                Change.before
            ),
        )
        for name in names
    ]
    return (
        pl.concat(cells)
        .join(mine.lazy(), on=[Change.row_key, Change.field], how="anti")
        .sort(Change.row_key, Change.field)
        .group_by(Change.row_key, maintain_order=True)
        .agg(pl.col(Change.field).alias(SEEN), pl.col(Change.before).alias(SEEN_BEFORE))
        .select(pl.lit("database").alias(Change.store), pl.lit(schema.name).alias(Change.table), pl.all())
        .collect()
    )
