"""Link cells: each side keeps the other row's key, where it has a column for it."""

import polars as pl

from dq.cells import json_of
from dq.manifest import Column
from dq.reconcile.align import AIRTABLE, DATABASE, VERDICT, at, is_writable
from dq.reconcile.changes import NO_CHANGES, NOTHING, as_updates
from dq.reconcile.terms import Terms
from dq.schemas import Change, Record
from dq.schemas.values import Store
from dq.side import ENTITY, KEY


def link_column(store: Store, terms: Terms) -> Column | None:
    """The store's column for the other row's key, if it has one that can be written."""
    name = terms.rules.link_database if store == "database" else terms.rules.link_airtable
    column = None if name is None else terms.schema(store).column(name)
    return column if column is not None and column.writable else None


def link_changes(rows: pl.DataFrame, store: Store, new_keys: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Link cells that do not hold the other row's key.

    Args:
        rows: Aligned rows.
        store: Whose link cells.
        new_keys: entity_id, key (JSON text) of rows that this plan inserts into the other store.
        terms: What may be done.
    """
    column = link_column(store, terms)
    if column is None or "sync" not in terms.steps or not terms.may_write(store):
        return NO_CHANGES
    leaves = pl.col(VERDICT) == "leave_airtable"  # its record's id stands for nothing then
    there = json_of(pl.when(~leaves).then(AIRTABLE if store == "database" else DATABASE), column.kind)
    before, after = pl.col(Change.before), pl.col(Change.after)
    linked = (
        rows.filter(pl.col(at(KEY, store)).is_not_null() & is_writable(store))
        .join(new_keys, on=ENTITY, how="left")
        .with_columns(
            pl.coalesce(there, "key").alias(Change.after),
            json_of(pl.col(at(Record.link, store)), column.kind).alias(Change.before),
        )
        .filter((after.is_not_null() | leaves) & after.ne_missing(before))
    )
    cells = linked.select(
        ENTITY,
        pl.col(at(KEY, store)).alias(Change.row_key),
        Change.before,
        Change.after,
        pl.lit("link").alias(Change.reason),
        *(NOTHING.alias(name) for name in (Change.rule, Change.source, Change.policy)),
    )
    return as_updates(cells, store, column, terms)
