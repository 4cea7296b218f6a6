"""Cells that name rows of another mapping, as entities; and what becomes of them when those rows go away."""

from collections.abc import Mapping

import polars as pl

from dq.cells import is_texts, texts_of
from dq.manifest import TableSchema
from dq.reconcile import Referred
from dq.reconcile.referring import names_any, without_removed
from dq.rules import TableRules
from dq.schemas import Cluster, Finding
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.record import raw
from dq.side import ENTITY, KEY, MUTE, is_mute

_DANGLING = "names a row that does not exist: the cell is left as it is on both sides"
_SEVERAL = "names several rows, and the database can hold one: the cell is left as it is on both sides"


def named(
    records: pl.DataFrame, field: str, schema: TableSchema, referred: Referred
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A record frame with the entities that the cells of a field name, and a finding for each cell that names none or several.

    Args:
        records: The frame, in order.
        field: The field that refers to another mapping.
        schema: The records' table.
        referred: The rows that are named.
    """
    cells = records.select(pl.col(field).alias("cell")).drop_nulls().unique()
    item = pl.col("cell")
    items = pl.when(is_texts(item)).then(texts_of(item)).otherwise(pl.concat_list(item))
    split = cells.with_columns((items if schema.store == "airtable" else pl.concat_list(item)).alias(KEY)).explode(KEY)
    known = pl.concat([referred.rows, referred.merged])
    rows = known.filter(pl.col(Cluster.store) == schema.store).select(KEY, ENTITY)
    told = (
        split.join(rows, on=KEY, how="left")
        .group_by("cell")
        .agg(
            pl.col(ENTITY).drop_nulls().min().alias("entity"),
            (pl.col(ENTITY).n_unique() > 1).alias("several"),
            pl.col(ENTITY).is_null().any().alias("unknown"),
        )
    )
    says_nothing = pl.col("several") | pl.col("unknown")
    token = pl.when(says_nothing).then(pl.lit(MUTE) + pl.col("cell")).otherwise("entity")
    told = told.select(pl.col("cell").alias(field), token.alias("token"), "several")
    both = records.join(told, on=field, how="left", maintain_order="left")
    mute = both.filter(is_mute(pl.col("token")))
    frame = both.with_columns(pl.col("token").alias(field)).select(records.columns)
    return frame, _findings(mute, field, schema)


def _findings(mute: pl.DataFrame, field: str, schema: TableSchema) -> pl.DataFrame:
    return mute.select(
        pl.lit(schema.store).alias(Finding.store),
        pl.lit(schema.name).alias(Finding.table),
        pl.col(KEY).alias(Finding.row_key),
        pl.lit(field).alias(Finding.field),
        pl.col(raw(field)).alias(Finding.value),
        pl.when("several").then(pl.lit("link.several")).otherwise(pl.lit("link.dangling")).alias(Finding.rule),
        pl.lit("warning").alias(Finding.severity),
        pl.when("several").then(pl.lit(_SEVERAL)).otherwise(pl.lit(_DANGLING)).alias(Finding.message),
    ).cast(pl.Schema(FINDING_TYPES))


def unlinked(rows: pl.DataFrame, rules: TableRules, references: Mapping[str, Referred]) -> pl.DataFrame:
    """Airtable's rows without the links that its deletes take away.

    Args:
        rows: The rows with every change of the plan.
        rules: The mapping.
        references: Field → the rows that it names.
    """
    for field in rules.fields:
        referred = references.get(field.name)
        if referred is not None and not referred.removed.is_empty():
            cell = pl.col(field.airtable)
            is_hit = names_any(cell, referred.removed[KEY])
            rows = rows.with_columns(pl.when(is_hit).then(without_removed(cell, referred)).otherwise(cell))
    return rows
