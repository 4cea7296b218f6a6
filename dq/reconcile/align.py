"""Both sides and the base next to each other: one row an entity, and what becomes of the row as a whole.

Column `f@database` is a field's word on that side, `f@base` the base's (null = never agreed, "" = agreed on empty).
"""

from typing import Literal

import polars as pl

from dq.reconcile.terms import STORES, Terms, fits, other
from dq.rules import TableRules
from dq.schemas import BaseRow
from dq.schemas.base import agreed
from dq.schemas.values import Store
from dq.side import ENTITY, KEY, Side, own_value

Verdict = Literal[
    "pair", "alone", "insert_database", "insert_airtable", "revive_database", "revive_airtable", "delete_database",
    "delete_airtable", "held_database", "gone", "gone_unseen", "empty", "outside", "leave_airtable",
]  # fmt: skip
"""What becomes of a row as a whole: `alone` stays as it is on its side, `held_database` likewise, for its children, `gone_unseen` is on neither side but this
plan does not synchronize, or cannot know, `empty` has nothing that the other store could take, `outside` does not belong in Airtable, where nothing is written
for it, and the record of `leave_airtable` is deleted there for that."""
VERDICT, DATABASE, AIRTABLE = "verdict", f"{KEY}@database", f"{KEY}@airtable"
_WRITABLE = [
    "pair", "alone", "held_database", "empty", "insert_database", "insert_airtable", "revive_database", "revive_airtable",
]  # fmt: skip
_OUT_OF_SCOPE = ["outside", "leave_airtable"]


def at(field: str, side: str) -> str:
    """Column of a field on one side."""
    return f"{field}@{side}"


def is_writable(store: Store) -> pl.Expr:
    """Whether the plan may write cells of the store's row: what is out of scope is the database's own affair."""
    return pl.col(VERDICT).is_in([*_WRITABLE, *(_OUT_OF_SCOPE if store == "database" else ())])


