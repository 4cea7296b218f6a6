"""What a plan costs in Airtable calls: equal to the calls that apply makes when nothing disturbs."""

from collections.abc import Sequence
from math import ceil

import polars as pl

from dq.apply.batches import AIRTABLE_DELETES, AIRTABLE_LINKS, AIRTABLE_UPDATES, BATCH, MAPPING, PHASE
from dq.manifest import Manifest
from dq.pipeline.budget import spent_calls
from dq.plan import Price
from dq.rules import TableRules
from dq.schemas import Change
from dq.settings import Settings
from dq.stores.price import PAGE, PER_REQUEST

BACKUP = 2
"""Calls of a backup beside its pages: the base's schema and its name."""

CLAIM = 1
"""The question whether the token may write."""


def priced(rows: pl.DataFrame, manifest: Manifest, settings: Settings) -> Price:
    """The price of writing these rows: schema check, backup, whether it may be written, guards, writes, verification.

    Args:
        rows: Numbered rows of the plan.
        manifest: The snapshot, for the sizes of the backup.
        settings: The pace, the month's budget, and whether a backup is made.
    """
    month = spent_calls(settings), settings.limits.api_budget
    if rows.is_empty():
        return Price(0, 0.0, *month)
    calls = len(settings.tables)
    if settings.backups.enabled:
        calls += BACKUP + sum(_pages(manifest, rules) for rules in settings.tables)
    airtable = rows.filter(pl.col(Change.store) == "airtable")
    leads = airtable.group_by(BATCH, PHASE, MAPPING, Change.entity_id, maintain_order=True).len("n")
    sizes = leads.group_by(BATCH, PHASE, MAPPING, maintain_order=True).agg("n")
    calls += sum(_written(phase, counts) for _, phase, _, counts in sizes.iter_rows())  # a row a batch
    calls += _guards(airtable) + (not airtable.is_empty()) * CLAIM
    touched = airtable.group_by(Change.table).agg(pl.struct(Change.row_key, Change.entity_id).n_unique().alias("n"))
    verify = sum(ceil(n / PAGE) for n in touched["n"])
    total = calls + verify
    pace = settings.limits.requests_per_second
    return Price(total, total / pace if pace else 0.0, *month)


def _written(phase: int, leads: Sequence[int]) -> int:
    """Calls of one batch: its requests; records to delete are read before, whole, for undo."""
    return (ceil(sum(leads) / PAGE) if phase == AIRTABLE_DELETES else 0) + _requests(leads)


def _guards(airtable: pl.DataFrame) -> int:
    """Reads just before writing: a hundred records each, over all batches that are under way together."""
    is_canary = pl.col(BATCH) == 0
    there = airtable.filter(pl.col(PHASE).is_in([AIRTABLE_UPDATES, AIRTABLE_DELETES, AIRTABLE_LINKS]))
    stretches = there.group_by(PHASE, MAPPING, is_canary.alias("canary")).len("n")
    return sum(ceil(n / PAGE) for n in stretches["n"])


def _requests(leads: Sequence[int]) -> int:
    """Requests of at most ten records, where the records of one lead stay together if one request can hold them."""
    full = held = 0
    for count in leads:
        if held + min(count, PER_REQUEST) > PER_REQUEST:
            full, held = full + 1, 0
        full, held = full + (held + count - 1) // PER_REQUEST, (held + count - 1) % PER_REQUEST + 1
    return full + (held > 0)


def _pages(manifest: Manifest, rules: TableRules) -> int:
    return max(1, ceil(manifest.table("airtable", rules.airtable).rows / PAGE))
