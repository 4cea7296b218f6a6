# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""How alike values are: tables of levels, and words beside plain dictionaries."""

import math
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_tables import comparison, levels, opposite, texts
from rapidfuzz.distance import JaroWinkler

from dq.dedupe.comparison import Digits, Equal, Similar, graded, rarity, similarity
from dq.dedupe.features import encoded
from dq.dedupe.tokens import rare_words, worded

SENTENCES = st.lists(
    st.one_of(st.none(), st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=5).map(" ".join)),
    min_size=1,
    max_size=25,
)


def feature(values):
    return encoded(pl.Series("x", values, dtype=pl.String))


def judged(role, lines):
    """The levels of lines of two values in a column of a role."""
    return levels(comparison("x", texts(x=opposite(lines)), {"x": role}), len(lines))


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("1980-05-17", "1980-05-17", "equal"),
        ("1980-05-17", "19800517", "equal"),
        ("1980-05-17", "1980-05-17T00:00:00", "equal"),
        ("1980-05-17", "1980-05-18", "one slip"),
        ("1980-05-17", "1980-05-71", "one slip"),
        ("1980-05-17", "1908-05-17", "one slip"),
        ("1980-11-05", "1980-05-11", "one slip"),  # day and month swapped
        ("1980-11-05", "1981-05-11", "differs"),
        ("1980-05-17", "1980-11-23", "same year or day"),
        ("1980-05-17", "1954-05-17", "same year or day"),
        ("1980-05-17", "1954-11-23", "differs"),
        ("1980-05-17", None, None),
        ("1980-05-17", "1980", None),
    ],
)
def test_dates(left, right, level):
    assert judged("date", [(left, right)]) == [level]
    assert judged("date", [(right, left)]) == [level]


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("(914) 555-7524", "914-555-7524", "equal"),
        ("+1 914 555 7524", "9145557524", "equal"),
        ("001 914 555 7524", "914.555.7524", "equal"),
        ("９１４５５５７５２４", "9145557524", "equal"),
        ("9145557524", "9145557542", "one slip"),
        ("9145557524", "9145557529", "one slip"),
        ("9145557524", "9145550000", "differs"),
        ("9145557524", "n/a", None),
        ("9145557524", "12", None),
        ("9145557524", None, None),
    ],
)
def test_phones_with_and_without_a_calling_code(left, right, level):
    assert judged("phone", [(left, right)]) == [level]


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("2000", "2000", "equal"),
        ("AB-12 3", "ab123", "equal"),
        ("2000", "2001", "one slip"),
        ("2010", "2100", "one slip"),
        ("2000", "3111", "differs"),
        ("2000", "-", None),
    ],
)
def test_codes(left, right, level):
    assert judged("code", [(left, right)]) == [level]


def test_places_and_categories():
    lines = [
        ("Köln", "koln"),
        ("Springfield", "Springfeild"),
        ("Springfield", "Sprinkle"),
        ("Rome", "Tokyo"),
        ("Rome", None),
    ]
    assert judged("place", lines) == ["equal", "similarity ≥ 0.92", "similarity ≥ 0.8", "differs", None]
    assert judged("category", [("CEO", "ceo"), ("CEO", "CFO"), (None, None)]) == ["equal", "differs", None]


@given(st.lists(st.floats(0, 1), max_size=20))
def test_a_level_is_how_many_thresholds_are_reached(alike):
    least = (0.9, 0.5, 0.7)
    expected = [sum(value + 1e-9 >= one for one in least) for value in alike]
    assert graded(np.array(alike), least).tolist() == expected


