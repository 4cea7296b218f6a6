"""Times as stores write them: read as UTC, and written back in the column's own format.

A format is spelled as it looks: `YYYY-MM-DDTHH:MM:SS.fffZ`, `YYYY-MM-DD HH:MM:SS`, `YYYY-MM-DD`; whole numbers are
`epoch_s`, `epoch_ms` or `epoch_us`.
"""

from datetime import UTC, datetime

import polars as pl

UTC_TIME = pl.Datetime("us", "UTC")
DEFAULT_FORMAT = "YYYY-MM-DDTHH:MM:SS.fffZ"
"""Airtable's own; for a column that has no time in it yet."""

_NAIVE = "%Y-%m-%dT%H:%M:%S%.f"
_EPOCH = r"^-?\d{9,17}$"
_FULL = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?\s?(?:[Zz]|UTC|[+-]\d{2}(?::?\d{2})?)?$"
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_OFFSET = r"([+-])(\d{2}):?(\d{2})?$"
_UNITS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
_SHAPES = [  # a value's text to its format's spelling, in this order
    (r"^\d{4}-\d{2}-\d{2}", "YYYY-MM-DD"),
    (r"\d{2}:\d{2}:\d{2}", "HH:MM:SS"),
    (r"([T ])\d{2}:\d{2}", "${1}HH:MM"),
    (r"\.\d{6,9}", ".ffffff"),
    (r"\.\d{1,5}", ".fff"),
    (r"[+-]\d{2}:\d{2}$", "+00:00"),
    (r"[+-]\d{4}$", "+0000"),
    (r"(\d|M|S|f)[+-]\d{2}$", "${1}+00"),
]
_KNOWN = r"^YYYY-MM-DD(?:[T ]HH:MM(?::SS(?:\.f{3}|\.f{6})?)?\s?(?:[Zz]|UTC|\+00:00|\+0000|\+00)?)?$"


def parse(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Times in UTC, to the microsecond; what cannot be read is null.

    Args:
        value: ISO text with Z, an offset or neither (then UTC), a day, or seconds, milliseconds or microseconds since
            1970 as a number or as text.
        dtype: The column's type.
    """
    if dtype == pl.String:
        return value.map_batches(_parse_text, return_dtype=UTC_TIME, is_elementwise=True)
    if isinstance(dtype, pl.Datetime):
        aware = value.dt.convert_time_zone("UTC") if dtype.time_zone else value.dt.replace_time_zone("UTC")
        return aware.cast(UTC_TIME)
    if dtype == pl.Date:
        return value.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if dtype.is_numeric():
        return _since_1970(value)
    return pl.lit(None, dtype=UTC_TIME)


def format_of(sample: pl.Series) -> str:
    """The format that most values of a column have; of equally common ones the first in the alphabet."""
    present = sample.drop_nulls()
    if sample.dtype.is_numeric():
        size = present.cast(pl.Float64).abs().median()
        return _unit(float(size)) if isinstance(size, int | float) else "epoch_s"
    texts = present.cast(pl.String).str.strip_chars()
    numbers = texts.filter(texts.str.contains(_EPOCH))
    shapes = texts.filter(texts.str.contains(_FULL) | texts.str.contains(_DAY))
    for pattern, spelling in _SHAPES:
        shapes = shapes.str.replace(pattern, spelling)
    known = shapes.filter(shapes.str.contains(_KNOWN))
    if len(numbers) > len(known):
        return format_of(numbers.cast(pl.Int64))
    counts = known.value_counts(name="rows").sort(["rows", known.name], descending=[True, False])
    return str(counts[known.name][0]) if len(counts) else DEFAULT_FORMAT


def format_time(time: datetime, format: str) -> str | int:  # noqa: A002 (the word that the matter has)
    """One time in a column's own format, as `format_of` names it; what the format has no place for is cut off.

    Args:
        time: An aware time, or a naive one in UTC.
        format: A format's name.
    """
    utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    if format in _UNITS:
        since = utc - datetime(1970, 1, 1, tzinfo=UTC)
        microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        return microseconds // _UNITS[format]
    text = format.replace("YYYY", f"{utc.year:04}").replace("MM-DD", f"{utc.month:02}-{utc.day:02}")
    text = text.replace("HH:MM", f"{utc.hour:02}:{utc.minute:02}").replace(":SS", f":{utc.second:02}")
    return text.replace("ffffff", f"{utc.microsecond:06}").replace("fff", f"{utc.microsecond // 1000:03}")


def _parse_text(batch: pl.Series) -> pl.Series:
    common = batch.str.strip_suffix("Z").str.to_datetime(_NAIVE, time_unit="us", strict=False)
    times = common.dt.replace_time_zone("UTC").rename(batch.name)
    other = (times.is_null() & batch.is_not_null()).arg_true()
    if not len(other):
        return times
    frame = pl.DataFrame({"text": batch.gather(other).str.strip_chars()})
    return times.scatter(other, frame.select(_other(pl.col("text"))).to_series())


def _other(text: pl.Expr) -> pl.Expr:
    full = pl.when(text.str.contains(_FULL)).then(text)
    local = full.str.replace(r"\s?(?:[Zz]|UTC|[+-]\d{2}(?::?\d{2})?)$", "").str.replace(" ", "T", literal=True)
    seconds = pl.when(local.str.len_bytes() == 16).then(local + ":00").otherwise(local)
    day = pl.when(text.str.contains(_DAY)).then(text + "T00:00:00")
    naive = pl.coalesce(seconds, day).str.to_datetime(_NAIVE, time_unit="us", strict=False)
    iso = naive.dt.replace_time_zone("UTC") - _offset(full)
    epoch = pl.when(text.str.contains(_EPOCH)).then(text).cast(pl.Int64, strict=False)
    return pl.coalesce(iso, _since_1970(epoch))


def _offset(text: pl.Expr) -> pl.Expr:
    timed = text.str.slice(16)  # behind the day, whose hyphens are no offset
    hours = timed.str.extract(_OFFSET, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = timed.str.extract(_OFFSET, 3).cast(pl.Int64, strict=False).fill_null(0)
    east = pl.when(timed.str.extract(_OFFSET, 1) == "-").then(-1).otherwise(1)
    return pl.duration(minutes=east * (hours * 60 + minutes), time_unit="us")


def _since_1970(value: pl.Expr) -> pl.Expr:
    number = value.cast(pl.Float64, strict=False)
    number = pl.when(number.is_finite()).then(number)
    size = number.abs()
    factor = pl.when(size < 1e11).then(1_000_000).when(size < 1e14).then(1_000).otherwise(1)
    microseconds = (number * factor).round().cast(pl.Int64, strict=False)
    return microseconds.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _unit(size: float) -> str:
    return "epoch_s" if size < 1e11 else "epoch_ms" if size < 1e14 else "epoch_us"
