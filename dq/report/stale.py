"""What moved since a plan's snapshot, as a person reads it."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from dq.changeset import SIGNS
from dq.report.diff import shortened_json
from dq.report.masks import Masks, masked_cells

_ROW = ["store", "table", "row_key"]
_TOLD = {
    "gone": "is gone",
    "soft-deleted": "was marked as deleted",
    "done": "is already as planned",
}


def masked(cells: pl.DataFrame, masks: Masks) -> pl.DataFrame:
    """The cells with what was, is and would be masked."""
    return masked_cells(cells, ["before", "now", "after"], masks)


def counts(cells: pl.DataFrame) -> list[dict[str, Any]]:
    """store, table, field, state, cells: how many cells moved how; field null for whole rows."""
    by = ["store", "table", "field", "state"]
    return cells.group_by(by).agg(pl.len().alias("cells")).sort(by, nulls_last=True).to_dicts()


def as_text(plan: str, rows: int, cells: pl.DataFrame, limit: int) -> list[str]:
    """Counts, then cells as a diff has them.

    Args:
        plan: The plan's snapshot.
        rows: Planned rows that were looked at.
        cells: What moved.
        limit: Cells to list; 0 lists all.
    """
    moved = cells.select(_ROW).n_unique()
    told = [f"plan {plan}: {moved:,} of {rows:,} planned rows moved since the snapshot"]
    told += [f"  {_counted(one)}" for one in counts(cells)]
    last = None
    for cell in (cells.head(limit) if limit else cells).to_dicts():
        where = f"{SIGNS[cell['op']]} {cell['store']} {cell['table']} {cell['row_key']}"
        if where != last:
            told.append(where)
            last = where
        told.append(f"    {_line(cell)}")
    if limit and cells.height > limit:
        told.append(f"… and {cells.height - limit:,} more (--limit 0 shows all)")
    return told


def as_dict(plan: str, rows: int, cells: pl.DataFrame, limit: int) -> dict[str, Any]:
    """The same as JSON-ready values."""
    shown: Sequence[Mapping[str, Any]] = (cells.head(limit) if limit else cells).to_dicts()
    return {
        "format_version": 1,
        "snapshot": plan,
        "rows": rows,
        "rows_moved": cells.select(_ROW).n_unique(),
        "cells_moved": cells.height,
        "counts": counts(cells),
        "cells": list(shown),
    }


def _counted(one: Mapping[str, Any]) -> str:
    what = "whole rows" if one["field"] is None else str(one["field"])
    return f"{one['store']:<9} {one['table']} {what}: {one['cells']:,} {one['state']}"


def _line(cell: Mapping[str, Any]) -> str:
    if cell["field"] is None:
        return f"the row {_TOLD[cell['state']]}"
    texts = f"{shortened_json(cell['before'])} -> now {shortened_json(cell['now'])}"
    planned = "" if cell["op"] == "delete" else f"   (planned: {shortened_json(cell['after'])})"
    return f"{cell['field']}: {texts}" + (f"   ({_TOLD['done']})" if cell["state"] == "done" else planned)
