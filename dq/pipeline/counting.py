"""What a plan counts: its changes by kind, and the leads that are told apart from deletes and inserts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dq.changeset import Changeset, is_removal
from dq.engine.inputs import Inputs
from dq.engine.local import TablePlan
from dq.gate import rekeyed, returned
from dq.rules import TableRules
from dq.schemas import BaseRow, Change
from dq.schemas.base import agreed
from dq.schemas.values import Store
from dq.side import KEY

STORES: tuple[Store, Store] = ("database", "airtable")
KEYS = [BaseRow.state, BaseRow.database_key, BaseRow.airtable_key]


@dataclass(frozen=True)
class Planned:
    """One mapping's plan, with what it was made from and the format of its modified column."""

    rules: TableRules
    inputs: Inputs
    made: TablePlan
    stamp_format: str


def leads_apart(made: Sequence[Planned]) -> dict[str, int]:
    """Leads that were not planned as others are, and rows that are there under new keys or whose lead moved."""
    told = pl.concat(one.made.reconciled.tally for one in made)
    totals = told.group_by("what").agg(pl.col("rows").sum())
    sums = dict(zip(totals["what"], totals["rows"], strict=True))
    outside = sum(rows for what, rows in sums.items() if what.startswith("out of scope"))
    counts = {
        "waiting": sums.get("settling", 0),
        "set_aside": sums.get("invalid", 0),
        "held_back": sums.get("rebased", 0),
        "out_of_scope": outside,
    }
    for one in made:
        after, base = one.made.frame("base", KEYS), one.inputs.base
        linked = base.filter(pl.col(BaseRow.state) == "linked")
        for store in STORES:
            keys = one.made.frame(f"records_{store}", [KEY])
            counts["rekeyed"] = counts.get("rekeyed", 0) + rekeyed(store, keys, linked, after).height
            counts["returned"] = counts.get("returned", 0) + returned(store, keys, base).height
            counts["moved"] = counts.get("moved", 0) + _moved(one, store, linked)
    return counts


def _moved(one: Planned, store: Store, linked: pl.DataFrame) -> int:
    """Rows whose identifying values are not those that the stores agreed on: the same lead, no delete and no insert."""
    names = [key.field for key in one.rules.dedupe.keys if key.identifying]
    if not names:
        return 0
    records = one.made.frame(f"records_{store}", [KEY, *names])
    known = linked.select(pl.col(f"{store}_key").alias(KEY), *(pl.col(agreed(name)) for name in names))
    both = records.join(known, on=KEY)
    moves = (pl.col(agreed(n)).is_not_null() & (pl.col(n).fill_null("") != pl.col(agreed(n))) for n in names)
    return both.filter(pl.any_horizontal(*moves)).height


def counts_of(changes: pl.DataFrame) -> dict[str, Any]:
    """Changes by store, reason and sign; rows merged and deleted, leads standardized and synchronized."""
    removed = changes.filter(is_removal())
    merged, deleted = (removed.filter(pl.col(Change.reason) == reason) for reason in ("merge", "delete"))
    return {
        **Changeset(changes).counts(),
        "merged": merged.select(Change.store, Change.table, Change.row_key).n_unique(),
        "deleted": deleted.select(Change.store, Change.table, Change.row_key).n_unique(),
        "standardized": _leads(changes, ["standardize", "default"]),
        "synchronized": _leads(changes, ["sync", "link", "conflict"]),
    }


def _leads(changes: pl.DataFrame, reasons: Sequence[str]) -> int:
    return changes.filter(pl.col(Change.reason).is_in(list(reasons))).select(Change.store, Change.entity_id).n_unique()
