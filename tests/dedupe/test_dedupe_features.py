"""Columns as small numbers, beside plain Python."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.dedupe import features
from dq.dedupe.features import (
    NONE,
    coalesced,
    distinct,
    distinct_rows,
    encoded,
    mixed,
    numbered,
    reordered,
    subset,
    texts,
)

VALUES = st.lists(st.sampled_from([None, "", "a", "b", "Ä", "北京", "a b"]), max_size=40)
HALF = 1 << 64


@settings(max_examples=30, deadline=None)
@given(VALUES)
def test_a_feature_holds_its_column(values):
    feature = encoded(pl.Series("x", values, dtype=pl.String))
    held = [feature.values[code] if code != NONE else None for code in feature.codes.tolist()]
    counts = Counter(value for value in values if value is not None)
    assert held == values
    assert feature.values.n_unique() == len(feature.values) == len(counts)
    assert feature.known.tolist() == [value is not None for value in values]
    shares = {value: count / counts.total() for value, count in counts.items()}
    assert dict(zip(feature.values.to_list(), feature.frequency.tolist(), strict=True)) == pytest.approx(shares)
    assert feature.collision() == pytest.approx(sum(share**2 for share in shares.values()))


@settings(max_examples=30, deadline=None)
@given(VALUES, st.sampled_from([0, 1, 3, HALF - 1]))
def test_values_whose_hashes_are_the_same_are_told_apart(values, bits):
    column = pl.Series("x", values, dtype=pl.String)
    real = features._hashed
    with pytest.MonkeyPatch.context() as patched:  # one hash collides, the other tells
        patched.setattr(features, "_hashed", lambda held, seed: real(held, seed) & (bits if seed == 1 else HALF - 1))
        codes, first = numbered(column)
    wanted = list(dict.fromkeys(value for value in values if value is not None))
    assert column.gather(first).to_list() == wanted
    assert codes.tolist() == [NONE if value is None else wanted.index(value) for value in values]


def test_a_column_in_chunks_is_one_column():
    whole = pl.concat([pl.Series("x", ["a", "b"]), pl.Series("x", ["b", None, "c"])], rechunk=False)
    assert encoded(whole).codes.tolist() == [0, 1, 1, NONE, 2]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from([None, "", "a", "b", "Ä"])] * 3), min_size=1, max_size=20))
def test_the_first_of_several_values_counts(rows):
    columns = [pl.Series("x", column, dtype=pl.String) for column in zip(*rows, strict=True)]
    found = coalesced([encoded(column) for column in columns])
    wanted = [next((value for value in row if value is not None), None) for row in rows]
    assert texts(found).to_list() == wanted
    counted = Counter(value for value in wanted if value is not None)
    shares = {value: found.frequency[code] for code, value in enumerate(found.values) if value in counted}
    assert shares == pytest.approx({value: count / counted.total() for value, count in counted.items()})


@settings(max_examples=30, deadline=None)
@given(VALUES.flatmap(lambda values: st.tuples(st.just(values), st.permutations(range(len(values))))))
def test_rows_in_another_order_are_as_if_they_had_always_come_so(drawn):
    values, order = drawn
    column = pl.Series("x", values, dtype=pl.String)
    turned = reordered(encoded(column), np.array(order, np.int64))
    plain = encoded(column.gather(pl.Series(order, dtype=pl.Int64)))
    assert turned.codes.tolist() == plain.codes.tolist()
    assert turned.values.to_list() == plain.values.to_list()
    assert turned.frequency.tolist() == plain.frequency.tolist()


def test_bits_are_those_of_the_commoner_value():
    feature = encoded(pl.Series("x", ["a"] * 4 + ["b"] * 2 + ["c", "d"]))
    a, b, c = (np.array([code], np.int32) for code in (0, 1, 2))
    missing = np.array([NONE], np.int32)
    assert feature.bits(a, a) == pytest.approx(-1)
    assert feature.bits(c, b) == pytest.approx(-2)
    assert feature.bits(a, c) == pytest.approx(-1)
    assert feature.bits(missing, a).tolist() == feature.bits(c, missing).tolist() == [0.0]
    assert encoded(pl.Series("x", [None], dtype=pl.String)).bits(missing, missing).tolist() == [0.0]


def test_some_rows_keep_the_frequencies_of_all():
    feature = encoded(pl.Series("x", ["a", "b", "a", None]))
    some = subset(feature, np.array([2, 3]))
    assert some.codes.tolist() == [0, NONE]
    assert some.frequency.tolist() == feature.frequency.tolist()


def unmixed(number):
    """SplitMix64's finalizer backwards."""
    number ^= number >> 31 ^ number >> 62
    number = number * pow(0x94D049BB133111EB, -1, HALF) % HALF
    number ^= number >> 27 ^ number >> 54
    number = number * pow(0xBF58476D1CE4E5B9, -1, HALF) % HALF
    number ^= number >> 30 ^ number >> 60
    return number * pow(0x9E3779B97F4A7C15, -1, HALF) % HALF


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, HALF - 1), max_size=20))
def test_mixing_can_be_undone_so_no_two_numbers_meet(numbers):
    assert [unmixed(number) for number in mixed(np.array(numbers, np.uint64)).tolist()] == numbers


def test_mixed_numbers_are_spread_over_the_highest_bits():
    buckets = np.bincount((mixed(np.arange(64_000)) >> np.uint64(58)).astype(np.int64), minlength=64)
    assert buckets.min() > 800
    assert buckets.max() < 1200


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-5, 5), max_size=30))
def test_distinct_is_a_sorted_set(numbers):
    assert distinct(np.array(numbers, np.int64)).tolist() == sorted(set(numbers))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from([None, "a", "b"])] * 3), min_size=1, max_size=30))
def test_distinct_rows_are_the_first_of_each_combination(table):
    columns = zip(*table, strict=True)
    features = {
        name: encoded(pl.Series(name, held, dtype=pl.String)) for name, held in zip("xyz", columns, strict=True)
    }
    rows, number = distinct_rows(features)
    firsts = [row for row, values in enumerate(table) if values not in table[:row]]
    assert rows.tolist() == firsts
    assert [table[rows[one]] for one in number.tolist()] == table
