"""Child rows: how many a lead has, and which merges a unique constraint on them would refuse."""

from collections.abc import Sequence

import polars as pl

from dq.manifest import TableSchema
from dq.rules import Child, TableRules
from dq.schemas import Finding
from dq.schemas.finding import FINDING_TYPES
from dq.side import ENTITY, KEY

Children = Sequence[tuple[Child, TableSchema, pl.DataFrame]]


def child_counts(children: Children) -> pl.DataFrame:
    """row_key, children: how many rows of all child tables belong to each lead."""
    none = pl.DataFrame(schema={KEY: pl.String})
    owners = [frame.select(pl.col(child.column).cast(pl.String).alias(KEY)) for child, _, frame in children]
    return pl.concat([none, *owners]).drop_nulls().group_by(KEY).agg(pl.len().alias("children"))


def clashing(merged: pl.DataFrame, children: Children, rules: TableRules) -> tuple[list[str], pl.DataFrame]:
    """Entities whose children, once re-pointed to the survivor, would break a unique constraint.

    Args:
        merged: entity_id, row_key, survivor of the rows that would lose.
        children: Child tables with their snapshot rows.
        rules: The mapping.

    Returns:
        Their entity ids, and a finding for each row that stays unmerged for that.
    """
    parts = [pl.DataFrame(schema={ENTITY: pl.String})]
    for child, schema, frame in children:
        owner = pl.col(child.column).cast(pl.String)
        moved = frame.with_columns(owner.alias("_owner")).join(
            merged.rename({KEY: "_owner", ENTITY: "_entity"}), on="_owner", how="left"
        )
        landed = moved.with_columns(pl.coalesce("survivor", "_owner").alias("_owner"))
        for index in schema.unique:
            if child.column not in index.columns or not set(index.columns) <= set(frame.columns):
                continue
            columns = ["_owner" if column == child.column else column for column in index.columns]
            twice = landed.drop_nulls(columns).filter(pl.struct(columns).is_duplicated())
            survivors = twice.select(pl.col("_owner").alias("survivor"))
            parts.append(merged.join(survivors, on="survivor", how="semi").select(ENTITY))
    held = pl.concat(parts).unique().sort(ENTITY)
    rows = merged.join(held, on=ENTITY, how="semi")
    return held[ENTITY].to_list(), _findings(rows, rules)


def _findings(rows: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    nothing = pl.lit(None, pl.String)
    return rows.select(
        pl.lit("database").alias(Finding.store),
        pl.lit(rules.table).alias(Finding.table),
        pl.col(KEY).alias(Finding.row_key),
        nothing.alias(Finding.field),
        nothing.alias(Finding.value),
        pl.lit("dedupe.children_clash").alias(Finding.rule),
        pl.lit("warning").alias(Finding.severity),
        pl.lit(
            "is a duplicate, but its child rows would break a unique constraint of the survivor's: not merged"
        ).alias(Finding.message),
    ).cast(pl.Schema(FINDING_TYPES))
