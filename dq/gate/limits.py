"""A brake's limit: the smaller of a share and a number of rows."""

from dq.plan import Brake
from dq.rules import Limit
from dq.schemas.values import Store

MIN_ROWS_TO_COMPARE = 10
"""Fewer rows than these say nothing about a whole field or store."""
ROUNDING = 1e-9
"""0.29 of 100 rows are 29, though the product of the floats is a little less."""


def over(
    name: str, store: Store, count: int, total: int, limit: Limit, what: str, *, all_rows: bool = False
) -> list[Brake]:
    """The brake that holds if more rows are concerned than the limit allows.

    Args:
        name: The brake.
        store: The side.
        count: Rows concerned.
        total: Out of how many.
        limit: The limit.
        what: What is said of the rows.
        all_rows: Whether all rows are too many in any case.
    """
    allowed = int(limit.share * total + ROUNDING)
    allowed = allowed if limit.rows is None else min(allowed, limit.rows)
    if count == 0 or (count <= allowed and not (all_rows and count == total)):
        return []
    share = f"{count / total:.0%}" if total else "all"
    message = f"{count} of {total} {store} rows ({share}) {what}; the limit is {allowed}."
    return [Brake(name, store, count, allowed, total, message)]
