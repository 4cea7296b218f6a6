"""Entities: names of clusters that stay from run to run, whatever rows come, go or change places."""

import polars as pl

from dq.schemas import Cluster

LABEL, KNOWN = "label#", "known#"


def entity_ids(rows: pl.DataFrame) -> pl.Series:
    """The entity id of every row.

    A cluster keeps the id that its rows have; of several the least. Where an entity's rows are in several clusters by now
    the largest keeps it. The others are named after their least row, with a `~` where that is another's name by now.

    Args:
        rows: store, row_key, `LABEL` (cluster), `KNOWN` (entity id of an earlier run, or null), in any order.
    """
    member = pl.col(Cluster.store) + ":" + pl.col(Cluster.row_key)
    first = pl.when(pl.col(Cluster.store) == "database").then(pl.lit("0")).otherwise(pl.lit("1"))
    is_alone = pl.len().over(LABEL) == 1  # most are: what they are called costs nothing
    several = rows.filter(~is_alone).select(LABEL, own=first + member)
    least = several.group_by(LABEL).agg(pl.col("own").min().str.slice(1))
    own = pl.concat([rows.filter(is_alone).select(LABEL, own=member), least])
    claims = rows.drop_nulls(KNOWN).group_by(LABEL, KNOWN).len().join(own, on=LABEL)
    held = claims.sort(KNOWN, "len", "own", descending=[False, True, False]).unique(
        KNOWN, keep="first", maintain_order=True
    )
    kept = held.group_by(LABEL).agg(pl.col(KNOWN).min().alias("kept"))
    named = own.join(kept, on=LABEL, how="left")
    is_taken = pl.col("kept").is_null() & pl.col("own").is_in(kept["kept"].implode())
    names = _told_apart(
        named.filter(~is_taken).select(LABEL, pl.coalesce("kept", "own").alias(Cluster.entity_id)),
        named.filter(is_taken).sort("own").select(LABEL, pl.col("own").alias(Cluster.entity_id)),
    )
    return rows.select(LABEL).join(names, on=LABEL, how="left", maintain_order="left")[Cluster.entity_id]


def _told_apart(names: pl.DataFrame, waiting: pl.DataFrame) -> pl.DataFrame:
    """All names, those that wait with as many `~` as it takes to be nobody else's."""
    while len(waiting):
        waiting = waiting.with_columns(pl.col(Cluster.entity_id) + "~")
        name = pl.col(Cluster.entity_id)
        is_free = name.is_first_distinct() & ~name.is_in(names[Cluster.entity_id].implode())
        names = pl.concat([names, waiting.filter(is_free)])
        waiting = waiting.filter(~is_free)
    return names
