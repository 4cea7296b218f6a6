"""Expression: a Polars SQL expression of the user's own over the cell's `value`."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from dq.errors import ConfigurationError
from dq.options import ExpressionOptions as Options
from dq.standardize.forms import VALUE, Standardized, Work, change_where, find_where


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """What the expression gives, with `expression.emptied`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """What the expression gives; a value of which it leaves nothing is kept."""
    told = pl.sql_expr(options.sql)
    form = pl.when(told.fill_null("") == "").then(VALUE).otherwise(told)
    return change_where(value, pl.Expr.is_not_null, _worked_out(form, options))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """`expression.emptied` for values of which the expression leaves nothing."""
    told = pl.sql_expr(options.sql)
    code = pl.when(told.fill_null("") == "").then(pl.lit("expression.emptied"))
    return find_where(value, pl.Expr.is_not_null, _worked_out(code, options))


def _worked_out(told: pl.Expr, options: Options) -> Work:
    def work(rows: pl.LazyFrame) -> pl.LazyFrame:
        try:
            return rows.select(told).collect(engine="in-memory").lazy()
        except PolarsError as error:
            raise ConfigurationError(
                f"The expression `{options.sql}` fails on a cell: {type(error).__name__}",
                where="rules/standardize.yaml",
                fix="Write it so that it has an answer for any text, such as with TRY_CAST.",
            ) from None

    return work
