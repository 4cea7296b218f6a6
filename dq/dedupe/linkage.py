"""Average linkage over sparse pairs: clusters grow only while their rows belong together on average.

Connected components chain: one wrong pair joins two people, and a hundred wrong pairs a town. Here two clusters are
joined by the mean weight of all pairs between them (UPGMA, Sokal and Michener 1958). All clusters of the table grow at
once, in rounds: those that are each other's best neighbor join. Average linkage is reducible, so the result is that of
joining the best two clusters of the table again and again.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dq.dedupe.clusters import components
from dq.dedupe.features import Bools, Floats, Ints, mixed, unpacked

MOST_SOURCES = 62


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """Clusters.

    Attributes:
        label: Row → number of its cluster, which is that of its first row.
        confidence: By cluster number: the mean weight at which its weakest two parts were joined, in bits; infinite
            for a row alone.
    """

    label: Ints
    confidence: Floats


def inside(label: Ints, most: int) -> tuple[Ints, Ints]:
    """Every pair of rows inside each component of 3 to `most` rows.

    Args:
        label: Row → number of its component.
        most: Larger components are left out.

    Returns:
        Rows left < right.
    """
    order = np.argsort(label, kind="stable")
    starts, sizes = runs(label[order])
    return expanded(order, starts, sizes, fewest=3, most=most)


def runs(ordered: NDArray[Any]) -> tuple[Ints, Ints]:
    """Where runs of equal values begin, and how long they are."""
    if not len(ordered):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    return starts, np.diff(np.append(starts, len(ordered)))


def expanded(rows: Ints, starts: Ints, sizes: Ints, fewest: int, most: int) -> tuple[Ints, Ints]:
    """All pairs within runs of rows, the runs of one size at a time."""
    ends: list[tuple[Ints, Ints]] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for size in np.unique(sizes[(sizes >= fewest) & (sizes <= most)]):
        first, second = np.triu_indices(int(size), 1)
        at = starts[sizes == size][:, None]
        ends.append((rows[at + first].ravel(), rows[at + second].ravel()))
    one, other = (np.concatenate(side) for side in zip(*ends, strict=True))
    return np.minimum(one, other), np.maximum(one, other)


def grown(
    left: Ints,
    right: Ints,
    weight: Floats,
    threshold: float,
    missing: float,
    size: Ints,
    source: Ints | None = None,
    apart: tuple[Ints, Ints] | None = None,
    joined: Ints | None = None,
) -> Grown:
    """Clusters by average linkage.

    Args:
        left: Rows of pairs; each pair once.
        right: The other rows.
        weight: Match weights in bits.
        threshold: The least mean weight at which two clusters are joined.
        missing: The weight of pairs that are not given.
        size: How many equal rows each row stands for.
        source: The source of each row, at most `MOST_SOURCES`; rows of one source are never joined.
        apart: Pairs of rows that must never be in one cluster.
        joined: Row → first row of those that it is one with, whatever they say; None where nothing is known.
    """
    label = np.arange(len(size)) if joined is None else joined
    confidence = np.full(len(size), np.inf)
    mass = np.bincount(label, weights=size, minlength=len(size)).astype(np.float64)
    held = None if source is None else _held(source, label)
    known = (size[left] * size[right]).astype(np.float64)
    pairs = _merged(label[left], label[right], weight * known, known)
    if apart is not None:  # minus infinity stays in every mean
        ends = label[apart[0]], label[apart[1]]
        banned = (*ends, np.full(len(ends[0]), -np.inf), np.zeros(len(ends[0])))
        pairs = _merged(*(np.append(some, more) for some, more in zip(pairs, banned, strict=True)))
    while True:
        one, other, total, counted = pairs
        pool = mass[one] * mass[other]
        mean = (total + missing * (pool - counted)) / pool
        allowed = mean >= threshold
        if held is not None:
            allowed &= (held[one] & held[other]) == 0
        mutual = _mutual(one[allowed], other[allowed], mean[allowed], len(size))
        if not mutual.any():
            return Grown(label, confidence)
        keep, gone, at = (values[allowed][mutual] for values in (one, other, mean))
        confidence[keep] = np.minimum(np.minimum(confidence[keep], confidence[gone]), at)
        mass[keep] += mass[gone]
        if held is not None:
            held[keep] |= held[gone]
        into = np.arange(len(size))
        into[gone] = keep
        label = into[label]
        pairs = _merged(into[one], into[other], total, counted)


def linked(left: Ints, right: Ints, weight: Floats, threshold: float, size: int, joined: Ints | None = None) -> Ints:
    """The component of every row over the pairs of at least a weight, and over rows that are known to be one."""
    enough: Bools = weight >= threshold
    own = np.arange(0 if joined is None else size)
    first = own if joined is None else joined
    return components(np.append(left[enough], own), np.append(right[enough], first), size)


def _held(source: Ints, label: Ints) -> Ints:
    """The sources of each cluster's rows, a bit each."""
    held = np.zeros(len(label), np.int64)
    np.bitwise_or.at(held, label, np.int64(1) << source.astype(np.int64))
    return held


def _merged(left: Ints, right: Ints, total: Floats, counted: Floats) -> tuple[Ints, Ints, Floats, Floats]:
    """One line a pair of clusters: sums of weights and of pairs; pairs within a cluster go."""
    between = left != right
    low, high = np.minimum(left, right)[between], np.maximum(left, right)[between]
    packed, line = np.unique(low << np.int64(32) | high, return_inverse=True)
    sums: list[Floats] = [
        np.bincount(line, weights=values[between], minlength=len(packed)).astype(np.float64)
        for values in (total, counted)
    ]
    return *unpacked(packed), sums[0], sums[1]


def _mutual(left: Ints, right: Ints, mean: Floats, size: int) -> Bools:
    """Which pairs of clusters are each other's best; equal ones in an order without pattern, else a chain takes forever."""
    by_chance = np.argsort(mixed(left << np.int64(32) | right))
    order = by_chance[np.argsort(mean[by_chance], kind="stable")]
    best, of_others = np.full(size, -1, np.int64), np.full(size, -1, np.int64)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    best[left[order]] = of_others[right[order]] = place[order]  # what is written last, the best, stays
    best = np.maximum(best, of_others)
    mutual: Bools = (best[left] == place) & (best[right] == place)
    return mutual
