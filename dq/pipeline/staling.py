"""Staleness: which cells that a plan would write are no longer what it saw. Reads both stores, writes neither.

planned rows ─► read now ─► cells compared as apply's own guard compares them
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply import plan as plans
from dq.apply.batches import PlannedWrite, batches, numbered
from dq.apply.commit import Target, Targets
from dq.apply.verify import CHUNK
from dq.manifest import Manifest
from dq.pipeline.opening import Stores
from dq.pipeline.targets import targets_of
from dq.plan import Plan
from dq.settings import Settings
from dq.side import ENTITY
from dq.stores.meaning import exact, is_same
from dq.stores.protocol import Row

GONE, REMOVED, CHANGED, DONE = "gone", "soft-deleted", "changed", "done"
"""What became of a cell: its row is gone or marked as deleted; it holds something else; it holds what the plan would write."""
TYPES = {
    "store": pl.String(),
    "table": pl.String(),
    "row_key": pl.String(),
    ENTITY: pl.String(),
    "op": pl.String(),
    "field": pl.String(),
    "before": pl.String(),
    "now": pl.String(),
    "after": pl.String(),
    "state": pl.String(),
}
"""before, now, after: JSON text of what the plan saw, what the store holds, what the plan would write; field null: a whole row."""
_DELETED = "deleted_at"


@dataclass(frozen=True)
class Stale:
    """What moved since a plan's snapshot.

    Attributes:
        plan: The plan.
        rows: Planned rows that were looked at: those that are there already.
        cells: The cells that moved, see `TYPES`; sorted.
    """

    plan: Plan
    rows: int
    cells: pl.DataFrame

    @property
    def moved(self) -> int:
        """How many of the rows moved."""
        return self.cells.select("store", "table", "row_key").n_unique()


def stale(settings: Settings, stores: Stores, manifest: Manifest, plan: Plan, folder: Path) -> Stale:
    """Read the rows that a plan would change or delete, and compare them with what it saw.

    Args:
        settings: The settings.
        stores: Both stores, open.
        manifest: The plan's snapshot.
        plan: The plan.
        folder: Its folder.

    Raises:
        ConfigurationError: Airtable's fields are no longer those of the snapshot.
        DamagedError: The changeset is not the one that was planned.
    """
    targets = targets_of(settings, manifest, plan, stores)
    mappings = {place: target.mapping for place, target in targets.items()}
    rows = numbered(plans.changes(plan, folder), CHUNK, mappings)
    planned = (one for batch in batches(rows) for one in batch.writes if one.write.key is not None)
    looked, parts = 0, [pl.DataFrame(schema=TYPES)]
    while chunk := list(islice(planned, CHUNK)):
        looked += len({(one.store, one.write.table, one.write.key) for one in chunk})
        parts.append(pl.DataFrame(list(_moved(chunk, targets)), schema=TYPES, orient="row"))
    cells = pl.concat(parts).unique().sort("store", "table", "row_key", "field", nulls_last=True)
    return Stale(plan, looked, cells)


def _moved(chunk: Sequence[PlannedWrite], targets: Targets) -> Iterator[tuple[Any, ...]]:
    places = dict.fromkeys((one.store, one.write.table) for one in chunk)
    for place in places:
        mine = [one for one in chunk if (one.store, one.write.table) == place]
        target = targets[place]
        names = sorted({name for one in mine for name in (*one.write.before, *one.write.after)})
        table = place[1]
        schema = target.covering(names) if table == target.schema.name else target.sink.describe(table, names)
        held = target.sink.fetch(schema, list(dict.fromkeys(str(one.write.key) for one in mine)))
        kinds = {column.name: column.kind for column in schema.columns}
        for one in mine:
            yield from _cells(one, held.get(str(one.write.key)), kinds, target)


def _cells(one: PlannedWrite, row: Row | None, kinds: Mapping[str, Any], target: Target) -> Iterator[tuple[Any, ...]]:
    """The cells of one planned write that moved; a whole row as one line."""
    write = one.write
    where = (one.store, write.table, write.key, one.entity, write.op)
    if row is None:
        yield (*where, None, None, None, None, GONE)
        return
    if row.get(_DELETED) and _DELETED not in write.before:
        yield (*where, None, None, None, None, REMOVED)
        return
    wanted = target.planned(write)
    for name, value in write.before.items():
        kind = kinds.get(name, "text")
        if not is_same(row.get(name), value, kind):
            is_done = name in wanted and is_same(row.get(name), wanted[name], kind)
            texts = (_text(value), _text(row.get(name)), _text(wanted.get(name)))
            yield (*where, name, *texts, DONE if is_done else CHANGED)


def _text(value: Any) -> str | None:
    """A cell as the changeset has it: JSON text, null for an empty one."""
    if value is None or isinstance(value, str | bool | int | list | dict):
        return None if value is None else json.dumps(value, ensure_ascii=False)
    return exact(value)
