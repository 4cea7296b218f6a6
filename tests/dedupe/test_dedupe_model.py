"""The model: kept and read again it is the same, and with it rows are judged as by the run that learned it."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_tables import known_lists, people, texts

from dq.dedupe import model as kept
from dq.dedupe.blocking import Key
from dq.dedupe.evidence import Evidence, Respect, Shared
from dq.dedupe.features import encoded, mixed
from dq.dedupe.matcher import matched, model_of
from dq.dedupe.model import Model, Values, counted, digests, from_frame, to_frame, valued
from dq.dedupe.roles import roles
from dq.engine.respects import respects
from dq.leads import flat

NO_KEY = {"id": None}
SHARES = st.floats(1e-9, 1)
NAMES = st.text(min_size=1, max_size=6)
HASHES = st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=4).map(
    lambda held: np.sort(np.array(held, np.uint64))
)


def values_of(found):
    return st.builds(
        Values, st.just(found), st.just(np.linspace(0.1, 0.9, len(found))), st.floats(0, 1), st.floats(0, 1)
    )


@st.composite
def respect(draw, name):
    levels = tuple(draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)))
    m, u = (tuple(draw(st.lists(SHARES, min_size=len(levels), max_size=len(levels)))) for _ in "mu")
    return Respect(name, levels, m, u)


@st.composite
def models(draw):
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    return Model(
        rows=draw(st.integers(0, 10**9)),
        roles=dict.fromkeys(names, draw(st.sampled_from(["email", "name", "text"]))),
        keys=tuple(
            Key(tuple(atoms), draw(st.integers(0, 10**9)), draw(st.none() | SHARES))
            for atoms in draw(st.lists(st.lists(NAMES, min_size=1, max_size=2), max_size=3))
        ),
        evidence=Evidence(
            draw(SHARES), tuple(draw(respect(name)) for name in names), (Shared((names[0], names[-1]), draw(SHARES)),)
        ),
        values={f"{name}.feature": draw(HASHES.flatmap(values_of)) for name in names},
        offices={name: held for name in names if len(held := draw(HASHES))},
    )


def told(model):
    """Everything that a model holds, to be compared."""
    values = {
        name: (one.digests.tolist(), one.shares.tolist(), one.rest, one.collision) for name, one in model.values.items()
    }
    offices = {name: one.tolist() for name, one in model.offices.items()}
    return model.rows, dict(model.roles), model.keys, model.evidence, values, offices


@settings(max_examples=40, deadline=None)
@given(models())
def test_a_model_that_was_kept_is_the_same(model):
    assert told(from_frame(to_frame(model))) == told(model)
    assert to_frame(from_frame(to_frame(model))).equals(to_frame(model))


def test_columns_of_any_name_are_kept_apart(tmp_path):
    """Names that the model's own words could be confused with."""
    made = flat(3, 300).leads.rename({"email": "mail + more", "company": "value", "phone": "prior", "title": "rows"})
    found = {"name": "name", "mail + more": "email", "value": "organization", "prior": "phone", "rows": "text"}
    seen, _ = respects(made, found, known_lists())
    model = model_of(seen, found, matched(seen))
    assert any("mail + more" in key.atoms for key in model.keys)
    to_frame(model).write_parquet(tmp_path / "model.parquet")
    again = from_frame(pl.read_parquet(tmp_path / "model.parquet"))
    assert told(again) == told(model)
    ours, theirs = (matched(seen, model=one) for one in (model, again))
    assert (ours.weight.tolist(), ours.grown.label.tolist()) == (theirs.weight.tolist(), theirs.grown.label.tolist())


def without(column):
    return pl.lit(None).cast(kept.TYPES[column]).alias(column)


BROKEN = {
    "nothing": lambda frame: frame.clear(),
    **{
        f"no {kind}": lambda frame, kind=kind: frame.filter(pl.col("kind") != kind)
        for kind in ("rows", "prior", "column", "collision")
    },
    **{
        f"no {name}": lambda frame, name=name: frame.with_columns(without(name))
        for name in ("share", "text", "m", "digest", "name")
    },
    "another kind": lambda frame: frame.with_columns(kind=pl.lit("x")),
    "keys of another release": lambda frame: frame.with_columns(text=pl.lit("email + name")),
}


