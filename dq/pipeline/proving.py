"""The fixpoint proof of a plan: carried out in memory, it must leave a second plan nothing to do."""

import polars as pl

from dq.engine import Inputs, Park, TablePlan, plan_to_rest
from dq.errors import DqError
from dq.schemas import Change


def proved(inputs: Inputs, park: Park) -> TablePlan:
    """One mapping's plan, carried out in memory and planned again.

    Args:
        inputs: What the plan is made from.
        park: Where its large frames wait meanwhile.

    Raises:
        DqError: The second plan is not empty: a bug in dq or in a rule. Nothing was written.
    """
    made, rest = plan_to_rest(inputs, park)
    if rest.is_empty():
        return made
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
