"""Evidence: what each level of each comparison is worth, learned from the table itself.

Fellegi and Sunter (1969): a level that matches show m and random pairs u of the time weighs log2(m/u) bits. u comes from
random pairs and from the frequencies of values; m and the number of matches from expectation maximization over the
candidate pairs (`expectation`). The prior is that of all pairs of the table, not of the candidates: those were chosen because they
agree somewhere, and would pass for matches otherwise.

Respects are not independent among rows that differ: namesakes work at one employer, restaurants share a hotel's address and
telephone. How many pairs agree in two respects and else like any two rows is learned as well, and weighs against a match
that only these two speak for.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dq.dedupe.comparison import Compared, Comparison, Levels
from dq.dedupe.expectation import Answers, Fitted, by_chance, distinct_patterns, maximized, others, with_shared
from dq.dedupe.features import Bools, Floats, Ints
from dq.dedupe.usual import NOTHING, Usual

MOST_RARITY = 8.0
"""Bits that the rarity of a value may add or take."""
_ROUNDS = 3
"""Times that what matches show and what random pairs show are fitted to one another."""
_PRIOR_SHARE = 0.5
"""Matches a row that the first round expects."""
_MOST_BITS = 60
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Respect:
    """What the levels of one comparison are worth.

    Attributes:
        name: Of the comparison.
        levels: Their names.
        m: Share of matches with a value on both sides that are on each level.
        u: Share of random pairs.
        r: Share of relatives; none where nobody has any.
    """

    name: str
    levels: tuple[str, ...]
    m: tuple[float, ...]
    u: tuple[float, ...]
    r: tuple[float, ...] = ()

    @property
    def bits(self) -> tuple[float, ...]:
        """log2(m/u) of each level."""
        return tuple(float(np.log2(m / u)) for m, u in zip(self.m, self.u, strict=True))


@dataclass(frozen=True, slots=True)
class Shared:
    """Two respects in which rows agree for a reason of its own: namesakes of one employer, colleagues of one switchboard.

    Attributes:
        names: Of the comparisons.
        share: Of all pairs of rows: those that agree in both, are not the same, and else agree by chance.
    """

    names: tuple[str, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was learned of a table: small, and readable.

    Attributes:
        prior: Share of all pairs of rows that are matches.
        respects: One a comparison.
        shared: What rows that are not the same share together more often than by chance.
        relatives: Share of all pairs of rows that are two people of one household or family.
    """

    prior: float
    respects: tuple[Respect, ...]
    shared: tuple[Shared, ...] = ()
    relatives: float = 0.0


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
    sure: Collection[tuple[int, int]] = (),
    answers: tuple[Sequence[Compared], Bools] | None = None,
    usual: Sequence[Usual] = (),
) -> Evidence:
    """Fit the evidence.

    Args:
        comparisons: The respects.
        candidates: Candidate pairs in each of them.
        chance: Random pairs in each of them.
        counts: How many pairs of rows each candidate stands for.
        rows: Rows of the table.
        alone: Comparisons, by number, of what one person has alone: nobody shares it with another for a reason.
        sure: Pairs of comparisons, by number, that rows which are not the same do not share: a name at an address.
        answers: Pairs of which people said whether they are matches, in each of the respects, and what they said.
        usual: What matches show in each of them, as far as that is known before; nothing is known without.
    """
    us = [_chances(one, pairs.level) for one, pairs in zip(comparisons, chance, strict=True)]
    told, said = answers or ((), np.empty(0, np.bool_))
    levels = (
        [np.append(pairs.level, one.level) for pairs, one in zip(candidates, told, strict=True)]
        if told
        else [pairs.level for pairs in candidates]
    )
    patterns, weights, line = distinct_patterns(levels, [len(u) for u in us], np.append(counts, np.zeros(len(said))))
    heard = _answers(line[len(counts) :], said, len(weights)) if told else None
    total = max(1.0, rows * (rows - 1) / 2)
    known = [total * float((pairs.level >= 0).mean()) if len(pairs.level) else 0.0 for pairs in chance]
    able = [pair for pair in combinations(range(len(us)), 2) if not {*pair} & {*alone} and pair not in sure]
    fitted = Fitted(_PRIOR_SHARE * rows / total, (), np.zeros(len(weights)))
    everyone, usual = us, usual or [NOTHING] * len(us)
    for _ in range(_ROUNDS):
        us = [others(*one) for one in zip(patterns, [weights * fitted.share] * len(us), everyone, known, strict=True)]
        before = [one.seen(u) + by_chance(u) for one, u in zip(usual, us, strict=True)]
        fitted = maximized(patterns, weights, us, total, _PRIOR_SHARE * rows / total, before, heard)
        fitted = with_shared(patterns, weights, us, total, fitted, able, before, usual, heard)
    kin = [one.relatives(m, u) if fitted.relatives else u for one, m, u in zip(usual, fitted.ms, us, strict=True)]
    respects = (
        Respect(one.name, one.levels, tuple(m.tolist()), tuple(u.tolist()), tuple(r.tolist()))
        for one, m, u, r in zip(comparisons, fitted.ms, us, kin, strict=True)
    )
    shared = (Shared(tuple(comparisons[at].name for at in pair), share) for pair, share in fitted.shared)
    return Evidence(fitted.prior, tuple(respects), tuple(shared), fitted.relatives)


