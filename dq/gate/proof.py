"""The fixpoint proof: the plan is carried out in memory, and a new plan from the result must be empty."""

from collections.abc import Sequence

import polars as pl

from dq.changeset import is_removal
from dq.manifest import TableSchema
from dq.schemas import BaseRow, Change
from dq.schemas.values import Store

STORES: tuple[Store, Store] = ("database", "airtable")
_LOW = -2_000_000_000
"""Placeholder numbers lie below it; they still fit 32 bits."""
_START, _END = '{"$created": ', "}"


def planned(
    stored: pl.DataFrame, schema: TableSchema, changes: pl.DataFrame, others: Sequence[pl.DataFrame] = ()
) -> pl.DataFrame:
    """A store's snapshot rows as they would be after the changes, sorted by key.

    Args:
        stored: The rows.
        schema: Their table.
        changes: The whole plan's changes: rows that a store itself would name get the keys of `placeholders`.
        others: change_id, key of rows that the plans of other mappings create.
    """
    made = placeholders(changes)
    is_mine = (pl.col(Change.store) == schema.store) & (pl.col(Change.table) == schema.name)
    places = [made.select(Change.change_id, "key"), *others]
    mine = _resolved(changes.filter(is_mine), pl.concat(places).unique())
    removed = mine.filter(is_removal()).select(pl.col(Change.row_key).alias("_key"))
    kept = stored.with_columns(pl.col(schema.key).cast(pl.String).alias("_key")).join(removed, on="_key", how="anti")
    rows = pl.concat([kept, _inserted(mine, schema, kept, made)])
    updates = mine.filter(pl.col(Change.op) == "update")
    for column in stored.columns:
        cells = updates.filter(pl.col(Change.field) == column)
        if not cells.is_empty():
            rows = _updated(rows, cells, column, stored.schema[column])
    return rows.select(stored.columns).sort(schema.key)


def placeholders(changes: pl.DataFrame) -> pl.DataFrame:
    """store, entity_id, change_id, key of every row that the plan creates and whose key the store will choose.

    Airtable's records get the id of their row's first change; the database's rows, whose keys are then numbers, get
    numbers that no store gives.
    """
    inserts = changes.filter(pl.col(Change.op) == "insert")
    first = pl.col(Change.change_id).min()
    rows = inserts.group_by(Change.store, Change.table, Change.entity_id).agg(first).sort(Change.change_id)
    number = (_LOW - pl.col(Change.change_id).rank("dense").over(Change.store).cast(pl.Int64)).cast(pl.String)
    key = pl.when(pl.col(Change.store) == "database").then(number).otherwise(Change.change_id)
    return rows.select(Change.store, Change.entity_id, Change.change_id, key.alias("key"))


def with_placeholders(base: pl.DataFrame, schema: TableSchema, changes: pl.DataFrame) -> pl.DataFrame:
    """The next base with the keys that the rows which the plan creates have after `planned`.

    Args:
        base: The next base.
        schema: The database table's schema: rows may be inserted with a key of their own.
        changes: The whole plan's changes.
    """
    made = _keyed(changes, schema)
    for store in STORES:
        column = f"{store}_key"
        mine = made.filter(pl.col(Change.store) == store)
        keys = mine.select(Change.entity_id, pl.col("key").alias("_key"))
        is_linked = pl.col(BaseRow.state) == "linked"
        base = (
            base.join(keys, on=Change.entity_id, how="left", maintain_order="left")
            .with_columns(pl.when(is_linked).then(pl.coalesce("_key", column)).otherwise(column).alias(column))
            .drop("_key")
        )
    return base


