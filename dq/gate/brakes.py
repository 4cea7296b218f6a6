"""Brakes: plans that must not be applied without a person's word. `--yes` never lifts one; its own flag, naming the number, does."""

from collections.abc import Mapping, Sequence

import polars as pl

from dq.changeset import rows
from dq.plan import Brake
from dq.rules import Limit, TableRules
from dq.schemas import BaseRow, Change
from dq.schemas.base import agreed
from dq.schemas.values import Store
from dq.side import KEY

STORES: tuple[Store, Store] = ("database", "airtable")
MIN_ROWS_TO_COMPARE = 10
"""Fewer rows than these say nothing about a whole field."""
_ROUNDING = 1e-9
"""0.29 of 100 rows are 29, though the product of the floats is a little less."""


def brakes(
    changes: pl.DataFrame,
    records: Mapping[Store, pl.DataFrame],
    base: pl.DataFrame,
    rules: TableRules,
    blind: frozenset[Store] = frozenset(),
) -> list[Brake]:
    """The brakes that hold for one mapping's plan.

    Args:
        changes: The mapping's changes.
        records: Each store's standardized rows.
        base: The base before.
        rules: The mapping and its limits.
        blind: Stores whose snapshot does not show deletions: nothing is missing there, and nothing deleted for it.
    """
    touched = rows(changes)
    linked = base.filter(pl.col(BaseRow.state) == "linked")
    held: list[Brake] = []
    for store in STORES:
        total = records[store].height
        gone = touched.filter((pl.col(Change.store) == store) & pl.col("removal"))
        deleted = gone.filter(pl.col(Change.reason) == "delete").height
        merged = gone.filter(pl.col(Change.reason) == "merge").height
        held += _over("max_deletes", store, deleted, total, rules.brakes.max_deletes, "would be deleted", all_rows=True)
        held += _over("max_merges", store, merged, total, rules.brakes.max_merges, "would be merged away")
        held += [] if store in blind else _missing(store, records[store], linked, rules)
        held += _shifted(store, records[store], linked, rules)
    return held


def _over(
    name: str, store: Store, count: int, total: int, limit: Limit, what: str, *, all_rows: bool = False
) -> list[Brake]:
    allowed = int(limit.share * total + _ROUNDING)
    allowed = allowed if limit.rows is None else min(allowed, limit.rows)
    if count == 0 or (count <= allowed and not (all_rows and count == total)):
        return []
    share = f"{count / total:.0%}" if total else "all"
    return [
        Brake(
            name,
            store,
            count,
            allowed,
            total,
            f"{count} of {total} {store} rows ({share}) {what}; the limit is {allowed}.",
        )
    ]


def _missing(store: Store, records: pl.DataFrame, linked: pl.DataFrame, rules: TableRules) -> list[Brake]:
    known = linked.select(pl.col(f"{store}_key").alias(KEY)).drop_nulls()
    lost = known.join(records.select(KEY), on=KEY, how="anti").height
    allowed = int(known.height * (1 - rules.brakes.empty_side) + _ROUNDING)
    if lost <= allowed or not known.height:
        return []
    message = f"{lost} of the {known.height} rows that the base knows are gone from the {store}; it looks emptied (limit {allowed})."
    return [Brake("max_missing", store, lost, allowed, known.height, message)]


def _shifted(store: Store, records: pl.DataFrame, linked: pl.DataFrame, rules: TableRules) -> list[Brake]:
    """Fields that differ from the base in too many rows of one side: a time-zone shift, a broken import."""
    known = linked.select(pl.col(f"{store}_key").alias(KEY), *(pl.col(agreed(n)) for n in rules.names))
    both = known.join(records.select(KEY, *rules.names), on=KEY)
    if both.height < MIN_ROWS_TO_COMPARE:
        return []
    counts = both.select(
        (pl.col(agreed(n)).is_not_null() & pl.col(n).fill_null("").ne_missing(pl.col(agreed(n)))).sum().alias(n)
        for n in rules.names
    ).row(0, named=True)
    held: list[Brake] = []
    for name, count in counts.items():
        held += _over(
            "max_field_changes",
            store,
            count,
            both.height,
            rules.brakes.max_field_changes,
            f"changed in field {name} since the base",
        )
    return held


def lifted(held: Sequence[Brake], allowed: Mapping[str, int]) -> list[Brake]:
    """The brakes that still hold when a person allows these numbers by name."""
    return [brake for brake in held if brake.count > allowed.get(brake.name, -1)]
