"""Division: rows that people told apart are never in one cluster, and no other cluster changes."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dq.dedupe import divided
from dq.dedupe.clusters import components

SIZE = 8
NODES = st.integers(0, SIZE - 1)
PAIRS = st.sets(st.tuples(NODES, NODES).filter(lambda pair: pair[0] < pair[1]), max_size=14)


def compared(pairs, known=()):
    rows = sorted(pairs)
    return pl.DataFrame(
        {
            "node_l": [left for left, _ in rows],
            "node_r": [right for _, right in rows],
            "match_key": ["link" if pair in known else "email" for pair in rows],
            "match_weight": [float(left + 2 * right) for left, right in rows],
            "match_probability": [0.9 for _ in rows],
            "decision": ["link" for _ in rows],
        },
        schema_overrides={"node_l": pl.Int64, "node_r": pl.Int64, "decision": pl.String, "match_key": pl.String},
    )


def apart(pairs):
    rows = sorted(pairs)
    return pl.DataFrame(
        {"node_l": [a for a, _ in rows], "node_r": [b for _, b in rows]},
        schema={"node_l": pl.Int64, "node_r": pl.Int64},
    )


def labels(frame):
    linked = frame.filter(pl.col("decision") == "link")
    return components(linked["node_l"].to_numpy(), linked["node_r"].to_numpy(), SIZE).tolist()


@given(PAIRS, PAIRS)
def test_edge_20_rows_told_apart_are_in_no_cluster_together(links, enemies):
    label = labels(divided(compared(links), apart(enemies), SIZE))
    assert all(label[left] != label[right] for left, right in enemies)


@given(PAIRS, PAIRS)
def test_only_what_must_be_is_cut(links, enemies):
    """Any rejected link, taken again, would join two rows told apart."""
    before, after = labels(compared(links)), divided(compared(links), apart(enemies), SIZE)
    label = labels(after)
    for left, right in after.filter(pl.col("decision") == "reject").select("node_l", "node_r").rows():
        joined = [label[left] if one == label[right] else one for one in label]
        assert any(joined[a] == joined[b] for a, b in enemies)
    untouched = {one for one in before if not any(before[a] == before[b] == one for a, b in enemies)}
    assert all(
        (label[a] == label[b]) == (before[a] == before[b])
        for a in range(SIZE)
        for b in range(SIZE)
        if before[a] in untouched
    )


def test_edge_20_a_transitive_path_falls_at_its_weakest_link_and_known_links_hold():
    """2-3 is a link that the stores hold, 1-2 the stronger of two matches: the path from 0 to 3 is cut at 0-1."""
    pairs = divided(compared({(0, 1), (1, 2), (2, 3)}, known={(2, 3)}), apart({(0, 3)}), SIZE)
    decided = dict(zip(pairs["node_l"].to_list(), pairs["decision"].to_list(), strict=True))
    assert decided == {0: "reject", 1: "link", 2: "link"}
