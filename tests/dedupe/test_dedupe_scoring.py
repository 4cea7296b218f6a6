"""The scorer of `make bench-match` against the definitions, pair by pair and record by record."""

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.scoring import Share, best, calibration_error, entities_of, linked, reliability, scores

LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from("ab")), min_size=1, max_size=14)


def frames(rows):
    ids = [f"r{n}" for n in range(len(rows))]
    truth = pl.DataFrame({"record_id": ids, "entity_id": [f"e{row[0]}" for row in rows]})
    found = pl.DataFrame({"record_id": ids, "cluster": [row[1] for row in rows]})
    sources = pl.DataFrame({"record_id": ids, "source": [row[2] for row in rows]})
    return truth, found, sources


def shared(found, true):
    both = len(found & true)
    return Share(both / len(found) if found else 1.0, both / len(true) if true else 1.0)


def groups(labels):
    return [{n for n, one in enumerate(labels) if one == label} for label in set(labels)]


def implied(labels):
    return {pair for group in groups(labels) for pair in combinations(sorted(group), 2)}


def close(left, right):
    return (left.precision, left.recall) == pytest.approx((right.precision, right.recall))


@given(LABELS)
def test_scores_are_those_of_the_plain_definitions(rows):
    truth, found, sources = frames(rows)
    entity, cluster = [row[0] for row in rows], [row[1] for row in rows]
    told = scores(truth, found)
    assert close(told.pairs, shared(implied(cluster), implied(entity)))
    each = range(len(rows))
    mine = [({m for m in each if cluster[m] == cluster[n]}, {m for m in each if entity[m] == entity[n]}) for n in each]
    precision = sum(len(c & e) / len(c) for c, e in mine) / len(rows)
    recall = sum(len(c & e) / len(e) for c, e in mine) / len(rows)
    assert close(told.b_cubed, Share(precision, recall))
    several = [{frozenset(group) for group in groups(labels) if len(group) > 1} for labels in (cluster, entity)]
    assert close(told.exact, shared(*several))
    assert told.largest == max(map(len, groups(cluster)))
    assert told.largest_entity == max(map(len, groups(entity)))
    across = {pair for pair in combinations(each, 2) if rows[pair[0]][2] != rows[pair[1]][2]}
    linking = scores(truth, found, apart=sources)
    assert close(linking.pairs, shared(implied(cluster) & across, implied(entity) & across))


@given(LABELS, st.sets(st.tuples(st.integers(0, 13), st.integers(0, 13)), max_size=8))
def test_a_list_of_true_pairs_is_counted_pair_by_pair(rows, listed):
    truth, found, _ = frames(rows)
    true = {pair for pair in listed if pair[0] < pair[1] < len(rows)}
    pairs = pl.DataFrame(
        {"id_a": [f"r{a}" for a, _ in true], "id_b": [f"r{b}" for _, b in true]},
        schema={"id_a": pl.String, "id_b": pl.String},
    )
    entities = entities_of(pairs, truth)
    told = scores(entities, found, pairs=pairs)
    assert close(told.pairs, shared(implied([row[1] for row in rows]), true))
    assert all(
        entities.filter(pl.col("record_id").is_in(list(pair)))["entity_id"].n_unique() == 1 for pair in pairs.rows()
    )


def test_a_record_that_was_not_found_is_a_cluster_of_its_own():
    truth = pl.DataFrame({"record_id": ["a", "b", "c"], "entity_id": ["1", "1", "2"]})
    told = scores(truth, pl.DataFrame({"record_id": ["a"], "cluster": ["x"]}))
    assert (told.pairs, told.pairs.f1, told.largest) == (Share(1.0, 0.0), 0.0, 1)
    assert told.b_cubed == Share(1.0, pytest.approx(2 / 3))


@pytest.mark.parametrize("ids", [["a", "a"], ["a", "z"]], ids=["twice", "unknown"])
def test_clusters_of_other_records_are_refused(ids):
    truth = pl.DataFrame({"record_id": ["a", "b"], "entity_id": ["1", "1"]})
    with pytest.raises(ValueError, match="record"):
        scores(truth, pl.DataFrame({"record_id": ids, "cluster": [1, 2]}))


def test_links_become_components():
    found = linked(pl.Series(list("abcde")), pl.Series(["a", "b"]), pl.Series(["b", "c"]))
    assert found["cluster"].to_list() == [0, 0, 0, 1, 2]
    with pytest.raises(ValueError, match="no records"):
        linked(pl.Series(["a"]), pl.Series(["a"]), pl.Series(["z"]))


def test_the_best_threshold_is_found():
    truth = pl.DataFrame({"record_id": list("abcd"), "entity_id": list("1122")})
    scored = pl.DataFrame({"left": list("acb"), "right": list("bdc"), "probability": [0.99, 0.91, 0.85]})
    assert best(truth, scored) == (1.0, 0.9)


def test_reliability_counts_the_share_of_right_pairs_in_each_bin():
    truth = pl.DataFrame({"record_id": list("abcd"), "entity_id": list("1122")})
    scored = pl.DataFrame(
        {"left": list("acaa"), "right": list("bdcd"), "probability": [1.0, 0.5, 0.5, 0.0]},
    )
    bins = reliability(truth, scored, (0.0, 0.5, 1.0))
    assert bins.rows() == [("0 to 0.5", 1, 0.0, 0.0), ("0.5 to 1", 3, pytest.approx(2 / 3), pytest.approx(2 / 3))]
    assert calibration_error(bins) == pytest.approx(0.0)
    assert calibration_error(reliability(truth, scored.head(0))) == 0.0
