"""Duplicates that are not merged now: every linked pair is a lead of its own, and the other rows stay beside one.

They are merged apart when the plan or the configuration does not merge, when a store with duplicates must not be
written or does not show which of them are gone, and when a unique constraint on child rows would refuse the merge.
"""

import polars as pl

from dq.rules import TableRules
from dq.schemas import BaseRow, Cluster, Finding
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Store
from dq.side import ENTITY, KEY

STORES: tuple[Store, Store] = ("database", "airtable")
_LEFT = "is a duplicate (of the lead {entity}) that is not merged"


def duplicated(clusters: pl.DataFrame) -> pl.DataFrame:
    """entity_id, store: where an entity has several rows."""
    return clusters.group_by(ENTITY, Cluster.store).len().filter(pl.col("len") > 1).select(ENTITY, Cluster.store)


def taken_apart(
    clusters: pl.DataFrame, links: pl.DataFrame, base: pl.DataFrame, losers: pl.DataFrame, unmerged: pl.DataFrame
) -> pl.DataFrame:
    """The clusters with the linked pairs of unmerged entities as entities of their own.

    Args:
        clusters: Cluster contract.
        links: database_key, airtable_key of the one-to-one links.
        base: The base state, all states.
        losers: store, row_key of rows that are to be merged away again: never a lead of their own.
        unmerged: entity_id of the entities to take apart.
    """
    rows = clusters.join(unmerged, on=ENTITY, how="semi")
    if rows.is_empty():
        return clusters
    pairs = _pairs(rows, links, base, losers)
    home = pairs.group_by(ENTITY).agg(pl.col("pair").min().alias("home"))
    parts = pl.concat(
        pairs.select(pl.lit(store).alias(Cluster.store), pl.col(f"{store}_key").alias(KEY), "pair") for store in STORES
    )
    moved = rows.join(parts, on=[Cluster.store, KEY], how="left").join(home, on=ENTITY, how="left")
    named = moved.with_columns(pl.coalesce("pair", "home", ENTITY).alias(ENTITY)).select(clusters.columns)
    rest = clusters.join(unmerged, on=ENTITY, how="anti")
    return pl.concat([rest, named]).sort(Cluster.store, KEY)


def _pairs(rows: pl.DataFrame, links: pl.DataFrame, base: pl.DataFrame, losers: pl.DataFrame) -> pl.DataFrame:
    """entity_id, database_key, airtable_key, pair: the linked pairs of these entities, with an id each."""
    alive = rows.join(losers, on=[Cluster.store, KEY], how="anti")
    database, airtable = (
        alive.filter(pl.col(Cluster.store) == store).select(pl.col(KEY).alias(f"{store}_key"), ENTITY)
        for store in STORES
    )
    linked = links.join(database, on="database_key").join(airtable.drop(ENTITY), on="airtable_key", how="semi")
    known = base.filter(pl.col(BaseRow.state) == "linked")
    for store in STORES:
        ids = known.select(f"{store}_key", pl.col(ENTITY).alias(f"_{store}")).drop_nulls().unique(f"{store}_key")
        linked = linked.join(ids, on=f"{store}_key", how="left")
    taken = base.filter(pl.col(BaseRow.state) != "tombstone")[ENTITY].unique().to_list()
    own = pl.lit("database:") + pl.col("database_key")
    free = pl.when(own.is_in(taken)).then(own + "~").otherwise(own)
    return linked.select(
        ENTITY, "database_key", "airtable_key", pl.coalesce("_database", "_airtable", free).alias("pair")
    )


def left_findings(clusters: pl.DataFrame, unmerged: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """A finding for every duplicate that stays."""
    left = clusters.join(unmerged, on=ENTITY, how="semi").sort(Cluster.store, KEY)
    several = left.filter(pl.len().over(ENTITY, Cluster.store) > 1)
    nothing = pl.lit(None, pl.String)
    return several.select(
        pl.col(Cluster.store).alias(Finding.store),
        pl.lit(rules.table).alias(Finding.table),
        pl.col(KEY).alias(Finding.row_key),
        nothing.alias(Finding.field),
        nothing.alias(Finding.value),
        pl.lit("dedupe.unmerged").alias(Finding.rule),
        pl.lit("info").alias(Finding.severity),
        pl.format(_LEFT.replace("{entity}", "{}"), pl.col(ENTITY)).alias(Finding.message),
    ).cast(pl.Schema(FINDING_TYPES))
