"""New rows alone are asked about, and the clusters are those of asking of all; rows that are known to be one."""

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_tables import known_lists, people

from dq.dedupe.linkage import grown, linked
from dq.dedupe.matcher import Given, matched, model_of
from dq.dedupe.roles import roles
from dq.engine.filematch import Asked, match_files
from dq.engine.respects import respects
from dq.leads import flat
from dq.rules import MatcherRules

NO_KEY = {"id": None}


def partition(label):
    groups = {}
    for row, one in enumerate(np.asarray(label).tolist()):
        groups.setdefault(one, set()).add(row)
    return {frozenset(group) for group in groups.values()}


def table(seed, rows):
    """A table of all its rows, and what it teaches."""
    frame = flat(seed, rows).leads
    found = roles(frame, people(), NO_KEY)
    seen, _ = respects(frame, found, known_lists(), once=False)
    model = model_of(seen, found, matched(seen))
    return respects(frame, found, known_lists(), once=False, model=model)[0], model


@pytest.mark.parametrize(("seed", "rows", "share"), [(1, 300, 0.05), (2, 400, 0.1), (3, 500, 0.2), (4, 600, 0.1)])
def test_new_rows_alone_end_where_they_end_when_all_are_asked(seed, rows, share):
    seen, model = table(seed, rows)
    whole = matched(seen, model=model)
    fresh = np.random.default_rng(seed).random(rows) < share
    part = matched(seen, Given(fresh=fresh), model=model)
    assert part.reached[fresh].all()
    assert 2 * share > part.reached.mean() > fresh.mean()
    assert len(part.candidates.left) < 0.6 * len(whole.candidates.left)
    combined = np.where(part.reached, part.grown.label, rows + whole.grown.label)
    assert partition(combined) == partition(whole.grown.label)


@pytest.mark.parametrize(("fresh", "reached"), [(0.0, 0.0), (1.0, 1.0)])
def test_no_new_row_asks_nothing_and_only_new_rows_ask_everything(fresh, reached):
    seen, model = table(5, 300)
    part = matched(seen, Given(fresh=np.full(300, bool(fresh))), model=model)
    assert part.reached.mean() == reached
    if fresh:
        assert partition(part.grown.label) == partition(matched(seen, model=model).grown.label)
    else:
        assert len(part.candidates.left) == 0
        assert part.grown.label.tolist() == list(range(300))


def test_rows_that_are_known_to_be_one_are_reached_together():
    seen, model = table(6, 300)
    alone = np.flatnonzero(np.bincount(matched(seen, model=model).grown.label, minlength=300) == 1)[:2]
    joined = np.arange(300)
    joined[alone[1]] = alone[0]
    for one in alone:
        fresh = np.arange(300) == one
        assert matched(seen, Given(fresh=fresh, joined=joined), model=model).reached[alone].all()


def leads_of(clusters):
    return set(map(tuple, clusters.group_by("entity_id").agg(pl.col("row_key").sort())["row_key"].to_list()))


@pytest.mark.parametrize(("seed", "share"), [(1, 0.1), (2, 0.2), (3, 0.05)])
def test_a_file_that_grows_keeps_its_leads_and_is_as_if_it_were_matched_anew(seed, share):
    """Old rows by their own run, new rows by `known`: the same leads as all at once, and no id changes hands."""
    leads = flat(seed, 500).leads.select(pl.exclude("created_at", "updated_at"))
    is_old = np.random.default_rng(seed).random(500) >= share
    lists = known_lists()
    matcher = MatcherRules(
        nicknames=lists.nicknames, legal_forms=lists.legal_forms, public_domains=tuple(lists.public_domains)
    )
    model = match_files(leads.lazy(), None, Asked(matcher=matcher)).model
    before, whole = (
        match_files(rows.lazy(), None, Asked(matcher=matcher, model=model)).clusters
        for rows in (leads.filter(is_old), leads)
    )
    grown_ = match_files(leads.lazy(), None, Asked(matcher=matcher, model=model, known=before)).clusters

    assert leads_of(grown_) == leads_of(whole)
    old = set(leads.filter(is_old)["id"])
    ids = dict(before.select("row_key", "entity_id").iter_rows())
    for entity, rows in grown_.group_by("entity_id").agg("row_key").iter_rows():
        held = {ids[row] for row in rows if row in old}
        assert entity in held or not held
    again = match_files(leads.lazy(), None, Asked(matcher=matcher, model=model, known=grown_)).clusters
    assert again.drop("bridge", "survivor").equals(grown_.drop("bridge", "survivor"))


def contracted(size, weights, threshold, first, source, apart):
    """Clusters by joining the two of the best mean again and again, from the groups that are one to begin with."""
    clusters = [{row for row in range(size) if first[row] == one} for one in sorted(set(first))]
    banned = {frozenset((first[a], first[b])) for a, b in apart}

    def allowed(one, other):
        sides = [set() if source is None else {source[row] for row in side} for side in (one, other)]
        told = any(frozenset((first[a], first[b])) in banned for a in one for b in other)
        return not told and not sides[0] & sides[1]

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


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    size=st.integers(2, 11),
    groups=st.integers(1, 11),
    banned=st.integers(0, 4),
    sources=st.sampled_from([None, 3]),
)
def test_rows_that_are_one_to_begin_with_are_as_a_plain_loop_has_them(seed, size, groups, banned, sources):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, size)
    first = np.array([np.flatnonzero(group == one)[0] for one in group])
    left, right = np.triu_indices(size, 1)
    weight, given_ = rng.normal(0, 6, len(left)), rng.random(len(left)) < 0.7
    weights = {
        (a, b): float(value) if kept else -3.0
        for a, b, value, kept in zip(left.tolist(), right.tolist(), weight, given_.tolist(), strict=True)
    }
    ends = rng.integers(0, size, (banned, 2))
    ends = ends[first[ends[:, 0]] != first[ends[:, 1]]]
    source = None if sources is None else rng.integers(0, sources, size)
    ours = grown(
        left[given_], right[given_], weight[given_], -1.0, -3.0, np.ones(size), source, (ends[:, 0], ends[:, 1]), first
    )  # fmt: skip
    assert partition(ours.label) == contracted(size, weights, -1.0, first.tolist(), source, ends.tolist())
    assert (ours.label == ours.label[first]).all(), "what is one is never parted"
    assert all(ours.label[a] != ours.label[b] for a, b in ends), "what is apart is never joined"


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 12), groups=st.integers(1, 12))
def test_components_hold_what_is_one_to_begin_with(seed, size, groups):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, size)
    first = np.array([np.flatnonzero(group == one)[0] for one in group])
    left, right = np.triu_indices(size, 1)
    weight = rng.normal(-4, 4, len(left))
    edges = [(a, b) for a, b, value in zip(left.tolist(), right.tolist(), weight, strict=True) if value >= 0]
    edges += list(enumerate(first.tolist()))
    label = list(range(size))
    for _ in range(size):
        for a, b in edges:
            label[a] = label[b] = min(label[a], label[b])
    assert partition(linked(left, right, weight, 0.0, size, first)) == partition(label)
