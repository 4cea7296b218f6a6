"""Both sides and the base next to each other: one row an entity, and what becomes of the row as a whole.

Column `f@database` is a field's word on that side, `f@base` the base's (null = never agreed, "" = agreed on empty).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

from dq.side import ENTITY, KEY, Side
from dq.manifest import TableSchema
from dq.rules import FieldRule, Step, TableRules
from dq.schemas import BaseRow
from dq.schemas.values import Store

Verdict = Literal[
    "pair", "alone", "insert_database", "insert_airtable", "revive_database", "revive_airtable", "delete_database",
    "delete_airtable", "gone", "empty",
]  # fmt: skip
VERDICT, DATABASE, AIRTABLE = "verdict", f"{KEY}@database", f"{KEY}@airtable"
WRITABLE_VERDICTS = ["pair", "alone", "insert_database", "insert_airtable", "revive_database", "revive_airtable"]


@dataclass(frozen=True)
class Terms:
    """What the two tables are and what a plan may do to them.

    Attributes:
        rules: The mapping.
        database: The database table's schema.
        airtable: The Airtable table's schema.
        steps: What this plan is for: all of it, or only standardize, dedupe or sync.
        stamp: The plan's time, as the database writes times (for soft deletes).
    """

    rules: TableRules
    database: TableSchema
    airtable: TableSchema
    steps: frozenset[Step]
    stamp: str | int
    now: datetime

    def schema(self, store: Store) -> TableSchema:
        """The store's table."""
        return self.database if store == "database" else self.airtable

    def column(self, store: Store, field: FieldRule) -> str:
        """The store's own name of a field."""
        return field.name if store == "database" else field.airtable

    def may_write(self, store: Store) -> bool:
        """Whether the mapping's direction lets this store be written at all."""
        return self.rules.sync.direction in ("both", f"to_{store}")

    def writes(self, store: Store, field: FieldRule) -> bool:
        """Whether this plan may write the field in this store: directions allow it and it is not computed."""
        allowed = self.may_write(store) and field.direction in ("both", f"to_{store}")
        return allowed and self.schema(store).column(self.column(store, field)).writable


def at(field: str, side: str) -> str:
    """Column of a field on one side."""
    return f"{field}@{side}"


def aligned(database: Side, airtable: Side, base: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """One row an entity that either side or the base knows, sorted, with its verdict.

    Args:
        database: The database's word on every entity.
        airtable: Airtable's word.
        base: `linked` rows of the base, under the entity ids of this plan.
        terms: What may be done.
    """
    names = [BaseRow.database_key, BaseRow.airtable_key, *terms.rules.names]
    times = [BaseRow.database_written, BaseRow.airtable_written]
    agreed = base.select(ENTITY, *times, *(pl.col(name).alias(at(name, "base")) for name in names))
    joined = _suffixed(database.rows, "database").join(
        _suffixed(airtable.rows, "airtable"), on=ENTITY, how="full", coalesce=True
    )
    return (
        joined.join(agreed, on=ENTITY, how="full", coalesce=True)
        .sort(ENTITY)
        .with_columns(_verdict(terms).alias(VERDICT))
    )


def _suffixed(rows: pl.DataFrame, side: Store) -> pl.DataFrame:
    return rows.rename({name: at(name, side) for name in rows.columns if name != ENTITY})


def is_edited(side: Store, rules: TableRules) -> pl.Expr:
    """Whether a side's row differs from the base in any cell; a cell never agreed on counts as edited."""
    return pl.any_horizontal(pl.col(at(n, side)).fill_null("").ne_missing(pl.col(at(n, "base"))) for n in rules.names)


def _verdict(terms: Terms) -> pl.Expr:
    in_database, in_airtable = pl.col(DATABASE).is_not_null(), pl.col(AIRTABLE).is_not_null()
    known = (
        pl.col(at(BaseRow.database_key, "base")).is_not_null() | pl.col(at(BaseRow.airtable_key, "base")).is_not_null()
    )
    pair = pl.when(in_database & in_airtable).then(pl.lit("pair"))
    if "sync" not in terms.steps:
        return pair.when(in_database | in_airtable).then(pl.lit("alone")).otherwise(pl.lit("gone_unseen"))
    return (
        pair.when(~in_database & ~in_airtable)
        .then(pl.lit("gone"))
        .when(in_database)
        .then(_one_sided("database", "airtable", known, terms))
        .otherwise(_one_sided("airtable", "database", known, terms))
    )


def _one_sided(here: Store, there: Store, known: pl.Expr, terms: Terms) -> pl.Expr:
    """The verdict on a row that only `here` has."""
    if not terms.may_write(there) and not terms.may_write(here):
        return pl.lit("alone")
    empty = pl.all_horizontal(pl.col(at(name, here)).is_null() for name in terms.rules.names)
    insert, revive = (pl.lit(f"{verb}_{there}" if terms.may_write(there) else "alone") for verb in ("insert", "revive"))
    propagates = terms.rules.sync.deletes == "propagate" and terms.may_write(here)
    delete = pl.lit(f"delete_{here}" if propagates else "alone")
    lost = pl.when(is_edited(here, terms.rules)).then(revive).otherwise(delete)
    return pl.when(known).then(lost).when(empty).then(pl.lit("empty")).otherwise(insert)
