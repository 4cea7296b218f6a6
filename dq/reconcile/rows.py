"""Whole rows: inserts on the side that lacks a lead, deletes of what is gone, and merged duplicates with their children."""

import uuid
from collections.abc import Mapping, Sequence

import polars as pl

from dq.cells import json_of
from dq.changeset import REPOINT
from dq.manifest import TableSchema
from dq.reconcile.align import AIRTABLE, DATABASE, VERDICT, at
from dq.reconcile.changes import COLUMNS, NO_CHANGES, NOTHING, PROBABILITY, TYPES
from dq.reconcile.links import link_column
from dq.reconcile.merge import DEFAULTED, origin, target
from dq.reconcile.referring import CREATED
from dq.reconcile.terms import Terms, fits, other, written
from dq.rules import Child
from dq.schemas import BaseRow, Change
from dq.schemas.values import Store
from dq.side import ENTITY, KEY, Side

_LENT = "lent#"
"""The duplicate of the other side's row that a cell's value comes from."""


def inserts(
    rows: pl.DataFrame,
    store: Store,
    sources: pl.DataFrame,
    base: pl.DataFrame,
    namespace: uuid.UUID,
    extra: Mapping[str, str],
    terms: Terms,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that the store lacks, a change a cell, and the keys they will have.

    Args:
        rows: Merged rows.
        store: Where they are inserted.
        sources: The other side's: which duplicates its values come from.
        base: The base before: a row that was deleted does not get its old key again, which may be taken still.
        namespace: Of the Airtable table: text keys of new database rows are UUIDv5 of it and the record id.
        extra: Column → JSON text for columns that are not mapped but must not be empty.
        terms: What may be done.

    Returns:
        The changes, and entity_id, key (JSON text) of every inserted row.
    """
    new = rows.filter(pl.col(VERDICT).is_in([f"insert_{store}", f"revive_{store}"]))
    if new.is_empty():
        return NO_CHANGES, pl.DataFrame(schema={ENTITY: pl.String, "key": pl.String})
    schema = terms.schema(store)
    parts = [_part(new, name, pl.lit(value), "sync") for name, value in extra.items()]
    own_key = store == "database" and schema.column(schema.key).kind == "text"
    if own_key:
        made = new.with_columns(_new_keys(new, base, namespace).alias("made"))
        parts.append(_part(made, schema.key, json_of(pl.col("made"), "text"), "sync"))
    link = link_column(store, terms)
    if link is not None:
        there = pl.col(AIRTABLE if store == "database" else DATABASE)
        parts.append(_part(new, link.name, json_of(there, link.kind), "link"))
    cells = pl.concat([_part(new.clear(), "", NOTHING, "sync"), *parts, *_filled(new, store, sources, terms)])
    changes = _inserted(cells, new, store, schema)
    if own_key:
        return changes, changes.filter(pl.col(Change.field) == schema.key).select(
            ENTITY, pl.col(Change.after).alias("key")
        )
    first = json_of(pl.col(Change.change_id).min(), "text")
    return changes, changes.group_by(ENTITY).agg((pl.lit(CREATED) + first + "}").alias("key"))


def _filled(new: pl.DataFrame, store: Store, sources: pl.DataFrame, terms: Terms) -> list[pl.DataFrame]:
    """The mapped cells of new rows: those that have a value which the store can take."""
    parts = []
    for field in terms.rules.fields:
        wanted = target(field, store, terms)
        if terms.writes(store, field):
            lent = sources.filter(field=field.name).select(ENTITY, pl.col("source").alias(_LENT))
            has_value = wanted.is_not_null() & fits(wanted, store, field, terms)
            filled = new.filter(has_value).join(lent, on=ENTITY, how="left")
            reason = pl.when(pl.col(origin(field.name)) == DEFAULTED).then(pl.lit("default")).otherwise(pl.lit("sync"))
            name = terms.column(store, field).name
            parts.append(_part(filled, name, written(wanted, store, field, terms), reason, pl.col(_LENT)))
    return parts


def _new_keys(new: pl.DataFrame, base: pl.DataFrame, namespace: uuid.UUID) -> pl.Series:
    """Keys from the record ids, and from the keys that the same records' rows had before, if any."""
    former = base.filter(pl.col(BaseRow.state) != "loser").select(
        pl.col(BaseRow.airtable_key).alias(AIRTABLE), pl.col(BaseRow.database_key).alias("former")
    )
    last = former.drop_nulls().sort(AIRTABLE, "former").unique(AIRTABLE, keep="last", maintain_order=True)
    named = new.select(AIRTABLE).join(last, on=AIRTABLE, how="left", maintain_order="left")
    return _uuids(
        named.select(pl.concat_str(AIRTABLE, "former", separator="/", ignore_nulls=True)).to_series(), namespace
    )


def _uuids(names: pl.Series, namespace: uuid.UUID) -> pl.Series:
    """UUIDv5 of each name. Polars has no SHA-1; this costs about 2 µs for each *new* row only."""
    return pl.Series([str(uuid.uuid5(namespace, name)) for name in names], dtype=pl.String)


def _part(
    rows: pl.DataFrame, field: str, after: pl.Expr, reason: str | pl.Expr, lent: pl.Expr = NOTHING
) -> pl.DataFrame:
    named = pl.lit(reason) if isinstance(reason, str) else reason
    cell = (pl.lit(field).alias(Change.field), after.alias(Change.after), named.alias(Change.reason), lent.alias(_LENT))
    return rows.select(ENTITY, *cell)


def _inserted(cells: pl.DataFrame, new: pl.DataFrame, store: Store, schema: TableSchema) -> pl.DataFrame:
    there = new.select(ENTITY, pl.col(at(KEY, other(store))).alias("_key"))
    from_there = pl.concat_str(pl.lit(f"{other(store)}:"), pl.coalesce(_LENT, "_key"))
    source = pl.when(pl.col(Change.reason) == "default").then(pl.lit("default")).otherwise(from_there)
    return (
        cells.join(there, on=ENTITY, how="left")
        .with_columns(
            pl.concat_str(pl.lit(f"{store}/{schema.name}/+"), ENTITY, pl.lit("/"), Change.field).alias(
                Change.change_id
            ),
            pl.lit(store).alias(Change.store),
            pl.lit(schema.name).alias(Change.table),
            pl.lit("insert").alias(Change.op),
            source.alias(Change.source),
            *(NOTHING.alias(c) for c in (Change.row_key, Change.before, Change.rule, Change.policy)),
            pl.lit(None, pl.Float64).alias(PROBABILITY),
        )
        .select(COLUMNS)
        .cast(TYPES)
        .sort(Change.change_id)
    )


def deletes(rows: pl.DataFrame, store: Store, stored: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Rows whose lead is gone on the other side and that nobody edited, and records of leads that leave the scope."""
    verdict = pl.col(VERDICT)
    lost = rows.filter(verdict.is_in([f"delete_{store}", f"leave_{store}"]))
    gone = lost.select(ENTITY, pl.col(at(KEY, store)).alias(KEY), NOTHING.alias("survivor"))
    left = lost.filter(verdict == f"leave_{store}")[ENTITY].implode()
    rule = pl.when(pl.col(ENTITY).is_in(left)).then(pl.lit("scope")).otherwise(Change.rule)
    return removed(gone, store, stored, "delete", terms).with_columns(rule.alias(Change.rule))


def merges(
    side: Side,
    store: Store,
    stored: pl.DataFrame,
    children: Sequence[tuple[Child, TableSchema, pl.DataFrame]],
    terms: Terms,
) -> pl.DataFrame:
    """Duplicates that lose: their children are re-pointed to the survivor, then they are removed."""
    mapping = terms.rules.table
    database = store == "database"
    if side.merged.is_empty():
        return NO_CHANGES
    moved = [_repointed(side, child, schema, frame, mapping) for child, schema, frame in children] if database else []
    return pl.concat([*moved, removed(side.merged, store, stored, "merge", terms)])


def removed(losers: pl.DataFrame, store: Store, stored: pl.DataFrame, reason: str, terms: Terms) -> pl.DataFrame:
    """Deletes of rows: soft where the table has `deleted_at`, else real with the whole row as `before`.

    Args:
        losers: entity_id, row_key, survivor (null for deletes that are no merges).
        store: Whose rows.
        stored: The store's snapshot rows as they were read.
        reason: `merge` or `delete`.
        terms: What may be done.
    """
    schema = terms.schema(store)
    if not terms.may_write(store) or losers.is_empty():
        return NO_CHANGES
    if store == "database" and "deleted_at" in schema.soft_delete:
        parts = [
            _named(losers, store, schema, "update", "deleted_at", NOTHING, pl.lit(_stamp_json(terms.stamp)), reason)
        ]
        if "merged_into" in schema.soft_delete and reason == "merge":
            merged_into = json_of(pl.col("survivor"), schema.column(schema.key).kind)
            parts.append(_named(losers, store, schema, "update", "merged_into", NOTHING, merged_into, reason))
        return pl.concat(parts)
    rows = stored.select(
        pl.col(schema.key).cast(pl.String).alias(KEY), pl.struct(pl.all()).struct.json_encode().alias("whole")
    )
    whole = losers.join(rows, on=KEY, how="left").sort(KEY)
    return _named(whole, store, schema, "delete", None, pl.col("whole"), NOTHING, reason)


def _stamp_json(stamp: str | int) -> str:
    return str(stamp) if isinstance(stamp, int) else f'"{stamp}"'


def _repointed(side: Side, child: Child, schema: TableSchema, frame: pl.DataFrame, mapping: str) -> pl.DataFrame:
    kind = schema.column(child.column).kind
    if child.table == mapping:  # leads that point at leads: one that is merged away itself takes nothing along
        frame = frame.join(side.merged.select(pl.col(KEY).alias(schema.key)), on=schema.key, how="anti")
    orphans = frame.select(
        pl.col(schema.key).cast(pl.String).alias("child_key"), pl.col(child.column).cast(pl.String).alias(KEY)
    ).join(side.merged, on=KEY)
    cells = orphans.select(
        ENTITY,
        pl.col("child_key").alias(KEY),
        json_of(pl.col(KEY), kind).alias("before"),
        json_of(pl.col("survivor"), kind).alias("after"),
    ).sort(KEY)
    moved = _named(cells, "database", schema, "update", child.column, pl.col("before"), pl.col("after"), "merge")
    own = pl.col(Change.change_id) + f"/{REPOINT}{mapping}"  # a mapped table may plan the same cell itself
    return moved.with_columns(own.alias(Change.change_id), pl.lit(REPOINT + mapping).alias(Change.rule))


def _named(
    rows: pl.DataFrame,
    store: Store,
    schema: TableSchema,
    op: str,
    field: str | None,
    before: pl.Expr,
    after: pl.Expr,
    reason: str,
) -> pl.DataFrame:
    values = {
        Change.change_id: pl.concat_str(pl.lit(f"{store}/{schema.name}/"), KEY, pl.lit(f"/{field}" if field else "")),
        Change.store: pl.lit(store),
        Change.table: pl.lit(schema.name),
        Change.op: pl.lit(op),
        ENTITY: pl.col(ENTITY),
        Change.row_key: pl.col(KEY),
        Change.field: pl.lit(field, pl.String),
        Change.before: before,
        Change.after: after,
        Change.reason: pl.lit(reason),
        Change.rule: NOTHING,
        Change.source: NOTHING,
        PROBABILITY: pl.lit(None, pl.Float64),
        Change.policy: NOTHING,
    }
    return rows.select(**values).cast(TYPES)
