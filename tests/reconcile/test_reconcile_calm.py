"""Calm leads are found by hash and taken by masks; neither is seen in what comes out."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reconcile_world import reconciled, rules, scope

from dq.reconcile.calm import picked

ROWS = 12
CALM = {"name": "x", "title": "y", "status": "z", "at": 0}
AGREED = {"name": "x", "title": "y", "status": "z"}


@given(st.lists(st.integers(0, ROWS - 1), max_size=ROWS), st.booleans())
def test_cells_are_picked_in_the_order_asked_for(places, in_order):
    places = sorted(places) if in_order else places
    column = pl.concat([pl.Series(map(str, range(5))), pl.Series(map(str, range(5, ROWS)))], rechunk=False)
    assert picked(pl.Series(places, dtype=pl.UInt32))(column).to_list() == [str(place) for place in places]


@pytest.mark.parametrize("where", [None, scope("name <> 'out'"), scope("name <> 'out'", "delete")])
def test_leads_of_one_hash_are_told_apart(monkeypatch, where):
    everyone = {str(number): CALM for number in range(6)}
    database = everyone | {"2": CALM | {"title": "new"}, "6": CALM | {"name": "out"}, "7": CALM}
    airtable = everyone | {"3": CALM | {"title": "new"}, "8": CALM}
    base = dict.fromkeys(["0", "1", "2", "3", "4"], AGREED)
    asked = reconciled(rules(scope=where), database, airtable, base, ask_all=True)
    monkeypatch.setattr(pl.Expr, "hash", lambda self: self.str.len_bytes().cast(pl.UInt64))
    apart = reconciled(rules(scope=where), database, airtable, base)
    for name in ("changes", "conflicts", "golden", "base", "findings", "choices", "tally"):
        mine, plain = getattr(apart, name), getattr(asked, name)
        assert mine.sort(mine.columns).equals(plain.sort(mine.columns), null_equal=True), name
