"""Evidence: what each level of each comparison is worth, learned from the table itself.

Fellegi and Sunter (1969): a level that matches show m and random pairs u of the time weighs log2(m/u) bits. u comes from
random pairs and from the frequencies of values; m and the number of matches from expectation maximization over the
candidate pairs. The prior is that of all pairs of the table, not of the candidates: those were chosen because they
agree somewhere, and would pass for matches otherwise.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dq.dedupe.comparison import MISSING, Compared, Comparison, Levels
from dq.dedupe.features import Floats, Ints

MOST_RARITY = 8.0
"""Bits that the rarity of a value may add or take."""
_ROUNDS, _STILL = 200, 1e-4
_PRIOR_SHARE = 0.5
"""Matches a row that the first round expects."""
_LEAST_PRIOR, _MOST_PRIOR = 1e-15, 0.5
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Respect:
    """What the levels of one comparison are worth.

    Attributes:
        name: Of the comparison.
        levels: Their names.
        m: Share of matches with a value on both sides that are on each level.
        u: Share of random pairs.
    """

    name: str
    levels: tuple[str, ...]
    m: tuple[float, ...]
    u: tuple[float, ...]

    @property
    def bits(self) -> tuple[float, ...]:
        """log2(m/u) of each level."""
        return tuple(float(np.log2(m / u)) for m, u in zip(self.m, self.u, strict=True))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was learned of a table: small, and readable.

    Attributes:
        prior: Share of all pairs of rows that are matches.
        respects: One a comparison.
    """

    prior: float
    respects: tuple[Respect, ...]
    shared: tuple[tuple[tuple[int, ...], float], ...] = ()


def random_pairs(rows: int, most: int, seed: int = 1) -> tuple[Ints, Ints]:
    """Pairs of different rows: all of a small table, else so many drawn at random."""
    if rows * (rows - 1) // 2 <= most:
        left, right = np.triu_indices(rows, 1)
        return left.astype(np.int64), right.astype(np.int64)
    drawn = np.random.default_rng(seed).integers(0, rows, (2, most))
    return drawn[0][drawn[0] != drawn[1]], drawn[1][drawn[0] != drawn[1]]


def learned(
    comparisons: Sequence[Comparison],
    candidates: Sequence[Compared],
    chance: Sequence[Compared],
    counts: Floats,
    rows: int,
    alone: Sequence[int] = (),
) -> Evidence:
    """Fit the evidence.

    Args:
        comparisons: The respects.
        candidates: Candidate pairs in each of them.
        chance: Random pairs in each of them.
        counts: How many pairs of rows each candidate stands for.
        rows: Rows of the table.
    """
    us = [_chances(one, pairs.level) for one, pairs in zip(comparisons, chance, strict=True)]
    patterns, weights = _patterns([pairs.level for pairs in candidates], [len(u) for u in us], counts)
    total = max(1.0, rows * (rows - 1) / 2)
    prior, ms = _maximized(patterns, weights, us, total, _bounded(_PRIOR_SHARE * rows / total))
    import os
    subsets = []
    if not os.environ.get("NOSHARE"):
        free = [n for n in range(len(us)) if n not in alone]
        subsets = [s for k in eval(os.environ.get("SIZES", "(2,)")) for s in itertools.combinations(free, k) if k < len(us) - int(os.environ.get("LEAVE", "1"))]
    shares = np.zeros(0)
    if subsets:
        prior, ms, shares = _shared(patterns, weights, us, total, prior, ms, subsets)
    respects = (
        Respect(one.name, one.levels, tuple(m.tolist()), tuple(u.tolist()))
        for one, m, u in zip(comparisons, ms, us, strict=True)
    )
    keep = [(s, float(q)) for s, q in zip(subsets, shares, strict=True) if q * total > 1]
    return Evidence(prior, tuple(respects), tuple(sorted(keep, key=lambda k: -k[1])))


def weights(evidence: Evidence, pairs: Sequence[Compared]) -> Floats:
    """The match weight of each pair in bits: log2 of the odds that its rows are the same."""
    total = np.full(len(pairs[0].level) if pairs else 0, np.log2(evidence.prior / (1 - evidence.prior)))
    bits = []
    for respect, one in zip(evidence.respects, pairs, strict=True):
        said = np.append(respect.bits, 0.0)[one.level]  # the last is that of missing values
        said += np.clip(one.rarity, -MOST_RARITY, MOST_RARITY)
        bits.append(said)
        total += said
    risk = np.ones(len(total))
    for parts, share in evidence.shared:
        risk += np.exp2(np.clip(np.log2(share) + float(__import__("os").environ.get("LESS","0")) + np.sum([bits[n] for n in parts], axis=0), -60, 60))
    return total - np.log2(risk)


