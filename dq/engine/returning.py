"""Rows that were merged away and came back (a failed delete, a restore): losers again, unless people edited them since."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dq.rules import TableRules
from dq.schemas import BaseRow, Finding
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Store
from dq.side import ENTITY, KEY

STORES: tuple[Store, Store] = ("database", "airtable")
_EDITED = (
    "was merged away, came back and was edited since: it counts as a lead of its own unless its keys say otherwise"
)

_UNDEAD = (
    "was deleted in both stores and is back: it is taken for a new lead; delete it again if a backup brought it back"
)


@dataclass(frozen=True)
class Returned:
    """Losers of the base that the stores hold again.

    Attributes:
        unedited: store, row_key, entity_id of those that still hold what they held: no evidence, to be merged again.
        findings: Those that people edited.
    """

    unedited: pl.DataFrame
    findings: pl.DataFrame

    def of(self, store: Store) -> pl.DataFrame:
        """row_key of one store's unedited losers."""
        return self.unedited.filter(pl.col("store") == store).select(KEY)


def returned(records: Mapping[Store, pl.DataFrame], base: pl.DataFrame, rules: TableRules) -> Returned:
    """The base's losers that are back.

    Args:
        records: Each store's record frame.
        base: The base state, all states.
        rules: The mapping.
    """
    losers = base.filter(pl.col(BaseRow.state) == "loser").select(BaseRow.store, KEY, ENTITY, BaseRow.held)
    now = pl.concat(
        records[store].select(pl.lit(store).alias("store"), KEY, as_json(rules).alias("_now")) for store in STORES
    )
    back = losers.join(now, on=["store", KEY]).sort("store", KEY)
    is_edited = pl.col("_now").ne_missing(pl.col(BaseRow.held))
    nothing = pl.lit(None, pl.String)
    found = back.filter(is_edited).select(
        pl.col("store").alias(Finding.store),
        pl.lit(rules.table).alias(Finding.table),
        pl.col(KEY).alias(Finding.row_key),
        nothing.alias(Finding.field),
        nothing.alias(Finding.value),
        pl.lit("dedupe.returned").alias(Finding.rule),
        pl.lit("warning").alias(Finding.severity),
        pl.lit(_EDITED).alias(Finding.message),
    )
    return Returned(back.filter(~is_edited).select("store", KEY, ENTITY), found.cast(pl.Schema(FINDING_TYPES)))


def undead(records: Mapping[Store, pl.DataFrame], base: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """A finding for every row whose lead was deleted in both stores and that is there again: it counts as a new one.

    Somebody took it out of the trash, or restored a backup; many of them at once are a brake's matter.

    Args:
        records: Each store's record frame.
        base: The base state, all states.
        rules: The mapping.
    """
    dead = base.filter(pl.col(BaseRow.state) == "tombstone")
    back = pl.concat(
        records[store]
        .select(KEY)
        .join(dead.select(pl.col(f"{store}_key").alias(KEY)).drop_nulls().unique(), on=KEY, how="semi")
        .select(pl.lit(store).alias("store"), KEY)
        for store in STORES
    ).sort("store", KEY)
    nothing = pl.lit(None, pl.String)
    return back.select(
        pl.col("store").alias(Finding.store),
        pl.lit(rules.table).alias(Finding.table),
        pl.col(KEY).alias(Finding.row_key),
        nothing.alias(Finding.field),
        nothing.alias(Finding.value),
        pl.lit("row.returned").alias(Finding.rule),
        pl.lit("warning").alias(Finding.severity),
        pl.lit(_UNDEAD).alias(Finding.message),
    ).cast(pl.Schema(FINDING_TYPES))


def as_json(rules: TableRules) -> pl.Expr:
    """A record's standard forms as JSON text: what the base keeps of a row that is merged away.

    What names a row of another mapping is left out: that row may be merged itself.
    """
    names = [field.name for field in rules.fields if not field.refers]
    nothing = [pl.lit(None, pl.Null).alias("")]
    return pl.struct(names or nothing).struct.json_encode()