@pytest.fixture(scope="module")
def small():
    """What a small table teaches, as a frame."""
    return to_frame(taught(flat(1, 120).leads)[0])


@pytest.mark.parametrize("how", BROKEN)
def test_a_frame_that_holds_no_model_is_refused(small, how):
    with pytest.raises(ValueError, match="no model"):
        from_frame(BROKEN[how](small))


def taught(frame, stated=None):
    """What a table teaches, and what the matcher made of it then."""
    found = roles(frame, people(), stated or NO_KEY)
    seen, number = respects(frame, found, known_lists())
    run = matched(seen)
    return model_of(seen, found, run), run, number


@pytest.mark.parametrize(("seed", "rows"), [(1, 200), (4, 500)])
def test_with_what_was_kept_rows_are_judged_as_by_the_run_that_learned_it(seed, rows):
    frame = flat(seed, rows).leads
    model, run, number = taught(frame)
    again = from_frame(to_frame(model))
    seen, other = respects(frame, again.roles, known_lists(), model=again)
    found = matched(seen, model=again)
    assert (number == other).all()
    assert again.keys == run.candidates.keys
    assert [key.atoms for key in found.candidates.keys] == [key.atoms for key in again.keys]
    assert (found.candidates.left == run.candidates.left).all()
    assert (found.candidates.right == run.candidates.right).all()
    np.testing.assert_allclose(found.weight, run.weight, atol=1e-9)
    np.testing.assert_allclose(found.own, run.own, atol=1e-9)
    assert (found.grown.label == run.grown.label).all()


def test_rows_to_come_are_judged_by_the_table_that_was_learned_from():
    """A common name stays common in a table in which it stands once."""
    frame = flat(2, 500).leads
    model, run, _ = taught(frame)
    pair = np.flatnonzero(run.weight >= 2.0)[:20]
    rows = np.unique(np.append(run.candidates.left[pair], run.candidates.right[pair]))
    whole, number = respects(frame, model.roles, known_lists(), model=model)
    first = np.unique(number, return_index=True)[1]
    few, _ = respects(frame[first[rows].tolist()], model.roles, known_lists(), model=model)
    at = {int(row): place for place, row in enumerate(rows)}
    ends = [(at[int(run.candidates.left[one])], at[int(run.candidates.right[one])]) for one in pair]
    found = [
        comparison.compare(*(np.array(side) for side in zip(*ends, strict=True))) for comparison in few.comparisons
    ]
    before = [
        comparison.compare(run.candidates.left[pair], run.candidates.right[pair]) for comparison in whole.comparisons
    ]
    for one, other in zip(found, before, strict=True):
        assert (one.level == other.level).all()
        np.testing.assert_allclose(one.rarity, other.rarity, atol=1e-9)


def test_a_model_of_other_columns_does_not_fit():
    frame = flat(1, 300).leads
    model, _, _ = taught(frame)
    own = respects(frame, model.roles, known_lists(), model=model)[0]
    assert model.fits(own.comparisons)
    fewer = {name: role for name, role in model.roles.items() if name != "email"}
    assert not model.fits(respects(frame, fewer, known_lists(), model=model)[0].comparisons)
    otherwise = {**model.roles, "phone": "text"}
    assert not model.fits(respects(frame, otherwise, known_lists(), model=model)[0].comparisons)


@pytest.mark.parametrize(
    "empty", [["email"], ["name"], ["company", "website"], ["phone", "title", "linkedin_url", "email"]]
)
def test_columns_in_which_nobody_says_anything_change_nothing_else(empty):
    """A few rows of the same table, without some columns' values: the rest is judged as before."""
    model = taught(flat(1, 300).leads)[0]
    frame = flat(1, 300).leads.head(60)
    hollow = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in empty)
    full, some = (respects(rows, model.roles, known_lists(), once=False, model=model)[0] for rows in (frame, hollow))
    assert model.fits(some.comparisons)
    left, right = np.triu_indices(60, 1)
    for one, other in zip(full.comparisons, some.comparisons, strict=True):
        if one.name in empty or one.name in {"person", "organization", "email"}:
            continue
        assert (one.compare(left, right).level == other.compare(left, right).level).all()
    for one in some.comparisons:
        if one.name in empty:
            assert (one.compare(left, right).level == -1).all()
    assert np.isfinite(matched(some, model=model).weight).all()


