"""What every standardizer is made of: its two answers, and work done only where it is needed.

Most cells of a real table are in standard form already. One cheap test tells them from the rest, and only the rest
takes the long way; that is what makes cleaning cost little more than reading and writing the table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

Step = Callable[[pl.Expr], pl.Expr]
Work = Callable[[pl.LazyFrame], pl.LazyFrame]
"""From rows with the column `value` to rows whose one column is the answer, row for row."""

VALUE = pl.col("value")

Beside = Mapping[str, pl.Expr]
"""Other columns of the row that a standardizer reads, by the option that names their field."""
NOTHING: Beside = {}


@dataclass(frozen=True, slots=True)
class Standardized:
    """A standardizer's two answers for a text column.

    Attributes:
        value: The standard form; the value itself where it was not understood.
        finding: Null, or a short code such as `email.invalid`.
    """

    value: pl.Expr
    finding: pl.Expr


def no_finding() -> pl.Expr:
    """The finding of a standardizer that never has one."""
    return pl.lit(None, dtype=pl.String)


def each(step: Step) -> Work:
    """One expression as work on rows."""
    return lambda rows: rows.select(step(VALUE))


def once(value: pl.Expr, step: Step) -> pl.Expr:
    """A step on a value that is worked out once, however often the step names it.

    The engine works out a named sub-expression once, but not one that calls back into Python.
    """

    def stepped(batch: pl.Series) -> pl.Series:
        return frame_of(batch).select(step(VALUE)).to_series().rename(batch.name)

    return value.map_batches(stepped, return_dtype=pl.String, is_elementwise=True)


def change_where(value: pl.Expr, needed: Step, change: Work, beside: Beside = NOTHING) -> pl.Expr:
    """The value, changed only where it needs to be; the other rows cost the test alone.

    Args:
        value: A text column.
        needed: Whether a value needs the change; must hold for every value that the change would alter.
        change: The change, row for row.
        beside: Other columns that the change reads, under their names.
    """

    def change_batch(batch: pl.Series) -> pl.Series:
        frame = frame_of(batch)
        rows, changed = _answers(frame, needed, change)
        values = frame.to_series().rename(batch.name)
        return values.clone().scatter(rows, changed) if len(rows) else values

    return together(value, beside).map_batches(change_batch, return_dtype=pl.String, is_elementwise=True)


def find_where(value: pl.Expr, suspect: Step, code: Work, beside: Beside = NOTHING) -> pl.Expr:
    """Finding codes, worked out only for suspect values; null for all others.

    Args:
        value: A text column.
        suspect: Whether a value may be a finding.
        code: The finding's code, or null, row for row.
        beside: Other columns that the code reads, under their names.
    """

    def find_batch(batch: pl.Series) -> pl.Series:
        rows, codes = _answers(frame_of(batch), suspect, code)
        nothing = pl.Series(batch.name, [None], dtype=pl.String).new_from_index(0, len(batch))
        return nothing.scatter(rows, codes) if len(rows) else nothing

    return together(value, beside).map_batches(find_batch, return_dtype=pl.String, is_elementwise=True)


def both(value: pl.Expr, first: Step, second: Step) -> pl.Expr:
    """Whether two tests hold; the second, dearer one is asked only where the first does."""

    def both_of(batch: pl.Series) -> pl.Series:
        rows, answers = _answers(frame_of(batch), first, each(second))
        nothing = pl.Series(batch.name, [False], dtype=pl.Boolean).new_from_index(0, len(batch))
        return nothing.scatter(rows, answers.fill_null(value=False)) if len(rows) else nothing

    return value.map_batches(both_of, return_dtype=pl.Boolean, is_elementwise=True)


def once_each(value: pl.Expr, parse: Callable[[str], str | None]) -> pl.Expr:
    """A parser's answers, asked once for every distinct value. Only for the few values that expressions cannot do."""

    def parse_batch(batch: pl.Series) -> pl.Series:
        distinct = batch.drop_nulls().unique()
        answers = pl.Series([parse(text) for text in distinct.to_list()], dtype=pl.String)
        return batch.replace_strict(distinct, answers, default=None, return_dtype=pl.String)

    return value.map_batches(parse_batch, return_dtype=pl.String, is_elementwise=True)


def together(value: pl.Expr, beside: Beside) -> pl.Expr:
    """A column and those beside it as one, for work on batches; the column itself where nothing stands beside it."""
    return pl.struct(value.alias("value"), *(other.alias(name) for name, other in beside.items())) if beside else value


def frame_of(batch: pl.Series) -> pl.DataFrame:
    """A batch of what `together` made as columns, `value` first."""
    return batch.struct.unnest() if batch.dtype == pl.Struct else batch.to_frame("value")


def _answers(frame: pl.DataFrame, test: Step, work: Work) -> tuple[pl.Series, pl.Series]:
    rows = frame.select(test(VALUE).fill_null(value=False)).to_series().arg_true()
    if not len(rows):
        return rows, frame.to_series().clear()
    # the lazy engine works out a sub-expression once, however often a step names it
    return rows, work(frame[rows].lazy()).collect(engine="in-memory").to_series()
