"""Average linkage in rounds, beside SciPy's and beside a plain loop that also keeps rows apart."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from dq.dedupe.linkage import expanded, grown, inside, runs


def partition(label):
    return {frozenset(np.flatnonzero(np.asarray(label) == one).tolist()) for one in set(np.asarray(label).tolist())}


def complete(size, seed):
    """Every pair of rows, with weights among which no two means tie."""
    left, right = np.triu_indices(size, 1)
    return left, right, np.random.default_rng(seed).normal(0, 6, len(left))


def plain(size, weights, threshold, source=None, apart=()):
    """Join the two clusters of the best mean, again and again."""
    clusters = [{row} for row in range(size)]

    def allowed(one, other):
        sources = [] if source is None else [source[row] for row in one | other]
        banned = any({a, b} <= one | other for a, b in apart)
        return not banned and len(sources) == len(set(sources))

    while True:
        best = None
        for one, other in itertools.combinations(clusters, 2):
            mean = np.mean([weights[min(a, b), max(a, b)] for a in one for b in other])
            if mean >= threshold and allowed(one, other) and (best is None or mean > best[0]):
                best = mean, one, other
        if best is None:
            return {frozenset(cluster) for cluster in clusters}
        _, one, other = best
        clusters = [cluster for cluster in clusters if cluster not in (one, other)] + [one | other]


@pytest.mark.parametrize("seed", range(40))
def test_all_pairs_given_it_is_scipys_average_linkage(seed):
    size = 2 + seed
    left, right, weight = complete(size, seed)
    ours = grown(left, right, weight, 0.0, -9.0, np.ones(size))
    scipys = fcluster(linkage(50 - weight, "average"), 50, "distance")
    assert partition(ours.label) == partition(scipys)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(2, 12), sources=st.integers(2, 4), banned=st.integers(0, 4))
def test_missing_pairs_sources_and_rows_apart_as_a_plain_loop_has_them(seed, size, sources, banned):
    rng = np.random.default_rng(seed)
    left, right, weight = complete(size, seed)
    given_ = rng.random(len(left)) < 0.6
    weights = {}
    for one, other, value, kept in zip(left, right, weight, given_, strict=True):
        weights[int(one), int(other)] = float(value) if kept else -3.0
    apart = rng.choice(size, (banned, 2)) if size > 1 else np.empty((0, 2), int)
    apart = apart[apart[:, 0] != apart[:, 1]]
    source = rng.integers(0, sources, size)
    for used in (None, source):
        ours = grown(
            left[given_], right[given_], weight[given_], -1.0, -3.0, np.ones(size), used,
            (apart[:, 0].astype(np.int64), apart[:, 1].astype(np.int64)),
        )  # fmt: skip
        assert partition(ours.label) == plain(size, weights, -1.0, used, apart.tolist())


def test_the_order_of_pairs_and_the_numbers_of_rows_do_not_matter():
    left, right, weight = complete(30, 7)
    whole = partition(grown(left, right, weight, -1.0, -9.0, np.ones(30)).label)
    rng = np.random.default_rng(1)
    order, names = rng.permutation(len(left)), rng.permutation(30)
    again = grown(names[left][order], names[right][order], weight[order], -1.0, -9.0, np.ones(30))
    assert partition(again.label[names]) == whole


def test_a_row_that_stands_for_many_weighs_as_many():
    left, right = np.array([0, 1, 0]), np.array([1, 2, 2])
    weight = np.array([5.0, 4.0, -6.0])
    alone = grown(left, right, weight, 0.0, -9.0, np.array([1, 1, 1]))
    assert partition(alone.label) == {frozenset({0, 1}), frozenset({2})}
    crowd = grown(left, right, weight, 0.0, -9.0, np.array([1, 9, 1]))
    assert partition(crowd.label) == {frozenset({0, 1, 2})}
    assert crowd.confidence[0] == pytest.approx((4 * 9 - 6) / 10)


def test_a_chain_of_rows_that_are_nothing_alike_at_its_ends_is_cut():
    left = np.arange(99)
    chain = grown(left, left + 1, np.full(99, 8.0), -4.0, -10.0, np.ones(100))
    assert max(len(group) for group in partition(chain.label)) <= 4


@pytest.mark.parametrize("size", [0, 1, 5])
def test_without_pairs_every_row_is_alone(size):
    none = np.empty(0, np.int64)
    alone = grown(none, none, np.empty(0), 0.0, -9.0, np.ones(size))
    assert alone.label.tolist() == list(range(size))
    assert np.isinf(alone.confidence).all()


def test_pairs_inside_components_are_all_there_are():
    label = np.array([0, 1, 0, 2, 1, 0, 1, 3, 3, 1])
    left, right = inside(label, most=3)
    assert set(zip(left.tolist(), right.tolist(), strict=True)) == {(0, 2), (0, 5), (2, 5)}
    left, right = inside(label, most=9)
    assert len(left) == 3 + 6
    starts, sizes = runs(np.sort(label))
    assert (starts.tolist(), sizes.tolist()) == ([0, 3, 7, 8], [3, 4, 1, 2])
    assert len(expanded(np.arange(10), starts, sizes, 2, 2)[0]) == 1
