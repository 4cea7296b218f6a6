"""Conflicts: cells that both stores changed to different values."""

import pandera.polars as pa
from pandera.engines.polars_engine import DateTime

from dq.schemas.values import CONFLICT_KINDS


class Conflict(pa.DataFrameModel):
    conflict_id: str = pa.Field(unique=True)
    entity_id: str
    field: str = pa.Field(nullable=True)
    """Null when the conflict is about the whole row (`delete_edit`)."""
    base: str = pa.Field(nullable=True)
    database: str = pa.Field(nullable=True)
    airtable: str = pa.Field(nullable=True)
    modified_database: DateTime = pa.Field(nullable=True, dtype_kwargs={"time_unit": "us", "time_zone": "UTC"})
    modified_airtable: DateTime = pa.Field(nullable=True, dtype_kwargs={"time_unit": "us", "time_zone": "UTC"})
    kind: str = pa.Field(isin=CONFLICT_KINDS)
    policy: str
    suggested: str = pa.Field(nullable=True)
    """The side the policy would choose (`database`, `airtable`, `merge`), or null when only a person can tell."""
    resolved: bool
    resolved_by: str = pa.Field(nullable=True)
    """The policy that settled it; null while it waits."""
    table: str

    class Config:
        strict = True
        ordered = True


RESOLVED = str(Conflict.resolved)
"""The column's name as text: the class attribute is typed as the cell is."""
