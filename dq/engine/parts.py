"""Cutting work into parts that give the same rows however they are cut: standardize by row, reconcile by entity."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import polars as pl

from dq.engine.alone import without
from dq.engine.ordering import ordered
from dq.engine.parking import Park
from dq.reconcile import BASE_ORDER, CHOICE_TYPES, Reconciled, Terms, World, asked, calm_apart, reconcile
from dq.schemas import Change, Conflict
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Store
from dq.side import ENTITY, Side

_ORDERS: Mapping[str, Sequence[str]] = {
    "changes": [Change.change_id],
    "conflicts": [Conflict.conflict_id],
    "golden": [ENTITY],
    "base": BASE_ORDER,
    "findings": list(FINDING_TYPES),
    "choices": list(CHOICE_TYPES),
    "tally": ["what"],
}
"""What reconcile makes, and the order of its rows."""
_PARKED = ("changes", "golden", "base")
_AT_ONCE = 2
"""Parts that are written at once: a small file keeps one core busy."""


def by_row(frame: pl.LazyFrame, rows: int, parts: int, step: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.DataFrame:
    """A row-wise step over `rows` rows in `parts` slices."""
    size = max(-(-rows // parts), 1)
    slices = [step(frame.slice(at, size)).collect() for at in range(0, max(rows, 1), size)]
    return pl.concat(slices)


def by_entity(world: World, terms: Terms, alone: pl.DataFrame, parts: int, park: Park | None = None) -> Reconciled:
    """Reconcile, which is closed over an entity, in `parts` groups of entities; large frames go to the park, if any.

    Args:
        world: What reconcile is handed.
        terms: What may be done.
        alone: entity_id of the leads that are left as they are.
        parts: Groups of entities.
        park: Where large frames go.
    """
    if parts == 1 and park is None:
        return without(reconcile(world, terms), world.base, alone, terms)
    busy, calm = calm_apart(world, terms, parts)
    done = _calm_parked(calm, world, alone, terms, park)
    count = max(-(-parts * _rows(busy) // max(_rows(world), 1)), 1)
    del world, calm  # what is known already need not stand beside what is asked
    for part in range(count):
        own = _part(busy, part, count)
        done.append(_parked(without(asked(own, terms), own.base, alone, terms), part, park))
    pieces = {name: [getattr(piece, name) for piece in done] for name in _ORDERS}
    del done  # each kind of piece goes as soon as it is joined
    return Reconciled(**{name: ordered(pl.concat(pieces.pop(name)), order) for name, order in _ORDERS.items()})


def _calm_parked(
    calm: Sequence[Callable[[], Reconciled]], world: World, alone: pl.DataFrame, terms: Terms, park: Park | None
) -> list[Reconciled]:
    """What is known of the calm leads, after the parts of those that are asked."""

    def parked(part: int) -> Reconciled:
        return _parked(_left_alone(calm[part], world, alone, terms), len(calm) + 1 + part, park)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(parked, range(len(calm))))


def _left_alone(make: Callable[[], Reconciled], world: World, alone: pl.DataFrame, terms: Terms) -> Reconciled:
    """Calm leads may be among those that are left as they are; then the base keeps its word on them too."""
    calm = make()
    if alone.is_empty():
        return calm
    return without(
        calm, world.base.join(calm.base, on=ENTITY, how="semi"), alone.join(calm.base, on=ENTITY, how="semi"), terms
    )


def _parked(piece: Reconciled, part: int, park: Park | None) -> Reconciled:
    if park is None:
        return piece
    return replace(piece, **{name: park.put(name, getattr(piece, name), part) for name in _PARKED})


def _rows(world: World) -> int:
    return sum(side.rows.height for side in world.sides.values())


def _part(world: World, part: int, parts: int) -> World:
    def mine(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col(ENTITY).hash() % parts == part)  # chooses a part only, so it need not be stable

    def side(whole: Side) -> Side:
        return Side(
            rows=mine(whole.rows), sources=mine(whole.sources), merged=mine(whole.merged), kept=mine(whole.kept)
        )

    sides: Mapping[Store, Side] = {store: side(whole) for store, whole in world.sides.items()}
    return replace(
        world, sides=sides, base=mine(world.base), clusters=mine(world.clusters), cleared=mine(world.cleared)
    )
