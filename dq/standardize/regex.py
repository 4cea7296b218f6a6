"""Regex: what a pattern finds is written otherwise; what must match and does not is found."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dq.options import RegexOptions as Options
from dq.standardize.forms import VALUE, Standardized, change_where, each, find_where


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """The value with every match replaced, with `regex.emptied` and `regex.mismatch`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The value with every match replaced; one of which nothing is left is kept."""
    pattern = options.pattern
    if pattern is None:
        return value

    def change(other: pl.Expr) -> pl.Expr:
        told = other.str.replace_all(pattern, options.replace)
        return pl.when(told == "").then(other).otherwise(told)

    return change_where(value, lambda v: v.str.contains(pattern), each(change))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """Finding codes for values in standard form."""
    nothing = pl.lit(value=False)
    pattern, must_match = options.pattern, options.must_match
    emptied = nothing if pattern is None else VALUE.str.replace_all(pattern, options.replace) == ""
    odd = nothing if must_match is None else ~VALUE.str.contains(f"^(?:{must_match})$")
    code = pl.when(emptied).then(pl.lit("regex.emptied")).when(odd).then(pl.lit("regex.mismatch"))

    def suspect(other: pl.Expr) -> pl.Expr:
        found = nothing if pattern is None else other.str.contains(pattern)
        return found | (nothing if must_match is None else ~other.str.contains(f"^(?:{must_match})$"))

    return find_where(value, suspect, lambda rows: rows.select(code))