def test_offices_of_the_model_stay_offices():
    """A number that three people had in the table that was learned from is nobody's in one in which one has it."""
    people_ = [("Ann Lee", "914 555 0100"), ("Bo Ray", "914 555 0100"), ("Cy Young", "914 555 0100")]
    others = [(f"{first} {last}", f"914 555 {n:02}{m:02}") for n, first in enumerate(("Di", "Ed", "Flo", "Gus"), 2)
              for m, last in enumerate(("Fox", "Hall", "Inns", "Jost", "King"))]  # fmt: skip
    stated = {"name": "name", "phone": "phone"}
    table = texts(name=[one[0] for one in people_ + others], phone=[one[1] for one in people_ + others])
    model, _, _ = taught(table, {**NO_KEY, **stated})
    assert model.offices["phone"].tolist() == digests(pl.Series(["9145550100"])).tolist()
    again = from_frame(to_frame(model))
    later = texts(name=["Ann Lee", "Zoe Wu", "Di Fox"], phone=["914 555 0100", "914 555 0100", "914 555 0200"])
    for frame in (later, later[:1]):
        seen, _ = respects(frame, stated, known_lists(), model=again)
        (phone,) = [one for one in seen.comparisons if one.name == "phone"] or [None]
        known = [] if phone is None else phone.feature.known.tolist()
        assert known == [False, False, True][: len(frame)]
        assert seen.offices["phone"].tolist() == model.offices["phone"].tolist()
    alone, _ = respects(later, stated, known_lists())
    assert "phone" not in alone.offices or not len(alone.offices["phone"])


def slow(text):
    """The digest of one text, as it is defined."""
    base, most = 0x100000001B3, 2**64
    total = sum((byte + 1) * pow(base, place + 1, most) for place, byte in enumerate(text.encode()))
    return int(mixed(np.array([total % most], np.uint64))[0])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=8))
def test_digests_are_what_a_plain_loop_makes(held):
    assert digests(pl.Series(held, dtype=pl.String)).tolist() == [slow(text) for text in held]


def test_digests_are_the_same_in_every_release_and_tell_texts_apart():
    held = ["", "a", "b", "ab", "ba", "a\0", "é", "e\u0301", "李 伟", "\U0001d4b3", "x" * 5000]
    made = digests(pl.Series(held)).tolist()
    assert made == [slow(text) for text in held]
    assert len(set(made)) == len(held)
    assert digests(pl.Series(["ann@x.org"])).tolist() == [ANN]
    assert digests(pl.Series([], dtype=pl.String)).tolist() == []


ANN = 2190575033739750655
"""What a model of an earlier release holds for `ann@x.org`."""


def test_values_beyond_the_limit_count_as_the_rest(monkeypatch):
    feature = encoded(pl.Series(["a"] * 5 + ["b"] * 3 + ["c"] * 2 + ["d", "e"]))
    whole = counted(feature)
    assert dict(zip(whole.digests.tolist(), whole.shares.tolist(), strict=True)) == pytest.approx(
        {slow("a"): 5 / 12, slow("b"): 3 / 12, slow("c"): 2 / 12}
    )
    assert whole.rest == pytest.approx(1 / 12)
    monkeypatch.setattr(kept, "MOST_VALUES", 1)
    known = counted(feature)
    assert known.digests.tolist() == [slow("a")]
    assert known.rest == pytest.approx((3 + 2 + 1 + 1) / 4 / 12)
    new = valued(encoded(pl.Series(["b", "a", "never seen", None])), known)
    assert dict(zip(new.values.to_list(), new.frequency.tolist(), strict=True)) == pytest.approx(
        {"a": 5 / 12, "b": known.rest, "never seen": known.rest}
    )
    assert new.collision() == pytest.approx(feature.collision())
