"""The questions that one pass over a file answers about each column; cells are read as the gate reads them."""

from datetime import date

import polars as pl

from dq.gate.cells import is_empty, number, text, time
from dq.suggest.shapes import code_of, code_parts, fits

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


def read(name: str, schema: pl.Schema, shape: str | None) -> dict[str, pl.Expr]:
    """What the questions about a column are asked of, each computed once: its values, and those read as something.

    Args:
        name: The column.
        schema: The types of the columns.
        shape: Of a text column: the shape that its values are held against.
    """
    kind, value = schema[name], filled(name, schema)
    found = {"value": value}
    if shape is not None:
        found["fits"] = fits(value, shape)
    if shape == "code":
        found["code"] = code_of(value)
    if kind.is_numeric() or shape == "number":
        figure = number(name, schema).cast(pl.Float64)
        found["figure"] = pl.when(figure.is_finite() & ~is_empty(name, schema)).then(figure)
    if kind in (pl.Date, pl.Datetime) or shape in ("date", "time"):
        day = _day(value) if is_text(kind) else time(name, schema).dt.date()
        found["day"] = pl.when(day.is_between(_FIRST, _LAST)).then(day)
    return found


def asked(found: dict[str, pl.Expr], kind: pl.DataType) -> list[pl.Expr]:
    """Aggregates over a column, by the names that `ColumnProfile` and `code_form` give them.

    Args:
        found: The columns that hold what `read` said.
        kind: The type of the file's column.
    """
    value = found["value"]
    told = [value.count().alias("filled")]
    if is_text(kind):
        length = value.str.len_chars()
        told += [length.min().alias("shortest"), length.max().alias("longest")]
    if is_text(kind) or kind.is_integer():
        told += [value.drop_nulls().approx_n_unique().alias("distinct")]
    if "fits" in found:
        told += [found["fits"].sum().alias("fitting")]
    if "code" in found:
        told += code_parts(found["code"])
    told += [bound for part in ("figure", "day") if part in found for bound in _bounds(found[part])]
    return told


def _bounds(value: pl.Expr) -> list[pl.Expr]:
    return [value.count().alias("read"), value.min().alias("least"), value.max().alias("greatest")]


def _day(value: pl.Expr) -> pl.Expr:
    """The day of an ISO text as it is written; with an offset the day in UTC may be the one beside it."""
    is_iso = fits(value, "date") | fits(value, "time")
    return pl.when(is_iso).then(value.str.slice(0, 10)).str.to_date("%Y-%m-%d", strict=False)
