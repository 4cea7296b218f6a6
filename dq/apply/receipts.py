"""Receipts: what a journal says of every cell, with the plan's reasons for it; the body of the audit log."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from dq.schemas import AuditEntry, Change
from dq.schemas.audit import BODY

STAMP = "stamp"
"""Reason of the modified time that dq sets on the rows that it changes: no plan has it."""
_ID = "planned"
_JOURNAL = [
    AuditEntry.store, AuditEntry.table, AuditEntry.op, AuditEntry.entity_id, _ID, AuditEntry.row_key, AuditEntry.field,
    AuditEntry.before, AuditEntry.after, AuditEntry.state, AuditEntry.time, AuditEntry.detail,
]  # fmt: skip
_REASONS = [Change.reason, Change.rule, Change.source, Change.policy]


def receipts(
    cells: Sequence[tuple[Any, ...]], changes: pl.DataFrame | None, facts: dict[str, str | None]
) -> pl.DataFrame:
    """Entries of the audit log without number and predecessor, in the order written.

    Args:
        cells: What `Journal.cells` gives.
        changes: The plan's changeset (Change contract); None where there was none: then the action is the reason.
        facts: run, plan, actor and action of all entries.
    """
    rows = pl.DataFrame(cells, schema=dict.fromkeys(_JOURNAL, pl.String), orient="row").with_columns(
        pl.coalesce(_ID, AuditEntry.entity_id).alias(_ID),
        *(pl.lit(value, pl.String).alias(name) for name, value in facts.items()),
    )
    return _explained(rows, changes).select(BODY)


def _explained(rows: pl.DataFrame, changes: pl.DataFrame | None) -> pl.DataFrame:
    if changes is None:
        nothing = [pl.lit(None, pl.String).alias(name) for name in _REASONS[1:]]
        return rows.with_columns(pl.col(AuditEntry.action).alias(Change.reason), *nothing)
    on = [Change.store, Change.table, Change.op, _ID, Change.field]
    why = changes.with_columns(pl.coalesce(Change.row_key, Change.entity_id).alias(_ID)).select(*on, *_REASONS)
    known = why.unique(on, keep="first", maintain_order=True)
    joined = rows.join(known, on=on, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(pl.col(Change.reason).fill_null(STAMP))
