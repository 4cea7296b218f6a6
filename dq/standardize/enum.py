"""Enumerations: one spelling for each of a closed set of values; what is outside is kept and found."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import polars as pl

from dq.options import EnumOptions as Options
from dq.standardize import text
from dq.standardize.forms import Standardized, change_where, each, find_where, no_finding, once_each
from dq.standardize.near import nearest


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of a closed set of values, with `enum.unknown` and `enum.corrected`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, pl.coalesce(finding(form, given), corrected(value, given)))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The standard value; a value outside the set is kept as it is."""
    spellings = _spellings(options)

    def change(other: pl.Expr) -> pl.Expr:
        key = _key(other)
        known = key.replace_strict(spellings, default=None, return_dtype=pl.String)
        if not options.near:
            return pl.coalesce(known, other)
        return pl.coalesce(known, _meant(key, known, options), other)

    return change_where(value, lambda v: ~v.is_in(options.values), each(change))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """`enum.unknown` for values in standard form that are outside the set."""
    return find_where(value, lambda v: ~v.is_in(options.values), each(_unknown))


def corrected(value: pl.Expr, options: Options) -> pl.Expr:
    """`enum.corrected` for values, not yet in standard form, that are a typing mistake of one of the set."""
    if not options.near:
        return no_finding()

    def code(other: pl.Expr) -> pl.Expr:
        key = _key(other)
        known = key.replace_strict(_spellings(options), default=None, return_dtype=pl.String)
        return pl.when(_meant(key, known, options).is_not_null()).then(pl.lit("enum.corrected"))

    return find_where(value, lambda v: ~v.is_in(options.values), each(code))


def _spellings(options: Options) -> dict[str, str]:
    spellings = dict(zip(_keys(options.synonyms), options.synonyms.values(), strict=True))
    return spellings | dict(zip(_keys(options.values), options.values, strict=True))


def _meant(key: pl.Expr, known: pl.Expr, options: Options) -> pl.Expr:
    spellings = _spellings(options)
    return once_each(pl.when(known.is_null()).then(key), lambda word: nearest(word, spellings, options.near))


def _unknown(value: pl.Expr) -> pl.Expr:
    return pl.when(value.is_not_null()).then(pl.lit("enum.unknown"))


def _key(value: pl.Expr) -> pl.Expr:
    return text.tidy(value).str.to_lowercase().str.replace_all(r"[\s_-]+", "_").str.strip_chars("_")


def _keys(words: Iterable[str]) -> Sequence[str]:
    return _keys_of(tuple(words))


@lru_cache(maxsize=64)
def _keys_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """The rules' own words, which every plan asks for again."""
    keys = pl.Series(words, dtype=pl.String).to_frame("word").select(_key(pl.col("word"))).to_series()
    return tuple(keys.to_list())
