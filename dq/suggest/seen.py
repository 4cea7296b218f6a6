"""The questions that one pass over a file answers about each column; cells are read as the gate reads them."""

from datetime import date

import polars as pl

from dq.gate.cells import is_empty, number, text, time
from dq.suggest.shapes import code_parts, fits

_TEXTS = (pl.String, pl.Categorical, pl.Enum)
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)
"""Days outside are placeholders, as 9999-12-31, or mistakes."""


def is_text(kind: pl.DataType) -> bool:
    """Whether a column holds text."""
    return kind in _TEXTS


def filled(name: str, schema: pl.Schema) -> pl.Expr:
    """A column with its empty cells as null; text of any kind as plain text."""
    value = text(name, schema) if is_text(schema[name]) else pl.col(name)
    return pl.when(~is_empty(name, schema)).then(value)


def asked(name: str, schema: pl.Schema, shape: str | None) -> list[pl.Expr]:
    """Aggregates over a column, by the names that `ColumnProfile` and `code_form` give them.

    Args:
        name: The column.
        schema: The types of the columns.
        shape: Of a text column: the shape that its values are held against.
    """
    kind, value = schema[name], filled(name, schema)
    told = [value.is_not_null().sum().alias("filled")]
    if is_text(kind):
        length = value.str.len_chars()
        told += [_distinct(value), length.min().alias("shortest"), length.max().alias("longest")]
    if shape is not None:
        told += [fits(value, shape).sum().alias("fitting")]
    if shape == "code":
        told += code_parts(value.filter(fits(value, shape)))
    if kind.is_numeric() or shape == "number":
        known = number(name, schema).cast(pl.Float64)
        told += _bounds(known.filter(known.is_finite() & ~is_empty(name, schema)))
    if kind.is_integer():
        told += [_distinct(value)]
    if kind in (pl.Date, pl.Datetime) or shape in ("date", "time"):
        day = time(name, schema).dt.date()
        told += _bounds(day.filter(day.is_between(_FIRST, _LAST) & ~is_empty(name, schema)))
    return told


def _distinct(value: pl.Expr) -> pl.Expr:
    return value.drop_nulls().approx_n_unique().alias("distinct")


def _bounds(value: pl.Expr) -> list[pl.Expr]:
    return [value.count().alias("read"), value.min().alias("least"), value.max().alias("greatest")]
