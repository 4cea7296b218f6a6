"""The questions that one pass over a file answers about each column."""

import polars as pl

from dq.suggest.shapes import code_parts, fits


def is_text(kind: pl.DataType) -> bool:
    """Whether a column holds text."""
    return kind == pl.String


def filled(name: str, kind: pl.DataType) -> pl.Expr:
    """A column with its empty texts as null."""
    value = pl.col(name)
    return pl.when(value != "").then(value) if is_text(kind) else value


def asked(name: str, kind: pl.DataType, shape: str | None) -> list[pl.Expr]:
    """Aggregates over a column, by the names that `ColumnProfile` and `code_form` give them.

    Args:
        name: The column.
        kind: Its type.
        shape: Of a text column: the shape that its values are held against.
    """
    value = filled(name, kind)
    count = value.is_not_null().sum().alias("filled")
    if is_text(kind):
        return [count, *_of_text(value, shape)]
    if kind.is_numeric():
        number = value.cast(pl.Float64)
        known = number.filter(number.is_finite())
        return [count, value.approx_n_unique().alias("distinct"), *_bounds(known)]
    if kind in (pl.Date, pl.Datetime):
        return [count, *_bounds(value.cast(pl.Date))]
    return [count]


def _of_text(value: pl.Expr, shape: str | None) -> list[pl.Expr]:
    length = value.str.len_chars()
    told = [
        value.drop_nulls().approx_n_unique().alias("distinct"),
        length.min().alias("shortest"),
        length.max().alias("longest"),
    ]
    if shape is None:
        return told
    fitting = fits(value, shape)
    known = value.filter(fitting)
    told += [fitting.sum().alias("fitting")]
    if shape == "number":
        told += _bounds(known.cast(pl.Float64, strict=False))
    if shape in ("date", "time"):
        told += _bounds(known.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False))
    return told + (code_parts(known) if shape == "code" else [])


def _bounds(value: pl.Expr) -> list[pl.Expr]:
    return [value.min().alias("least"), value.max().alias("greatest")]
