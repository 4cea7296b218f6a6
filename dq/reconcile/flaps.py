"""Flaps: cells that dq carries back and forth, because people or another robot fight over them.

A cell that the stores agreed on as A, then B, then A again, each time by a write of dq, is not written to B once more: it
is frozen, each side keeps its word, and the conflict waits for a person. The memory holds digests, no values.
"""

from hashlib import sha256

import polars as pl

from dq.reconcile.align import DATABASE, VERDICT, at
from dq.reconcile.merge import FROM_AIRTABLE, FROM_DATABASE, OPEN, SETTLED, golden, origin
from dq.reconcile.policies import as_conflicts, timed
from dq.reconcile.terms import Terms
from dq.rules import FieldRule
from dq.schemas import Conflict
from dq.side import ENTITY

FLAP = "flap"
FLAP_TYPES = {"database_key": pl.String, "field": pl.String, "old": pl.String, "now": pl.String}
"""Cells that went from `now` to `old` and back: by the database's key, with digests of both values."""


def digests(values: pl.Series) -> pl.Series:
    """A digest of each value, that of the empty text for null. Polars has no SHA-256: 1 µs for each value that moved."""
    return pl.Series(
        values.name, [sha256((value or "").encode()).hexdigest()[:32] for value in values], dtype=pl.String
    )


def frozen(
    rows: pl.DataFrame, conflicts: pl.DataFrame, sources: pl.DataFrame, flaps: pl.DataFrame, terms: Terms
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The settled rows with the cells that flap left open, and the conflicts that wait for it.

    Args:
        rows: Rows with golden values.
        conflicts: Conflicts so far.
        sources: When a cell's value was written, where that is not the row's own time.
        flaps: Cells that went from one value to another and back.
        terms: The mapping.
    """
    named = set(flaps["field"])
    for field in terms.rules.fields:
        if field.name not in named or field.name in terms.references:
            continue
        cells = _flapping(rows, field, flaps.filter(pl.col("field") == field.name))
        if cells.is_empty():
            continue
        waits = pl.col(ENTITY).is_in(cells[ENTITY].implode())
        rows = rows.with_columns(
            pl.when(~waits).then(golden(field.name)).alias(golden(field.name)),
            pl.when(waits).then(pl.lit(OPEN, pl.Int8)).otherwise(origin(field.name)).alias(origin(field.name)),
        )
        told = timed(cells, field, sources, terms).with_columns(
            pl.lit(None, pl.String).alias("side"), pl.lit(FLAP).alias("by")
        )
        waiting = as_conflicts(told, field, terms).with_columns(
            pl.lit("value_mismatch").alias(Conflict.kind), pl.lit("manual").alias(Conflict.policy)
        )
        others = conflicts.join(waiting, on=Conflict.conflict_id, how="anti")
        conflicts = pl.concat([others, waiting]).sort(Conflict.conflict_id)
    return rows, conflicts


def _flapping(rows: pl.DataFrame, field: FieldRule, flaps: pl.DataFrame) -> pl.DataFrame:
    """The rows whose cell this plan would carry to the value that it had before."""
    moves = pl.col(origin(field.name)).is_in([FROM_DATABASE, FROM_AIRTABLE, SETTLED])
    base = at(field.name, "base")
    known = rows.filter((pl.col(VERDICT) == "pair") & moves & pl.col(base).is_not_null()).join(
        flaps.select(pl.col("database_key").alias(DATABASE), "old", "now"), on=DATABASE, maintain_order="left"
    )
    told = known.with_columns(digests(known[base]).alias("_base"), digests(known[golden(field.name)]).alias("_golden"))
    return told.filter((pl.col("_base") == pl.col("now")) & (pl.col("_golden") == pl.col("old"))).drop(
        "_base", "_golden", "old", "now"
    )