def aligned(database: Side, airtable: Side, base: pl.DataFrame, cleared: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """One row an entity that either side or the base knows, sorted, with its verdict.

    Args:
        database: The database's word on every entity.
        airtable: Airtable's word.
        base: `linked` rows of the base, under the entity ids of this plan.
        cleared: What people took away from leads whose duplicates are merged.
        terms: What may be done.
    """
    keys = [BaseRow.database_key, BaseRow.airtable_key]
    times = [str(BaseRow.database_written), str(BaseRow.airtable_written)]
    cells = [pl.col(agreed(name)).alias(at(name, "base")) for name in terms.rules.names]
    known = base.select(ENTITY, *times, *(pl.col(name).alias(at(name, "base")) for name in keys), *cells)
    sides = _suffixed(database.rows, "database").join(
        _suffixed(airtable.rows, "airtable"), on=ENTITY, how="full", coalesce=True
    )
    rows = sides.join(known, on=ENTITY, how="full", coalesce=True).sort(ENTITY)
    agreements = [at(name, "base") for name in terms.rules.names]
    rows = rows.with_columns(pl.when(_is_same_pair()).then(cell).alias(cell) for cell in agreements)
    rows = _with_cleared(rows, cleared, terms.rules)
    return rows.with_columns(_verdict(terms).alias(VERDICT))


def _with_cleared(rows: pl.DataFrame, cleared: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """The rows with the base of a merged lead's cell as the side that still holds it knows it, if the other side cleared it.

    The base of the rows that stay may not know the value: it was another row's, which is merged away.
    """
    if cleared.is_empty():
        return rows
    for name in rules.names:
        for side in STORES:
            mine = cleared.filter((pl.col("field") == name) & (pl.col("store") == other(side)))
            if mine.is_empty():
                continue
            value, base = at(name, side), at(name, "base")
            known = mine.select(ENTITY, pl.col("value").alias(value), pl.lit(value=True).alias("_gone"))
            joined = rows.join(known, on=[ENTITY, value], how="left")
            rows = joined.with_columns(pl.when("_gone").then(value).otherwise(base).alias(base)).drop("_gone")
    return rows.sort(ENTITY)


def _is_same_pair() -> pl.Expr:
    """Whether the base speaks of these two rows: what another pair agreed on says nothing about this one."""
    database, airtable = at(BaseRow.database_key, "base"), at(BaseRow.airtable_key, "base")
    is_pair = pl.col(DATABASE).is_not_null() & pl.col(AIRTABLE).is_not_null()
    return ~is_pair | (pl.col(DATABASE).eq_missing(pl.col(database)) & pl.col(AIRTABLE).eq_missing(pl.col(airtable)))


def _suffixed(rows: pl.DataFrame, side: Store) -> pl.DataFrame:
    return rows.rename({name: at(name, side) for name in rows.columns if name != ENTITY})


def is_edited(side: Store, rules: TableRules) -> pl.Expr:
    """Whether a side's row differs from the base in any cell.

    A value that was never agreed on counts as edited, since no other store has it: also one that the other could not
    take, or that lost against one that this store cannot take. A default is no such value.
    """
    edits = []
    for field in rules.fields:
        value, base = pl.col(at(field.name, side)), pl.col(at(field.name, "base"))
        is_own = value.is_not_null() & own_value(value, field)
        edits.append(pl.when(base.is_null()).then(is_own).otherwise(value.fill_null("") != base))
    return pl.any_horizontal(pl.lit(value=False), *edits)


def _verdict(terms: Terms) -> pl.Expr:
    in_database, in_airtable = pl.col(DATABASE).is_not_null(), pl.col(AIRTABLE).is_not_null()
    pair = pl.when(in_database & in_airtable).then(pl.lit("pair"))
    if "sync" not in terms.steps:
        is_alone = (in_database & has_word("database", terms)) | (in_airtable & has_word("airtable", terms))
        lonely = pair.when(is_alone).then(pl.lit("alone")).when(in_database | in_airtable).then(pl.lit("empty"))
        return lonely.otherwise(pl.lit("gone_unseen"))
    return (
        pair.when(~in_database & ~in_airtable)
        .then(pl.lit("gone_unseen" if terms.blind else "gone"))
        .when(in_database)
        .then(_one_sided("database", terms))
        .otherwise(_one_sided("airtable", terms))
    )


def _one_sided(here: Store, terms: Terms) -> pl.Expr:
    """The verdict on a row that only `here` has."""
    there = other(here)
    keys = (BaseRow.database_key, BaseRow.airtable_key)
    is_known = pl.any_horizontal(pl.col(at(key, "base")).is_not_null() for key in keys)
    insert, revive = (pl.lit(f"{verb}_{there}" if terms.may_write(there) else "alone") for verb in ("insert", "revive"))
    deletes = terms.rules.sync.deletes == "propagate" and terms.may_write(here)
    delete = pl.lit(f"delete_{here}" if deletes else "alone")
    empty = pl.when(~has_word(here, terms)).then(pl.lit("empty"))
    lost = pl.when(is_edited(here, terms.rules)).then(empty.otherwise(revive)).otherwise(delete)
    if there in terms.blind:
        lost = empty.otherwise(pl.lit("alone"))
    return pl.when(is_known).then(lost).otherwise(empty.otherwise(insert))


def has_word(here: Store, terms: Terms) -> pl.Expr:
    """Whether a row holds a value of its own that the other store could take; a default or an unticked box is none."""
    there, words = other(here), []
    for field in terms.rules.fields:
        if terms.writes(there, field) or not terms.may_write(there):
            value = pl.col(at(field.name, here))
            is_word = value.is_not_null() & own_value(value, field) & fits(value, there, field, terms)
            words.append(is_word & (value != "false") if "boolean" in terms.kinds(field) else is_word)
    return pl.any_horizontal(pl.lit(value=False), *words)
