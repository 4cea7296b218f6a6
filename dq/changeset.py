"""A changeset is a value: what a plan would write, frozen, with its digest. Building it touches nothing."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from dq.schemas import Change

REMOVALS = ("merge", "delete")
"""Reasons for which rows go away."""
REPOINT = "repoint:"
"""Start of the rule of changes that a merge of another table's rows makes; the merged mapping follows."""
SIGNS = {"insert": "+", "update": "~", "delete": "-"}


@dataclass(frozen=True)
class Changeset:
    """Changes in the Change contract, sorted by change_id."""

    changes: pl.DataFrame

    def __len__(self) -> int:
        return self.changes.height

    def counts(self) -> dict[str, Any]:
        """Cells by store and reason, and rows by store and op."""
        return {
            "changes": self.changes.height,
            "cells": _nested(self.changes.group_by(Change.store, Change.reason).agg(pl.len().alias("n"))),
            "rows": _nested(rows(self.changes).group_by(Change.store, Change.op).agg(pl.len().alias("n"))),
        }


@dataclass(frozen=True)
class ApprovedChangeset:
    """A changeset that the gate let through; the only kind that apply takes."""

    changes: pl.DataFrame
    plan_digest: str


def _nested(counts: pl.DataFrame) -> dict[str, dict[str, int]]:
    first, second, _ = counts.columns
    nested: dict[str, dict[str, int]] = {}
    for outer, inner, n in counts.sort(first, second).iter_rows():  # a handful: stores times ops
        nested.setdefault(outer, {})[inner] = n
    return nested


def is_removal() -> pl.Expr:
    """Whether a change takes a row away: a delete, or the mark of a soft delete."""
    soft = pl.col(Change.reason).is_in(REMOVALS) & (pl.col(Change.field) == "deleted_at")
    return (pl.col(Change.op) == "delete") | soft.fill_null(value=False)


def rows(changes: pl.DataFrame) -> pl.DataFrame:
    """store, table, op, entity_id, row_key, removal, reason: one row for every row of a store that is touched."""
    return (
        changes.with_columns(is_removal().alias("removal"))
        .group_by(Change.store, Change.table, Change.op, Change.entity_id, Change.row_key)
        .agg(pl.col("removal").any(), pl.col(Change.reason).first())
        .sort(Change.store, Change.table, Change.op, Change.entity_id, Change.row_key)
    )
