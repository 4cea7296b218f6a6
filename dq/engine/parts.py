"""Cutting work into parts that give the same rows however they are cut: standardize by row, reconcile by entity."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import polars as pl

from dq.reconcile import BASE_ORDER, Reconciled, Terms, World, reconcile
from dq.schemas import Change, Conflict
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Store
from dq.side import ENTITY, Side


def by_row(frame: pl.LazyFrame, rows: int, parts: int, step: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.DataFrame:
    """A row-wise step over `rows` rows in `parts` slices."""
    size = max(-(-rows // parts), 1)
    slices = [step(frame.slice(at, size)).collect() for at in range(0, max(rows, 1), size)]
    return pl.concat(slices)


def by_entity(world: World, terms: Terms, parts: int) -> Reconciled:
    """Reconcile, which is closed over an entity, in `parts` groups of entities."""
    if parts == 1:
        return reconcile(world, terms)
    done = [reconcile(_part(world, part, parts), terms) for part in range(parts)]
    return Reconciled(
        changes=pl.concat(d.changes for d in done).sort(Change.change_id),
        conflicts=pl.concat(d.conflicts for d in done).sort(Conflict.conflict_id),
        golden=pl.concat(d.golden for d in done).sort(ENTITY),
        base=pl.concat(d.base for d in done).sort(BASE_ORDER),
        findings=pl.concat(d.findings for d in done).sort(list(FINDING_TYPES)),
    )


def _part(world: World, part: int, parts: int) -> World:
    def mine(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col(ENTITY).hash() % parts == part)  # chooses a part only, so it need not be stable

    def side(whole: Side) -> Side:
        return Side(
            rows=mine(whole.rows), sources=mine(whole.sources), merged=mine(whole.merged), kept=mine(whole.kept)
        )

    sides: Mapping[Store, Side] = {store: side(whole) for store, whole in world.sides.items()}
    return replace(world, sides=sides, base=mine(world.base), clusters=mine(world.clusters))
