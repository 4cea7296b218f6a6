"""Which rows there are: who is in which store, who is there twice, and who was edited where."""

import numpy as np
import polars as pl

from dq.leads.people import ENTITY, record_ids, spread, uuids

SHARE_DATABASE_ONLY, SHARE_AIRTABLE_ONLY = 0.16, 0.12
SHARE_TWICE_DATABASE, SHARE_TWICE_AIRTABLE = 0.12, 0.10
_DATABASE_ONLY, _AIRTABLE_ONLY = 0, 1

EDITS = ("title in database", "title in airtable", "title in both", "title in both at once", "phone gone in airtable")
"""What people changed on one side or both after the stores last agreed."""
_EDIT_SHARES = [0.07, 0.07, 0.05, 0.02, 0.04]
_AT_ONCE = EDITS.index("title in both at once")

TWIN_KINDS = ("address and profile", "address", "profile", "name and phone")
"""What a second row of the same lead has in common with the first."""
_TWIN_SHARES = [0.4, 0.3, 0.2, 0.1]

_START_DAY, _DAYS, _LATEST_FIRST_CHANGE = "2024-01-08", 300, 40
_MINUTES_A_DAY = 24 * 60


def copies(true: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The rows of both stores with people's true values, before anything is misspelled.

    Args:
        true: The people.
        rng: The source of chance.

    Returns:
        The people's columns and store, copy (0 = the lead's first row in this store), row_key, created_at, updated_at,
        email_known, linkedin_url_known.
    """
    drawn = true.with_columns(
        spread(rng, true.height, [SHARE_DATABASE_ONLY, SHARE_AIRTABLE_ONLY]).alias("_place"),
        spread(rng, true.height, _EDIT_SHARES).alias("_edit"),
        pl.concat([true["title"].tail(1), true["title"].head(-1)]).alias("_other_title"),
    )
    database = drawn.filter(pl.col("_place") != _AIRTABLE_ONLY)
    airtable = drawn.filter(pl.col("_place") != _DATABASE_ONLY)
    rows = pl.concat(
        [
            _stored(database, "database", uuids(rng, database.height), rng),
            _stored(airtable, "airtable", record_ids(rng, airtable.height), rng),
            _twins(database, "database", SHARE_TWICE_DATABASE, rng),
            _twins(airtable, "airtable", SHARE_TWICE_AIRTABLE, rng),
        ]
    )
    return _timed(_edited(rows), rng)


def _stored(rows: pl.DataFrame, store: str, keys: pl.Series, rng: np.random.Generator, copy: int = 0) -> pl.DataFrame:
    twin = spread(rng, rows.height, _TWIN_SHARES) if copy else pl.Series(np.full(rows.height, -1))
    return rows.with_columns(
        pl.lit(store).alias("store"), pl.lit(copy).alias("copy"), keys.alias("row_key"), twin.alias("_twin")
    )


def _twins(rows: pl.DataFrame, store: str, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Second rows for a part of the people."""
    some = rows.filter(spread(rng, rows.height, [share]) == 0)
    keys = uuids(rng, some.height) if store == "database" else record_ids(rng, some.height)
    return _stored(some, store, keys, rng, copy=1)


def _edited(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows after people's edits, and what a second row knows of its lead."""
    edit, first = pl.col("_edit"), pl.col("copy") == 0
    here = pl.when(pl.col("store") == "database").then(edit.is_in([0, 2, 3])).otherwise(edit == 1)
    there = (pl.col("store") == "airtable") & edit.is_in([2, 3])
    promoted = "Senior " + pl.col("_other_title")
    title = pl.when(first & here).then("_other_title").when(first & there).then(promoted).otherwise("title")
    cleared = first & (pl.col("store") == "airtable") & (edit == 4)
    twin = pl.col("_twin")
    return rows.with_columns(
        title.alias("title"),
        pl.when(~cleared).then("phone").alias("phone"),
        (~twin.is_in([2, 3])).alias("email_known"),
        (~twin.is_in([1, 3])).alias("linkedin_url_known"),
        (first & (here | there | cleared)).alias("_touched"),
    )


def _timed(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Creation and last change: an edit comes after everything else, and one in both stores at once at one time."""
    created = rng.integers(_DAYS * _MINUTES_A_DAY, size=rows.height)
    changed = created + rng.integers(1, _LATEST_FIRST_CHANGE * _MINUTES_A_DAY, size=rows.height)
    after = (_DAYS + _LATEST_FIRST_CHANGE) * _MINUTES_A_DAY
    edited = after + rng.integers(30 * _MINUTES_A_DAY, size=rows.height)
    at_once = after + pl.col(ENTITY) % _MINUTES_A_DAY
    touched = pl.when(pl.col("_edit") == _AT_ONCE).then(at_once).otherwise(pl.Series(edited))
    return rows.with_columns(
        _text(pl.lit(pl.Series(created))).alias("created_at"),
        _text(pl.when("_touched").then(touched).otherwise(pl.Series(changed))).alias("updated_at"),
    )


def _text(minutes: pl.Expr) -> pl.Expr:
    start = pl.lit(_START_DAY).str.to_datetime("%Y-%m-%d", time_unit="ms")
    return (start + pl.duration(minutes=minutes, time_unit="ms")).dt.strftime("%Y-%m-%dT%H:%M:%S.000Z")
