"""Expectation maximization over patterns of levels: how many pairs are matches, and how matches are spread over levels.

A pair is a match, or two rows that agree by chance, or two that agree in a pair of respects for a reason of its own and
else by chance. Thousands of patterns stand for any number of pairs.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dq.dedupe.comparison import MISSING, Levels
from dq.dedupe.features import Floats, Ints

_ROUNDS, _STILL = 200, 1e-4
_SHARED_ROUNDS = 60
_LEAST_PRIOR, _MOST_PRIOR = 1e-15, 0.5
_MOST_PATTERNS = 1 << 50
_FEWEST = 1e-3
"""Pairs that share two respects when next to none do: nothing may become impossible."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What was fitted.

    Attributes:
        prior: Share of all pairs that are matches.
        ms: By comparison: the share of matches on each level.
        shared: Pairs of comparisons, by number, in which pairs of rows agree that are no matches, and their share of all
            pairs; the most frequent first.
    """

    prior: float
    ms: tuple[Floats, ...]
    shared: tuple[tuple[tuple[int, int], float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What people said of pairs, by pattern.

    Attributes:
        same: How many are matches.
        different: How many are none.
    """

    same: Floats
    different: Floats

    def heeded(self, share: Floats) -> Floats:
        """The share of matches among the pairs of each pattern: an answer counts as much as what was worked out."""
        return (share + self.same) / (1 + self.same + self.different)


def distinct_patterns(
    levels: Sequence[Levels], sizes: Sequence[int], counts: Floats
) -> tuple[list[Levels], Floats, Ints]:
    """The distinct combinations of levels, how many pairs have each, and the number of each pair's combination.

    Args:
        levels: By comparison: the level of each pair.
        sizes: How many levels each comparison has.
        counts: How many pairs of rows each pair stands for.
    """
    code = np.zeros(len(counts), np.int64)
    for level, size in zip(levels, sizes, strict=True):
        code = code * (size + 1) + (level + 1)
        if size and code.size and int(code.max()) > _MOST_PATTERNS:  # many comparisons: number what there is
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
    _, first, line = np.unique(code, return_index=True, return_inverse=True)
    pairs: Floats = np.bincount(line, weights=counts, minlength=len(first)).astype(np.float64)
    return [level[first] for level in levels], pairs, line


def maximized(
    patterns: Sequence[Levels],
    counts: Floats,
    us: Sequence[Floats],
    total: float,
    prior: float,
    answers: Answers | None = None,
) -> Fitted:
    """Matches and pairs by chance.

    Args:
        patterns: By comparison: the level of each pattern.
        counts: Pairs of rows of each pattern.
        us: By comparison: the share of random pairs on each level.
        total: Pairs of rows of the table.
        prior: The share of matches to begin with.
        answers: What people said.
    """
    by_chance = np.sum([np.append(np.log(u), 0.0)[level] for u, level in zip(us, patterns, strict=True)], axis=0)
    ms, prior = tuple(_first_guess(len(u)) for u in us), _bounded(prior)
    for _ in range(_ROUNDS):
        by_match = np.sum([np.append(np.log(m), 0.0)[level] for m, level in zip(ms, patterns, strict=True)], axis=0)
        odds = np.clip(np.log(prior / (1 - prior)) + by_match - by_chance, -40, 40)
        share: Floats = 1 / (1 + np.exp(-odds))
        matches = counts * (share if answers is None else answers.heeded(share))
        found = _bounded(matches.sum() / total)
        better = tuple(_shares(level, matches, u) for level, u in zip(patterns, us, strict=True))
        moved = max((float(np.abs(m - b).max()) for m, b in zip(ms, better, strict=True)), default=0.0)
        is_still = abs(found / prior - 1) < _STILL and moved < _STILL
        prior, ms = found, better
        if is_still:
            break
    return Fitted(prior, ms)


def with_shared(
    patterns: Sequence[Levels],
    counts: Floats,
    us: Sequence[Floats],
    total: float,
    fitted: Fitted,
    able: Sequence[int],
    answers: Answers | None = None,
) -> Fitted:
    """Matches, pairs by chance, and pairs that agree in two respects for a reason of its own.

    Args:
        patterns: By comparison: the level of each pattern.
        counts: Pairs of rows of each pattern.
        us: By comparison: the share of random pairs on each level.
        total: Pairs of rows of the table.
        fitted: What was fitted without such reasons.
        able: Comparisons, by number, that rows may share for such a reason.
        answers: What people said.
    """
    pairs = list(itertools.combinations(able, 2)) if len(us) > 3 else []
    if not pairs:
        return fitted
    in_both = np.zeros((len(us), len(pairs)))
    for number, pair in enumerate(pairs):
        in_both[list(pair), number] = 1
    prior, ms, shares = fitted.prior, fitted.ms, np.full(len(pairs), 1 / total)
    for _ in range(_SHARED_ROUNDS):
        bits = np.stack([np.append(np.log(m / u), 0.0)[at] for m, u, at in zip(ms, us, patterns, strict=True)], axis=1)
        match, both = np.log(prior) + bits.sum(axis=1), np.log(shares) + bits @ in_both
        most = np.maximum(np.maximum(match, both.max(axis=1)), 0.0)
        is_match, is_shared = np.exp(match - most), np.exp(both - most[:, None])
        other = is_shared.sum(axis=1) + np.exp(-most)
        share: Floats = is_match / (is_match + other)
        share = share if answers is None else answers.heeded(share)
        prior = _bounded((counts * share).sum() / total)
        shares = np.maximum((counts * (1 - share) / other) @ is_shared, _FEWEST) / total
        ms = tuple(_shares(level, counts * share, u) for level, u in zip(patterns, us, strict=True))
    found = [(pair, float(share)) for pair, share in zip(pairs, shares, strict=True) if share * total > 1]
    return Fitted(prior, ms, tuple(sorted(found, key=lambda one: (-one[1], one[0]))))


def _bounded(prior: float) -> float:
    return float(np.clip(prior, _LEAST_PRIOR, _MOST_PRIOR))


def _first_guess(size: int) -> Floats:
    guess = np.linspace(0.02, 1, size) ** 3
    first: Floats = guess / guess.sum()
    return first


def _shares(level: Levels, matches: Floats, u: Floats) -> Floats:
    """The levels of matches; half a match by chance keeps a level that none shows from being impossible."""
    known = level != MISSING
    chance = u / u.sum()
    counted = np.bincount(level[known], weights=matches[known], minlength=len(u)) + 0.5 * chance + 1e-3
    shares: Floats = counted / counted.sum()
    return shares
