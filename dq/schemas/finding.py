"""Findings: one rule broken by one row."""

import pandera.polars as pa
import polars as pl

from dq.schemas.values import SEVERITIES, STORES


class Finding(pa.DataFrameModel):
    store: str = pa.Field(isin=STORES)
    table: str
    row_key: str = pa.Field(nullable=True)
    field: str = pa.Field(nullable=True)
    value: str = pa.Field(nullable=True)
    rule: str
    severity: str = pa.Field(isin=SEVERITIES)
    message: str

    class Config:
        strict = True
        ordered = True


FINDING_TYPES: dict[str, pl.DataType] = dict.fromkeys(Finding.to_schema().columns, pl.String())
FOUND, AGREES, DUPLICATE = "_finding", "_agrees", "duplicate#"
"""Columns beside a judged table's own: what a field's standardizers found wrong, whether the stores agree on a field (null
for rows of one store), and whether the row is one of several of the same entity."""
