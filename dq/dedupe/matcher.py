"""The matcher: from what is known of rows to which of them are the same, without a rule and without a label.

respects ─► candidate pairs ─► levels ─► evidence ─► weights ─► components ─► every pair inside ─► average linkage
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dq.dedupe import blocking, evidence
from dq.dedupe.blocking import Atom, Candidates
from dq.dedupe.comparison import Compared, Comparison
from dq.dedupe.evidence import Evidence
from dq.dedupe.features import Floats, Hashes, Ints
from dq.dedupe.linkage import Grown, grown, inside, linked

LINK, CUT = 0.0, -5.0
"""Bits at which a pair is a link (a probability of 0.8), and the least mean weight between the parts of a cluster."""
MISSING = -8.0
"""Bits of a pair inside a cluster that no key brought together, where there are too many to score them all."""
MOST_INSIDE = 100
"""Rows of a component whose pairs are all scored."""
ALONE = 4.0
"""The least weight of rows with an equal address or profile that nothing contradicts: a small table cannot show it."""
_RANDOM = 200_000
_SLICE = 500_000
"""Pairs that are compared at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Respects:
    """A table, as the matcher sees it.

    Attributes:
        comparisons: The respects in which rows are compared.
        atoms: What blocking keys can be made of.
        words: Keys that have several values a row: rows and hashes.
        counts: How many equal rows each row stands for.
        identifying: Comparisons, by number, of what one person has alone.
        naming: Comparisons, by number, of what things are called: those that share nothing in it are two.
    """

    comparisons: tuple[Comparison, ...]
    atoms: tuple[Atom, ...]
    words: tuple[tuple[Ints, Hashes], ...]
    counts: Ints
    identifying: tuple[int, ...] = ()
    naming: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What the matcher found.

    Attributes:
        grown: Clusters.
        candidates: The pairs that were compared.
        compared: Those pairs, a comparison each.
        weight: Their match weights, in bits.
        evidence: What was learned.
        own: By row: the match weight of two rows that both say what it says.
    """

    grown: Grown
    candidates: Candidates
    compared: tuple[Compared, ...]
    weight: Floats
    evidence: Evidence
    own: Floats


def matched(
    respects: Respects, *, link: float = LINK, source: Ints | None = None, apart: tuple[Ints, Ints] | None = None
) -> Matched:
    """Find the rows that are the same.

    Args:
        respects: The table.
        link: Match weight, in bits, at which a pair is a link.
        source: The source of each row, for tables each of which has nobody twice; None to look within as well.
        apart: Pairs of rows that are not the same, whatever they say.
    """
    rows = len(respects.counts)
    found = blocking.candidates(respects.atoms, rows, respects.words)
    if source is not None:
        found = _across(found, source)
    pairs = _compared(respects.comparisons, found.left, found.right)
    own = _compared(respects.comparisons, np.arange(rows), np.arange(rows))
    learned = _learned(respects, found, pairs, own)
    weight = _weights(respects, learned, pairs)
    every = _inside(respects, learned, found, weight, link)
    import os
    clusters = grown(*every, max(CUT, link - float(os.environ.get("BELOW","99"))), MISSING, respects.counts, source, apart)
    return Matched(clusters, found, pairs, weight, learned, _weights(respects, learned, own))


def _across(found: Candidates, source: Ints) -> Candidates:
    other = source[found.left] != source[found.right]
    return Candidates(found.left[other], found.right[other], found.keys, found.recall)


def _learned(respects: Respects, found: Candidates, pairs: Sequence[Compared], own: Sequence[Compared]) -> Evidence:
    """Evidence of all rows: a pair of rows that stand for many counts as many, and equal rows are pairs as well."""
    counts = respects.counts.astype(np.float64)
    repeated = np.flatnonzero(counts > 1)
    both = tuple(
        Compared(np.append(pair.level, same.level[repeated]), np.empty(0))
        for pair, same in zip(pairs, own, strict=True)
    )
    times = np.append(counts[found.left] * counts[found.right], (counts * (counts - 1) / 2)[repeated])
    left, right = evidence.random_pairs(len(counts), _RANDOM)
    chance = _compared(respects.comparisons, left, right)
    return evidence.learned(respects.comparisons, both, chance, times, int(counts.sum()), respects.identifying)


def _inside(
    respects: Respects, learned: Evidence, found: Candidates, weight: Floats, link: float
) -> tuple[Ints, Ints, Floats]:
    """Every pair within the components over the links; of large components those that are candidates."""
    label = linked(found.left, found.right, weight, link, len(respects.counts))
    size = np.bincount(label, minlength=1)
    left, right = inside(label, MOST_INSIDE)
    scored = [np.empty(0)]
    for start in range(0, len(left), _SLICE):
        part = slice(start, start + _SLICE)
        scored.append(_weights(respects, learned, _compared(respects.comparisons, left[part], right[part])))
    together = label[found.left] == label[found.right]
    known = together & ((size[label[found.left]] > MOST_INSIDE) | (size[label[found.left]] == 2))
    return (
        np.append(left, found.left[known]),
        np.append(right, found.right[known]),
        np.append(np.concatenate(scored), weight[known]),
    )


def _weights(respects: Respects, learned: Evidence, pairs: Sequence[Compared]) -> Floats:
    weight = evidence.weights(learned, pairs)
    contradicted = np.sum([pair.level == 0 for pair in pairs], axis=0) > 0
    for number in respects.identifying:
        equal = pairs[number].level == len(respects.comparisons[number].levels) - 1
        weight = np.where(equal & ~contradicted, np.maximum(weight, ALONE), weight)
    for number in respects.naming:
        weight = np.where(pairs[number].level == 0, np.minimum(weight, CUT), weight)
    return weight


def _compared(comparisons: Sequence[Comparison], left: Ints, right: Ints) -> tuple[Compared, ...]:
    return tuple(comparison.compare(left, right) for comparison in comparisons)
