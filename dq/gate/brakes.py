"""Brakes: plans that must not be applied without a person's word. `--yes` never lifts one; its own flag, naming the number, does."""

from collections.abc import Mapping, Sequence

import polars as pl

from dq.changeset import rows
from dq.gate.identity import held_by_rows, held_by_time
from dq.gate.limits import MIN_ROWS_TO_COMPARE, over
from dq.plan import Brake
from dq.rules import TableRules
from dq.schemas import BaseRow, Change
from dq.schemas.base import agreed
from dq.schemas.values import Store
from dq.side import KEY, MODIFIED

STORES: tuple[Store, Store] = ("database", "airtable")
_NO_KEYS = pl.DataFrame(schema=dict.fromkeys([BaseRow.state, BaseRow.database_key, BaseRow.airtable_key], pl.String))


def brakes(
    changes: pl.DataFrame,
    records: Mapping[Store, pl.DataFrame],
    base: pl.DataFrame,
    rules: TableRules,
    blind: frozenset[Store] = frozenset(),
    after: pl.DataFrame = _NO_KEYS,
) -> list[Brake]:
    """The brakes that hold for one mapping's plan.

    Args:
        changes: The mapping's changes; those that remove rows are enough.
        records: Each store's standardized rows, with their modified times if they have any.
        base: The base before.
        rules: The mapping and its limits.
        blind: Stores whose snapshot does not show deletions: nothing is missing there, and nothing deleted for it.
        after: state, database_key, airtable_key of the base after the plan: rows under new keys are not missing.
    """
    touched = rows(changes)
    linked = base.filter(pl.col(BaseRow.state) == "linked")
    limits, held = rules.brakes, list[Brake]()
    for store in STORES:
        total = records[store].height
        gone = touched.filter((pl.col(Change.store) == store) & pl.col("removal"))
        deleted = gone.filter(pl.col(Change.reason) == "delete").height
        merged = gone.filter(pl.col(Change.reason) == "merge").height
        held += over("max_deletes", store, deleted, total, limits.max_deletes, "would be deleted", all_rows=True)
        held += over("max_merges", store, merged, total, limits.max_merges, "would be merged away")
        held += [] if store in blind else held_by_rows(store, records[store], base, after, rules)
        held += _shifted(store, records[store], linked, rules)
        held += held_by_time(store, records[store], base, rules) if MODIFIED in records[store].columns else []
    return held


def under_new_rules(changes: int) -> list[Brake]:
    """The brake on the first plan under rules or a mapping that the base was not made under."""
    if changes == 0:
        return []
    message = (
        f"The rules or the mapping changed since the base was made: this plan makes {changes} changes under the new ones. "
        "It deletes nothing for being gone."
    )
    return [Brake("max_rule_changes", "database and airtable", changes, 0, changes, message)]


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
    limit = rules.brakes.max_field_changes
    held: list[Brake] = []
    for name, count in counts.items():
        what = f"changed in field {name} since the base"
        held += over("max_field_changes", store, count, both.height, limit, what)
    return held


def lifted(held: Sequence[Brake], allowed: Mapping[str, int]) -> list[Brake]:
    """The brakes that still hold when a person allows these numbers by name."""
    return [brake for brake in held if brake.count > allowed.get(brake.name, -1)]
