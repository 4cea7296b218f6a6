"""A record: one row of one store with its mapped fields as text.

Beside these columns stand, for every mapped field `f`: `f` (standard form), `f_raw` (what the store held, as text,
exactly) and `f_rule` (names of the standardizers that changed it, joined by `+`; null when none did).
"""

import pandera.polars as pa
import polars as pl
from pandera.engines.polars_engine import DateTime


class Record(pa.DataFrameModel):
    row_key: str = pa.Field(unique=True)
    created: DateTime = pa.Field(nullable=True, dtype_kwargs={"time_unit": "us", "time_zone": "UTC"})
    modified: DateTime = pa.Field(nullable=True, dtype_kwargs={"time_unit": "us", "time_zone": "UTC"})
    link: str = pa.Field(nullable=True)
    """The other store's key, as this store holds it."""

    class Config:
        strict = False


RECORD_TYPES: dict[str, pl.DataType] = {
    Record.row_key: pl.String(),
    str(Record.created): pl.Datetime("us", "UTC"),
    str(Record.modified): pl.Datetime("us", "UTC"),
    Record.link: pl.String(),
}


def raw(field: str) -> str:
    """Name of the column that holds a field as the store held it."""
    return f"{field}_raw"


def rule(field: str) -> str:
    """Name of the column that tells which standardizers changed a field."""
    return f"{field}_rule"
