"""Clusters against networkx: components, articulation points, and the strongest spanning tree's weakest link."""

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.dedupe.clusters import MAX_BRIDGE_CHECK, bridges, clusters, components

TYPES = {
    "node_l": pl.Int64,
    "node_r": pl.Int64,
    "match_key": pl.String,
    "match_probability": pl.Float64,
    "decision": pl.String,
}


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 14))
    pairs = [(left, right) for left in range(size) for right in range(left + 1, size)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=24)) if pairs else []
    chances = st.one_of(st.sampled_from([0.0, 0.85, 0.9, 1.0]), st.floats(0, 1))
    return size, [(left, right, draw(chances)) for left, right in chosen]


def nodes_of(size, known=None):
    keys = [f"k{number:02}" for number in range(size)]
    stores = ["database" if number % 2 else "airtable" for number in range(size)]
    frame = {"node": range(size), "store": stores, "row_key": keys, "known_entity": known or [None] * size}
    return pl.DataFrame(
        frame, schema={"node": pl.Int64, "store": pl.String, "row_key": pl.String, "known_entity": pl.String}
    )


def pairs_of(edges, decision="link"):
    return pl.DataFrame([(left, right, "email", p, decision) for left, right, p in edges], schema=TYPES, orient="row")


@given(graphs())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_clusters_are_what_networkx_says(graph):
    size, edges = graph
    known = nx.Graph()
    known.add_nodes_from(range(size))
    known.add_weighted_edges_from(edges)
    nodes = nodes_of(size)
    found = nodes.join(clusters(nodes, pairs_of(edges), "leads"), on=["store", "row_key"]).sort("node")
    groups = {frozenset(part["node"]) for part in found.partition_by("entity_id")}
    assert groups == {frozenset(part) for part in nx.connected_components(known)}
    points = set(nx.articulation_points(known))
    assert set(found.filter("bridge")["node"]) == points
    for part in nx.connected_components(known):
        tree = nx.maximum_spanning_tree(known.subgraph(part))
        weakest = min((weight for _, _, weight in tree.edges.data("weight")), default=1.0)
        of_part = found.filter(pl.col("node").is_in(list(part)))["probability"]
        assert of_part.to_list() == pytest.approx([weakest] * len(part))


@given(graphs(), st.integers(0, 5))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_edge_23_entity_ids_do_not_depend_on_the_order_of_rows(graph, seed):
    size, edges = graph
    whole = clusters(nodes_of(size), pairs_of(edges), "leads")
    order = np.random.default_rng(seed).permutation(size)
    nodes = nodes_of(size).with_columns(pl.Series("node", order))
    moved = [(*sorted((int(order[left]), int(order[right]))), p) for left, right, p in edges]
    assert clusters(nodes, pairs_of(moved), "leads").equals(whole)


def test_no_rows_make_no_clusters():
    assert clusters(nodes_of(0), pairs_of([]), "leads").is_empty()
    assert components(np.zeros(0, np.int64), np.zeros(0, np.int64), 0).tolist() == []
    assert bridges(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []


def test_pairs_for_review_hold_nothing_together():
    assert clusters(nodes_of(2), pairs_of([(0, 1, 0.5)], "review"), "leads")["entity_id"].n_unique() == 2


def test_edge_21_a_large_cluster_is_not_searched_for_bridges():
    size = MAX_BRIDGE_CHECK + 1
    star = [(0, number, 0.9) for number in range(1, size)]
    assert not clusters(nodes_of(size), pairs_of(star), "leads")["bridge"].any()
    assert clusters(nodes_of(size - 1), pairs_of(star[:-1]), "leads")["bridge"].sum() == 1


@pytest.mark.parametrize(
    ("known", "edges", "taken", "expected"),
    [
        ([None, None], [(0, 1)], [], ["database:k01", "database:k01"]),
        ([None, "e"], [(0, 1)], ["e"], ["e", "e"]),
        (["z", "e"], [(0, 1)], ["e", "z"], ["e", "e"]),
        ([None, None], [], [], ["airtable:k00", "database:k01"]),
        ([None, None], [], ["database:k01"], ["airtable:k00", "database:k01~"]),
        (
            [None, "database:k03", None, None],
            [],
            ["database:k03"],
            ["airtable:k00", "database:k03", "airtable:k02", "database:k03~"],
        ),
    ],
)
def test_an_entity_keeps_its_name_and_no_other_is_given_it(known, edges, taken, expected):
    linked = pairs_of([(left, right, 0.9) for left, right in edges])
    nodes = nodes_of(len(known), known)
    found = clusters(nodes, linked, "leads", taken)
    named = nodes.join(found, on=["store", "row_key"], maintain_order="left")
    assert named["entity_id"].to_list() == expected


@pytest.mark.parametrize(
    ("match_keys", "decided"),
    [
        (["email"], "key:email"),
        (["email+link"], "link"),
        (["base+email", "link"], "base"),
        (["email+name", "email"], "key:email"),
    ],
)
def test_the_strongest_evidence_is_named(match_keys, decided):
    rows = [(0, number, key, 0.9, "link") for number, key in enumerate(match_keys, 1)]
    found = clusters(nodes_of(len(rows) + 1), pl.DataFrame(rows, schema=TYPES, orient="row"), "leads")
    assert found.filter(row_key="k00")["decided_by"].to_list() == [decided]


def test_links_between_clusters_that_a_cut_has_parted_make_no_bridge():
    label = np.array([0, 0, 0, 3, 3, 5])
    left, right = np.array([0, 1, 2, 3, 4, 2]), np.array([1, 2, 3, 4, 5, 5])
    assert bridges(left, right, label).tolist() == [False, True, False, False, False, False]
