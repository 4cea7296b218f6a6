"""Weights beside Bayes, and expectation maximization beside a plain loop over pairs."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.dedupe.comparison import Compared
from dq.dedupe.evidence import MOST_RARITY, Evidence, Respect, Shared, learned, probability, random_pairs, weights


@dataclass(frozen=True)
class Leveled:
    """A comparison of which only its levels matter, and what is known of chance."""

    name: str
    levels: tuple[str, ...]
    known: tuple[tuple[int, float], ...] = ()

    def chance(self):
        return dict(self.known)


def compared(level, rarity=None):
    return Compared(np.array(level, np.int8), np.array(rarity or [0.0] * len(level), np.float64))


def chances(one, column):
    """u: counts with a half for each level, then what is known."""
    counted = [column.count(level) + 0.5 for level in range(len(one.levels))]
    shares = [count / sum(counted) for count in counted]
    for level, known in one.known:
        shares[level] = max(known, 1e-12)
    return [share / sum(shares) for share in shares]


def slow(raw, pairs, chance, rows):
    """Three rounds of expectation maximization, pair by pair, each with u as those that are no matches show it: prior, ms, us."""
    posterior, us = [0.0] * len(pairs), raw
    for _ in range(3):
        us = [
            others(u, number, pairs, posterior, column, rows)
            for number, (u, column) in enumerate(zip(raw, chance, strict=True))
        ]
        prior, ms, posterior = maximized(us, pairs, rows)
    return prior, ms, us


def others(u, number, pairs, posterior, column, rows):
    known = rows * (rows - 1) / 2 if rows > 1 else 1.0
    known *= sum(level >= 0 for level in column) / max(1, len(column))
    left = [share * max(known, 1.0) for share in u]
    for pair, match in zip(pairs, posterior, strict=True):
        if pair[number] >= 0:
            left[pair[number]] -= match
    left = [max(count, share * max(known, 1.0) / 8) + 1e-3 for count, share in zip(left, u, strict=True)]
    return [count / sum(left) for count in left]


def maximized(us, pairs, rows):
    total = max(1.0, rows * (rows - 1) / 2)
    prior = min(0.5, 0.5 * rows / total)
    ms = []
    for u in us:
        guess = [(0.02 + 0.98 * level / max(1, len(u) - 1)) ** 3 for level in range(len(u))]
        ms.append([one / sum(guess) for one in guess])
    for _ in range(200):
        posterior = []
        for pair in pairs:
            match, chance = prior, 1 - prior
            for level, m, u in zip(pair, ms, us, strict=True):
                match, chance = (match, chance) if level < 0 else (match * m[level], chance * u[level])
            posterior.append(match / (match + chance))
        found = min(max(sum(posterior) / total, 1e-15), 0.5)
        better = []
        for number, u in enumerate(us):
            counted = [0.5 * share + 1e-3 for share in u]
            for pair, share in zip(pairs, posterior, strict=True):
                if pair[number] >= 0:
                    counted[pair[number]] += share
            better.append([count / sum(counted) for count in counted])
        moved = max(abs(a - b) for m, n in zip(ms, better, strict=True) for a, b in zip(m, n, strict=True))
        is_still = abs(found / prior - 1) < 1e-4 and moved < 1e-4
        prior, ms = found, better
        if is_still:
            break
    return prior, ms, posterior


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), pairs=st.integers(0, 40), rows=st.integers(1, 40))
def test_learning_is_that_of_a_loop_over_pairs(seed, pairs, rows):
    rng = np.random.default_rng(seed)
    respects = [
        Leveled("a", ("no", "near", "yes"), ((2, 0.04),)),
        Leveled("b", ("no", "yes")),
        Leveled("c", tuple("wxyz")),
    ]
    table = np.array([rng.integers(-1, len(one.levels), pairs) for one in respects]).reshape(3, pairs)
    chance = [rng.integers(-1, len(one.levels), 50).tolist() for one in respects]
    counts = rng.integers(1, 4, pairs)
    found = learned(
        respects, [compared(row) for row in table], [compared(row) for row in chance], counts.astype(float), rows
    )
    us = [chances(one, column) for one, column in zip(respects, chance, strict=True)]
    repeated = [
        tuple(pair) for pair, count in zip(table.T.tolist(), counts.tolist(), strict=True) for _ in range(count)
    ]
    prior, ms, us = slow(us, repeated, chance, rows)
    assert found.prior == pytest.approx(prior, rel=1e-6)
    for respect, m, u in zip(found.respects, ms, us, strict=True):
        assert list(respect.u) == pytest.approx(u)
        assert list(respect.m) == pytest.approx(m, rel=1e-6)
        assert sum(respect.m) == pytest.approx(1)


def test_what_made_the_pairs_is_learned():
    rng = np.random.default_rng(5)
    rows, matches, others = 2_000, 900, 9_000
    m, u = [[0.05, 0.15, 0.8], *[[0.1, 0.9]] * 4], [[0.96, 0.03, 0.01], *[[0.99, 0.01]] * 4]
    respects = [Leveled(str(number), tuple("abc"[: len(one)])) for number, one in enumerate(m)]
    drawn = [
        np.append(rng.choice(len(one), matches, p=one), rng.choice(len(one), others, p=other))
        for one, other in zip(m, u, strict=True)
    ]
    chance = [rng.choice(len(one), 50_000, p=one) for one in u]
    found = learned(
        respects, [compared(one) for one in drawn], [compared(one) for one in chance], np.ones(matches + others), rows
    )
    assert found.prior == pytest.approx(matches / (rows * (rows - 1) / 2), rel=0.1)
    for respect, one in zip(found.respects, m, strict=True):
        assert list(respect.m) == pytest.approx(one, abs=0.05)


def test_a_weight_is_the_posterior_of_bayes():
    evidence = Evidence(
        0.01,
        (
            Respect("a", ("no", "near", "yes"), (0.1, 0.2, 0.7), (0.8, 0.15, 0.05)),
            Respect("b", ("no", "yes"), (0.3, 0.7), (0.9, 0.1)),
        ),
    )
    lines = [(one, other) for one in (-1, 0, 1, 2) for other in (-1, 0, 1)]
    found = probability(
        weights(evidence, [compared([line[0] for line in lines]), compared([line[1] for line in lines])])
    )
    for line, posterior in zip(lines, found.tolist(), strict=True):
        match, chance = 0.01, 0.99
        for level, respect in zip(line, evidence.respects, strict=True):
            if level >= 0:
                match, chance = match * respect.m[level], chance * respect.u[level]
        assert posterior == pytest.approx(match / (match + chance))


def test_what_unlike_rows_share_for_a_reason_weighs_against_a_match():
    respects = tuple(Respect(name, ("no", "yes"), (0.1, 0.9), (0.99, 0.01)) for name in "abc")
    evidence = Evidence(0.001, respects, (Shared(("a", "b"), 0.002),))
    for line in itertools.product((-1, 0, 1), repeat=3):
        found = probability(weights(evidence, [compared([level]) for level in line]))[0]
        seen = [(level, one) for level, one in zip(line, respects, strict=True) if level >= 0]
        both = [(level, one, one.name in "ab") for level, one in seen]
        match = 0.001 * math.prod(one.m[level] for level, one in seen)
        chance = 0.999 * math.prod(one.u[level] for level, one in seen)
        shared = 0.999 * 0.002 * math.prod(one.m[level] if inside else one.u[level] for level, one, inside in both)
        assert found == pytest.approx(match / (match + chance + shared), rel=1e-6)


def test_what_unlike_rows_share_is_learned():
    rng = np.random.default_rng(5)
    rows, matches, namesakes, others = 2_000, 900, 300, 9_000
    u = [[0.999, 0.001]] * 6
    same, apart = [0.05, 0.95], [0.999, 0.001]
    respects = [Leveled(str(number), ("no", "yes")) for number in range(6)]
    drawn = [
        np.concatenate(
            [
                rng.choice(2, matches, p=same),
                rng.choice(2, namesakes, p=same if number < 2 else apart),
                rng.choice(2, others, p=apart),
            ]
        )
        for number in range(6)
    ]
    chance = [compared(rng.choice(2, 50_000, p=one)) for one in u]
    pairs = [compared(one) for one in drawn]
    found = learned(respects, pairs, chance, np.ones(len(drawn[0])), rows)
    total = rows * (rows - 1) / 2
    assert found.shared[0].names == ("0", "1")
    assert found.shared[0].share * total == pytest.approx(namesakes, rel=0.15)
    assert found.prior * total == pytest.approx(matches, rel=0.1)
    judged = probability(weights(found, pairs))
    assert judged[matches : matches + namesakes].mean() < 0.1
    assert judged[:matches].mean() > 0.9


def test_what_one_person_has_alone_is_shared_with_nobody():
    rng = np.random.default_rng(6)
    respects = [Leveled(str(number), ("no", "yes")) for number in range(5)]
    pairs = [compared(rng.choice(2, 3_000)) for _ in respects]
    found = learned(respects, pairs, [compared(rng.choice(2, 900)) for _ in respects], np.ones(3_000), 500, (0, 1))
    assert not {name for shared in found.shared for name in shared.names} & {"0", "1"}


def test_rarity_adds_bits_within_bounds():
    evidence = Evidence(0.5, (Respect("a", ("no", "yes"), (0.2, 0.8), (0.8, 0.2)),))
    assert evidence.respects[0].bits == pytest.approx((-2.0, 2.0))
    found = weights(evidence, [compared([1, 1, 1, 1, -1], [0.0, 3.0, 99.0, -99.0, 0.0])])
    assert found.tolist() == pytest.approx([2, 5, 2 + MOST_RARITY, 2 - MOST_RARITY, 0])


def test_without_respects_there_is_the_prior_alone():
    assert weights(Evidence(0.25, ()), []).tolist() == []
    assert learned([], [], [], np.empty(0), 5).respects == ()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_tables_without_candidates(rows):
    one = Leveled("a", ("no", "yes"))
    found = learned([one], [compared([])], [compared([])], np.empty(0), rows)
    assert 0 < found.prior <= 0.5
    assert all(math.isfinite(bits) for bits in found.respects[0].bits)


def test_a_level_that_no_match_shows_is_not_impossible():
    one = Leveled("a", ("never", "no", "yes"))
    found = learned([one], [compared([2] * 50 + [1] * 50)], [compared([1] * 900)], np.ones(100), 100)
    assert all(-20 < bits < 20 for bits in found.respects[0].bits)


def test_more_respects_than_a_number_can_hold():
    rng = np.random.default_rng(2)
    respects = [Leveled(str(number), tuple("abcdefghi")) for number in range(30)]
    table = [compared(rng.integers(-1, 9, 40)) for _ in respects]
    found = learned(respects, table, table, np.ones(40), 40)
    us = [chances(one, pairs.level.tolist()) for one, pairs in zip(respects, table, strict=True)]
    columns = [pairs.level.tolist() for pairs in table]
    prior, ms, _ = slow(us, list(zip(*columns, strict=True)), columns, 40)
    assert found.prior == pytest.approx(prior, rel=1e-6)
    assert list(found.respects[29].m) == pytest.approx(ms[29], rel=1e-6)


@pytest.mark.parametrize(("rows", "count"), [(0, 0), (1, 0), (2, 1), (5, 10)])
def test_a_small_table_has_all_its_pairs(rows, count):
    left, right = random_pairs(rows, 10)
    assert len(set(zip(left.tolist(), right.tolist(), strict=True))) == len(left) == count
    assert (left < right).all()


def test_of_a_large_table_some_pairs_of_different_rows_are_drawn_the_same_ones_each_time():
    left, right = random_pairs(1_000, 500)
    assert 400 < len(left) <= 500
    assert (left != right).all()
    assert max(left.max(), right.max()) < 1_000
    again = random_pairs(1_000, 500)
    assert again[0].tolist() == left.tolist()
    assert random_pairs(1_000, 500, seed=2)[0].tolist() != left.tolist()


@pytest.mark.parametrize("says", [True, False])
def test_what_people_say_of_a_pattern_moves_its_pairs_their_way(says):
    """Ambiguous pairs follow the answers given to pairs on the same levels; clear ones stay where they were."""
    rng = np.random.default_rng(7)
    rows, u = 800, [0.98, 0.02]
    respects = [Leveled(str(number), ("no", "yes")) for number in range(5)]
    kinds = [(500, [1, 1, 1, 1, 1]), (250, [1, 1, 1, 0, 0]), (4_000, [0, 0, 0, 0, 1])]
    drawn = np.concatenate([np.tile(line, (count, 1)) for count, line in kinds])
    pairs = [compared(column) for column in drawn.T]
    chance = [compared(rng.choice(2, 20_000, p=u)) for _ in respects]
    asked = [compared([drawn[500, number]] * 20) for number in range(5)]
    plain = learned(respects, pairs, chance, np.ones(len(drawn)), rows)
    heard = learned(respects, pairs, chance, np.ones(len(drawn)), rows, answers=(asked, np.full(20, says)))
    before, after = (probability(weights(one, pairs)) for one in (plain, heard))
    assert (after[500] > 0.9) if says else (after[500] < 0.1)
    assert (after[500] - before[500] > -1e-6) if says else (after[500] < before[500])
    assert after[:500].min() > 0.99
    assert after[750:].max() < 0.01
    assert learned(respects, pairs, chance, np.ones(len(drawn)), rows, answers=None) == plain
