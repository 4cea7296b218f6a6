"""Telephone numbers: E.164 as libphonenumber writes it; what is not surely one valid number is kept and found.

cell ──► E.164 and valid already? ──► simple digits of a known country? ──► parsed, once for every distinct cell
"""

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import polars as pl

from dq.options import PhoneOptions as Options
from dq.standardize import text
from dq.standardize.dialing import plans
from dq.standardize.forms import NOTHING, VALUE, Beside, Standardized, change_where, each, find_where, once_each
from dq.standardize.phone_reading import DAMAGED, Reading, read, write

_SIMPLE = r"^[+(]?[0-9][0-9 ().-]*$"
_HOST_END = r"^(?:[a-z]+://)?(?:[^/?#@]*@)?[^/?#:]*(\.\p{L}[\p{L}0-9-]*)\.?(?:[:/?#].*)?$"
_EXTENSION = r"\s?(?:x|ext\.)\s?([0-9]{1,6})$"
_WORLDWIDE = r"^(?:tel:)?\+"
_FEWEST, _NATIONAL = 7, 10
"""Digits of a number within a country: fewer are a short code, more may be a calling code that lost its plus."""
_PLACEHOLDERS = (
    *(rf"[^0-9]*(?:{digit}[^0-9]*){{7,}}" for digit in range(10)), r"[^0-9]*(?:0[^0-9]*){3,}", r"0?12345678?9?0?",
    r"123-456-7890", r"\(123\) 456-7890", r"n\.?/?a\.?", r"none|null|unknown|tbd", r"[-?x./_0]+",
)  # fmt: skip
_NOWHERE = "--"
_REGION = pl.col("region")
_WHERE = _REGION.fill_null(_NOWHERE)


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of telephone numbers; what is not surely a number is one of six findings."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options, beside: Beside = NOTHING) -> pl.Expr:
    """The number in standard form; what is not surely one valid number stays as it is.

    Args:
        value: A text column.
        options: What the rules say.
        beside: The row's `country` and `website`, where the options name their fields.
    """
    if options.format == "e164":
        return change_where(value, lambda v: ~_is_settled(v), lambda rows: _written(rows, options), beside)
    return change_where(value, pl.Expr.is_not_null, lambda rows: _parsed(rows, options), beside)


def finding(value: pl.Expr, options: Options, beside: Beside = NOTHING) -> pl.Expr:
    """Finding codes for values in standard form."""
    return find_where(value, lambda v: ~_is_settled(v), lambda rows: _code(rows, options), beside)


def match_form(value: pl.Expr) -> pl.Expr:
    """The number in E.164 without extension, for comparing; null where there is none."""

    def parsed(other: pl.Expr) -> pl.Expr:
        # only what says its calling code itself has one meaning
        bare = other.str.replace(r" ext\. [0-9]+$", "")
        worldwide = pl.when(other.str.contains(_WORLDWIDE) & ~_is_settled(bare)).then(other)
        return pl.when(_is_settled(bare)).then(bare).otherwise(once_each(worldwide, _number))

    return change_where(value, lambda v: ~_is_settled(v), each(parsed))


def _is_settled(value: pl.Expr) -> pl.Expr:
    """Whether a value surely is a valid number in E.164."""
    return _is_valid(value) & ~value.str.contains(plans().rewritten)


def _is_valid(value: pl.Expr) -> pl.Expr:
    """Whether a number in E.164 is valid, by the patterns of those parts of the world that the numbers are of."""

    def valid(batch: pl.Series) -> pl.Series:
        zones = batch.str.slice(1, 1).unique().drop_nulls().sort().to_list()
        patterns = [plans().valid[zone] for zone in zones if zone in plans().valid]
        return batch.str.contains("|".join(patterns)) if patterns else batch.str.contains("", literal=True).not_()

    return value.map_batches(valid, return_dtype=pl.Boolean, is_elementwise=True)


def _is_none(value: pl.Expr) -> pl.Expr:
    """Whether digits behind a country's calling code surely are none of its numbers."""
    plan = plans()
    return value.str.contains(plan.coded) & ~_is_valid(value) & ~value.str.contains(plan.rewritten)


def _located(rows: pl.LazyFrame, options: Options) -> pl.LazyFrame:
    """The rows tidied, with the region that each number is read in."""
    names, domains = _countries(tuple((options.countries or {}).items()))
    known = [pl.lit(options.region, dtype=pl.String)]
    if options.website:
        end = pl.col("website").str.to_lowercase().str.strip_chars().str.extract(_HOST_END, 1)
        known.insert(0, end.replace_strict(domains, default=None, return_dtype=pl.String))
    if options.country:
        known.insert(0, _key(pl.col("country")).replace_strict(names, default=None, return_dtype=pl.String))
    return rows.with_columns(tidied=text.tidy(VALUE), region=pl.coalesce(known))


