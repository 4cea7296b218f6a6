"""The fixpoint proof: the plan is carried out in memory, and a new plan from the result must be empty."""

import polars as pl

from dq.manifest import TableSchema
from dq.schemas import Change


def planned(stored: pl.DataFrame, schema: TableSchema, changes: pl.DataFrame) -> pl.DataFrame:
    """A store's snapshot rows as they would be after the changes.

    Rows that the store itself would name get the change id of their first cell as key, which is also what
    `{"$created": …}` stands for in link cells.
    """
    mine = changes.filter((pl.col(Change.store) == schema.store) & (pl.col(Change.table) == schema.name))
    removed = mine.filter((pl.col(Change.op) == "delete") | (pl.col(Change.field) == "deleted_at"))
    rows = stored.with_columns(pl.col(schema.key).cast(pl.String).alias("_key")).join(
        removed.select(pl.col(Change.row_key).alias("_key")), on="_key", how="anti"
    )
    rows = pl.concat([rows, _inserted(mine, schema, rows)], how="diagonal_relaxed")
    updates = mine.filter((pl.col(Change.op) == "update")).select(
        pl.col(Change.row_key).alias("_key"), Change.field, Change.after
    )
    for column in schema.columns:
        cells = updates.filter(pl.col(Change.field) == column.name)
        if not cells.is_empty():
            rows = _updated(rows, cells, column.name, stored.schema[column.name])
    return rows.drop("_key").select(stored.columns).cast(dict(stored.schema)).sort(schema.key)


def _value(after: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """JSON text as a cell of the snapshot's type."""
    created = pl.when(after.str.starts_with('{"$created": ')).then(
        after.str.strip_prefix('{"$created": ').str.strip_suffix("}")
    )
    text = pl.coalesce(created, after)
    if dtype == pl.String:
        is_string = text.str.starts_with('"')
        unquoted = pl.when(is_string).then(text).otherwise(pl.lit('""')).str.json_decode(pl.String)
        return pl.when(is_string).then(unquoted).otherwise(text)
    if dtype == pl.Boolean:
        return text == "true"
    numeric = pl.when(text == "true").then(pl.lit("1")).when(text == "false").then(pl.lit("0")).otherwise(text)
    return numeric.cast(dtype, strict=False)


def _updated(rows: pl.DataFrame, cells: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.DataFrame:
    new = cells.select("_key", _value(pl.col(Change.after), dtype).alias("_new"), pl.lit(value=True).alias("_hit"))
    return (
        rows.join(new, on="_key", how="left")
        .with_columns(pl.when(pl.col("_hit")).then("_new").otherwise(name).alias(name))
        .drop("_new", "_hit")
    )


def _inserted(mine: pl.DataFrame, schema: TableSchema, like: pl.DataFrame) -> pl.DataFrame:
    cells = mine.filter(pl.col(Change.op) == "insert")
    if cells.is_empty():
        return like.clear()
    first = cells.group_by(Change.entity_id).agg(pl.col(Change.change_id).min().alias("_key")).sort(Change.entity_id)
    rows = first
    for column in schema.columns:
        mine_only = cells.filter(pl.col(Change.field) == column.name)
        dtype = like.schema[column.name]
        new = mine_only.select(Change.entity_id, _value(pl.col(Change.after), dtype).alias(column.name))
        rows = rows.join(new, on=Change.entity_id, how="left")
    key = pl.when(pl.col(schema.key).is_null()).then(_placeholder(like.schema[schema.key])).otherwise(schema.key)
    named = rows.with_columns(key.alias(schema.key)).drop(Change.entity_id)
    return named.with_columns(pl.col(schema.key).cast(pl.String).alias("_key"))


def _placeholder(dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String:
        return pl.col("_key")
    return pl.int_range(1, pl.len() + 1, dtype=pl.Int64) * -1  # the store will give a number of its own


def moves(changes: pl.DataFrame) -> pl.DataFrame:
    """Changes that a second plan would still make: none, if the first one comes to rest."""
    return changes.select(Change.store, Change.table, Change.op, Change.field, Change.reason, Change.row_key)
