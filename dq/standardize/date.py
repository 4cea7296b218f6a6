"""Dates and times in ISO 8601: `2024-01-31`, `2024-01-31T10:30:00`, `2024-01-31T08:30:00.000Z`.

A date stays a date and midnight stays a time. A time with an offset is an instant, written in UTC with milliseconds as
Airtable writes it; one without stays as it is, for nobody knows its zone. Which of two numbers is the day is never guessed.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dq.expressions import has_time
from dq.options import DateOptions as Options
from dq.standardize import text
from dq.standardize.digits import plain_digits
from dq.standardize.forms import VALUE, Standardized, change_where, find_where

_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_SURELY_VALID = r"^[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])$"
_YEAR_FIRST = r"^([0-9]{4})\s?[-/.年년]\s?([0-9]{1,2})\s?[-/.月월]\s?([0-9]{1,2})\s?[.日일]?$"
_COMPACT = r"^((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})$"
_NUMBERS = r"^([0-9]{1,2})([-/.])\s?([0-9]{1,2})[-/.]\s?([0-9]{4})$"
_SHORT = r"^[0-9]{1,2}[-/.]\s?[0-9]{1,2}[-/.]\s?[0-9]{2}$"
_WEEKDAY = r"(?:[A-Za-z]{3,9}\.?,?\s)?"
_ORDINAL = r"(?:st|nd|rd|th)?"
_DAY_NAMED = rf"^{_WEEKDAY}([0-9]{{1,2}}){_ORDINAL}\.?[\s-]*(?:of\s)?([A-Za-z]{{3,9}})\.?,?[\s-]*([0-9]{{4}})$"
_NAMED_DAY = rf"^{_WEEKDAY}([A-Za-z]{{3,9}})\.?\s?([0-9]{{1,2}}){_ORDINAL},?\s([0-9]{{4}})$"
_CLOCK = (
    r"(?:T|t|,?\s(?:at\s)?)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?\s?([AaPp])?(?:\.?[Mm]\.?)?"
    r"\s?(Z|z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})?$"
)
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november")
_NAMES = {name: f"{number:02}" for number, name in enumerate((*_MONTHS, "december"), 1)}
_MONTH = {**_NAMES, **{name[:3]: number for name, number in _NAMES.items()}, "sept": "09"}
_FIRST_YEAR = 1000
"""An earlier year is a slip of the keyboard, or what a program writes for no date."""


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of dates, with `date.ambiguous` and `date.invalid`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The date in standard form; what is no date, or may be two, is kept as it is."""
    needed = pl.Expr.is_not_null if options.output else _is_other
    return change_where(value, needed, lambda rows: _read(rows, options).select(pl.coalesce("form", VALUE)))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """Finding codes for values in standard form."""
    doubtful = _swaps(VALUE) | VALUE.str.contains(_SHORT)
    code = pl.when(doubtful).then(pl.lit("date.ambiguous")).otherwise(pl.lit("date.invalid"))
    return find_where(
        value, _is_doubtful, lambda rows: _read(rows, options).select(pl.when(~pl.col("known")).then(code))
    )


def _is_other(value: pl.Expr) -> pl.Expr:
    return ~value.str.contains(_ISO)


def _is_doubtful(value: pl.Expr) -> pl.Expr:
    return ~value.str.contains(_SURELY_VALID)


def _read(rows: pl.LazyFrame, options: Options) -> pl.LazyFrame:
    """Beside the value: its standard form, and whether it was understood; null and false where it was not.

    Dates come again and again: each is read once.
    """
    read = _parsed(rows.select(VALUE).unique(), options).select(VALUE, "form", "known")
    return rows.join(read, on="value", how="left", nulls_equal=True, maintain_order="left")


def _parsed(rows: pl.LazyFrame, options: Options) -> pl.LazyFrame:
    rows = rows.with_columns(tidied=plain_digits(text.tidy(VALUE)))
    rows = rows.with_columns(clock=pl.col("tidied").str.extract_groups(_CLOCK))
    timed = pl.col("clock").struct.field("1").is_not_null()
    written = pl.when(timed).then(pl.col("tidied").str.replace(_CLOCK, "")).otherwise("tidied")
    rows = rows.with_columns(written=written, timed=timed)
    dates = [_day(written)] if options.formats is not None else [_common(written, options.day_first)]
    rows = rows.with_columns(day=pl.coalesce(dates), time=_time(pl.col("clock").struct))
    own = [_formatted(form) for form in options.formats or ()]
    date = (
        pl.col("day").dt.strftime("%Y-%m-%d") if options.output is None else pl.col("day").dt.strftime(options.output)
    )
    read = [] if options.output is None else [_whole_day(pl.col("tidied"), options.output).dt.strftime(options.output)]
    form = pl.when("timed").then(_with_time()).otherwise(date)
    told = pl.coalesce(*read, *(_told(one, options.output) for one in own), form)
    return rows.with_columns(form=told).with_columns(known=pl.col("form").is_not_null() | VALUE.is_null())


