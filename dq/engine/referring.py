"""What one mapping's plan tells the mappings that name its rows."""

import polars as pl

from dq.changeset import is_removal
from dq.engine.inputs import Inputs
from dq.engine.local import TablePlan
from dq.gate import created_keys
from dq.reconcile import Referred
from dq.schemas import BaseRow, Change, Cluster
from dq.schemas.values import Store
from dq.side import ENTITY, KEY

STORES: tuple[Store, Store] = ("database", "airtable")
_NEEDED = [
    Change.change_id, Change.store, Change.table, Change.op, Change.entity_id, Change.row_key, Change.field, Change.after,
    Change.reason,
]  # fmt: skip
_ROW = [Cluster.store, KEY]


def referred(inputs: Inputs, made: TablePlan) -> Referred:
    """A mapping's rows as other mappings' cells may name them.

    Args:
        inputs: What the plan was made from.
        made: The plan.
    """
    tables = [schema.name for schema in inputs.schemas.values()]
    changes = made.frame("changes", _NEEDED, pl.col(Change.table).is_in(tables))
    gone = changes.filter(is_removal()).select(Change.store, Change.row_key, Change.reason).unique()
    rows = made.clusters.select(*_ROW, ENTITY)
    stays = made.clusters.filter(pl.col(str(Cluster.survivor))).join(gone, on=_ROW, how="anti").select(*_ROW, ENTITY)
    created = (
        changes.filter(pl.col(Change.op) == "insert")
        .group_by(Change.store, Change.entity_id)
        .agg(pl.col(Change.change_id).min().alias("created"))
    )
    forms = pl.concat([stays, created], how="diagonal").select(Cluster.store, ENTITY, KEY, "created")
    removed = gone.filter(pl.col(Change.store) == "airtable")
    heads = stays.filter(pl.col(Cluster.store) == "airtable").select(ENTITY, pl.col(KEY).alias("survivor"))
    merged = removed.filter(pl.col(Change.reason) == "merge").select(Change.store, KEY)
    moved = merged.join(rows, on=_ROW).join(heads, on=ENTITY).select(KEY, "survivor")
    return Referred(
        mapping=inputs.rules.table,
        rows=rows.sort(_ROW),
        forms=forms.sort(Cluster.store, ENTITY),
        merged=_merged(inputs.base, rows, stays),
        former=_former(inputs.base, rows),
        lasting=_lasting(stays),
        moved=moved.sort(KEY),
        removed=removed.select(KEY).unique().sort(KEY),
        placed=created_keys(changes, inputs.schemas["database"]),
    )


def _lasting(stays: pl.DataFrame) -> pl.DataFrame:
    """entity_id, text: the key of the database's row that stays, else of Airtable's; never of a row to be created."""
    text = pl.col(Cluster.store) + ":" + pl.col(KEY)
    ranked = stays.with_columns((pl.col(Cluster.store) != "database").alias("_last")).sort(ENTITY, "_last", KEY)
    return ranked.unique(ENTITY, keep="first", maintain_order=True).select(ENTITY, text.alias("text"))


def _merged(base: pl.DataFrame, rows: pl.DataFrame, stays: pl.DataFrame) -> pl.DataFrame:
    """store, row_key, entity_id of rows that were merged away before, as far as their lead is there: their keys name it still."""
    losers = base.filter(pl.col(BaseRow.state) == "loser").select(BaseRow.store, KEY, ENTITY)
    linked = base.filter(pl.col(BaseRow.state) == "linked").join(losers, on=ENTITY, how="semi")
    here = stays.rename({KEY: "_stays", ENTITY: "_now"})
    homes = [
        linked.select(ENTITY, pl.col(f"{store}_key").alias("_stays")).join(here.filter(store=store), on="_stays")
        for store in STORES
    ]
    now = pl.concat(home.select(ENTITY, "_now") for home in homes).unique(ENTITY, keep="first", maintain_order=True)
    found = losers.join(rows, on=_ROW, how="anti").join(now, on=ENTITY).unique(_ROW)
    return found.select(*_ROW, pl.col("_now").alias(ENTITY)).sort(_ROW)


def _former(base: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """text, entity_id: what the base may call a row, and its entity now: its own, or where its partner or survivor went."""
    now = rows.select(*_ROW, pl.col(ENTITY).alias("_now"))
    known = base.filter(pl.col(BaseRow.state) != "loser").sort(BaseRow.state, ENTITY)
    for store in STORES:
        here = now.filter(pl.col(Cluster.store) == store).select(
            pl.col(KEY).alias(f"{store}_key"), pl.col("_now").alias(f"_{store}")
        )
        known = known.join(here, on=f"{store}_key", how="left", maintain_order="left")
    homes = known.with_columns(pl.coalesce("_database", "_airtable", ENTITY).alias("_now"))
    own = [
        homes.select((pl.lit(f"{store}:") + pl.col(f"{store}_key")).alias("text"), pl.col("_now").alias(ENTITY))
        for store in STORES
    ]
    losers = base.filter(pl.col(BaseRow.state) == "loser").join(
        homes.filter(pl.col(BaseRow.state) == "linked").select(ENTITY, "_now").unique(ENTITY), on=ENTITY, how="left"
    )
    lost = losers.select(
        (pl.col(BaseRow.store) + ":" + pl.col(BaseRow.row_key)).alias("text"),
        pl.coalesce("_now", ENTITY).alias(ENTITY),
    )
    alive = rows.select((pl.col(Cluster.store) + ":" + pl.col(KEY)).alias("text"), ENTITY)
    return pl.concat([alive, *own, lost]).drop_nulls("text").unique("text", keep="first", maintain_order=True)
