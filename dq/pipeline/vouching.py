"""The base state after a restore: what of a backup's base still holds, and never a proof that a row was deleted.

A base proves a deletion by having a row that a store lacks. After a restore, that a store lacks a row proves nothing: it
may be older than the row, or the other store newer. So the base of the backup comes back with those leads only that
both stores have now. The others are as on a first run: they are matched, filled in, and never deleted by absence.
It gets a serial of its own, so that no plan that was made before can be applied.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import polars as pl

from dq.apply import base as base_state
from dq.backup import Backup
from dq.errors import DamagedError, DqError
from dq.pipeline.opening import Stores
from dq.rules import TableRules
from dq.schemas import BaseRow
from dq.schemas.base import BASE_TYPES
from dq.schemas.values import Store
from dq.settings import Settings
from dq.snapshot import list_snapshots

STORES: tuple[Store, Store] = ("database", "airtable")
NOTHING = pl.DataFrame(schema=BASE_TYPES)


def forget(settings: Settings, stores: Stores, backup: Backup) -> int:
    """Empty the base before the first store changes: whatever happens from now on, nothing is deleted by absence."""
    return _saved(settings, stores, backup, NOTHING, f"restoring:{backup.id}")


@contextmanager
def forgetting(settings: Settings, stores: Stores, backup: Backup) -> Iterator[None]:
    """The base emptied; it comes back, under a serial of its own, if the block fails before a store was changed."""
    before = _held(settings)
    forget(settings, stores, backup)
    try:
        yield
    except DqError:
        if before is not None:
            pointer, rows = before
            serial = _next_serial(settings)
            base_state.save(
                settings.snapshots, rows, serial=serial, lineage=pointer.lineage, plan=pointer.plan, rules=pointer.rules
            )
        raise


def remember(
    settings: Settings, stores: Stores, backup: Backup, rows: pl.DataFrame, new_ids: Mapping[str, str]
) -> tuple[int, int, int]:
    """Put the backup's base back as far as both stores bear it out.

    Args:
        settings: The settings.
        stores: Both stores, open.
        backup: The backup.
        rows: Its base.
        new_ids: Old ids of records that were made anew → their new ones.

    Returns:
        The serial, the leads that the base knows again, and those that it does not.

    Raises:
        DqError: A store cannot be read: the base stays empty.
    """
    moved = base_state.renamed(rows, new_ids)
    is_linked = pl.col(BaseRow.state) == "linked"
    kept = []
    for rules in settings.tables:
        mine = moved.filter(pl.col(BaseRow.table) == rules.table)
        for store in STORES:
            there = pl.col(f"{store}_key").is_in(_keys(stores, store, rules).implode())
            mine = mine.filter(~is_linked | there.fill_null(value=False))
        kept.append(mine)
    known = pl.concat(kept) if kept else NOTHING
    leads = known.filter(is_linked).height
    serial = _saved(settings, stores, backup, known, f"restore:{backup.id}")
    return serial, leads, rows.filter(is_linked).height - leads


def _keys(stores: Stores, store: Store, rules: TableRules) -> pl.Series:
    """The keys of a mapping's rows as a store has them now."""
    sink = stores.database if store == "database" else stores.airtable
    schema = sink.describe(rules.table, [], rules.key) if store == "database" else sink.describe(rules.airtable, [])
    frames = [pl.from_arrow(batch) for batch in sink.batches(schema)]
    keys = pl.concat([frame for frame in frames if isinstance(frame, pl.DataFrame)])[schema.key]
    return keys.cast(pl.String)


def _held(settings: Settings) -> tuple[base_state.Pointer, pl.DataFrame] | None:
    current = _current(settings)
    if current is None:
        return None
    try:
        return current, base_state.load(settings.snapshots)[1]
    except DamagedError:  # a restore is also the way out of a damaged base
        return current, NOTHING


def _current(settings: Settings) -> base_state.Pointer | None:
    with suppress(DamagedError):
        return base_state.pointer(settings.snapshots)
    return None


def _next_serial(settings: Settings, least: int = 0) -> int:
    """A serial that no base had: plans are told apart by it, whatever became of the pointer."""
    names = [path.stem for path in (settings.snapshots / "base").glob("*.parquet")]
    return max([least, *(int(name) for name in names if name.isdigit())]) + 1


def _saved(settings: Settings, stores: Stores, backup: Backup, rows: pl.DataFrame, plan: str) -> int:
    """Save a base; 0 where there is none to save and nothing that one could contradict: no plan was ever made here."""
    current = _current(settings)
    then: Mapping[str, Any] = backup.origin.base or {}
    tables = current.lineage["tables"] if current else (then.get("lineage") or {}).get("tables") or _planned(settings)
    if tables is None:
        return 0
    serial = _next_serial(settings, int(then.get("serial", 0)))
    lineage = {"database": stores.where, "airtable": stores.base, "tables": tables}
    rules = str(then.get("rules") or settings.rules_digest)
    return base_state.save(settings.snapshots, rows, serial=serial, lineage=lineage, plan=plan, rules=rules).serial


def _planned(settings: Settings) -> Mapping[str, str] | None:
    """The tables' ids as the newest snapshot has them."""
    snapshots = list_snapshots(settings.snapshots)
    return dict(snapshots[-1].lineage.tables) if snapshots else None
