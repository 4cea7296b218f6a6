"""Entity ids from run to run: every cluster one, each id once, and rows that stay together keep theirs."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.engine.entities import KNOWN, LABEL, entity_ids
from dq.engine.filerows import by_key

SCHEMA = {"store": pl.String, "row_key": pl.String, LABEL: pl.Int64, KNOWN: pl.String}


def named(rows):
    """(store, key, cluster, known id) of every row → its id."""
    frame = pl.DataFrame([(s, k, c, e) for s, k, c, e in rows], schema=SCHEMA, orient="row")
    ids = dict(entity_ids(by_key(frame)).iter_rows())
    assert list(ids.values()) == sorted(ids.values())
    return {(s, k): ids[c] for s, k, c, _ in rows}


def of_file(clusters, known=None):
    """Ids of a file's clusters by key: lists of keys, and what an earlier run called each key."""
    rows = [("database", key, n, (known or {}).get(key)) for n, keys in enumerate(clusters) for key in keys]
    return {key: entity for (_, key), entity in named(rows).items()}


X, Y, Z = "x", "y", "z"
TABLE = {
    "nothing is known": ([["b", "a"], ["c"]], {}, ["database:a", "database:c"]),
    "all stays": ([["a", "b"], ["c"]], {"a": X, "b": X, "c": Y}, [X, Y]),
    "a new row joins": ([["0", "b"], ["c"]], {"b": X, "c": Y}, [X, Y]),
    "the row it was named after is gone": ([["b", "c"]], {"b": "database:a", "c": "database:a"}, ["database:a"]),
    "two merge: the least stays": ([["a", "b", "c"]], {"a": Y, "b": Y, "c": X}, [X]),
    "one splits: the largest keeps it": ([["a"], ["b", "c"]], {"a": X, "b": X, "c": X}, ["database:a", X]),
    "one splits in equal halves: the least row keeps it": ([["b"], ["a"]], {"a": X, "b": X}, ["database:b", X]),
    "its own name is another's by now": (
        [["a"], ["b", "c"]], dict.fromkeys("abc", "database:a"), ["database:a~", "database:a"],
    ),
    "that name as well": (
        [["a"], ["b", "c"], ["d"]],
        {"a": "database:a~", "b": "database:a", "c": "database:a", "d": "database:a~"},
        ["database:a~", "database:a", "database:d"],
    ),
    "both names are others'": (
        [["a"], ["b"], ["c", "d"]],
        {"b": "database:a", "c": "database:a~", "d": "database:a~"},
        ["database:a~~", "database:a", "database:a~"],
    ),
    "a row is called as that": (
        [["a"], ["a~"], ["b", "c"]], dict.fromkeys(["a", "b", "c"], "database:a"),
        ["database:a~~", "database:a~", "database:a"],
    ),
    "split and merged at once": (
        [["a", "d"], ["b", "c"]], {"a": X, "b": X, "c": X, "d": Y}, [Y, X],
    ),
    "of two that it may keep it keeps one, and nobody the other": (
        [["a", "b", "c", "d"], ["e"]], {"a": X, "b": X, "c": Y, "d": Y, "e": Y}, [X, "database:e"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_ids_of_clusters(case):
    clusters, known, expected = TABLE[case]
    ids = of_file(clusters, known)
    assert [{ids[key] for key in keys} for keys in clusters] == [{one} for one in expected]


def test_a_cluster_of_both_files_is_named_after_its_row_of_the_first():
    ids = named([("airtable", "a", 0, None), ("database", "z", 0, None), ("airtable", "b", 1, None)])
    assert set(ids.values()) == {"database:z", "airtable:b"}


KEYS = st.sampled_from(["a", "a~", "a~~", "b", "c", "d", "e", "f"])
IDS = st.sampled_from([None, X, Y, "database:a", "database:a~", "database:b", "airtable:a"])


@st.composite
def tables(draw):
    keys = draw(st.lists(st.tuples(st.sampled_from(["database", "airtable"]), KEYS), unique=True, max_size=9))
    return [(*key, draw(st.integers(0, 4)), draw(IDS)) for key in keys]


@settings(max_examples=150, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_every_cluster_has_one_id_and_every_id_one_cluster(rows, random):
    ids = named(rows)
    of_cluster, of_id = {}, {}
    for store, key, cluster, _ in rows:
        of_cluster.setdefault(cluster, set()).add(ids[store, key])
        of_id.setdefault(ids[store, key], set()).add(cluster)
    assert all(len(held) == 1 for held in (*of_cluster.values(), *of_id.values()))
    shuffled = random.sample(rows, len(rows))
    assert named(shuffled) == ids


@settings(max_examples=150, deadline=None)
@given(tables())
def test_a_cluster_that_alone_has_an_id_keeps_it(rows):
    ids = named(rows)
    for cluster in {row[2] for row in rows}:
        known = {row[3] for row in rows if row[2] == cluster} - {None}
        elsewhere = {row[3] for row in rows if row[2] != cluster}
        own = {ids[row[0], row[1]] for row in rows if row[2] == cluster}
        if known and not known & elsewhere:
            assert own == {min(known)}


@settings(max_examples=100, deadline=None)
@given(tables(), st.data())
def test_what_comes_and_goes_changes_no_id_of_those_that_stay(rows, data):
    """Clusters of the next run are those of this one, without some rows and with new ones."""
    ids = named(rows)
    stays = [row for row in rows if data.draw(st.booleans())]
    new = [("database", f"new{n}", data.draw(st.integers(0, 9)), None) for n in range(data.draw(st.integers(0, 3)))]
    again = named([*((s, k, c, ids[s, k]) for s, k, c, _ in stays), *new])
    assert all(again[s, k] == ids[s, k] for s, k, *_ in stays)
