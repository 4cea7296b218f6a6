"""Brakes on which rows a store holds: gone, under new keys, back from the dead, unreadable, or older than they were.

What the base knows of a store and what the store shows are held against each other; nothing here looks at a plan's changes.
"""

from datetime import timedelta
from hashlib import sha256

import polars as pl

from dq.gate.limits import MIN_ROWS_TO_COMPARE, ROUNDING, over
from dq.plan import Brake
from dq.rules import TableRules
from dq.schemas import BaseRow
from dq.schemas.values import Store
from dq.side import KEY, MODIFIED

CANARIES = 8
"""Rows of the base that must still be readable on each side, most of them."""


def held_by_rows(
    store: Store, records: pl.DataFrame, base: pl.DataFrame, after: pl.DataFrame, rules: TableRules
) -> list[Brake]:
    """The brakes on one store's rows, for a store that shows which of them are gone.

    Args:
        store: Which store.
        records: Its rows: row_key.
        base: The base before, all states.
        after: The base after the plan: state and both keys.
        rules: The limits.
    """
    linked = base.filter(pl.col(BaseRow.state) == "linked")
    known = linked.select(pl.col(f"{store}_key").alias(KEY)).drop_nulls()
    again = rekeyed(store, records, linked, after)
    lost = known.join(records.select(KEY), on=KEY, how="anti").join(again, on=KEY, how="anti")
    limits = rules.brakes
    allowed = int(known.height * (1 - limits.empty_side) + ROUNDING)
    held: list[Brake] = []
    if lost.height > allowed:
        message = f"{lost.height} of the {known.height} rows that the base knows are gone from the {store}; it looks emptied (limit {allowed})."
        held.append(Brake("max_missing", store, lost.height, allowed, known.height, message))
    else:
        held += _unreadable(store, known, lost)
    held += over("max_rekeyed", store, again.height, known.height, limits.max_rekeyed, "are there under new keys")
    back = returned(store, records, base)
    held += over(
        "max_returned",
        store,
        back.height,
        records.height,
        limits.max_returned,
        "were deleted in both stores and are back",
    )
    return held


def rekeyed(store: Store, records: pl.DataFrame, linked: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """row_key of rows that the base knows and that are gone, while their lead has another row in the store.

    Such a row was made anew (a record re-created with the same Lead ID, a row imported again): that is no deletion.
    """
    mine, other = f"{store}_key", "airtable_key" if store == "database" else "database_key"
    here = records.select(KEY)
    gone = linked.select(pl.col(mine).alias(KEY), other).drop_nulls().join(here, on=KEY, how="anti")
    now = after.filter(pl.col(BaseRow.state) == "linked").select(other, pl.col(mine).alias("_now")).drop_nulls()
    there = now.join(here, left_on="_now", right_on=KEY, how="semi")
    return gone.join(there, on=other).select(KEY).unique().sort(KEY)


def returned(store: Store, records: pl.DataFrame, base: pl.DataFrame) -> pl.DataFrame:
    """row_key of rows whose leads were deleted in both stores."""
    dead = base.filter(pl.col(BaseRow.state) == "tombstone").select(pl.col(f"{store}_key").alias(KEY)).drop_nulls()
    return records.select(KEY).join(dead.unique(), on=KEY, how="semi").sort(KEY)


def _unreadable(store: Store, known: pl.DataFrame, lost: pl.DataFrame) -> list[Brake]:
    """Canaries: rows spread over the base, the same in every plan. A token that sees only a part of a table loses most of them.

    They are chosen among the rows that the base knows, in the order of a digest of their keys.
    """
    if known.height < MIN_ROWS_TO_COMPARE:
        return []
    spread = known.select(pl.col(KEY).sort()).gather_every(max(known.height // (CANARIES * 8), 1))[KEY]
    chosen = sorted(spread.to_list(), key=lambda key: sha256(key.encode()).hexdigest())[:CANARIES]
    gone = lost.filter(pl.col(KEY).is_in(chosen)).height
    allowed = CANARIES // 2
    if gone <= allowed:
        return []
    message = (
        f"{gone} of {CANARIES} rows that stand for all that the base knows cannot be read in the {store}: "
        f"it may show only a part of its rows (a token, a view, a filter); the limit is {allowed}."
    )
    return [Brake("max_unreadable", store, gone, allowed, CANARIES, message)]


def held_by_time(store: Store, records: pl.DataFrame, base: pl.DataFrame, rules: TableRules) -> list[Brake]:
    """The brake on rows that are older than when the base last saw them: somebody restored a backup of the store."""
    linked = base.filter(pl.col(BaseRow.state) == "linked")
    seen = pl.coalesce(f"{store}_written", f"{store}_human").alias("_seen")  # what dq wrote came last
    known = linked.select(pl.col(f"{store}_key").alias(KEY), seen).drop_nulls()
    both = known.join(records.select(KEY, MODIFIED), on=KEY).drop_nulls()
    if both.height < MIN_ROWS_TO_COMPARE:
        return []
    skew = timedelta(seconds=rules.sync.skew_seconds)
    older = both.filter(pl.col(MODIFIED) + skew < pl.col("_seen")).height
    what = "are older than when the base last saw them: a restored backup?"
    return over("max_older", store, older, both.height, rules.brakes.max_older, what)
