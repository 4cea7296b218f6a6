"""Three-way merge of every cell: the base and both sides to one golden value, or a conflict.

Symmetric case table, b = base, x and y other values:

    base  database  airtable   golden
    b     b         b          b
    b     x         b          x  (from the database)
    b     b         y          y  (from Airtable)
    b     x         x          x
    b     x         y          conflict
    none  x         empty      x
    none  x         y          conflict
"""

import polars as pl

from dq.reconcile.align import AIRTABLE, VERDICT, at
from dq.reconcile.referring import vanished
from dq.reconcile.terms import Terms
from dq.rules import FieldRule
from dq.schemas.values import Store
from dq.side import is_mute

SAME, FROM_DATABASE, FROM_AIRTABLE, SETTLED, DEFAULTED, OPEN, APART = range(7)
"""Where a golden value came from. `APART`: this plan does not compare the sides, each keeps its own."""


def golden(field: str) -> str:
    """Column of a field's golden value."""
    return at(field, "golden")


def origin(field: str) -> str:
    """Column that tells where a field's golden value came from."""
    return at(field, "origin")


def merged(rows: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The aligned rows with `f@golden` and `f@origin` for every field; conflicts are `SETTLED` with no value yet."""
    told = rows.with_columns(_origin(field, terms).alias(origin(field.name)) for field in terms.rules.fields)
    return told.with_columns(_value(field).alias(golden(field.name)) for field in terms.rules.fields)


def _sides(field: FieldRule) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Base, database and Airtable; with no base, a default is no evidence against a value of its own."""
    base, database, airtable = (pl.col(at(field.name, side)) for side in ("base", "database", "airtable"))
    if field.default is None:
        return base, database, airtable
    return (
        base,
        pl.when(~_yields(base, database, airtable, field.default)).then(database),
        pl.when(~_yields(base, airtable, database, field.default)).then(airtable),
    )


def _yields(base: pl.Expr, mine: pl.Expr, other: pl.Expr, default: str) -> pl.Expr:
    is_default = (mine == default).fill_null(value=False)
    return base.is_null() & is_default & other.is_not_null() & (other != default)


def _origin(field: FieldRule, terms: Terms) -> pl.Expr:
    base, database, airtable = _sides(field)
    agreed = pl.when(base != "").then(base)
    only_database = (base.is_not_null() & airtable.eq_missing(agreed)) | (base.is_null() & airtable.is_null())
    only_airtable = (base.is_not_null() & database.eq_missing(agreed)) | (base.is_null() & database.is_null())
    has_word = pl.lit(value=False)
    if field.owner:  # its word counts, an empty one too once the stores had agreed on the cell
        has_word = base.is_not_null() | {"database": database, "airtable": airtable}[field.owner].is_not_null()
    pair = (
        pl.when(database.eq_missing(airtable))
        .then(SAME)
        .when(has_word)
        .then(FROM_AIRTABLE if field.owner == "airtable" else FROM_DATABASE)
        .when(only_database)
        .then(FROM_DATABASE)
        .when(only_airtable)
        .then(FROM_AIRTABLE)
    )
    verdict = pl.col(VERDICT)
    compared = pl.coalesce(_left_alone(field, terms), pair.otherwise(SETTLED))
    both = pl.lit(APART) if "sync" not in terms.steps else compared
    only = pl.when(pl.col(AIRTABLE).is_null()).then(FROM_DATABASE).otherwise(FROM_AIRTABLE)
    return (
        pl.when(verdict == "pair")
        .then(both)
        .when(verdict.is_in(["alone", "held_database", "empty", "outside"]))
        .then(APART)
        .otherwise(only)
        .cast(pl.Int8)
    )


def _left_alone(field: FieldRule, terms: Terms) -> pl.Expr:
    """Where a cell that names a row of another mapping says nothing: it is mute, or what it named is gone from its store."""
    referred = terms.references.get(field.name)
    if referred is None:
        return pl.lit(None, pl.Int32)
    base, database, airtable = (pl.col(at(field.name, side)) for side in ("base", "database", "airtable"))
    return (
        pl.when(is_mute(database) | is_mute(airtable))
        .then(OPEN)
        .when(vanished(base, database, airtable, referred, ("airtable", "database")))
        .then(FROM_DATABASE)
        .when(vanished(base, airtable, database, referred, ("database", "airtable")))
        .then(FROM_AIRTABLE)
    )


def _value(field: FieldRule) -> pl.Expr:
    _, database, airtable = _sides(field)
    came = pl.col(origin(field.name))
    return pl.when(came.is_in([SAME, FROM_DATABASE])).then(database).when(came == FROM_AIRTABLE).then(airtable)


def with_defaults(rows: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Empty golden cells filled with the field's default; a waiting conflict is left alone."""
    if "standardize" not in terms.steps:
        return rows
    columns: list[pl.Expr] = []
    for field in terms.rules.fields:
        if field.default is None:
            continue
        empty = pl.col(golden(field.name)).is_null() & ~pl.col(origin(field.name)).is_in([OPEN, APART])
        columns += [
            pl.when(empty).then(pl.lit(field.default)).otherwise(golden(field.name)).alias(golden(field.name)),
            pl.when(empty).then(pl.lit(DEFAULTED, pl.Int8)).otherwise(origin(field.name)).alias(origin(field.name)),
        ]
    return rows.with_columns(columns)


def target(field: FieldRule, store: Store, terms: Terms) -> pl.Expr:
    """What a store's cell is to hold after this plan.

    In open conflict each side keeps its word; where that word is a merged duplicate's, the survivor must take it over.
    """
    word = own = pl.col(at(field.name, store))
    if field.default is not None and "standardize" in terms.steps:
        own = pl.when(pl.col(VERDICT) == "empty").then(own).otherwise(own.fill_null(field.default))
    came = pl.col(origin(field.name))
    return pl.when(came == APART).then(own).when(came == OPEN).then(word).otherwise(golden(field.name))
