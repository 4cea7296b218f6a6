"""What people cleared, against a slow oracle: exactly what the base knew, nobody holds by a later edit, and its owner says."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.dedupe import cleared
from dq.rules import FieldRule, TableRules
from dq.schemas.base import base_types

TIME = pl.Datetime("us", "UTC")
START = datetime(2026, 1, 1, tzinfo=UTC)
STORES = ("database", "airtable")
WORD, DAY = st.sampled_from([None, "x", "y"]), st.sampled_from([None, 1, 2, 3])
MEMORY = st.sampled_from([None, "", "x", "y"])
ROW = st.fixed_dictionaries({"lead": st.sampled_from(["e", "f"]), "word": WORD, "day": DAY, "was": MEMORY})


def rules(owner=None):
    return TableRules(fields=(FieldRule(name="name", airtable="Name", owner=owner),))


def found(rows, owner):
    """`rows`: store → rows; a row with a memory is in the base."""
    records, members, base = {}, [], []
    for store in STORES:
        keyed = [(f"{store}{number}", row) for number, row in enumerate(rows[store])]
        days = [None if row["day"] is None else START + timedelta(days=row["day"]) for _, row in keyed]
        cells = {"row_key": [key for key, _ in keyed], "modified": days, "name": [row["word"] for _, row in keyed]}
        records[store] = pl.DataFrame(cells, schema={"row_key": pl.String, "modified": TIME, "name": pl.String})
        members += [(store, key, row["lead"]) for key, row in keyed]
        base += [
            {"state": "linked", "entity_id": f"old {key}", f"{store}_key": key, "name_agreed": row["was"]}
            for key, row in keyed
        ]
    who = pl.DataFrame(members, schema={"store": pl.String, "row_key": pl.String, "entity_id": pl.String}, orient="row")
    return cleared(records, who, pl.DataFrame(base, schema=base_types(["name"])), rules(owner))


def expected(rows, owner):
    told = [(store, row) for store in STORES for row in rows[store]]
    gone = set()
    for lead in ("e", "f"):
        for value in ("x", "y"):
            mine = [(store, row) for store, row in told if row["lead"] == lead]
            where = [(s, r["day"]) for s, r in mine if r["word"] is None and r["was"] == value and owner in (None, s)]
            days = [day for _, day in where]
            again = [r["day"] for _, r in mine if r["word"] == value and r["was"] != value and r["day"] is not None]
            if where and (None in days or not any(day > max(days) for day in again)):
                gone |= {(store, lead, value) for store, _ in where}
    return gone


@given(st.fixed_dictionaries({store: st.lists(ROW, max_size=4) for store in STORES}), st.sampled_from([None, *STORES]))
@settings(max_examples=150, deadline=None)
def test_edge_06_exactly_what_was_taken_away_and_not_given_again_is_cleared(rows, owner):
    gone = found(rows, owner)
    assert set(gone.select("store", "entity_id", "value").iter_rows()) == expected(rows, owner)
    assert not gone.select("store", "entity_id", "value").is_duplicated().any()
    for one in gone.to_dicts():
        [row] = [row for n, row in enumerate(rows[one["store"]]) if f"{one['store']}{n}" == one["source"]]
        assert (row["lead"], row["word"], row["was"]) == (one["entity_id"], None, one["value"])


def test_without_a_base_nothing_was_ever_cleared():
    row = {"lead": "e", "word": None, "day": 1, "was": None}
    assert found({"database": [row, row], "airtable": []}, None).is_empty()
