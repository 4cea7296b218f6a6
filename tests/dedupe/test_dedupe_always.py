"""Columns in which only rows of one lead are equal: such rows are one, whatever else they say, unless they are told apart."""

import itertools
from dataclasses import replace

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_tables import known_lists, people, texts, together

from dq.dedupe.matcher import Given, matched
from dq.dedupe.roles import roles
from dq.engine.filematch import Asked, match_files
from dq.engine.respects import respects
from dq.leads import flat
from dq.rules import MatcherRules, Placeholder

CROWD = flat(6, 300).leads.drop("id")
OWN = {"card": "code", "team": "code", "tax": "code"}
ONLY_RULES = 1000.0
"""Bits that no evidence comes to."""


def lead(number, **says):
    """A lead that shares nothing with others but what it is given."""
    word = "".join(chr(97 + int(digit)) for digit in str(number + 100))
    own = {"name": f"{word.title()}ric {word.title()}sen", "email": f"{word}@{word}works.example"}
    return {**own, "company": f"{word.title()} Works", "phone": f"+1 5{number:02d} 555 {number:02d}77", **says}


def seen(rows, *always, never=(), placeholders=()):
    """The leads before a crowd of others, each with a card, a team and a tax number of its own."""
    names = [*CROWD.columns, *OWN]
    crowd = CROWD.with_columns(
        pl.Series(name, [f"{name[:2]}{n:07d}" for n in range(CROWD.height)]) for name in OWN
    ).select(names)
    frame = pl.concat([texts(**{name: [row.get(name) for row in rows] for name in names}), crowd])
    known = replace(known_lists(), always=always, never=never, placeholders=placeholders)
    return respects(frame, roles(frame, people(), OWN), known)


def labels(rows, *always, never=(), placeholders=(), **options):
    whole, number = seen(rows, *always, never=never, placeholders=placeholders)
    return matched(whole, **options).grown.label[number][: len(rows)].tolist()


@pytest.mark.parametrize(
    ("rule", "left", "right", "one"),
    [
        (["card"], {"card": "AB-1234567"}, {"card": "ab 1234567"}, True),
        (["card"], {"card": "AB-1234567"}, {"card": "AB-1234568"}, False),
        (["card"], {"card": None}, {"card": None}, False),
        (["card"], {"card": "unknown"}, {"card": "Unknown "}, False),
        (["passport"], {"card": "AB-1234567"}, {"card": "AB-1234567"}, False),
        (["card", "team"], {"card": "A-1", "team": "T-1"}, {"card": "A1", "team": "T1"}, True),
        (["card", "team"], {"card": "A-1", "team": "T-1"}, {"card": "A-1", "team": "T-2"}, False),
        (["card", "team"], {"card": "A-1"}, {"card": "A-1"}, False),
        (["card", "passport"], {"card": "A-1"}, {"card": "A-1"}, False),
        (["name", "card"], {"name": "Jane Roe", "card": "A-1"}, {"name": "ROE, Jane", "card": "A-1"}, True),
        (["name", "card"], {"name": "Jane A. Roe", "card": "A-1"}, {"name": "Jane B. Roe", "card": "A-1"}, False),
        (["name", "card"], {"name": "Jan Roe Jr.", "card": "A-1"}, {"name": "Jan Roe", "card": "A-1"}, False),
        (["email"], {"email": "Jo+x@roe.example"}, {"email": "jo@Roe.example"}, True),
    ],
)
def test_rows_that_are_equal_where_only_one_lead_is_are_one(rule, left, right, one):
    nothing = (Placeholder(kind="text", match="exact", value="unknown"),)
    first, second = labels([lead(1, **left), lead(2, **right)], rule, placeholders=nothing, link=ONLY_RULES)
    assert (first == second) == one


@pytest.mark.parametrize(("rows", "one"), [(50, True), (51, False)])
def test_a_value_of_more_rows_than_a_block_may_have_rules_nothing(rows, one):
    found = labels([lead(n, card="AB-1234567") for n in range(rows)], ["card"], link=ONLY_RULES)
    assert len(set(found)) == (1 if one else rows)


@pytest.mark.parametrize(("people_of_it", "clusters"), [(2, 1), (3, 3)])
def test_an_offices_mailbox_makes_nobody_one(people_of_it, clusters):
    rows = [lead(n * 101, email="team@quill.example") for n in range(people_of_it)]
    assert len(set(labels(rows, ["email"], link=ONLY_RULES))) == clusters


CARDS = st.sampled_from([None, "AB-1234567", "KT-7777001", "ZQ-9090909"])
LEADS = st.lists(st.fixed_dictionaries(dict.fromkeys(OWN, CARDS)), min_size=2, max_size=9)
RULES = ("card",), ("team", "tax")


