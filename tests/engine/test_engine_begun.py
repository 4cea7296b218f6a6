"""A plan that is made again begins where the one before left off, and is the plan that begins anew."""

import random
from collections import Counter
from dataclasses import replace

import polars as pl
import pytest
from alike_world import ENDS, crowd, inputs, model, rules
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.engine import begun, local
from dq.engine.inputs import ALONE_TYPES
from dq.engine.local import plan_table
from dq.engine.parking import Park
from dq.reconcile import SETTLED_TYPES
from dq.rules import MatcherRules

FRAMES = ("changes", "golden", "base", "pairs", "records_database", "records_airtable")
ENDS_OF_PAIRS, ROWS = ["linked", "apart", "same", "unsure"], ["loose", "alone"]


def keys():
    database, airtable = crowd(3, 120)
    return [*(("database", key) for key in database), *(("airtable", key) for key in airtable)]


def hinted(what, seed, count):
    """So many rows, or pairs of rows, as a hint has them."""
    chance, rows = random.Random(seed), keys()
    if what == "settled":
        return pl.DataFrame([("nobody", "database", "database_wins")][:count], schema=SETTLED_TYPES, orient="row")
    if what in ROWS:
        drawn = [(*row, "settling") for row in chance.sample(rows, count)]
        return pl.DataFrame(drawn, schema=ALONE_TYPES, orient="row").select(
            "store", "row_key", *["why"][: what == "alone"]
        )
    ends = [(*one, *other) for one, other in (chance.sample(rows, 2) for _ in range(count))]
    return pl.DataFrame(ends, schema=dict.fromkeys(ENDS, pl.String), orient="row")


def told(**hints):
    """The same rows and rules, whatever is told of them."""
    return replace(whole(), hints=replace(whole().hints, **hints))


def whole(made=[]):  # noqa: B006 (made once)
    made or made.append(inputs(*crowd(3, 120), rules(MatcherRules(fewest_rows=0)), model=model()))
    return made[0]


def frames(made):
    done = made.reconciled
    small = [made.clusters, made.leads, done.conflicts, made.findings, done.tally, done.choices]
    return [made.frame(name) for name in FRAMES] + small


@pytest.mark.parametrize("parked", [False, True])
@settings(max_examples=6, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*ENDS_OF_PAIRS, *ROWS, "settled"]), st.tuples(st.integers(), st.integers(0, 9))),
    st.dictionaries(st.sampled_from([*ENDS_OF_PAIRS, *ROWS, "settled"]), st.tuples(st.integers(), st.integers(0, 9))),
)
def test_whatever_is_told_a_plan_made_again_is_one_made_anew(tmp_path_factory, parked, first, then):
    park = Park(tmp_path_factory.mktemp("park")) if parked else None
    before, after = (told(**{what: hinted(what, *drawn) for what, drawn in more.items()}) for more in (first, then))
    made = plan_table(before, park)
    if park is not None:
        park.clear(but=begun.PARKED)
    again = plan_table(after, park, made.begun)
    for one, other in zip(frames(again), frames(plan_table(after)), strict=True):
        assert one.equals(other)


def fewer(given):
    return {**given.raw, "database": given.raw["database"].head(40)}


def stricter(given):
    return given.rules.model_copy(update={"dedupe": given.rules.dedupe.model_copy(update={"threshold": 0.9})})


DIFFERS = {
    "nothing": (lambda _: {}, set()),
    "settled": (lambda given: {"hints": replace(given.hints, settled=hinted("settled", 1, 1))}, set()),
    "alone": (lambda given: {"hints": replace(given.hints, alone=hinted("alone", 1, 3))}, set()),
    **{
        what: (lambda given, what=what: {"hints": replace(given.hints, **{what: hinted(what, 1, 3)})}, {"grouped"})
        for what in [*ENDS_OF_PAIRS, "loose"]
    },
    "model": (lambda given: {"model": replace(given.model)}, {"grouped"}),
    "no model": (lambda _: {"model": None}, {"grouped"}),
    "rows": (lambda given: {"raw": fewer(given)}, {"standardized", "grouped"}),
    "rules": (lambda given: {"rules": stricter(given)}, {"standardized", "grouped"}),
    "base": (lambda given: {"base": given.base.clone()}, {"standardized", "grouped"}),
    "parts": (lambda _: {"parts": 3}, {"standardized", "grouped"}),
}


@pytest.mark.parametrize("what", DIFFERS)
def test_only_what_stayed_the_same_is_taken_from_the_plan_before(what, monkeypatch):
    differs, expected = DIFFERS[what]
    made = plan_table(whole())
    asked = Counter()
    for module, name in ((begun, "standardized"), (local, "grouped")):
        inner = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, name=name, inner=inner: asked.update([name]) or inner(*given))
    after = replace(whole(), **differs(whole()))
    again = plan_table(after, None, made.begun)
    assert set(asked) == expected
    monkeypatch.undo()
    for one, other in zip(frames(again), frames(plan_table(after)), strict=True):
        assert one.equals(other)
