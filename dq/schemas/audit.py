"""The audit log: one entry a cell that dq wrote or tried to write, a row it deleted, or an event about a run.

An entry is a line of JSON that begins with its number and the SHA-256 of the line before it.
"""

import pandera.polars as pa
import polars as pl


class AuditEntry(pa.DataFrameModel):
    n: int = pa.Field(ge=1, unique=True)
    """1, 2, 3, …: the entry's place in the whole log."""
    previous: str
    """SHA-256 of the line before it, in hexadecimal; of the first entry: 64 zeros."""
    time: str
    """When the store confirmed the write, or the event happened; ISO text in UTC."""
    run: str = pa.Field(nullable=True)
    """The snapshot's id, which names plan, journal and log."""
    plan: str = pa.Field(nullable=True)
    """Digest of the plan."""
    actor: str
    """Who ran dq: `DQ_ACTOR`, else the user of the operating system."""
    action: str
    """`apply`, `undo` or `restore` for what was written; else the event's name."""
    store: str = pa.Field(nullable=True)
    table: str = pa.Field(nullable=True)
    row_key: str = pa.Field(nullable=True)
    entity_id: str = pa.Field(nullable=True)
    op: str = pa.Field(nullable=True)
    field: str = pa.Field(nullable=True)
    """The store's own name; null for a delete and for events."""
    before: str = pa.Field(nullable=True)
    """JSON text; of a delete the whole row with every column."""
    after: str = pa.Field(nullable=True)
    reason: str = pa.Field(nullable=True)
    """As in the changeset; `stamp` for the modified time that dq sets; `undo`."""
    rule: str = pa.Field(nullable=True)
    source: str = pa.Field(nullable=True)
    policy: str = pa.Field(nullable=True)
    state: str = pa.Field(nullable=True)
    """The receipt: `written`, `moved`, `refused` or `skipped`."""
    detail: str = pa.Field(nullable=True)
    """Why a write was not carried out; of an event its facts, JSON text."""

    class Config:
        strict = True
        ordered = True


AUDIT_COLUMNS: list[str] = list(AuditEntry.to_schema().columns)
NUMBER = str(AuditEntry.n)
"""The column's name as text: the class attribute is typed as the cell is."""
AUDIT_TYPES = pl.Schema({name: pl.Int64() if name == NUMBER else pl.String() for name in AUDIT_COLUMNS})
BODY: list[str] = [name for name in AUDIT_COLUMNS if name not in (NUMBER, AuditEntry.previous)]
"""The columns of an entry besides those that chain it."""
WRITES = ("apply", "undo", "restore")
"""Actions that write to a store."""
