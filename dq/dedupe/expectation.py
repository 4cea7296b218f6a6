"""Expectation maximization over patterns of levels: how many pairs are matches, and how matches are spread over levels.

A pair is a match, or two rows that agree by chance, or two that agree in a pair of respects for a reason of its own and
else by chance. Thousands of patterns stand for any number of pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dq.dedupe.comparison import MISSING, Levels
from dq.dedupe.features import Floats, Ints
from dq.dedupe.usual import Usual

_ROUNDS, _STILL = 200, 1e-4
_SHARED_ROUNDS = 60
_LEAST_PRIOR, _MOST_PRIOR = 1e-15, 0.5
_MOST_PATTERNS = 1 << 50
_LEFT = 1 / 8
"""The least part of a level's random pairs that are no matches: expectation may be wrong about them."""
_LEAST = 1e-3
_RELATIVES = 0.05
"""Pairs of relatives a row that a table of people has at least: a small one may show none that are surely two."""
_FEWEST = 1e-3
"""Pairs that share two respects when next to none do: nothing may become impossible."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What was fitted.

    Attributes:
        prior: Share of all pairs that are matches.
        ms: By comparison: the share of matches on each level.
        share: By pattern: the share of matches among its pairs.
        shared: Pairs of comparisons, by number, in which pairs of rows agree that are no matches, and their share of all
            pairs; the most frequent first.
        relatives: Share of all pairs that are two people of one household or family.
    """

    prior: float
    ms: tuple[Floats, ...]
    share: Floats
    shared: tuple[tuple[tuple[int, int], float], ...] = ()
    relatives: float = 0.0


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
    before: Sequence[Floats],
    answers: Answers | None = None,
) -> Fitted:
    """Matches and pairs by chance.

    Args:
        patterns: By comparison: the level of each pattern.
        counts: Pairs of rows of each pattern.
        us: By comparison: the share of random pairs on each level.
        total: Pairs of rows of the table.
        prior: The share of matches to begin with.
        before: By comparison: matches on each level that count as seen before the table is.
        answers: What people said.
    """
    by_chance = np.sum([np.append(np.log(u), 0.0)[level] for u, level in zip(us, patterns, strict=True)], axis=0)
    ms, prior, share = tuple(map(_first_guess, before)), _bounded(prior), np.zeros(len(counts))
    for _ in range(_ROUNDS):
        by_match = np.sum([np.append(np.log(m), 0.0)[level] for m, level in zip(ms, patterns, strict=True)], axis=0)
        odds = np.clip(np.log(prior / (1 - prior)) + by_match - by_chance, -40, 40)
        share = 1 / (1 + np.exp(-odds))
        share = share if answers is None else answers.heeded(share)
        matches = counts * share
        found = _bounded(matches.sum() / total)
        better = tuple(_shares(level, matches, one) for level, one in zip(patterns, before, strict=True))
        moved = max((float(np.abs(m - b).max()) for m, b in zip(ms, better, strict=True)), default=0.0)
        is_still = abs(found / prior - 1) < _STILL and moved < _STILL
        prior, ms = found, better
        if is_still:
            break
    return Fitted(prior, ms, share)