def _written(rows: pl.LazyFrame, options: Options) -> pl.LazyFrame:
    other = pl.when(pl.col("number").is_null() & pl.col("code").is_null()).then(_WHERE + pl.col("tidied"))
    parsed = once_each(other, partial(_form, options=options))
    return _told(rows, options).select(pl.coalesce("number", parsed, VALUE))


def _told(rows: pl.LazyFrame, options: Options) -> pl.LazyFrame:
    """The rows located, with `number` or `code` where either is plain without parsing: most of a real column."""
    tidied, digits, bare, number = (pl.col(name) for name in ("tidied", "digits", "bare", "number"))
    international = tidied.str.contains("+", literal=True)
    kept = " ext. " + tidied.str.extract(_EXTENSION, 1) if options.extensions == "keep" else pl.lit("")
    local = ~international & _REGION.is_null() & digits.str.len_bytes().is_between(_FEWEST, _NATIONAL)
    return (
        _located(rows, options)
        .with_columns(bare=pl.when(international).then(tidied.str.replace(_EXTENSION, "")).otherwise(tidied))
        .with_columns(digits=pl.when(bare.str.contains(_SIMPLE)).then(bare.str.replace_all("[^0-9]", "")))
        .with_columns(number=pl.when(international).then("+" + digits).otherwise(_own(digits)))
        .with_columns(
            settled=_is_settled(number), hopeless=international & bare.str.starts_with("+") & _is_none(number)
        )
        .with_columns(
            number=pl.when("settled").then(pl.when(bare == tidied).then(number).otherwise(number + kept)),
            code=pl.when(local & ~digits.str.starts_with("00"))
            .then(pl.lit("phone.no_region"))
            .when("hopeless")
            .then(pl.lit("phone.invalid"))
            .when(tidied.str.contains(DAMAGED))
            .then(pl.lit("phone.damaged")),
        )
    )


def _own(digits: pl.Expr) -> pl.Expr:
    """The number that a country's own digits are, where they can be nothing else."""
    plan = plans()
    trunk = _REGION.replace_strict(plan.trunk, default=None, return_dtype=pl.String)
    calling = _REGION.replace_strict(plan.calling, default=None, return_dtype=pl.String)
    twofold = (trunk == "0") & ("+" + digits).str.starts_with(calling)  # 49 30 …: its own calling code, or an area
    outward = (_REGION + digits).str.contains(plan.outward)
    return pl.when(~twofold & ~outward).then(calling + digits.str.strip_prefix(trunk))


def _parsed(rows: pl.LazyFrame, options: Options) -> pl.LazyFrame:
    parsed = once_each(_WHERE + pl.col("tidied"), partial(_form, options=options))
    return _located(rows, options).select(pl.coalesce(parsed, VALUE))


def _code(rows: pl.LazyFrame, options: Options) -> pl.LazyFrame:
    patterns = _PLACEHOLDERS if options.placeholders is None else options.placeholders
    nobodys = VALUE.str.contains(f"^(?i)(?:{'|'.join(patterns)})$") if patterns else pl.lit(value=False)
    number, code = pl.col("number"), pl.col("code")
    other = pl.when(number.is_null() & code.is_null()).then(_WHERE + pl.col("tidied"))
    parsed = once_each(other, lambda cell: _read(cell).code)
    return _told(rows, options).select(
        pl.when(nobodys).then(pl.lit("phone.placeholder")).otherwise(pl.coalesce(code, parsed))
    )


def _read(located: str) -> Reading:
    region = located[:2]
    return read(located[2:], None if region == _NOWHERE else region)


def _form(located: str, options: Options) -> str | None:
    number = _read(located).number
    return write(number, options.format, extension=options.extensions == "keep") if number else None


def _number(cell: str) -> str | None:
    number = read(cell, None).number
    return write(number, "e164", extension=False) if number else None


def _key(name: pl.Expr) -> pl.Expr:
    words = text.folded(text.tidy(name)).str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars(" ")
    return words.str.strip_prefix("the ")


@lru_cache(maxsize=64)
def _countries(countries: tuple[tuple[str, str], ...]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Folded name → region, and the end of a host → region; regions' own codes are names too."""
    known = {**{region: region for region in plans().calling}, **dict(countries)}
    names = pl.Series("name", list(known), dtype=pl.String).to_frame().select(_key(pl.col("name"))).to_series()
    named = {key: region for key, region in zip(names.to_list(), known.values(), strict=True) if key}
    return named, {name: region for name, region in known.items() if name.startswith(".")}
