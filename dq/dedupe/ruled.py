"""What rules say of rows, whatever the evidence: what makes them always one, and where rows that are one never differ."""

from collections.abc import Callable, Sequence

import numpy as np

from dq.dedupe.blocks import pairs_of, small
from dq.dedupe.comparison import Comparison
from dq.dedupe.features import Bools, Floats, Hashes, Ints, distinct, unpacked
from dq.dedupe.linkage import Grown, inside

Pairs = tuple[Ints, Ints]
Values = Sequence[tuple[Ints, Hashes]]
"""By rule: the rows that have what it asks for, and hashes of it."""
ANY = float(np.finfo(np.float64).tiny)
"""The least mean weight between clusters that have any pair which rules make one."""
NOBODY: Pairs = np.empty(0, np.int64), np.empty(0, np.int64)


def one(always: Values, never: Sequence[Comparison]) -> tuple[Ints, Ints, Floats]:
    """Pairs of rows that share what makes them one, and what weighs: minus infinity where they differ as they never may."""
    packed = _same(always)
    left, right = unpacked(packed)
    return left, right, np.where(_differ(never, left, right), -np.inf, 1.0)


def named(always: Values, rows: int) -> Bools:
    """Which rows have a value that makes them one with others, if others have it."""
    found = np.zeros(rows, np.bool_)
    for values in always:
        found[small(*values)] = True
    return found


def met(always: Values, label: Ints, left: Ints, right: Ints) -> Bools:
    """Which pairs of rows share what makes them one, and are in one cluster."""
    together = np.flatnonzero(label[left] == label[right]) if always else NOBODY[0]
    found = np.zeros(len(left), np.bool_)
    found[together] = np.isin(left[together] << 32 | right[together], _same(always))
    return found


def _same(always: Values) -> Ints:
    """Pairs of rows, each as one number; what more rows share than a block may have is nobody's own."""
    return distinct(np.concatenate([NOBODY[0], *(pairs_of(*values) for values in always)]))


def _differ(never: Sequence[Comparison], left: Ints, right: Ints) -> Bools:
    """Which pairs of rows differ where rows that are one never do."""
    found = np.zeros(len(left), np.bool_)
    for comparison in never:
        found |= comparison.compare(left, right).level == 0
    return found


def never_differing(
    grow: Callable[[Pairs], Grown], apart: Pairs | None, never: Sequence[Comparison], joined: Ints | None
) -> Grown:
    """Clusters in which no two rows differ where they never may, also where not every pair was scored.

    Args:
        grow: Pairs of rows that must never be in one cluster → clusters.
        apart: Such pairs to begin with.
        never: The comparisons in which rows that are one never differ.
        joined: Row → first row of those that are known to be one: they stay so.
    """
    apart = apart or NOBODY
    while True:
        clusters = grow(apart)
        left, right = inside(clusters.label, len(clusters.label) if never else 0)
        bad = _differ(never, left, right) & (True if joined is None else joined[left] != joined[right])
        if not bad.any():
            return clusters
        apart = np.append(apart[0], left[bad]), np.append(apart[1], right[bad])
