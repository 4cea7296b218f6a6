"""The fixpoint proof of a plan: carried out in memory, it must leave a second plan nothing to do."""

from dataclasses import replace

import polars as pl

from dq.engine import Inputs, TablePlan, plan_table
from dq.errors import DqError
from dq.gate import moves, planned, with_placeholders
from dq.schemas import Change
from dq.schemas.values import Store

STORES: tuple[Store, Store] = ("database", "airtable")


def prove(inputs: Inputs, made: TablePlan) -> None:
    """Carry a plan out in memory and plan again.

    Raises:
        DqError: The second plan is not empty: a bug in dq or in a rule. Nothing was written.
    """
    changes = made.reconciled.changes
    after: dict[Store, pl.LazyFrame] = {
        store: planned(inputs.raw[store].collect(), inputs.schemas[store], changes).lazy() for store in STORES
    }
    children = [(child, schema, planned(frame, schema, changes)) for child, schema, frame in inputs.children]
    base = with_placeholders(made.reconciled.base, inputs.schemas["database"], changes)
    rest = moves(plan_table(replace(inputs, raw=after, children=children, base=base)).reconciled.changes)
    if rest.is_empty():
        return
    raise DqError(
        f"The plan would not come to rest: a second plan still has {rest.height} changes.",
        where=f"table {inputs.rules.table}: {_told(rest)}",
        why="dq never applies a plan that it cannot prove final. Nothing was written.",
        fix="look at the rules of the fields named; if they are right, report this as a bug",
    )


def _told(rest: pl.DataFrame) -> str:
    """The first kinds of changes that are left; no values."""
    kinds = [Change.store, Change.op, Change.field, Change.reason]
    counts = rest.group_by(kinds).agg(pl.len().alias("cells"), pl.col(Change.row_key).first()).sort(*kinds).head(3)
    return "; ".join(
        f"{store} {op} {field} ({reason}): {cells} cells, e.g. row {key}"
        for store, op, field, reason, cells, key in counts.iter_rows()
    )
