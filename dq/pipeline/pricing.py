"""What a plan costs in Airtable calls: equal to the calls that apply makes when nothing disturbs."""

from math import ceil

import polars as pl

from dq.apply.batches import BATCH, PHASE
from dq.manifest import Manifest
from dq.plan import Price
from dq.rules import TableRules
from dq.schemas import Change
from dq.settings import Settings
from dq.stores.price import PAGE, price

UPDATES, DELETES, CREATES = 2, 3, 4
"""Phases of `dq.apply.batches` that write to Airtable."""


def priced(rows: pl.DataFrame, manifest: Manifest, settings: Settings) -> Price:
    """The price of writing these rows: schema check, backup, guards, writes, verification.

    Args:
        rows: Numbered rows of the plan.
        manifest: The snapshot, for the sizes of the backup.
        settings: The pace, and whether a backup is made.
    """
    if rows.is_empty():
        return Price(0, 0.0)
    calls = len(settings.tables)
    if settings.backups.enabled:
        calls += 1 + sum(_pages(manifest, rules) for rules in settings.tables)
    airtable = rows.filter(pl.col(Change.store) == "airtable")
    sizes = airtable.group_by(BATCH, PHASE).agg(pl.len().alias("n")).sort(BATCH)
    for _, phase, n in sizes.iter_rows():  # a row a batch
        calls += price(
            updates=n if phase == UPDATES else 0,
            deletes=n if phase == DELETES else 0,
            creates=n if phase == CREATES else 0,
            verified=False,
        )
        calls += ceil(n / PAGE) if phase == DELETES else 0  # the whole rows, for undo
    marks = _watermarks(sizes, settings)
    touched = airtable.group_by(Change.table).agg(pl.struct(Change.row_key, Change.entity_id).n_unique().alias("n"))
    verify = sum(ceil(n / PAGE) for n in touched["n"])
    total = calls + marks + verify
    pace = settings.limits.requests_per_second
    return Price(total, total / pace if pace else 0.0)


def _pages(manifest: Manifest, rules: TableRules) -> int:
    return max(1, ceil(manifest.table("airtable", rules.airtable).rows / PAGE))


def _watermarks(sizes: pl.DataFrame, settings: Settings) -> int:
    """One call a batch of creates where records cannot be told by a link cell."""
    linked = all(rules.link_airtable for rules in settings.tables)
    return 0 if linked else sizes.filter(pl.col(PHASE) == CREATES).height
