# ruff: noqa: RUF001 (both forms of a small sigma are the same letter)
"""Map: exact replacements, a value as a whole for another."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from dq.options import MapOptions as Options
from dq.standardize.forms import Standardized, change_where, each, find_where

_SAME = {"ß": "ss", "ς": "σ"}


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """What the map says instead, with `map.emptied`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """What the map says instead; a value that it does not name, or of which it leaves nothing, is kept."""
    words = {word: told for word, told in _words(options).items() if told}

    def change(other: pl.Expr) -> pl.Expr:
        return _key(other, options).replace_strict(words, default=other, return_dtype=pl.String)

    return change_where(value, lambda v: _key(v, options).is_in(list(words)), each(change))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """`map.emptied` for values of which the map leaves nothing."""
    gone = [word for word, told in _words(options).items() if not told]
    code = each(lambda _: pl.lit("map.emptied"))
    return find_where(value, lambda v: _key(v, options).is_in(gone), code)


def _words(options: Options) -> dict[str, str]:
    if not options.casefold:
        return dict(options.values)
    return dict(zip(_folded(options.values), options.values.values(), strict=True))


def _key(value: pl.Expr, options: Options) -> pl.Expr:
    return value.str.to_lowercase().str.replace_many(_SAME) if options.casefold else value


def _folded(words: Iterable[str]) -> tuple[str, ...]:
    return _folds(tuple(words))


@lru_cache(maxsize=64)
def _folds(words: tuple[str, ...]) -> tuple[str, ...]:
    column = pl.Series("word", words, dtype=pl.String).to_frame()
    return tuple(column.select(_key(pl.col("word"), Options(casefold=True))).to_series())
