"""Carrying a changeset out in memory gives exactly `after` in each touched cell and leaves all else."""

import json

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.gate import placeholders, planned, with_placeholders
from dq.manifest import Column, TableSchema
from dq.reconcile.changes import TYPES
from dq.schemas.base import base_types

SCHEMA = TableSchema(
    store="database",
    name="leads",
    key="id",
    columns=(
        Column("id", "integer", "INTEGER"),
        Column("a b", "text", "TEXT"),
        Column("n", "number", "REAL"),
        Column("on", "boolean", "BOOLEAN"),
    ),
    soft_delete=("deleted_at",),
)
AIRTABLE = TableSchema(
    store="airtable",
    name="Leads",
    key="id",
    columns=(Column("id", "text", "id"), Column("Lead ID", "text", "text"), Column("On", "boolean", "checkbox")),
)
FRAME = {"id": pl.Int64, "a b": pl.String, "n": pl.Float64, "on": pl.Int64}
VALUES = {
    "a b": st.sampled_from([None, "", 'say "hi"', "é\n/x", '{"$odd": 1}', "true", "12"]),
    "n": st.sampled_from([None, 0, 1.5, -7]),
    "on": st.sampled_from([True, False, None]),
}


def changes(rows):
    return pl.DataFrame(
        [{**dict.fromkeys(TYPES), "table": "leads", "reason": "sync", **row} for row in rows], schema=TYPES
    )


def change(op, key, field, after, entity="e", **more):
    text = None if after is None else json.dumps(after, ensure_ascii=False)
    return {"store": "database", "op": op, "row_key": key, "field": field, "after": text, "entity_id": entity} | {
        "change_id": f"database/leads/{key or '+' + entity}/{field or ''}",
        **more,
    }


@st.composite
def plans(draw):
    keys = list(range(draw(st.integers(0, 6))))
    rows = [{"id": key, "a b": draw(VALUES["a b"]), "n": 2.5, "on": 1} for key in keys]
    cells = {(k, f): draw(VALUES[f]) for k in keys for f in VALUES if draw(st.booleans())}
    gone = {key for key in keys if draw(st.integers(0, 4)) == 0}
    new = {f"n{n}": {f: draw(VALUES[f]) for f in VALUES if draw(st.booleans())} for n in range(draw(st.integers(0, 3)))}
    return rows, cells, gone, {entity: cells for entity, cells in new.items() if cells}


@given(plans(), st.booleans())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_planned_writes_exactly_the_changes(plan, soft):
    rows, cells, gone, new = plan
    removed = [
        change("update", str(k), "deleted_at", "2026", reason="delete")
        if soft
        else change("delete", str(k), None, None, reason="delete")
        for k in sorted(gone)
    ]
    updates = [change("update", str(k), f, after) for (k, f), after in cells.items() if k not in gone]
    inserts = [change("insert", None, f, after, e) for e, row in new.items() for f, after in row.items()]
    other = [
        change("update", "0", "a b", "elsewhere", table="other"),
        change("update", "0", "a b", "there", store="airtable"),
    ]
    plan_changes = changes(updates + inserts + removed + other)
    after = planned(pl.DataFrame(rows, schema=FRAME), SCHEMA, plan_changes)
    expected = [
        {**row, **{f: v for (k, f), v in cells.items() if k == row["id"]}} for row in rows if row["id"] not in gone
    ]
    expected = [{**row, "on": None if row["on"] is None else int(row["on"])} for row in expected]
    kept = after.filter(pl.col("id") >= 0)
    assert kept.to_dicts() == expected
    made = after.filter(pl.col("id") < 0)
    wanted = [
        {f: (int(v) if f == "on" and v is not None else v) for f, v in {**dict.fromkeys(VALUES), **row}.items()}
        for row in new.values()
    ]
    as_text = lambda some: sorted(json.dumps(row, sort_keys=True) for row in some)  # noqa: E731
    floats = [{**row, "n": None if row["n"] is None else float(row["n"])} for row in wanted]
    assert as_text(made.drop("id").to_dicts()) == as_text(floats)
    assert after.schema == pl.Schema(FRAME)


def test_references_to_created_rows_are_resolved_on_both_sides():
    first = "airtable/Leads/+e/Lead ID"
    plan = changes(
        [
            {
                "change_id": first,
                "store": "airtable",
                "table": "Leads",
                "op": "insert",
                "entity_id": "e",
                "field": "Lead ID",
            }
            | {"after": '"7"'},
            change("update", "7", "a b", None, "e") | {"after": json.dumps({"$created": first})},
            change("insert", None, "n", 1, "f") | {"change_id": "database/leads/+f/n"},
            {
                "change_id": "x",
                "store": "airtable",
                "table": "Leads",
                "op": "update",
                "row_key": "rec9",
                "entity_id": "f",
            }
            | {"field": "Lead ID", "after": '{"$created": "database/leads/+f/n"}'},
        ]
    )
    number = placeholders(plan).filter(store="database")["key"].to_list()[0]
    rows = planned(pl.DataFrame([{"id": 7, "a b": "", "n": None, "on": None}], schema=FRAME), SCHEMA, plan)
    assert rows.select("id", "a b").rows() == [(int(number), None), (7, first)]
    there = pl.DataFrame(
        {"id": ["rec9"], "Lead ID": [None], "On": [None]},
        schema={"id": pl.String, "Lead ID": pl.String, "On": pl.Boolean},
    )
    assert planned(there, AIRTABLE, plan).select("id", "Lead ID").rows() == [(first, "7"), ("rec9", number)]


@pytest.mark.parametrize(("own", "expected"), [(None, "-2000000001"), ("uuid", "uuid")])
def test_the_base_gets_the_keys_that_new_rows_get(own, expected):
    plan = [change("insert", None, "n", 1)] + ([change("insert", None, "id", own)] if own else [])
    linked = {**dict.fromkeys(base_types([])), "entity_id": "e", "airtable_key": "rec1", "state": "linked"}
    base = pl.DataFrame([linked], schema=base_types([]))
    assert with_placeholders(base, SCHEMA, changes(plan))["database_key"].to_list() == [expected]