def created_keys(changes: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
    """change_id, key of every row that the plan creates, as `planned` and `with_placeholders` name it.

    Args:
        changes: The plan's changes.
        schema: The database table's schema: rows may be inserted with a key of their own.
    """
    return _keyed(changes, schema).select(Change.change_id, "key").sort(Change.change_id)


def _keyed(changes: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
    """`placeholders`, with the keys that rows are inserted with."""
    is_own = (
        (pl.col(Change.op) == "insert") & (pl.col(Change.store) == "database") & (pl.col(Change.field) == schema.key)
    )
    own = changes.filter(is_own).select(
        Change.store, Change.entity_id, _value(pl.col(Change.after), pl.String()).alias("_own")
    )
    made = placeholders(changes).join(own, on=[Change.store, Change.entity_id], how="left")
    return made.with_columns(pl.coalesce("_own", "key").alias("key")).drop("_own")


def _resolved(changes: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """The changes with keys for references to rows that the plan creates (`placeholders` of the whole plan)."""
    after = pl.col(Change.after)
    bare = after.str.strip_prefix("[").str.strip_suffix("]")
    is_list, is_made = after.str.starts_with("[" + _START), bare.str.starts_with(_START)
    named = pl.when(is_made & (is_list | after.str.starts_with(_START))).then(
        bare.str.strip_prefix(_START).str.strip_suffix(_END)
    )
    made = placed.select(
        pl.struct(v=Change.change_id)
        .struct.json_encode()
        .str.strip_prefix('{"v":')
        .str.strip_suffix("}")
        .alias("_made"),
        pl.struct(v="key").struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}").alias("_key"),
    )
    return (
        changes.with_columns(named.alias("_made"))
        .join(made, on="_made", how="left")
        .with_columns(
            pl.when(is_list & pl.col("_key").is_not_null())
            .then(pl.concat_str(pl.lit("["), "_key", pl.lit("]")))
            .otherwise(pl.coalesce("_key", after))
            .alias(Change.after)
        )
        .drop("_made", "_key")
    )


def _value(after: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """JSON text as a cell of the snapshot's type."""
    is_string = after.str.starts_with('"')
    unquoted = pl.when(is_string).then(after).otherwise(pl.lit('""')).str.json_decode(pl.String)
    text = pl.when(is_string).then(unquoted).otherwise(after)
    if dtype == pl.String:
        return text
    if dtype == pl.Boolean:
        return text.is_in(["true", "1"])
    numeric = pl.when(text == "true").then(pl.lit("1")).when(text == "false").then(pl.lit("0")).otherwise(text)
    return numeric.cast(dtype, strict=False)


def _updated(rows: pl.DataFrame, cells: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.DataFrame:
    new = cells.select(
        pl.col(Change.row_key).alias("_key"),
        _value(pl.col(Change.after), dtype).alias("_new"),
        pl.lit(value=True).alias("_hit"),
    )
    return (
        rows.join(new, on="_key", how="left")
        .with_columns(pl.when(pl.col("_hit")).then("_new").otherwise(name).alias(name))
        .drop("_new", "_hit")
    )


def _inserted(mine: pl.DataFrame, schema: TableSchema, like: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    cells = mine.filter(pl.col(Change.op) == "insert")
    if cells.is_empty():
        return like.clear()
    rows = cells.select(pl.col(Change.entity_id).alias("_entity")).unique()
    for name, dtype in like.schema.items():
        own = cells.filter(pl.col(Change.field) == name)
        new = own.select(pl.col(Change.entity_id).alias("_entity"), _value(pl.col(Change.after), dtype).alias(name))
        rows = rows if name == "_key" else rows.join(new, on="_entity", how="left")
    given = made.filter(pl.col(Change.store) == schema.store).select(
        pl.col(Change.entity_id).alias("_entity"),
        pl.col("key").cast(like.schema[schema.key], strict=False).alias("_given"),
    )
    named = rows.join(given, on="_entity", how="left").with_columns(pl.coalesce(schema.key, "_given").alias(schema.key))
    return named.with_columns(pl.col(schema.key).cast(pl.String).alias("_key")).select(like.columns)


def moves(changes: pl.DataFrame) -> pl.DataFrame:
    """Changes that a second plan would still make: none, if the first one comes to rest."""
    return changes.select(Change.store, Change.table, Change.op, Change.field, Change.reason, Change.row_key)
