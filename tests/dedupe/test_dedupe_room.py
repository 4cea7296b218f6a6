"""Slices and files change nothing of what is found; a sample of keys changes little."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.dedupe import blocks, matcher
from dq.dedupe.atoms import Atom
from dq.dedupe.blocking import candidates
from dq.dedupe.features import encoded
from dq.dedupe.matcher import matched
from dq.dedupe.roles import roles
from dq.dedupe.room import MEMORY, Room
from dq.engine.respects import respects
from dq.engine.said import Known
from dq.leads import flat


def seen(room=MEMORY):
    """Invented leads, as the matcher sees them."""
    frame = flat(5, 3_000).leads.drop("id")
    return respects(frame, roles(frame, set(), {}), Known(), room=room)[0]


@pytest.fixture(scope="module")
def leads():
    """The same in memory."""
    return seen()


def is_in_file(room, held):
    return room.held.get(id(held)) is held


def equal(one, other):
    assert np.array_equal(one.grown.label, other.grown.label)
    assert np.array_equal(one.grown.confidence, other.grown.confidence)
    assert np.array_equal(one.weight, other.weight)
    assert one.evidence == other.evidence
    for left, right in zip(one.compared, other.compared, strict=True):
        assert np.array_equal(left.level, right.level)
        assert np.array_equal(left.rarity, right.rarity)


def test_what_goes_into_files_is_as_in_memory(leads, tmp_path):
    room = Room(tmp_path, 0)
    own = seen(room)
    found = matched(own, room=room)
    person = own.comparisons[0]
    for held in (person.family.codes, person.family.values, person.initials, own.atoms[0].feature.values):
        assert is_in_file(room, held)
    assert is_in_file(room, found.compared[0].level)
    equal(matched(leads), found)
    assert not list(tmp_path.iterdir())  # they have no names: nothing is left of them


def test_slices_change_nothing(leads, monkeypatch):
    whole = matched(leads)
    monkeypatch.setattr(matcher, "compared", partial(matcher.compared, at_once=700))
    equal(whole, matched(leads))


def test_small_arrays_stay_in_memory(tmp_path):
    room = Room(tmp_path, 64)
    assert not is_in_file(room, room.empty(1_000, np.float32))
    assert is_in_file(room, room.empty(1_000_000, np.float32))
    assert not is_in_file(MEMORY, MEMORY.empty(100_000_000, np.int8))


@settings(deadline=None)
@given(st.lists(st.none() | st.text(max_size=30)), st.integers(1, 3))
def test_what_is_kept_is_what_it_was(values, step):
    with TemporaryDirectory() as folder:
        room = Room(Path(folder), 0)
        texts, numbers = pl.Series("x", values, pl.String), np.arange(len(values) * step)[::step]
        held = room.kept((texts, numbers, encoded(texts)))
        again = room.kept(held)
        room.rest()
    assert held[0].equals(texts, check_names=True)
    assert np.array_equal(held[1], numbers)
    assert held[2].values.equals(encoded(texts).values)
    assert all(one is other for one, other in zip(held, again, strict=True))


@pytest.mark.parametrize(("rows", "beside"), [(1_000, 2), (1_000_000, 2), (3_000_000, 1), (100_000_000, 1)])
def test_columns_are_folded_beside_each_other_where_they_fit(tmp_path, rows, beside):
    assert Room(tmp_path, 512).beside(250 * rows, 2) == beside
    assert MEMORY.beside(250 * rows, 2) == 2


def atoms(rows):
    rng = np.random.default_rng(rows)
    columns = {"mail": rows // 2, "family": rows // 20, "given": 40}
    return [
        Atom(name, name, encoded(pl.Series(rng.integers(0, values, rows).astype(str))), name)
        for name, values in columns.items()
    ]


def test_a_sample_of_values_says_about_how_many_pairs_a_key_has():
    held = replace(blocks.parts([atom.feature.codes for atom in atoms(100_000)], looked_at=20_000), share=0.2)
    assert [picked is None for picked in held.picked] == [False, True, True]
    for key in ((0,), (1,), (0, 2), (1, 2)):
        pairs = len(blocks.pairs(held, key).packed)
        assert blocks.seen(held, key, 250).pairs == pytest.approx(pairs, rel=0.15)


def test_sampled_keys_are_chosen_alike(monkeypatch):
    rows = atoms(30_000)
    whole = candidates(rows, 30_000)
    monkeypatch.setattr(blocks, "parts", partial(blocks.parts, looked_at=6_000))
    some = candidates(rows, 30_000)
    assert some.keys[0].atoms == whole.keys[0].atoms
    assert some.keys[0].pairs == whole.keys[0].pairs


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=300), st.integers(0, 2))
def test_blocks_that_are_too_large_are_known(values, other):
    column = np.array(values, np.int32) % 4
    second = np.array(values, np.int32) % (other + 1)
    held = blocks.parts([column, second])
    rows = np.arange(len(values))
    sizes = dict.fromkeys(zip(column.tolist(), second.tolist(), strict=True), 0)
    for pair in zip(column.tolist(), second.tolist(), strict=True):
        sizes[pair] += 1
    expected = [sizes[pair] <= blocks.LARGEST for pair in zip(column.tolist(), second.tolist(), strict=True)]
    assert blocks.small_enough(held, (0, 1), rows).tolist() == expected