def probability(bits: Floats) -> Floats:
    """Match probability of a match weight."""
    odds: Floats = 1 / (1 + np.exp2(-np.clip(bits, -60, 60)))
    return odds


def _chances(comparison: Comparison, level: Levels) -> Floats:
    counted = np.bincount(level[level >= 0], minlength=len(comparison.levels)) + 0.5
    share = counted / counted.sum()
    for number, known in comparison.chance().items():
        share[number] = max(known, _LEAST)
    chances: Floats = share / share[share < 1].sum()
    return np.minimum(chances, 1.0)


def _patterns(levels: Sequence[Levels], sizes: Sequence[int], counts: Floats) -> tuple[list[Levels], Floats]:
    """The distinct combinations of levels, and how many pairs have each."""
    code = np.zeros(len(counts), np.int64)
    for level, size in zip(levels, sizes, strict=True):
        code = code * (size + 1) + (level + 1)
        if size and code.size and int(code.max()) > 1 << 50:  # many comparisons: number what there is
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
    _, first, line = np.unique(code, return_index=True, return_inverse=True)
    pairs: Floats = np.bincount(line, weights=counts, minlength=len(first)).astype(np.float64)
    return [level[first] for level in levels], pairs


def _maximized(
    patterns: Sequence[Levels], counts: Floats, us: Sequence[Floats], total: float, prior: float
) -> tuple[float, list[Floats]]:
    by_chance = np.sum([np.append(np.log(u), 0.0)[level] for u, level in zip(us, patterns, strict=True)], axis=0)
    ms = [_first_guess(len(u)) for u in us]
    for _ in range(_ROUNDS):
        by_match = np.sum([np.append(np.log(m), 0.0)[level] for m, level in zip(ms, patterns, strict=True)], axis=0)
        odds = np.clip(np.log(prior / (1 - prior)) + by_match - by_chance, -40, 40)
        matches = counts / (1 + np.exp(-odds))
        found = _bounded(matches.sum() / total)
        better = [_shares(level, matches, u) for level, u in zip(patterns, us, strict=True)]
        moved = max((float(np.abs(m - b).max()) for m, b in zip(ms, better, strict=True)), default=0.0)
        is_still = abs(found / prior - 1) < _STILL and moved < _STILL
        prior, ms = found, better
        if is_still:
            break
    return prior, ms


def _shared(patterns, counts, us, total, prior, ms, subsets):
    member = np.zeros((len(us), len(subsets)))
    for number, subset in enumerate(subsets):
        member[list(subset), number] = 1
    shares = np.full(len(subsets), 1.0 / total)
    for _ in range(60):
        ratio = np.stack([np.append(np.log(m) - np.log(u), 0.0)[level] for m, u, level in zip(ms, us, patterns, strict=True)], axis=1)
        match = np.log(prior) + ratio.sum(axis=1)
        common = np.log(shares) + ratio @ member
        top = np.maximum(np.maximum(match, common.max(axis=1)), 0.0)
        a, b = np.exp(match - top), np.exp(common - top[:, None])
        norm = a + b.sum(axis=1) + np.exp(-top)
        matches = counts * a / norm
        prior = _bounded(matches.sum() / total)
        shares = np.maximum(((counts / norm) @ b) / total, 1e-3 / total)
        ms = [_shares(level, matches, u) for level, u in zip(patterns, us, strict=True)]
    return prior, ms, shares


def _bounded(prior: float) -> float:
    return float(np.clip(prior, _LEAST_PRIOR, _MOST_PRIOR))


def _first_guess(size: int) -> Floats:
    guess = np.linspace(0.02, 1, size) ** 3
    first: Floats = guess / guess.sum()
    return first


def _shares(level: Levels, matches: Floats, u: Floats) -> Floats:
    """The levels of matches; half a match by chance keeps a level that none shows from being impossible."""
    known = level != MISSING
    counted = np.bincount(level[known], weights=matches[known], minlength=len(u)) + 0.5 * u + 1e-3
    shares: Floats = counted / counted.sum()
    return shares