def test_similarities_are_those_of_each_pair_whatever_the_order():
    values = ["anna", "hanna", "ann", "北京", "björn"]
    known = feature(values)
    left, right = (side.astype(np.int32).ravel() for side in np.meshgrid(range(5), range(5)))
    found = similarity(JaroWinkler.normalized_similarity, known, left, right)
    expected = [JaroWinkler.normalized_similarity(values[one], values[other]) for one, other in zip(left, right)]  # noqa: B905
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_to_share_a_rare_value_says_more():
    known = feature(["smith"] * 6 + ["okonkwo"] * 2)
    average = math.log2(0.75**2 + 0.25**2)
    smith, okonkwo = np.array([0], np.int32), np.array([1], np.int32)
    assert rarity(known, smith, smith) == pytest.approx(average - math.log2(0.75))
    assert rarity(known, okonkwo, okonkwo) == pytest.approx(average - math.log2(0.25))
    assert rarity(known, np.array([-1]), okonkwo).tolist() == [0.0]


@pytest.mark.parametrize("kind", [Equal, Digits, Similar])
def test_rarity_counts_where_rows_agree_alone(kind):
    one = kind("x", feature(["aaaa", "zzzz", "aaaa", None]))
    found = one.compare(np.array([0, 0, 0]), np.array([1, 2, 3]))
    top = len(one.levels) - 1
    assert found.level.tolist() == [0, top, -1]
    assert found.rarity[[0, 2]].tolist() == [0.0, 0.0]
    assert found.rarity[1] == pytest.approx(math.log2(5 / 9) - math.log2(2 / 3))
    assert one.chance() == {top: pytest.approx(5 / 9)}


@pytest.mark.parametrize("kind", [Equal, Digits, Similar])
def test_no_pairs_and_no_values(kind):
    none = np.empty(0, np.int64)
    assert len(kind("x", feature(["a"])).compare(none, none).level) == 0
    assert kind("x", feature([None, None])).compare(np.array([0]), np.array([1])).level.tolist() == [-1]


def cosine(values, one, other):
    """Of two texts' words, each weighted by its rarity among the distinct texts."""
    distinct = list(dict.fromkeys(value for value in values if value is not None))
    spread = Counter(word for text in distinct for word in text.split(" "))
    one, other = (
        {word: count * math.log2(1 + len(distinct) / spread[word]) for word, count in Counter(text.split(" ")).items()}
        for text in (one, other)
    )
    shared = sum(one[word] * other.get(word, 0) for word in one)
    return shared / math.sqrt(sum(w * w for w in one.values()) * sum(w * w for w in other.values()))


@settings(deadline=None, max_examples=60)
@given(SENTENCES)
def test_words_shared_are_a_cosine(values):
    known = feature(values)
    codes = np.arange(len(known.values), dtype=np.int32)
    left, right = (side.ravel() for side in np.meshgrid(codes, codes))
    if not len(left):
        return
    found = worded("x", known)._cosine(left, right)
    expected = [cosine(values, known.values[int(a)], known.values[int(b)]) for a, b in zip(left, right, strict=True)]
    assert found.tolist() == pytest.approx(expected)


def test_texts_by_their_rare_words():
    crowd = [f"studio of number {number} in town" for number in range(40)]
    lines = [
        ("The Rolling Stones", "Stones, the rolling!"),
        ("Zephyr Quartz of town", "Zephyr Quartz"),
        ("Zephyrquartz", "Zephyrqartz"),
        ("studio of number alpha", "studio of number omega"),
        ("Berlin", "Tokyo"),
        ("Berlin", "?"),
    ]
    column = texts(x=[*opposite(lines), *crowd])
    found = levels(comparison("x", column, {"x": "text"}), len(lines))
    assert found[0] == "words shared ≥ 0.9"
    assert found[1] in {"words shared ≥ 0.9", "words shared ≥ 0.7"}
    assert found[2] == "words shared ≥ 0.7"
    assert found[4:] == ["differs", None]
    assert found[3] not in {"equal", "words shared ≥ 0.9"}


@given(SENTENCES, st.integers(1, 3))
def test_rare_words_are_those_of_fewest_rows(values, most):
    known = feature(values)
    spread = Counter(word for value in values if value is not None for word in set(value.split(" ")))
    expected = []
    for code, text in enumerate(known.values.to_list()):
        ranked = sorted((spread[word], word) for word in set(text.split(" ")))
        expected += [(code, word, rows) for rows, word in ranked[:most]]
    assert rare_words(known, most).rows() == expected
