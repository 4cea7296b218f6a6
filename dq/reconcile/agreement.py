"""The next base: what both stores will agree on once every change of the plan is confirmed.

A cell that the plan cannot bring to agreement (open conflict, direction, a value that does not fit) keeps the old base.
"""

from collections.abc import Mapping

import polars as pl

from dq.side import ENTITY, KEY, Side
from dq.reconcile.align import AIRTABLE, DATABASE, VERDICT, Terms, at
from dq.reconcile.changes import fits
from dq.reconcile.merge import OPEN, origin, target
from dq.rules import FieldRule
from dq.schemas import BaseRow, Record
from dq.schemas.base import BASE_TYPES
from dq.schemas.values import Store

_AGREEING = ["pair", "insert_database", "insert_airtable", "revive_database", "revive_airtable"]
_GONE = ["gone", "delete_database", "delete_airtable"]
_UNSEEN = ["alone", "gone_unseen"]


def base_types(terms: Terms) -> dict[str, pl.DataType]:
    """Columns of this mapping's base."""
    return {**BASE_TYPES, **dict.fromkeys(terms.rules.names, pl.String())}


def next_base(
    rows: pl.DataFrame,
    sides: Mapping[Store, Side],
    base: pl.DataFrame,
    held: Mapping[Store, pl.DataFrame],
    terms: Terms,
) -> pl.DataFrame:
    """The base after this plan.

    Args:
        rows: Merged rows with golden values.
        sides: Both sides, for the rows that were merged away.
        base: The base before, all states, under the entity ids of this plan.
        held: Per store: row_key, held (standard forms as JSON) of the rows that are merged away.
        terms: What the plan may do.
    """
    types = base_types(terms)
    agreed = rows.filter(pl.col(VERDICT).is_in(_AGREEING)).select(_linked(terms))
    old = base.filter(pl.col(BaseRow.state) == "linked")
    gone = rows.filter(pl.col(VERDICT).is_in(_GONE)).select(ENTITY)
    unseen = rows.filter(pl.col(VERDICT).is_in(_UNSEEN)).select(ENTITY)
    kept = old.join(unseen, on=ENTITY, how="semi")
    tombstones = old.join(gone, on=ENTITY, how="semi").with_columns(pl.lit("tombstone").alias(BaseRow.state))
    losers = _losers(sides, held, terms)
    before = base.filter(pl.col(BaseRow.state) != "linked").pipe(_without, losers, agreed)
    parts = [agreed, kept, tombstones, losers, before]
    return pl.concat([_typed(part, types) for part in parts]).sort(
        BaseRow.state, ENTITY, BaseRow.store, BaseRow.row_key
    )


def _typed(part: pl.DataFrame, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in types.items() if name not in part.columns]
    return part.with_columns(missing).select(list(types)).cast(dict(types))


def _linked(terms: Terms) -> list[pl.Expr]:
    times = [
        column
        for side in _stores()
        for column in (pl.col(f"{side}_written"), pl.col(at(Record.modified, side)).alias(f"{side}_human"))
    ]
    return [
        pl.lit(terms.rules.table).alias(BaseRow.table),
        pl.col(ENTITY),
        pl.col(DATABASE).alias(BaseRow.database_key),
        pl.col(AIRTABLE).alias(BaseRow.airtable_key),
        pl.lit("linked").alias(BaseRow.state),
        *times,
        *(_cell(field, terms).alias(field.name) for field in terms.rules.fields),
    ]


def _cell(field: FieldRule, terms: Terms) -> pl.Expr:
    goal = {store: target(field, store, terms) for store in _stores()}
    reached = [_reaches(field, store, goal[store], terms) for store in _stores()]
    agreed = (
        (pl.col(origin(field.name)) != OPEN) & goal["database"].eq_missing(goal["airtable"]) & reached[0] & reached[1]
    )
    return pl.when(agreed).then(goal["database"].fill_null("")).otherwise(at(field.name, "base"))


def _stores() -> tuple[Store, Store]:
    return "database", "airtable"


def _reaches(field: FieldRule, store: Store, goal: pl.Expr, terms: Terms) -> pl.Expr:
    """Whether the store's cell means `goal` after the plan: it does already, or the plan may write it."""
    own = pl.col(at(f"{field.name}_held", store)).eq_missing(goal)
    if not terms.writes(store, field):
        return own
    return own | fits(goal, terms.schema(store).column(terms.column(store, field)))


def _losers(sides: Mapping[Store, Side], held: Mapping[Store, pl.DataFrame], terms: Terms) -> pl.DataFrame:
    return pl.concat(
        sides[store]
        .merged.join(held[store], on=KEY, how="left")
        .select(
            pl.lit(terms.rules.table).alias(BaseRow.table),
            pl.col(ENTITY),
            pl.lit("loser").alias(BaseRow.state),
            pl.lit(store).alias(BaseRow.store),
            pl.col(KEY).alias(BaseRow.row_key),
            pl.col("held").alias(BaseRow.held),
        )
        for store in _stores()
    )


def _without(before: pl.DataFrame, losers: pl.DataFrame, alive: pl.DataFrame) -> pl.DataFrame:
    """Old losers and tombstones, less those that this plan renews or that live again."""
    live = pl.concat(
        [
            alive.select(pl.lit(store).alias(BaseRow.store), pl.col(f"{store}_key").alias(BaseRow.row_key)).drop_nulls()
            for store in _stores()
        ]
    )
    renewed = pl.concat([losers.select(BaseRow.store, BaseRow.row_key), live])
    is_back = (pl.col(BaseRow.state) == "tombstone") & (
        pl.col(BaseRow.database_key).is_in(live[BaseRow.row_key].implode())
        | pl.col(BaseRow.airtable_key).is_in(live[BaseRow.row_key].implode())
    )
    return before.filter(~is_back).join(renewed, on=[BaseRow.store, BaseRow.row_key], how="anti")