def _told(read: pl.Expr, output: str | None) -> pl.Expr:
    """What a format of the user's own has read, which is in ISO 8601, as it is written."""
    if output is None:
        return read
    return pl.when(read.str.contains(_ISO)).then(_day(read).dt.strftime(output)).otherwise(read)


def _formatted(form: str) -> pl.Expr:
    if not has_time(form):
        return _whole_day(pl.col("tidied"), form).dt.strftime("%Y-%m-%d")
    read = pl.col("tidied").str.to_datetime(form, strict=False, time_unit="us")
    whole = read.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f").str.replace(r"\.?0+$", "")
    whole = pl.when(whole.str.contains(r":[0-9]{2}$|\.")).then(whole).otherwise(read.dt.strftime("%Y-%m-%dT%H:%M:%S"))
    return pl.when(read.dt.year() >= _FIRST_YEAR).then(whole)


def _whole_day(value: pl.Expr, form: str) -> pl.Expr:
    day = value.str.to_date(form, strict=False)
    return pl.when(day.dt.year() >= _FIRST_YEAR).then(day)


def _day(value: pl.Expr) -> pl.Expr:
    return _whole_day(pl.when(value.str.contains(_ISO)).then(value), "%Y-%m-%d")


def _common(written: pl.Expr, day_first: bool | None) -> pl.Expr:
    groups = [
        (_YEAR_FIRST, (1, 2, 3)),
        (_COMPACT, (1, 2, 3)),
    ]
    parts = [_of(*(written.str.extract(pattern, at) for at in order)) for pattern, order in groups]
    named = [
        _of(
            *(
                written.str.extract(pattern, 3),
                _named(written.str.extract(pattern, month)),
                written.str.extract(pattern, day),
            )
        )
        for pattern, month, day in ((_DAY_NAMED, 2, 1), (_NAMED_DAY, 1, 2))
    ]
    return pl.coalesce(*parts, _numbered(written, day_first), *named)


def _numbered(written: pl.Expr, day_first: bool | None) -> pl.Expr:
    first, sign, second, year = (written.str.extract(_NUMBERS, at) for at in (1, 2, 3, 4))
    day_leads, month_leads = _of(year, second, first), _of(year, first, second)
    if day_first is not None:
        return pl.coalesce(day_leads, month_leads) if day_first else pl.coalesce(month_leads, day_leads)
    sure = pl.when(~_swaps(written)).then(pl.coalesce(day_leads, month_leads))
    return pl.when(sign == ".").then(pl.coalesce(day_leads, sure)).otherwise(sure)


def _swaps(written: pl.Expr) -> pl.Expr:
    """Whether a date of two numbers and a year may be read both ways."""
    first, second = (written.str.extract(_NUMBERS, at).cast(pl.Int8) for at in (1, 3))
    return ((first <= 12) & (second <= 12) & (first != second)).fill_null(value=False)


def _of(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    return _day(year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2))


def _named(month: pl.Expr) -> pl.Expr:
    return month.str.to_lowercase().replace_strict(_MONTH, default=None, return_dtype=pl.String)


def _time(clock: Any) -> pl.Expr:
    """HH:MM:SS of the clock's groups; null where there is no such time."""
    half = clock.field("5").str.to_lowercase()
    hour = clock.field("1").cast(pl.Int8)
    noon = pl.when((hour >= 1) & (hour <= 12)).then(hour % 12 + pl.when(half == "p").then(12).otherwise(0))
    hour = pl.when(half.is_null()).then(hour).otherwise(noon)
    told = hour.cast(pl.String).str.zfill(2) + ":" + clock.field("2") + ":" + clock.field("3").fill_null("00")
    return pl.when(told.str.contains(r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$")).then(told)


def _with_time() -> pl.Expr:
    part = pl.col("clock").struct.field
    wall = pl.col("day").dt.strftime("%Y-%m-%d") + "T" + pl.col("time")
    fraction = part("4").fill_null("").str.strip_chars_end("0")
    zone = (
        part("6")
        .str.replace(r"^[A-Za-z]+$", "+0000")
        .str.replace(":", "", literal=True)
        .str.replace(r"^(.[0-9][0-9])$", "${1}00")
    )
    instant = (wall + zone).str.to_datetime("%Y-%m-%dT%H:%M:%S%z", strict=False, time_zone="UTC")
    utc = instant.dt.strftime("%Y-%m-%dT%H:%M:%S") + "." + fraction.str.pad_end(3, "0") + "Z"
    return pl.when(part("6").is_not_null()).then(utc).when(fraction == "").then(wall).otherwise(wall + "." + fraction)
