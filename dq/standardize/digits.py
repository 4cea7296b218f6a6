"""Decimal digits of every script, as 0 to 9."""

import sys
import unicodedata
from functools import lru_cache

import polars as pl

from dq.standardize import text
from dq.standardize.forms import change_where, each


def plain_digits(value: pl.Expr) -> pl.Expr:
    """The value with the decimal digits of all scripts as 0 to 9; ½ and ² are no such digits."""
    return change_where(value, text.not_ascii, each(lambda v: v.str.replace_many(_digits())))


@lru_cache(maxsize=1)
def _digits() -> dict[str, str]:
    return {
        letter: str(unicodedata.decimal(letter))
        for letter in map(chr, range(128, sys.maxunicode + 1))
        if unicodedata.category(letter) == "Nd"
    }
