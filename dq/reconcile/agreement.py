"""The next base: what both stores will agree on once every change of the plan is confirmed.

A cell that the plan cannot bring to agreement (open conflict, direction, a value that does not fit) keeps the old base.
"""

from collections.abc import Mapping

import polars as pl

from dq.reconcile.align import AIRTABLE, DATABASE, VERDICT, at
from dq.reconcile.merge import OPEN, origin, target
from dq.reconcile.referring import lasting
from dq.reconcile.terms import STORES, Terms, fits
from dq.rules import FieldRule
from dq.schemas import BaseRow
from dq.schemas.base import agreed, base_types
from dq.schemas.values import Store
from dq.side import ENTITY, KEY, MODIFIED, Side, held_name

_AGREEING = ["pair", "insert_database", "insert_airtable", "revive_database", "revive_airtable"]
_GONE = ["gone", "delete_database", "delete_airtable"]
_UNSEEN = ["alone", "held_database", "gone_unseen", "empty", "outside"]
BASE_ORDER = [BaseRow.state, ENTITY, BaseRow.store, BaseRow.row_key, BaseRow.database_key, BaseRow.airtable_key]


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
    types = base_types(terms.rules.names)
    verdict = pl.col(VERDICT)
    live = rows.filter(verdict.is_in(_AGREEING)).select(_linked(terms))
    old = base.filter(pl.col(BaseRow.state) == "linked")
    leaves = verdict == "leave_airtable"
    if "airtable" not in terms.blind:
        leaves |= (verdict == "outside") & pl.col(AIRTABLE).is_null()
    kept = old.join(rows.filter(verdict.is_in(_UNSEEN) & ~leaves), on=ENTITY, how="semi")
    gone = old.join(rows.filter(verdict.is_in(_GONE)), on=ENTITY, how="semi")
    since = pl.lit(terms.now, pl.Datetime("us", "UTC")).alias(str(BaseRow.since))
    tombstones = gone.with_columns(pl.lit("tombstone").alias(BaseRow.state), since)
    left = old.join(rows.filter(leaves), on=ENTITY, how="semi").with_columns(pl.lit("left").alias(BaseRow.state), since)
    losers = _losers(sides, held, terms)
    before = base.filter(pl.col(BaseRow.state) != "linked").pipe(_dated, terms).pipe(_without, losers, live)
    parts = [live, kept, tombstones, left, losers, before]
    return lasting(pl.concat([_typed(part, types) for part in parts]), terms.references).sort(BASE_ORDER)


def _dated(before: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Tombstones with a time: that of this plan for those of an older dq, which had none."""
    is_dead = pl.col(BaseRow.state).is_in(["tombstone", "left"])
    since = pl.col(str(BaseRow.since))
    return before.with_columns(
        pl.when(is_dead).then(since.fill_null(terms.now)).otherwise(since).alias(str(BaseRow.since))
    )


def _typed(part: pl.DataFrame, types: pl.Schema) -> pl.DataFrame:
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in types.items() if name not in part.columns]
    return part.with_columns(missing).select(types.names()).cast(types)


def _linked(terms: Terms) -> list[pl.Expr]:
    times = [
        column
        for side in STORES
        for column in (pl.col(f"{side}_written"), pl.col(at(MODIFIED, side)).alias(f"{side}_human"))
    ]
    return [
        pl.lit(terms.rules.table).alias(BaseRow.table),
        pl.col(ENTITY),
        pl.col(DATABASE).alias(BaseRow.database_key),
        pl.col(AIRTABLE).alias(BaseRow.airtable_key),
        pl.lit("linked").alias(BaseRow.state),
        *times,
        *(_cell(field, terms).alias(agreed(field.name)) for field in terms.rules.fields),
    ]


def _cell(field: FieldRule, terms: Terms) -> pl.Expr:
    goal = {store: target(field, store, terms) for store in STORES}
    reached = [_reaches(field, store, goal[store], terms) for store in STORES]
    is_agreed = (
        (pl.col(origin(field.name)) != OPEN) & goal["database"].eq_missing(goal["airtable"]) & reached[0] & reached[1]
    )
    is_old = pl.col(VERDICT) == "pair"  # a new row never agreed on what it could not be given
    return (
        pl.when(is_agreed)
        .then(goal["database"].fill_null(""))
        .when(is_old)
        .then(at(field.name, "base"))
        .otherwise(pl.lit(None, pl.String))
    )


def _reaches(field: FieldRule, store: Store, goal: pl.Expr, terms: Terms) -> pl.Expr:
    """Whether the store's cell means `goal` after the plan: it does already, or the plan may write it."""
    own = pl.col(at(held_name(field.name), store)).eq_missing(goal)
    if not terms.writes(store, field):
        return own
    return own | fits(goal, store, field, terms)


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
        for store in STORES
    )


def _without(before: pl.DataFrame, losers: pl.DataFrame, live: pl.DataFrame) -> pl.DataFrame:
    """Old losers and tombstones, less those that this plan renews or whose row lives again in their entity."""
    for store in STORES:
        column = f"{store}_key"
        alive = live.select(ENTITY, pl.col(column).alias(BaseRow.row_key)).drop_nulls()
        again = pl.concat([losers.filter(pl.col(BaseRow.store) == store).select(ENTITY, BaseRow.row_key), alive])
        is_loser = pl.col(BaseRow.store) == store
        before = pl.concat(
            [
                before.filter(is_loser).join(again, on=[ENTITY, BaseRow.row_key], how="anti"),
                before.filter(~is_loser.fill_null(value=False)),
            ]
        )
        before = before.join(alive, left_on=[ENTITY, column], right_on=[ENTITY, BaseRow.row_key], how="anti")
    return before
