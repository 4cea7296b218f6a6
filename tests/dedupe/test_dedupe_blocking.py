"""Candidate pairs beside itertools: every pair that shares a chosen key in a block that is not too large, and no other."""

import itertools
from collections import defaultdict

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.dedupe.atoms import Atom, part
from dq.dedupe.blocking import candidates
from dq.dedupe.blocks import LARGEST, parts
from dq.dedupe.features import encoded, mixed
from dq.dedupe.nested import nested

ATOMS = ("given", "first letter", "family", "mail")
"""The first two are of one group: no key has both."""


def atoms_of(columns):
    """Atoms of columns, named after them; the group is the name's first letter."""
    groups = dict(zip(ATOMS, ("given", "given", "family", "mail"), strict=True))
    says = {"given": "given", "family": "family", "mail": "mail"}
    return [
        Atom(name, groups[name], encoded(pl.Series(name, values, dtype=pl.String)), says.get(name))
        for name, values in columns.items()
    ]


def pairs_of(found):
    return list(zip(found.left.tolist(), found.right.tolist(), strict=True))


def blocks(columns, key):
    held = defaultdict(list)
    for row, values in enumerate(zip(*(columns[atom] for atom in key), strict=True)):
        if None not in values:
            held[values].append(row)
    return [rows for rows in held.values() if len(rows) <= LARGEST]


def plain(columns, keys):
    """Pairs that share one of the keys."""
    return sorted({
        pair for key in keys for rows in blocks(columns, key) for pair in itertools.combinations(rows, 2)
    })  # fmt: skip


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(*[st.one_of(st.none(), st.integers(0, 12).map(str))] * 4), min_size=1, max_size=60))
def test_pairs_are_those_that_share_a_chosen_key(rows):
    columns = dict(zip(ATOMS, (list(side) for side in zip(*rows, strict=True)), strict=True))
    found = candidates(atoms_of(columns), len(rows))
    keys = [key.atoms for key in found.keys]
    assert pairs_of(found) == plain(columns, keys)
    assert len(set(keys)) == len(keys)
    assert all({"given", "first letter"} - set(key) for key in keys)
    assert [key.pairs for key in found.keys] == [len(plain(columns, [key])) for key in keys]
    assert 0 <= found.recall <= 1


def test_a_block_may_have_fifty_rows_and_no_more():
    sizes = {"a": LARGEST - 1, "b": LARGEST, "c": LARGEST + 1, "d": 300}
    column = [value for value, size in sizes.items() for _ in range(size)]
    order = np.random.default_rng(1).permutation(len(column))
    shuffled = [column[row] for row in order]
    columns = {"given": shuffled, "family": shuffled, "mail": shuffled}
    found = candidates(atoms_of(columns), len(column))
    assert {(key.pairs, key.left_out) for key in found.keys} == {(49 * 48 // 2 + 50 * 49 // 2, 2)}
    assert pairs_of(found) == plain(columns, [("mail",)])


def test_a_value_too_common_counts_together_with_another():
    rows = 400
    columns = {"family": ["smith"] * rows, "given": [str(row % 80) for row in range(rows)]}
    found = candidates(atoms_of(columns), rows)
    assert ("family",) not in [key.atoms for key in found.keys]
    assert pairs_of(found) == plain(columns, [("given",)])


def test_missing_values_are_no_value():
    columns = {"given": ["a", None, None, "a"], "family": [None, "x", None, None]}
    assert pairs_of(candidates(atoms_of(columns), 4)) == [(0, 3)]
    nobody = candidates(atoms_of({"given": [None] * 4}), 4)
    assert (pairs_of(nobody), nobody.keys, nobody.recall) == ([], (), 1.0)


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_to_pair(rows):
    assert pairs_of(candidates(atoms_of({"mail": ["a"] * rows}), rows)) == []
    assert pairs_of(candidates([], rows)) == []


def test_keys_of_several_values_a_row():
    words = [(0, "x"), (1, "x"), (1, "y"), (4, "y"), (2, "z"), (2, "z"), (3, "x")]
    numbers = {"x": 7, "y": 8, "z": 9}
    rows = np.array([row for row, _ in words])
    hashes = mixed(np.array([numbers[word] for _, word in words]))
    found = candidates([], 5, [(rows, hashes)])
    assert pairs_of(found) == [(0, 1), (0, 3), (1, 3), (1, 4)]
    large = candidates([], 60, [(np.arange(LARGEST + 1), mixed(np.zeros(LARGEST + 1)))])
    assert pairs_of(large) == []


def test_a_pair_that_several_keys_find_is_there_once():
    columns = {"mail": ["m", "m", "n"], "family": ["f", "f", "g"]}
    found = candidates(atoms_of(columns), 3, [(np.array([1, 0]), mixed(np.array([5, 5])))])
    assert pairs_of(found) == [(0, 1)]


def test_the_number_of_pairs_is_bounded_about():
    rng = np.random.default_rng(3)
    rows = 2_000
    columns = {name: rng.integers(0, 60 + 20 * number, rows).astype(str).tolist() for number, name in enumerate(ATOMS)}
    assert len(candidates(atoms_of(columns), rows).left) <= 2 * 30 * rows  # it is estimated from samples


def test_a_part_is_a_feature_of_its_own():
    whole = encoded(pl.Series("x", ["anna", None, "anton", "ben", "x"]))
    first = part("first two", "given", whole, pl.col("value").str.extract("^(..)", 1))
    codes = first.feature.codes.tolist()
    assert [first.feature.values[code] if code >= 0 else None for code in codes] == ["an", None, "an", "be", None]
    assert dict(zip(first.feature.values, first.feature.frequency.tolist(), strict=True)) == {"an": 2 / 3, "be": 1 / 3}
    assert first.says is None
    nobody = part("x", "x", encoded(pl.Series("x", [None], dtype=pl.String)), pl.col("value").str.slice(0, 1))
    assert nobody.feature.codes.tolist() == [-1]


TELLING = {"given": ["a", "a", "b", "c"], "first letter": ["x", "x", "x", None], "mail": ["m", "m", "n", "n"]}
COMMON = {"mail": ["m"] * (LARGEST + 1), "family": [str(row // 2) for row in range(LARGEST + 1)]}


@pytest.mark.parametrize(
    ("columns", "keys", "wanted"),
    [
        (TELLING, [("mail", "given"), ("mail",)], {("mail", "given"): ("mail",)}),
        (TELLING, [("given", "mail"), ("first letter", "mail")], {}),  # one of the names has no first letter
        (
            {name: values[:3] for name, values in TELLING.items()},
            [("given", "mail"), ("first letter", "mail"), ("mail",)],
            {("given", "mail"): ("mail",), ("first letter", "mail"): ("mail",)},
        ),
        (COMMON, [("mail", "family"), ("mail",), ("family",)], {("mail", "family"): ("family",)}),
        (TELLING, [("mail",), ("given",)], {}),
    ],
)
def test_keys_within_others(columns, keys, wanted):
    names, atoms = list(columns), atoms_of(columns)
    held = parts([atom.feature.codes for atom in atoms])
    found = nested(held, [atom.group for atom in atoms], [tuple(map(names.index, key)) for key in keys])
    assert {tuple(names[at] for at in key): tuple(names[at] for at in other) for key, other in found.items()} == wanted
