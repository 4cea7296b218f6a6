"""Which rule it was that could not be worked out on the rows of a table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl
from polars.exceptions import PolarsError

from dq.checks import Check, Known
from dq.errors import ConfigurationError
from dq.rulesql import roots


@contextmanager
def blamed(frame: pl.LazyFrame, checks: Sequence[Check], known: Sequence[Known]) -> Iterator[None]:
    """Tell of what fails in the block which rule's own condition did it, if one did; it never shows a cell.

    Args:
        frame: The table.
        checks: The rules that are judged in the block.
        known: The known failures, whose conditions are worked out as well.

    Raises:
        ConfigurationError: A rule's condition fails on a row that can be read.
    """
    try:
        yield
    except PolarsError as error:
        said = [(one.name, one.source, word, getattr(one, word)) for one in checks for word in ("where", "expression")]
        said += [(one.rule, one.source, "where", one.where) for one in known]
        for name, source, word, condition in said:
            if condition and _fails(frame, condition):
                raise ConfigurationError(
                    f"The rule {name} fails on these rows: {type(error).__name__} of Polars.",
                    where=source,
                    fix=f"correct its `{word}`; TRY_CAST forgives what CAST does not",
                ) from None
        raise


def _fails(frame: pl.LazyFrame, condition: str) -> bool:
    """Whether a condition fails on columns that can be read."""
    names = roots(condition)
    return _works(frame, [pl.col(names).null_count()] if names else [pl.len()]) and not _works(
        frame, [pl.sql_expr(condition).is_null().sum()]
    )


def _works(frame: pl.LazyFrame, asked: Sequence[pl.Expr]) -> bool:
    try:
        frame.select(asked).collect(engine="streaming")
    except PolarsError:
        return False
    return True
