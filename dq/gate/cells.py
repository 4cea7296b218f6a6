"""What quality rules read of a column, whatever its type: whether a cell is empty, its text, its number, its time."""

import polars as pl

UTC_TIME = pl.Datetime("us", "UTC")
_DAY, _MINUTE, _SECOND = "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"
_AWARE = "%Y-%m-%dT%H:%M:%S%.f%#z"


def is_empty(name: str, schema: pl.Schema) -> pl.Expr:
    """Whether a cell holds nothing: null, the empty text, an empty list, or what is not a number. Never null."""
    value, dtype = pl.col(name), schema[name]
    if dtype == pl.String or dtype in (pl.Categorical, pl.Enum):
        return value.is_null() | (value == "").fill_null(False)
    if dtype.is_float():
        return value.is_null() | value.is_nan().fill_null(False)
    if isinstance(dtype, pl.List):
        return value.is_null() | (value.list.len() == 0).fill_null(False)
    return value.is_null()


def text(name: str, schema: pl.Schema) -> pl.Expr:
    """A cell as text; lists joined by a comma."""
    value, dtype = pl.col(name), schema[name]
    if dtype == pl.String:
        return value
    if isinstance(dtype, pl.List):
        return value.cast(pl.List(pl.String)).list.join(", ")
    if isinstance(dtype, pl.Struct):
        return value.struct.json_encode()
    return value.cast(pl.String)


def number(name: str, schema: pl.Schema) -> pl.Expr:
    """A cell as a number; null where it is none."""
    value, dtype = pl.col(name), schema[name]
    if dtype.is_numeric() and not dtype.is_float():
        return value
    return value.cast(pl.Float64, strict=False).fill_nan(None) if _has_numbers(dtype) else pl.lit(None, pl.Float64)


def time(name: str, schema: pl.Schema) -> pl.Expr:
    """A cell as a time in UTC; null where it is none. Text is ISO: a day, or a day and a time, naive or with its offset."""
    value, dtype = pl.col(name), schema[name]
    if isinstance(dtype, pl.Datetime):
        aware = value.dt.convert_time_zone("UTC") if dtype.time_zone else value.dt.replace_time_zone("UTC")
        return aware.cast(UTC_TIME)
    if dtype == pl.Date:
        return value.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if dtype != pl.String:
        return pl.lit(None, UTC_TIME)
    iso = value.str.strip_chars().str.replace(r"^(\d{4}-\d{2}-\d{2}) ", "${1}T").str.replace(r"(?:[Zz]| ?UTC)$", "")
    naive = [iso.str.to_datetime(form, time_unit="us", strict=False) for form in (_SECOND, _MINUTE)]
    day = iso.str.to_date(_DAY, strict=False).cast(pl.Datetime("us"))
    aware = iso.str.to_datetime(_AWARE, time_unit="us", time_zone="UTC", strict=False)
    return pl.coalesce(*(part.dt.replace_time_zone("UTC") for part in [*naive, day]), aware)


def _has_numbers(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or dtype in (pl.String, pl.Boolean)
