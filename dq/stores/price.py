"""What work on Airtable costs, in calls; the same numbers that `AirtableStore.calls` counts when nothing disturbs."""

from math import ceil

PAGE = 100
PER_REQUEST = 10


def price(
    *,
    reads: int | None = None,
    updates: int = 0,
    creates: int = 0,
    deletes: int = 0,
    batch: int | None = None,
    verified: bool = True,
) -> int:
    """Calls that it takes to read a table and to write to it.

    Args:
        reads: Records of a table to read whole (schema and pages); None reads none.
        updates: Records to update; each is read before.
        creates: Records to create.
        deletes: Records to delete; each is read before.
        batch: Writes handed to the store at a time; None hands over all at once. Batches are taken to be full of
            updates first, then of deletes, then of creates.
        verified: Whether every touched record is fetched again at the end.

    Returns:
        The number of calls.
    """
    total = 0 if reads is None else 1 + max(1, ceil(reads / PAGE))
    size = batch or max(1, updates + creates + deletes)
    for start in range(0, updates + deletes + creates, size):
        u = _overlap(start, size, 0, updates)
        d = _overlap(start, size, updates, deletes)
        c = _overlap(start, size, updates + deletes, creates)
        total += ceil((u + d) / PAGE) + ceil(u / PER_REQUEST) + ceil(d / PER_REQUEST) + ceil(c / PER_REQUEST)
    return total + (ceil((updates + creates + deletes) / PAGE) if verified else 0)


def _overlap(start: int, size: int, first: int, count: int) -> int:
    """How many of `count` places from `first` on lie in the batch that begins at `start`."""
    return max(0, min(start + size, first + count) - max(start, first))