def _answers(pattern: Ints, said: Bools, size: int) -> Answers:
    counted = (np.bincount(pattern[said == one], minlength=size).astype(np.float64) for one in (True, False))
    return Answers(*counted)


def weights(evidence: Evidence, pairs: Sequence[Compared]) -> Floats:
    """The match weight of each pair in bits: log2 of the odds that its rows are the same."""
    total = np.full(len(pairs[0].level) if pairs else 0, log_odds(evidence.prior))
    said: dict[str, Floats] = {}
    for respect, one in zip(evidence.respects, pairs, strict=True):
        bits = np.append(respect.bits, 0.0)[one.level]  # the last is that of missing values
        said[respect.name] = bits + np.clip(one.rarity, -MOST_RARITY, MOST_RARITY)
        total += said[respect.name]
    other = np.ones(len(total))
    for shared in evidence.shared:
        agree: Floats = np.sum([said[name] for name in shared.names], axis=0)
        other += np.exp2(np.clip(agree + np.log2(shared.share), -_MOST_BITS, _MOST_BITS))
    if evidence.relatives:
        kin = np.sum([_kinship(respect, one) for respect, one in zip(evidence.respects, pairs, strict=True)], axis=0)
        other += np.exp2(np.clip(kin + np.log2(evidence.relatives), -_MOST_BITS, _MOST_BITS))
    weighed: Floats = total - np.log2(other)
    return weighed


def _kinship(respect: Respect, one: Compared) -> Floats:
    """How much likelier relatives show this than random pairs, in bits; what they share is as rare as it is."""
    bits = np.append(np.log2(np.array(respect.r) / np.array(respect.u)), 0.0)[one.level]
    kin: Floats = bits + np.where(bits > 0, np.clip(one.rarity, -MOST_RARITY, MOST_RARITY), 0.0)
    return kin


def probability(bits: Floats) -> Floats:
    """Match probability of a match weight."""
    odds: Floats = 1 / (1 + np.exp2(-np.clip(bits, -_MOST_BITS, _MOST_BITS)))
    return odds


def log_odds(share: float) -> float:
    """The match weight, in bits, of a match probability; the reverse of `probability`."""
    return float(np.log2(share / (1 - share)))


def _chances(comparison: Comparison, level: Levels) -> Floats:
    counted = np.bincount(level[level >= 0], minlength=len(comparison.levels)) + 0.5
    share = counted / counted.sum()
    for number, known in comparison.chance().items():
        share[number] = max(known, _LEAST)
    chances: Floats = share / share[share < 1].sum()
    return np.minimum(chances, 1.0)
