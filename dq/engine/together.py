"""Plans of mappings that name each other's rows: those that are named first, and all proved together.

A merge re-points foreign keys before the rows that hold them are planned, so what a mapping is planned from is what the
plans before it leave. What they create is named by its change, and the carried-out state is planned again for all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from dq.changeset import REPOINT
from dq.engine.inputs import Inputs
from dq.engine.local import TablePlan, plan_table
from dq.engine.parking import Park
from dq.engine.referring import referred
from dq.engine.resting import ROUNDS, carried_out, settled_plan
from dq.gate import moves, planned
from dq.reconcile import Referred
from dq.schemas import Change

_MOVES = [
    Change.change_id, Change.store, Change.table, Change.op, Change.entity_id, Change.row_key, Change.field, Change.after,
    Change.reason, Change.rule,
]  # fmt: skip


@dataclass(frozen=True)
class Rested:
    """One mapping's plan among others.

    Attributes:
        inputs: What it was made from: links to other mappings' rows, re-pointed keys.
        made: The plan.
        rest: The changes that a second plan would still make.
        alone: store, row_key, why of the rows that it leaves alone.
    """

    inputs: Inputs
    made: TablePlan
    rest: pl.DataFrame
    alone: pl.DataFrame


def plan_together(tables: Sequence[Inputs], parks: Sequence[Park | None] | None = None) -> list[Rested]:
    """The plans of all mappings, proved together.

    Args:
        tables: What each plan is made from, in the order of `in_order`.
        parks: Where each plan's large frames wait; None keeps them in memory.

    Raises:
        ConfigurationError: A standardizer is not idempotent on this data, or an insert lacks a required column.
    """
    places = parks or [None] * len(tables)
    freed: dict[str, pl.Series] = {}
    for _ in range(ROUNDS):
        done = _in_order(tables, places, freed)
        joint = _second_plans(done, places)
        more = {table: _orphaned(rest, table) for table, rest in joint.items()}
        new = {table: keys for table, keys in more.items() if not keys.is_empty()}
        if not new:
            break
        freed |= {
            table: pl.concat([freed.get(table, keys.clear()), keys]).unique().sort() for table, keys in new.items()
        }
    return [
        replace(one, rest=pl.concat([one.rest, moves(joint[table])]))
        if (table := one.inputs.rules.table) in joint
        else one
        for one in done
    ]


def _in_order(tables: Sequence[Inputs], parks: Sequence[Park | None], freed: Mapping[str, pl.Series]) -> list[Rested]:
    done: list[Rested] = []
    now: dict[str, Referred] = {}
    later: dict[str, Referred] = {}
    wanted = {field.refers for inputs in tables for field in inputs.rules.fields}
    for inputs, park in zip(tables, parks, strict=True):
        table = inputs.rules.table
        bound = _bound(inputs, done, now, later)
        bound = replace(bound, freed=freed.get(table, inputs.freed))
        made, rest, alone = settled_plan(bound, park)
        done.append(Rested(bound, made, rest, alone))
        if table in wanted:
            now[table] = referred(bound, made)
            after = carried_out(bound, made, alone)
            later[table] = referred(after, plan_table(after, None if park is None else park.beside("later")))
    return done


def _bound(
    inputs: Inputs, done: Sequence[Rested], now: Mapping[str, Referred], later: Mapping[str, Referred]
) -> Inputs:
    """The inputs with the rows that their fields name, and with foreign keys as the merges before leave them."""
    fields = [(field.name, field.refers) for field in inputs.rules.fields if field.refers]
    bound = replace(
        inputs,
        references={name: now[parent] for name, parent in fields},
        later={name: later[parent] for name, parent in fields},
    )
    schema = inputs.schemas["database"]
    is_mine = (pl.col(Change.store) == "database") & (pl.col(Change.table) == schema.name)
    moved = [one.made.frame("changes", _MOVES, is_mine & _is_repoint()) for one in done]
    changes = pl.concat(moved) if moved else pl.DataFrame(schema={Change.change_id: pl.String})
    if changes.is_empty():
        return bound
    rows = planned(inputs.raw["database"].collect(), schema, changes)
    return replace(bound, raw={**inputs.raw, "database": rows.lazy()})


def _is_repoint() -> pl.Expr:
    return pl.col(Change.rule).str.starts_with(REPOINT).fill_null(value=False)


def _second_plans(done: Sequence[Rested], parks: Sequence[Park | None]) -> dict[str, pl.DataFrame]:
    """Changes that mappings would still make once their children, mapped themselves, are as their own plans leave them."""
    mapped = {one.inputs.schemas["database"].name: one for one in done}
    parents = [
        (one, park)
        for one, park in zip(done, parks, strict=True)
        if any(schema.name in mapped for _, schema, _ in one.inputs.children)
    ]
    if not parents:
        return {}
    names = {schema.name for one, _ in parents for _, schema, _ in one.inputs.children if schema.name in mapped}
    rows = {name: _rows_after(mapped[name]) for name in sorted(names)}
    found = {}
    for one, park in parents:
        after = carried_out(one.inputs, one.made, one.alone)
        children = [(child, schema, rows.get(schema.name, frame)) for child, schema, frame in after.children]
        again = plan_table(replace(after, children=children), None if park is None else park.beside("joint"))
        found[one.inputs.rules.table] = again.frame("changes")
    return found


def _rows_after(one: Rested) -> pl.DataFrame:
    return carried_out(one.inputs, one.made, one.alone).raw["database"].collect()


def _orphaned(changes: pl.DataFrame, table: str) -> pl.Series:
    """Keys of the rows that only a child had held: the second plan removes them."""
    mine = (pl.col(Change.store) == "database") & (pl.col(Change.table) == table)
    removed = changes.filter(mine & (pl.col(Change.reason) == "delete"))
    return removed[Change.row_key].drop_nulls().unique().sort()
