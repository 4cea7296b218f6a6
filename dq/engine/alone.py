"""Leads that are left as they are, so that they hold up nobody else: no plan of theirs comes to rest, or a store refused it."""

import polars as pl

from dq.changeset import REPOINT
from dq.engine.grouping import Grouped
from dq.reconcile import Reconciled, Terms, lasting
from dq.rules import TableRules
from dq.schemas import Change, Cluster, Conflict, Finding
from dq.schemas.finding import FINDING_TYPES
from dq.side import ENTITY, KEY

_ORDER = ("erased", "quarantine", "invalid", "settling", "rebased", "unsettled")
_PASSING = ("settling", "rebased")
"""Nothing is wrong with these leads."""
_ROW = [Cluster.store, KEY]
_MESSAGES = {
    "unsettled": "would be changed again by every plan: nothing of this lead is written; look at its duplicates",
    "erased": "belongs to a person who was erased: nothing of this lead is written; remove the row from its store",
    "settling": "was edited just before the snapshot: nothing of this lead is written this time; the next run takes it up",
    "invalid": "holds a cell that is not valid: nothing of this lead is written before the cell is mended",
    "rebased": "moved since the plan that this one carries on: nothing of this lead is written this time; the next plan takes it up",
    "quarantine": "was refused by a store: nothing of this lead is written before its rows, rules or schema change",
}


def whole_leads(rows: pl.DataFrame, leads: pl.DataFrame) -> pl.DataFrame:
    """store, row_key of all rows of the leads that any of these rows belongs to."""
    touched = leads.join(rows.select(_ROW), on=_ROW, how="semi").select(ENTITY)
    return leads.join(touched, on=ENTITY, how="semi").select(_ROW)


def left_alone(rows: pl.DataFrame, groups: Grouped, clusters: pl.DataFrame) -> pl.DataFrame:
    """entity_id, under the names of this plan, and why, of the leads of these rows."""
    parts = [
        clusters.join(whole_leads(rows.filter(why=why), groups.clusters), on=_ROW, how="semi").select(
            ENTITY, pl.lit(why).alias("why")
        )
        for why in _ORDER
    ]
    return pl.concat(parts).unique(ENTITY, keep="first", maintain_order=True)


def without(made: Reconciled, base: pl.DataFrame, entities: pl.DataFrame, terms: Terms) -> Reconciled:
    """What reconcile made, less what it made of some entities, which keep the base that they had.

    Their links to records that another mapping's plan merges away follow all the same: they would be lost.

    Args:
        made: Of any part of the entities.
        base: The base before, under the entity ids of this plan; the same part of it.
        entities: entity_id of those to leave alone.
        terms: What the mapping is.
    """
    if entities.is_empty():
        return made
    kept = lasting(base.join(entities, on=ENTITY, how="semi"), terms.references)
    rule = pl.col(Change.rule).fill_null("")
    follows = rule.str.starts_with(REPOINT) & (rule != REPOINT + terms.rules.table)
    links = made.changes.filter(follows).join(entities, on=Change.entity_id, how="semi")
    others = made.changes.join(entities, on=Change.entity_id, how="anti")
    return Reconciled(
        changes=pl.concat([others, links]).sort(Change.change_id),
        conflicts=made.conflicts.join(entities, on=Conflict.entity_id, how="anti", maintain_order="left"),
        golden=made.golden,
        base=pl.concat([made.base.join(entities, on=ENTITY, how="anti"), kept.select(made.base.columns)]),
        findings=made.findings,
        choices=made.choices,
        tally=made.tally,
    )


def findings_of(entities: pl.DataFrame, clusters: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """A finding for every row that is left alone."""
    rows = clusters.join(entities, on=ENTITY).sort(_ROW)
    nothing = pl.lit(None, pl.String)
    is_database = pl.col(Cluster.store) == "database"
    return rows.select(
        pl.col(Cluster.store).alias(Finding.store),
        pl.when(is_database).then(pl.lit(rules.table)).otherwise(pl.lit(rules.airtable)).alias(Finding.table),
        pl.col(KEY).alias(Finding.row_key),
        nothing.alias(Finding.field),
        nothing.alias(Finding.value),
        pl.format("plan.{}", "why").alias(Finding.rule),
        pl.when(pl.col("why").is_in(_PASSING))
        .then(pl.lit("info"))
        .when(pl.col("why") == "invalid")
        .then(pl.lit("error"))
        .otherwise(pl.lit("warning"))
        .alias(Finding.severity),
        pl.col("why").replace_strict(_MESSAGES, return_dtype=pl.String).alias(Finding.message),
    ).cast(pl.Schema(FINDING_TYPES))
