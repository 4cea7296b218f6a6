# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Letter case of names, repaired only where it is plainly lost: all capitals, or all small letters.

`McDonald`, `IBM`, `van der Berg` and `eBay` say how they want to be written; `MCDONALD` and `mcdonald` do not.
"""

import polars as pl

from dq.standardize import text
from dq.standardize.forms import VALUE, change_where

_LOST = r"^(?:\P{Ll}*\p{Lu}\P{Ll}*|[^\p{Lu}\p{Georgian}]*[\p{Ll}&&[^\p{Georgian}]][^\p{Lu}\p{Georgian}]*)$"
_SHORT_CAPITALS = r"^\P{Ll}{1,4}$"
_SHORT_LETTERS = r"^\S{1,3}$"
_SMALL_ALONE = r"^[\p{Ll}&&[^\p{Georgian}]]{1,3}$"
_VOWELLESS = r"^[bcdfghjklmnpqrstvwxz]{2,4}$"
_INITIALS = r"^\p{L}{1,2}(?:&\p{L}{1,2}|(?:\.\p{L})+\.?|\d{1,2})$"
_ADDRESS = r"@|://|^(?i:www)\."
_HOST = r"\.\p{L}{2,}$"
_SMALL = [
    "a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "the", "to", "da", "das", "de", "degli", "del", "della",
    "der", "des", "di", "do", "dos", "du", "e", "el", "en", "et", "il", "la", "las", "le", "les", "lo", "los", "och", "og",
    "ten", "ter", "und", "van", "vom", "von", "y", "zu", "zum", "zur", "für", "à",
]  # fmt: skip
_ACRONYMS = ["ai", "eu", "hr", "ibm", "ii", "iii", "iv", "sap", "tv", "uae", "uk", "usa", "vi", "vii", "viii", "ix"]
_ABBREVIATIONS = ["bld", "blvd", "dr", "ft", "jr", "ltd", "mr", "mrs", "ms", "mt", "sr", "st", "str"]


def repaired(value: pl.Expr) -> pl.Expr:
    """Names with their case repaired; a name with both cases in it, or too short to tell, is left alone."""
    return change_where(value, lost_case, _repair)


def repaired_before_a_form(value: pl.Expr) -> pl.Expr:
    """Names that a form followed in the same, lost case: small letters need repair however few they are."""
    return change_where(value, lambda name: lost_case(name) | name.str.contains(_SMALL_ALONE), _repair)


def lost_case(value: pl.Expr) -> pl.Expr:
    """Whether a name's case says nothing: letters of one case alone, and enough of them to tell."""
    return value.str.contains(_LOST) & ~value.str.contains(_SHORT_CAPITALS) & ~value.str.contains(_SHORT_LETTERS)


def _repair(names: pl.LazyFrame) -> pl.LazyFrame:
    words = pl.col("lowered").str.split(" ").list.eval(_word(pl.element())).list.join(" ")
    repairs = names.with_columns(lowered=VALUE.str.to_lowercase()).with_columns(words=words)
    # some letters change in number when their case does: such a name is left alone
    same = pl.col("name").str.to_lowercase() == pl.col("lowered")
    return repairs.with_columns(name=text.nfc(_capitalized(pl.col("words")))).select(
        pl.when(same & ~VALUE.str.contains(_ADDRESS)).then(pl.col("name")).otherwise(VALUE)
    )


def _word(word: pl.Expr) -> pl.Expr:
    titled = word.str.to_titlecase().str.replace(r"(['’])S$", "${1}s")
    scottish = "Mc" + word.str.slice(2, 1).str.to_uppercase() + word.str.slice(3)
    capitals = word.is_in(_ACRONYMS) | word.str.contains(_INITIALS) | word.str.contains(_VOWELLESS)
    return (
        pl.when(word.is_in(_SMALL) | word.str.contains(_HOST))
        .then(word)
        .when(capitals & ~word.is_in(_ABBREVIATIONS))
        .then(word.str.to_uppercase())
        .when(word.str.contains(r"^mc\p{Ll}{3,}"))
        .then(scottish)
        .otherwise(titled)
    )


def _capitalized(value: pl.Expr) -> pl.Expr:
    return value.str.slice(0, 1).str.to_uppercase() + value.str.slice(1)
