"""Airtable's links to records that another mapping's plan merges away: they follow to the survivor before it is deleted.

The database's foreign keys follow with the merge itself; a record that is deleted would take its links along unseen.
"""

import polars as pl

from dq.cells import json_of
from dq.changeset import REPOINT
from dq.reconcile.align import AIRTABLE, VERDICT
from dq.reconcile.changes import NO_CHANGES, NOTHING, as_updates
from dq.reconcile.referring import names_any, with_survivors
from dq.reconcile.terms import Terms
from dq.schemas import Change
from dq.schemas.record import raw
from dq.side import ENTITY, KEY, Side


def relinked(rows: pl.DataFrame, side: Side, changes: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Link cells that name a merged record and that the plan does not write anyway; whatever else they hold stays.

    Args:
        rows: Settled rows.
        side: Airtable's word.
        changes: What the plan does to the rows.
        terms: What may be done.
    """
    parts = [NO_CHANGES]
    stays = rows.filter(pl.col(VERDICT) != "delete_airtable").select(pl.col(AIRTABLE).alias(KEY))
    for field in terms.rules.fields:
        referred = terms.references.get(field.name)
        if referred is None or referred.moved.is_empty():
            continue
        column, held = terms.column("airtable", field), pl.col(raw(field.name))
        cells = pl.concat(
            [side.rows.join(stays, on=KEY, how="semi").select(ENTITY, KEY, held), side.kept.select(ENTITY, KEY, held)]
        )
        written = changes.filter((pl.col(Change.store) == "airtable") & (pl.col(Change.field) == column.name))
        named = cells.filter(names_any(held, referred.moved[KEY])).join(
            written.select(pl.col(Change.row_key).alias(KEY)), on=KEY, how="anti"
        )
        told = named.select(
            ENTITY,
            pl.col(KEY).alias(Change.row_key),
            json_of(held, column.kind).alias(Change.before),
            with_survivors(held, referred).alias(Change.after),
            pl.lit("merge").alias(Change.reason),
            pl.lit(REPOINT + referred.mapping).alias(Change.rule),
            *(NOTHING.alias(name) for name in (Change.source, Change.policy)),
        )
        parts.append(as_updates(told, "airtable", column, terms))
    return pl.concat(parts)
