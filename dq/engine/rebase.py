"""The base state under the entity ids of this plan.

Entities that the base knows apart may be one by now. Then the row of the base whose own rows survive stands for all of
them; a row of the base that belongs to duplicates which stay is set aside, unchanged.
"""

from collections.abc import Mapping

import polars as pl

from dq.schemas import BaseRow
from dq.schemas.values import Store
from dq.side import ENTITY, KEY, Side

STORES: tuple[Store, Store] = ("database", "airtable")
_SHORT = {"_database": "database_key", "_airtable": "airtable_key"}


def rebased(
    base: pl.DataFrame, clusters: pl.DataFrame, sides: Mapping[Store, Side]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The base under new ids, and the linked rows that are set aside.

    Args:
        base: The base state, all states.
        clusters: Every row with its entity in this plan.
        sides: Who survives and who stays beside.
    """
    now = clusters.select("store", KEY, pl.col(ENTITY).alias("_now"))
    placed = base
    for short, column in _SHORT.items():
        here = now.filter(pl.col("store") == column.removesuffix("_key"))
        placed = placed.join(
            here.select(pl.col(KEY).alias(column), pl.col("_now").alias(short)),
            on=column,
            how="left",
            maintain_order="left",
        )
    placed = placed.with_columns(pl.coalesce(*_SHORT, ENTITY).alias("_target"))
    linked = placed.filter(pl.col(BaseRow.state) == "linked")
    first, others = _chosen(linked, sides)
    beside = pl.concat(
        sides[store].kept.select(pl.lit(store).alias("store"), pl.col(KEY).alias("_kept")) for store in STORES
    )
    aside = pl.concat(
        others.join(beside.filter(pl.col("store") == store), left_on=f"{store}_key", right_on="_kept", how="semi")
        for store in STORES
    ).unique(ENTITY)
    rest = _moved(placed.filter(pl.col(BaseRow.state) != "linked"), linked, now)
    named = pl.concat([first, rest]).with_columns(pl.col("_target").alias(ENTITY))
    return named.select(base.columns), _renamed(aside, first).select(base.columns)


def _renamed(aside: pl.DataFrame, first: pl.DataFrame) -> pl.DataFrame:
    """Rows set aside whose name went to the row that stands for their entity: they take that row's old name."""
    swapped = first.select(pl.col("_target").alias(ENTITY), pl.col(ENTITY).alias("_free"))
    freed = swapped.filter(pl.col("_free") != pl.col(ENTITY))
    return aside.join(freed, on=ENTITY, how="left").with_columns(pl.coalesce("_free", ENTITY).alias(ENTITY))


def _chosen(linked: pl.DataFrame, sides: Mapping[Store, Side]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The one row of the base that stands for each entity: its rows survive, or it has the entity's name."""
    ranks = []
    for store in STORES:
        keys = sides[store].rows.select(pl.col(KEY).alias(f"{store}_key"), pl.lit(0).alias(f"_{store}_rank"))
        linked = linked.join(keys, on=f"{store}_key", how="left", maintain_order="left")
        ranks.append(pl.col(f"_{store}_rank").fill_null(1))
    ranked = linked.with_columns(ranks).with_columns((pl.col(ENTITY) != pl.col("_target")).alias("_renamed"))
    order = ["_target", "_database_rank", "_airtable_rank", "_renamed", ENTITY]
    first = ranked.sort(order).unique("_target", keep="first", maintain_order=True)
    temporary = ["_database_rank", "_airtable_rank", "_renamed"]
    return first.drop(temporary), ranked.join(first, on=ENTITY, how="anti").drop(temporary)


def _moved(others: pl.DataFrame, linked: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Losers and tombstones: where their own row is now, else where their entity went."""
    renamed = linked.select(ENTITY, pl.col("_target").alias("_merged")).unique(ENTITY)
    return (
        others.join(now, on=["store", KEY], how="left", maintain_order="left")
        .join(renamed, on=ENTITY, how="left", maintain_order="left")
        .with_columns(pl.coalesce("_now", *_SHORT, "_merged", ENTITY).alias("_target"))
        .drop("_now", "_merged")
    )
