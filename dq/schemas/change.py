"""The changeset: one row a cell to write, or one row a record to delete."""

import pandera.polars as pa

from dq.schemas.values import OPS, REASONS, STORES


class Change(pa.DataFrameModel):
    change_id: str = pa.Field(unique=True)
    store: str = pa.Field(isin=STORES)
    table: str
    op: str = pa.Field(isin=OPS)
    entity_id: str = pa.Field(nullable=True)
    row_key: str = pa.Field(nullable=True)
    """Null for inserts."""
    field: str = pa.Field(nullable=True)
    """The store's own name of the column or field; null for a delete."""
    before: str = pa.Field(nullable=True)
    """JSON text, null when the cell was empty; the whole row for a delete."""
    after: str = pa.Field(nullable=True)
    """JSON text; null clears. `{"$created": change_id}` stands for the key of a row that this plan creates."""
    reason: str = pa.Field(isin=REASONS)
    rule: str = pa.Field(nullable=True)
    source: str = pa.Field(nullable=True)
    """Where the value came from: `store:row_key`, `default`, or null when it is the cell's own."""
    probability: float = pa.Field(nullable=True)
    policy: str = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True
