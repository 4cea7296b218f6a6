# ruff: noqa: RUF001 (digits and signs of other scripts are what this is about)
"""Numbers as exact text: no group signs, no needless zeros, no currency; never through a binary float.

The decimal character that is read is the one that is written: 1.234 would be another number in the next run otherwise.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from dq.options import NumberOptions as Options
from dq.standardize import text
from dq.standardize.digits import plain_digits
from dq.standardize.forms import VALUE, Standardized, change_where, each, find_where, once_each

_SIGNS = {"−": "-", "‐": "-", "‑": "-", "‒": "-", "–": "-", "﹣": "-", "－": "-", "＋": "+", "，": ",", "．": ".", "％": "%", "٪": "%", "’": "'", "＄": "$", "￥": "¥", "￡": "£"}  # fmt: skip
_LARGEST_EXPONENT = 40
_PLAIN = r"[0-9]+"


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of numbers, with `number.precision` and `number.invalid`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The number in standard form; what is none, or has more digits than there may be, is kept as it is."""
    known = _standard_pattern(options)
    form = pl.coalesce(pl.when(~pl.col("long")).then("form"), VALUE)
    return change_where(value, lambda v: ~v.str.contains(known), lambda rows: _read(rows, options).select(form))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """Finding codes for values in standard form."""
    known = _standard_pattern(options)
    read = pl.when("long").then(pl.lit("number.precision")).when(pl.col("form").is_null() & VALUE.is_not_null())
    code = read.then(pl.lit("number.invalid"))
    return find_where(value, lambda v: ~v.str.contains(known), lambda rows: _read(rows, options).select(code))


def _standard_pattern(options: Options) -> str:
    """Most numbers; -0 is not among them."""
    point = re.escape(options.decimal)
    if options.decimals is None:
        return rf"^(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*){point}[0-9]*[1-9])$"
    return rf"^-?[1-9][0-9]*{point}[0-9]{{{options.decimals}}}$" if options.decimals else r"^(?:0|-?[1-9][0-9]*)$"


def _read(rows: pl.LazyFrame, options: Options) -> pl.LazyFrame:
    """Beside the value: its standard form, null where it is no number; and whether its fraction is too long."""
    core, whole, fraction, shift = (pl.col(name) for name in ("core", "whole", "fraction", "shift"))
    rows = rows.with_columns(bare=_without_currency(_plain_signs(VALUE, options.decimal), options.currency))
    rows = rows.with_columns(
        percent=pl.col("bare").str.contains(r"[0-9]\s?%\)?$"), bare=pl.col("bare").str.replace(r"\s?%(\)?)$", "$1")
    )
    rows = rows.with_columns(negative=_is_negative(pl.col("bare")), core=_unsigned(pl.col("bare")))
    rows = rows.with_columns(parts=core.str.extract_groups(_number_pattern(options)))
    part = pl.col("parts").struct.field
    rows = rows.with_columns(
        known=part("1").is_not_null() | part("3").is_not_null(),
        whole=part("1").fill_null("").str.replace_all(r"[^0-9]", ""),
        fraction=pl.coalesce(part("2"), part("3")).fill_null(""),
        shift=_shift(part("4"), options),
    )
    moved = change_where(
        whole + "." + fraction + "e" + shift.cast(pl.String),
        lambda v: ~v.str.ends_with("e0"),
        each(lambda v: once_each(v, _shifted)),
    )
    moved = moved.str.replace("e0$", "")
    rows = rows.with_columns(
        whole=moved.str.extract(r"^([0-9]*)\.").str.strip_chars_start("0"),
        fraction=moved.str.extract(r"\.([0-9]*)$").str.strip_chars_end("0"),
        known=pl.col("known") & shift.abs().le(_LARGEST_EXPONENT + 2).fill_null(value=False),
    )
    return rows.with_columns(form=_written(options), long=_is_long(options))


def _plain_signs(value: pl.Expr, decimal: str) -> pl.Expr:
    other = "," if decimal == "." else "."
    tidied = plain_digits(text.tidy(value))
    return change_where(
        tidied, text.not_ascii, each(lambda v: v.str.replace_many({**_SIGNS, "٫": decimal, "٬": other}))
    )


def _without_currency(value: pl.Expr, currency: list[str]) -> pl.Expr:
    if not currency:
        return value
    words = "|".join(re.escape(word) for word in sorted(currency, key=len, reverse=True))
    behind = value.str.replace(rf"^(?i)([-+(]?)\s?(?:{words})\s?", "${1}")
    return pl.when(behind != value).then(behind).otherwise(value.str.replace(rf"(?i)\s?(?:{words})\s?([-)]?)$", "${1}"))


def _is_negative(bare: pl.Expr) -> pl.Expr:
    return bare.str.contains(r"^-|^\(.*\)$|[0-9]\s?-$")


def _unsigned(bare: pl.Expr) -> pl.Expr:
    inner = bare.str.replace(r"^\(\s?([^()+-]*?)\s?\)$", "${1}")
    return (
        pl.when(inner != bare)
        .then(inner)
        .otherwise(bare.str.replace(r"^(?:[-+]\s?(.*)|([^-+]*[0-9])\s?-)$", "${1}${2}"))
    )


@lru_cache(maxsize=64)
def _pattern(decimal: str, groups: tuple[str, ...]) -> str:
    point = re.escape(decimal)
    grouped = "".join(rf"|[0-9]{{1,3}}(?:{re.escape(sign)}[0-9]{{3}})+" for sign in groups)
    indian = r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}" if "," in groups else ""
    return rf"^(?:({_PLAIN}{grouped}{indian})(?:{point}([0-9]*))?|{point}([0-9]+))(?:[eE]([+-]?[0-9]{{1,4}}))?$"


def _number_pattern(options: Options) -> str:
    usual = [" ", "'", "," if options.decimal == "." else "."]
    return _pattern(options.decimal, tuple(usual if options.thousands is None else options.thousands))


def _shift(exponent: pl.Expr, options: Options) -> pl.Expr:
    told = exponent.str.strip_prefix("+").fill_null("0").cast(pl.Int32)
    return told - 2 * pl.col("percent").cast(pl.Int32) if options.percent == "fraction" else told


def _shifted(number: str) -> str | None:
    """`12.5e-2` as `0.125`: on its digits, exactly."""
    mantissa, _, exponent = number.partition("e")
    whole, _, fraction = mantissa.partition(".")
    shift = int(exponent)
    if abs(shift) > _LARGEST_EXPONENT + 2:
        return mantissa
    digits = "0" * max(-shift, 0) + whole + fraction + "0" * max(shift, 0)
    at = max(-shift, 0) + len(whole) + shift
    return f"{digits[:at]}.{digits[at:]}"


def _written(options: Options) -> pl.Expr:
    whole, fraction = pl.col("whole"), pl.col("fraction")
    sign = pl.when(pl.col("negative") & ((whole != "") | (fraction != ""))).then(pl.lit("-")).otherwise(pl.lit(""))
    filled = fraction if options.decimals is None else fraction.str.pad_end(options.decimals, "0")
    told = sign + pl.when(whole == "").then(pl.lit("0")).otherwise(whole)
    told = pl.when(filled == "").then(told).otherwise(told + options.decimal + filled)
    if options.percent == "keep":
        told = pl.when("percent").then(told + "%").otherwise(told)
    return pl.when("known").then(told)


def _is_long(options: Options) -> pl.Expr:
    if options.decimals is None:
        return pl.lit(value=False)
    return (pl.col("known") & (pl.col("fraction").str.len_chars() > options.decimals)).fill_null(value=False)