def pairs(rows, holds):
    """The pairs of rows of which something holds."""
    return {(a, b) for a, b in itertools.combinations(range(len(rows)), 2) if holds(rows[a], rows[b])}


def same(one, other):
    """Whether rules make two rows one."""
    return any(all(one[name] and one[name] == other[name] for name in rule) for rule in RULES)


@settings(max_examples=12, deadline=None)
@given(LEADS)
def test_without_another_rule_clusters_are_the_components_that_networkx_finds(rows):
    found = labels([lead(n, **row) for n, row in enumerate(rows)], *RULES, link=ONLY_RULES)
    parts = nx.connected_components(nx.Graph(pairs(rows, same)))
    assert together(found) == {pair for part in parts for pair in itertools.combinations(sorted(part), 2)}


@settings(max_examples=16, deadline=None)
@given(LEADS, st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=4), st.booleans())
def test_rows_that_are_always_one_are_in_one_cluster_unless_they_are_told_apart(rows, said, is_ruled):
    apart = {(min(pair), max(pair)) for pair in said if pair[0] != pair[1] and max(pair) < len(rows)}
    whole, number = seen([lead(n, **row) for n, row in enumerate(rows)], *RULES, never=["tax"] * is_ruled)
    ends = number[np.array(sorted(apart), np.int64).reshape(-1, 2)]
    label = matched(whole, Given(apart=(ends[:, 0], ends[:, 1]))).grown.label[number]
    if is_ruled:
        apart |= pairs(rows, lambda one, other: one["tax"] and other["tax"] and one["tax"] != other["tax"])
    assert not together(label[: len(rows)]) & apart
    between = {frozenset((label[a], label[b])) for a, b in apart}
    for a, b in pairs(rows, same):
        assert label[a] == label[b] or frozenset((label[a], label[b])) in between


def test_people_s_word_that_rows_are_one_stands_against_what_never_differs():
    whole, _ = seen([lead(1, card="A-1", tax="A-1"), lead(2, card="A-1", tax="Z-999")], ["card"], never=["tax"])
    parted = matched(whole).grown.label
    assert parted[0] != parted[1]
    joined = np.arange(len(whole.counts))
    joined[1] = 0
    assert len(set(matched(whole, Given(joined=joined)).grown.label[:2])) == 1


def test_two_tables_have_at_most_one_row_each_for_a_lead():
    whole, number = seen([lead(n, card="A-1") for n in range(4)], ["card"])
    source = np.isin(np.arange(len(whole.counts)), number[:2]).astype(np.int64)
    label = matched(whole, Given(source=source), link=ONLY_RULES).grown.label[number][:4].tolist()
    assert sorted(together(label)) in ([(0, 2), (1, 3)], [(0, 3), (1, 2)])


def file(rows):
    """A file of leads, with a key."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys([*lead(0), *OWN], pl.String))
    return frame.with_row_index("id").with_columns(pl.col("id").cast(pl.String)).lazy()


STRANGERS = [lead(n, card=f"C-{n:05d}") for n in range(60)]
ASKED = Asked(matcher=MatcherRules(always=(("card",),), columns={"card": "code"}))


def test_a_files_pairs_say_what_a_rule_made_one():
    found = match_files(file([*STRANGERS, lead(70, card="c00003")]), None, ASKED)
    first = found.pairs.row(0, named=True)
    assert {first["key_l"], first["key_r"]} == {"3", "60"}
    assert (first["match_key"], first["match_probability"], first["decision"]) == ("always", 1.0, "link")
    assert first["match_weight"] < 0, "what the rows say is told as it is"
    assert found.clusters.filter(pl.col("row_key").is_in(["3", "60"]))["probability"].to_list() == [1.0, 1.0]


def test_equal_rows_that_say_little_are_one_where_a_rule_says_so():
    said = [{"card": "C-99999"}] * 2
    entities = [
        match_files(file([*STRANGERS, *said]), None, asked).clusters.filter(pl.col("row_key").is_in(["60", "61"]))
        for asked in (ASKED, replace(ASKED, matcher=MatcherRules(columns={"card": "code"}), threshold=0.9999))
    ]
    assert [one["entity_id"].n_unique() for one in entities] == [1, 2]


def test_a_new_row_comes_to_the_known_lead_that_a_rule_makes_it_one_with():
    asked = replace(ASKED, threshold=0.98)
    old = match_files(file(STRANGERS), None, asked)
    again = replace(asked, model=old.model, known=old.clusters)
    found = match_files(file([*STRANGERS, lead(70, card="c 00003")]), None, again).clusters
    entity = dict(found.select("row_key", "entity_id").rows())
    assert entity["60"] == entity["3"] == dict(old.clusters.select("row_key", "entity_id").rows())["3"]
