"""The base state: the last state on which both stores agreed, one row an entity.

Besides these columns there is one text column a mapped field, `<field>_agreed`: null = the stores never agreed on this
cell, the empty string = they agreed that it is empty, else the standard form they agreed on.
"""

from collections.abc import Iterable

import pandera.polars as pa
import polars as pl
from pandera.engines.polars_engine import DateTime

_UTC = {"time_unit": "us", "time_zone": "UTC"}


class BaseRow(pa.DataFrameModel):
    table: str
    entity_id: str
    database_key: str = pa.Field(nullable=True)
    airtable_key: str = pa.Field(nullable=True)
    state: str = pa.Field(isin=["linked", "loser", "tombstone", "left", "erased"])
    """`linked`: one lead in both stores. `loser`: a merged row whose survivor is the entity. `tombstone`: deleted.
    `left`: a lead that left the scope, whose record is gone. `erased`: a person who must not come back; keys only."""
    store: str = pa.Field(nullable=True)
    """Which store a loser was in."""
    row_key: str = pa.Field(nullable=True)
    """A loser's own key."""
    held: str = pa.Field(nullable=True)
    """The loser's standard forms as JSON when it was merged: one that comes back changed was edited by a person."""
    database_written: DateTime = pa.Field(nullable=True, dtype_kwargs=_UTC)
    """The modified time that dq's own last write left on the row."""
    database_human: DateTime = pa.Field(nullable=True, dtype_kwargs=_UTC)
    """The modified time before that write: the row's last human time."""
    airtable_written: DateTime = pa.Field(nullable=True, dtype_kwargs=_UTC)
    airtable_human: DateTime = pa.Field(nullable=True, dtype_kwargs=_UTC)
    since: DateTime = pa.Field(nullable=True, dtype_kwargs=_UTC)
    """When a lead was found deleted, or left the scope: tombstones are kept for a while only."""

    class Config:
        strict = False


_TIME = pl.Datetime("us", "UTC")
BASE_TYPES: dict[str, pl.DataType] = {
    name: (_TIME if name.endswith(("_written", "_human", "since")) else pl.String())
    for name in BaseRow.to_schema().columns
}


AGREED = "_agreed"


def agreed(field: str) -> str:
    """Name of the column that holds what the stores agreed on for a field; a field may be called `state`, too."""
    return field + AGREED


def base_types(fields: Iterable[str]) -> pl.Schema:
    """The columns of a mapping's base with its fields' columns."""
    return pl.Schema({**BASE_TYPES, **{agreed(field): pl.String() for field in fields}})
