"""Leads whose plan does not come to rest: they are left as they are, so that they hold up nobody else."""

import polars as pl

from dq.engine.grouping import Grouped
from dq.reconcile import Reconciled
from dq.rules import TableRules
from dq.schemas import BaseRow, Change, Cluster, Conflict, Finding
from dq.schemas.finding import FINDING_TYPES
from dq.side import ENTITY, KEY

_ROW = [Cluster.store, KEY]
_MESSAGE = (
    "would be changed again by every plan: nothing of this lead is written; look at its duplicates and their values"
)


def whole_leads(rows: pl.DataFrame, leads: pl.DataFrame) -> pl.DataFrame:
    """store, row_key of all rows of the leads that any of these rows belongs to."""
    touched = leads.join(rows.select(_ROW), on=_ROW, how="semi").select(ENTITY)
    return leads.join(touched, on=ENTITY, how="semi").select(_ROW)


def left_alone(rows: pl.DataFrame, groups: Grouped, clusters: pl.DataFrame) -> pl.DataFrame:
    """entity_id, under the names of this plan, of the leads of these rows."""
    whole = whole_leads(rows, groups.clusters)
    return clusters.join(whole, on=_ROW, how="semi").select(ENTITY).unique()


def without(made: Reconciled, base: pl.DataFrame, entities: pl.DataFrame) -> Reconciled:
    """What reconcile made, less what it made of some entities, which keep the base that they had.

    Args:
        made: Of any part of the entities.
        base: The base before, under the entity ids of this plan; the same part of it.
        entities: entity_id of those to leave alone.
    """
    if entities.is_empty():
        return made
    kept = base.filter(~pl.col(BaseRow.state).is_null()).join(entities, on=ENTITY, how="semi")
    return Reconciled(
        changes=made.changes.join(entities, on=Change.entity_id, how="anti", maintain_order="left"),
        conflicts=made.conflicts.join(entities, on=Conflict.entity_id, how="anti", maintain_order="left"),
        golden=made.golden,
        base=pl.concat([made.base.join(entities, on=ENTITY, how="anti"), kept.select(made.base.columns)]),
        findings=made.findings,
    )


def findings_of(entities: pl.DataFrame, clusters: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """A finding for every row that is left alone."""
    rows = clusters.join(entities, on=ENTITY, how="semi").sort(_ROW)
    nothing = pl.lit(None, pl.String)
    is_database = pl.col(Cluster.store) == "database"
    return rows.select(
        pl.col(Cluster.store).alias(Finding.store),
        pl.when(is_database).then(pl.lit(rules.table)).otherwise(pl.lit(rules.airtable)).alias(Finding.table),
        pl.col(KEY).alias(Finding.row_key),
        nothing.alias(Finding.field),
        nothing.alias(Finding.value),
        pl.lit("plan.unsettled").alias(Finding.rule),
        pl.lit("warning").alias(Finding.severity),
        pl.lit(_MESSAGE).alias(Finding.message),
    ).cast(pl.Schema(FINDING_TYPES))
