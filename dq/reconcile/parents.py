"""Rows that others point at: without a soft delete they cannot go and leave their children behind."""

from collections.abc import Sequence

import polars as pl

from dq.manifest import TableSchema
from dq.reconcile.align import DATABASE, VERDICT
from dq.reconcile.terms import Terms
from dq.rules import Child
from dq.side import KEY, Side


def parents_kept(
    rows: pl.DataFrame,
    side: Side,
    children: Sequence[tuple[Child, TableSchema, pl.DataFrame]],
    freed: pl.Series,
    terms: Terms,
) -> pl.DataFrame:
    """The aligned rows; a delete of a database row that has child rows is held.

    A database would refuse it, or take the children along unseen. Children of merged duplicates count as the
    survivor's.

    Args:
        rows: Aligned rows.
        side: The database's word, for the rows that are merged away.
        children: Child tables with their snapshot rows.
        freed: Keys of rows that keep no child once the plans of all mappings are carried out.
        terms: What the tables are.
    """
    if "deleted_at" in terms.database.soft_delete or not children:
        return rows
    owners = pl.concat(_owners(child, schema, frame, terms) for child, schema, frame in children)
    moved = owners.unique().join(side.merged, on=KEY, how="left").select(pl.coalesce("survivor", KEY).alias(DATABASE))
    is_parent = pl.col(DATABASE).is_in(moved.drop_nulls().to_series().implode())
    is_parent &= ~pl.col(DATABASE).is_in(freed.implode())
    held = (pl.col(VERDICT) == "delete_database") & is_parent
    return rows.with_columns(pl.when(held).then(pl.lit("held_database")).otherwise(VERDICT).alias(VERDICT))


def _owners(child: Child, schema: TableSchema, frame: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """row_key: the rows that a child table's rows point at; a lead that points at itself keeps nothing."""
    owner = pl.col(child.column).cast(pl.String)
    others = frame.filter(owner != pl.col(schema.key).cast(pl.String)) if child.table == terms.rules.table else frame
    return others.select(owner.alias(KEY))
