"""Clusters: one row for every row of both stores, singletons too."""

import pandera.polars as pa

from dq.schemas.values import STORES


class Cluster(pa.DataFrameModel):
    store: str = pa.Field(isin=STORES)
    row_key: str
    entity_id: str
    survivor: bool
    probability: float = pa.Field(ge=0, le=1)
    """The weakest link that holds the cluster together; 1 for a singleton."""
    bridge: bool
    """Without this row its cluster would fall apart."""
    decided_by: str
    """`decided` (by people), `base`, `link`, `single`, `match` (the matcher), `always` (a rule) or `key:<match_key>`: the strongest evidence that put the row in its cluster."""
    table: str
    """The database table of the mapping, for configurations with several."""

    class Config:
        strict = True
        ordered = True
        unique = ["table", "store", "row_key"]  # noqa: RUF012
