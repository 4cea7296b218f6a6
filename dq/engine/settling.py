"""Rows that somebody is editing: what was changed just before the snapshot waits for the next one."""

from collections.abc import Mapping

import polars as pl

from dq.engine.inputs import ALONE_TYPES, Inputs
from dq.schemas.values import Store
from dq.side import KEY, MODIFIED

STORES: tuple[Store, Store] = ("database", "airtable")


def settling(records: Mapping[Store, pl.DataFrame], inputs: Inputs) -> pl.DataFrame:
    """store, row_key, why of the rows whose last human edit is younger than the settle time.

    A time ahead of the snapshot by more than that, too, says nothing about who is typing now.

    Args:
        records: Each store's rows with people's modified times: dq's own writes are no edits.
        inputs: For the snapshot's time and the settle times.
    """
    parts = [pl.DataFrame(schema=ALONE_TYPES)]
    for store in STORES:
        seconds = getattr(inputs.rules.sync.settle, store)
        if inputs.taken_at is None or seconds == 0:
            continue
        apart = (pl.lit(inputs.taken_at) - pl.col(MODIFIED)).dt.total_microseconds().abs()
        young = records[store].filter(apart < seconds * 1_000_000)
        parts.append(young.select(pl.lit(store).alias("store"), KEY, pl.lit("settling").alias("why")))
    return pl.concat(parts).sort("store", KEY)
