"""Cells that a person emptied, among the rows of one lead: what the base remembers of them is no evidence any more.

An empty cell that the base has no value for was never filled, and a duplicate's value fills it. Where the base has one,
somebody took it away; then a duplicate that still holds the same value must not bring it back. It may if it was given
that value since: by the base its cell held something else or was not known, and its row was edited after the other one.
"""

from collections.abc import Mapping

import polars as pl

from dq.rules import FieldRule, TableRules
from dq.schemas import BaseRow, Cluster
from dq.schemas.base import agreed
from dq.schemas.values import Store
from dq.side import CLEARED_TYPES, ENTITY, KEY, MODIFIED

STORES: tuple[Store, Store] = ("database", "airtable")


def cleared(
    records: Mapping[Store, pl.DataFrame], members: pl.DataFrame, base: pl.DataFrame, rules: TableRules
) -> pl.DataFrame:
    """store, entity_id, field, value, source (row key), time: what was taken away from which lead, where and when.

    Args:
        records: Each store's record frame.
        members: store, row_key, entity_id of the rows that say something of leads with duplicates.
        base: The base state, all states.
        rules: The mapping.
    """
    nothing = pl.DataFrame(schema=CLEARED_TYPES)
    linked = base.filter(pl.col(BaseRow.state) == "linked")
    if members.is_empty() or linked.is_empty():
        return nothing
    rows = pl.concat(_known(records[store], members, linked, store, rules) for store in STORES)
    return pl.concat([nothing, *(_of_field(rows, field) for field in rules.fields)]).sort(list(CLEARED_TYPES))


def _known(
    records: pl.DataFrame, members: pl.DataFrame, linked: pl.DataFrame, store: Store, rules: TableRules
) -> pl.DataFrame:
    """A store's rows with what the base says of each of their cells."""
    mine = members.filter(pl.col(Cluster.store) == store).select(Cluster.store, ENTITY, KEY)
    memory = linked.select(pl.col(f"{store}_key").alias(KEY), *(agreed(name) for name in rules.names))
    now = records.select(KEY, MODIFIED, *rules.names)
    return mine.join(now, on=KEY).join(memory.drop_nulls(KEY).unique(KEY), on=KEY, how="left")


def _of_field(rows: pl.DataFrame, field: FieldRule) -> pl.DataFrame:
    """What was taken away of one field; where a store owns it, only that store's word counts."""
    cells = rows.select(
        Cluster.store,
        ENTITY,
        pl.lit(field.name).alias("field"),
        pl.col(KEY).alias("source"),
        pl.col(MODIFIED).alias("time"),
        pl.col(agreed(field.name)).alias("was"),
        pl.col(field.name).alias("value"),
    )
    emptied = cells.filter(pl.col("value").is_null() & (pl.col("was") != "")).with_columns(pl.col("was").alias("value"))
    if field.owner is not None:
        emptied = emptied.filter(pl.col(Cluster.store) == field.owner)
    if emptied.is_empty():
        return emptied.select(list(CLEARED_TYPES))
    times = emptied.group_by(ENTITY, "value").agg(
        pl.when(pl.col("time").is_null().any()).then(None).otherwise(pl.col("time").max()).alias("since")
    )
    again = cells.join(times, on=[ENTITY, "value"]).filter(
        pl.col("was").ne_missing(pl.col("value")) & (pl.col("time") > pl.col("since"))
    )
    standing = emptied.join(again, on=[ENTITY, "value"], how="anti")
    latest = standing.sort("time", "source", descending=[True, False], nulls_last=True)
    return latest.unique([Cluster.store, ENTITY, "value"], keep="first", maintain_order=True).select(
        list(CLEARED_TYPES)
    )
