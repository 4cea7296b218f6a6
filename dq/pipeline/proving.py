"""The fixpoint proof of a plan: carried out in memory, it must leave a second plan nothing to do."""

from collections.abc import Sequence

import polars as pl

from dq.engine.inputs import Inputs
from dq.engine.parking import Park
from dq.engine.together import Rested, plan_together
from dq.errors import DqError
from dq.schemas import Change


def proved(given: Sequence[Inputs], parks: Sequence[Park | None]) -> list[Rested]:
    """The plans of all mappings, carried out in memory and planned again.

    Args:
        given: What each plan is made from, in the order of `in_order`.
        parks: Where their large frames wait meanwhile; None keeps them in memory.

    Raises:
        DqError: The second plans are not empty: a bug in dq or in a rule. Nothing was written.
    """
    made = plan_together(given, parks)
    for one in made:
        if not one.rest.is_empty():
            raise DqError(
                f"The plan would not come to rest: a second plan still has {one.rest.height} changes.",
                where=f"table {one.inputs.rules.table}: {_told(one.rest)}",
                why="dq never applies a plan that it cannot prove final. Nothing was written.",
                fix="look at the rules of the fields named; if they are right, report this as a bug",
            )
    return made


def _told(rest: pl.DataFrame) -> str:
    """The first kinds of changes that are left; no values."""
    kinds = [Change.store, Change.op, Change.field, Change.reason]
    counts = rest.group_by(kinds).agg(pl.len().alias("cells"), pl.col(Change.row_key).first()).sort(*kinds).head(3)
    return "; ".join(
        f"{store} {op} {field} ({reason}): {cells} cells, e.g. row {key}"
        for store, op, field, reason, cells, key in counts.iter_rows()
    )