def with_shared(
    patterns: Sequence[Levels],
    counts: Floats,
    us: Sequence[Floats],
    total: float,
    fitted: Fitted,
    able: Sequence[tuple[int, int]],
    before: Sequence[Floats],
    usual: Sequence[Usual],
    answers: Answers | None = None,
) -> Fitted:
    """Matches, pairs by chance, relatives, and pairs that agree in two respects for a reason of its own.

    Args:
        patterns: By comparison: the level of each pattern.
        counts: Pairs of rows of each pattern.
        us: By comparison: the share of random pairs on each level.
        total: Pairs of rows of the table.
        fitted: What was fitted without such reasons.
        able: Pairs of comparisons, by number, that rows may share for such a reason.
        before: By comparison: matches on each level that count as seen before the table is.
        usual: What is known before of each comparison.
        answers: What people said.
    """
    pairs = able if len(us) > 3 else []
    if not pairs:
        return fitted
    relatives = fewest = _RELATIVES * np.sqrt(2 * total) / total if any(one.kind == "person" for one in usual) else 0.0
    in_both = np.zeros((len(us), len(pairs)))
    for number, pair in enumerate(pairs):
        in_both[list(pair), number] = 1
    prior, ms, share, shares = fitted.prior, fitted.ms, fitted.share, np.full(len(pairs), 1 / total)
    for _ in range(_SHARED_ROUNDS):
        bits = np.stack([np.append(np.log(m / u), 0.0)[at] for m, u, at in zip(ms, us, patterns, strict=True)], axis=1)
        match, both = np.log(prior) + bits.sum(axis=1), np.log(shares) + bits @ in_both
        kin = _log(relatives) + _relatives(patterns, ms, us, usual)
        most = np.maximum(np.maximum(np.maximum(match, both.max(axis=1)), kin), 0.0)
        is_match, is_shared, is_kin = np.exp(match - most), np.exp(both - most[:, None]), np.exp(kin - most)
        other = is_shared.sum(axis=1) + is_kin + np.exp(-most)
        share = is_match / (is_match + other)
        share = share if answers is None else answers.heeded(share)
        prior = _bounded((counts * share).sum() / total)
        relatives = max(float((counts * (1 - share) / other) @ is_kin) / total, fewest)
        shares = np.maximum((counts * (1 - share) / other) @ is_shared, _FEWEST) / total
        ms = tuple(_shares(level, counts * share, one) for level, one in zip(patterns, before, strict=True))
    found = [(pair, float(share)) for pair, share in zip(pairs, shares, strict=True) if share * total > 1]
    return Fitted(prior, ms, share, tuple(sorted(found, key=lambda one: (-one[1], one[0]))), relatives)


def _relatives(
    patterns: Sequence[Levels], ms: Sequence[Floats], us: Sequence[Floats], usual: Sequence[Usual]
) -> Floats:
    """By pattern: the log of how much likelier relatives show it than random pairs."""
    kin = [np.log(one.relatives(m, u) / u) for one, m, u in zip(usual, ms, us, strict=True)]
    said: Floats = np.sum([np.append(one, 0.0)[at] for one, at in zip(kin, patterns, strict=True)], axis=0)
    return said


def _log(share: float) -> float:
    return float(np.log(share)) if share else -np.inf


def _bounded(prior: float) -> float:
    return float(np.clip(prior, _LEAST_PRIOR, _MOST_PRIOR))


def others(level: Levels, matches: Floats, u: Floats, pairs: float) -> Floats:
    """The share of each level among random pairs that are no matches.

    Values that rows of one person repeat look more common than they are, the more so the smaller a table is.

    Args:
        level: The level of each pattern.
        matches: Matches of each pattern.
        u: The share of random pairs on each level; 1 where a level is not asked for.
        pairs: Pairs of rows of the table that have a value on both sides.
    """
    known = level != MISSING
    same = np.bincount(level[known], weights=matches[known], minlength=len(u))
    asked = u < 1
    counted = np.maximum(u * max(pairs, 1.0) - same, _LEFT * u * max(pairs, 1.0)) + _LEAST
    shares: Floats = np.where(asked, counted / max(counted[asked].sum(), _LEAST), 1.0)
    return shares


def by_chance(u: Floats) -> Floats:
    """Half a match by chance: it keeps a level that no match shows from being impossible."""
    half: Floats = 0.5 * u / u.sum() + _LEAST
    return half


def _first_guess(before: Floats) -> Floats:
    """What is known before of matches, where it is more than nothing; else the more alike, the likelier."""
    if before.sum() > 1:
        known: Floats = before / before.sum()
        return known
    guess = np.linspace(0.02, 1, len(before)) ** 3
    first: Floats = guess / guess.sum()
    return first


def _shares(level: Levels, matches: Floats, before: Floats) -> Floats:
    """The levels of matches, those among them that were known before."""
    known = level != MISSING
    counted = np.bincount(level[known], weights=matches[known], minlength=len(before)) + before
    shares: Floats = counted / counted.sum()
    return shares
