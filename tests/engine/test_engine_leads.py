"""Whole plans on a few rows: who is one lead, who stays, and what becomes of duplicates and children."""

import json
from dataclasses import replace

import polars as pl
import pytest
from engine_rows import changed, lead, record, rules_found, survivors
from engine_world import DATABASE, inputs, next_inputs, plan_table, plan_to_rest, with_rules

from dq.changeset import Changeset
from dq.manifest import Column, Reference, TableSchema, UniqueIndex
from dq.rules import Child


def test_edge_04_values_equal_in_standard_form_are_no_conflict_and_the_form_is_stored():
    database, airtable = [lead("d1", "rec1", email="A@X.com ")], [record("rec1", "d1", email="a@x.com")]
    made = plan_table(inputs(database, airtable, rules=with_rules(conflict=("manual",))))
    assert made.reconciled.conflicts.is_empty()
    assert changed(made, field="email") == {("database", "update", "d1", "email", '"a@x.com"')}
    assert changed(made, field="E-mail / work") == set()


def test_edge_13_two_linked_pairs_become_one_and_losers_resolve():
    database = [lead("d1", "rec1", email="a@x.com", name="Ann Lee", state="NY"), lead("d2", "rec2", email="a@x.com")]
    airtable = [
        record("rec1", "d1", email="a@x.com"),
        record("rec2", "d2", email="a@x.com", name="Ann Lee", state="NY"),
    ]
    given = inputs(database, airtable)
    made, rest = plan_to_rest(given)
    assert rest.is_empty()
    assert survivors(made) == {("database", "d1"), ("airtable", "rec1")}
    base = made.reconciled.base
    assert base.filter(state="linked").select("database_key", "airtable_key").rows() == [("d1", "rec1")]
    assert set(base.filter(state="loser").select("store", "row_key", "entity_id").iter_rows()) == {
        ("database", "d2", "database:d1"),
        ("airtable", "rec2", "database:d1"),
    }


def test_edge_14_a_cluster_spans_both_stores_and_a_member_has_no_link():
    database = [lead("d1", email="a@x.com", linkedin="linkedin.com/in/ann", name="Ann Lee")]
    airtable = [record("rec1", "d1"), record("rec2", email="a@x.com"), record("rec3", linkedin="linkedin.com/in/ann")]
    made, rest = plan_to_rest(inputs(database, airtable))
    assert rest.is_empty()
    assert survivors(made) == {("database", "d1"), ("airtable", "rec1")}
    assert {key for _, op, key, _, _ in changed(made) if op == "delete"} == {"rec2", "rec3"}


@pytest.mark.parametrize("change", ["shuffled", "one more", "one less"])
def test_edge_23_entities_keep_their_names(change):
    rows = [lead(f"d{n}", email=f"p{n // 2}@x.com", name="Ann Lee") for n in range(8)]
    given = inputs(rows, [])
    names = dict(plan_table(given).leads.select("row_key", "entity_id").iter_rows())
    other = {"shuffled": rows[::-1], "one more": [*rows, lead("d99", email="p0@x.com")], "one less": rows[:-1]}[change]
    now = dict(plan_table(inputs(other, [])).leads.select("row_key", "entity_id").iter_rows())
    assert {key: now[key] for key in names if key in now} == {key: names[key] for key in names if key in now}


def test_duplicates_that_are_not_resolved_are_standardized_told_and_sync_with_their_own_record():
    rules = with_rules(resolve="none")
    database = [
        lead("d1", "rec1", email="a@x.com", name="Ann Lee", status="responded"),
        lead("d2", "rec2", email="A@x.com ", name="Ann Lee", status="responded"),
        lead("d3", email="A@X.com", name=" Ann  Lee"),
    ]
    airtable = [record("rec1", "d1", email="a@x.com"), record("rec2", "d2", email="a@x.com")]
    made, rest = plan_to_rest(inputs(database, airtable, rules=rules))
    assert rest.is_empty()
    assert made.reconciled.changes.filter(op="delete").is_empty()
    own = {(key, field, after, reason) for _, key, field, after, reason in changes_of(made, "d3")}
    assert own == {
        ("d3", "email", '"a@x.com"', "standardize"),
        ("d3", "name", '"Ann Lee"', "standardize"),
        ("d3", "status", '"auto_send"', "default"),
    }
    assert ("airtable", "update", "rec2", "Full Name", '"Ann Lee"') in changed(made)
    assert made.findings.filter(rule="dedupe.unmerged")["row_key"].sort().to_list() == [
        "d1",
        "d2",
        "d3",
        "rec1",
        "rec2",
    ]


def changes_of(made, key):
    return made.reconciled.changes.filter(row_key=key).select("op", "row_key", "field", "after", "reason").iter_rows()


def test_without_the_standardize_step_duplicates_that_stay_are_left_alone():
    rows = [lead("d1", email="a@x.com", name="Ann Lee"), lead("d2", email=" A@x.com", name="Ann Lee")]
    made = plan_table(inputs(rows, [], steps={"sync"}))
    assert changed(made, row_key="d2") == set()


def test_a_store_that_must_not_be_written_keeps_its_duplicates_and_their_children():
    child = child_of([("c1", "d2", "x")])
    rows = [lead("d1", email="a@x.com", name="Ann Lee", state="NY"), lead("d2", email="a@x.com")]
    made, rest = plan_to_rest(inputs(rows, [], rules=with_rules("to_airtable"), children=[child]))
    assert rest.is_empty()
    assert made.reconciled.changes.filter(store="database").is_empty()
    assert made.reconciled.base.filter(state="loser").is_empty()


def child_of(rows, unique=()):
    schema = TableSchema(
        store="database",
        name="activity",
        key="id",
        columns=(Column("id", "text", "TEXT"), Column("lead", "text", "TEXT"), Column("kind", "text", "TEXT")),
        unique=tuple(UniqueIndex(columns) for columns in unique),
        references=(Reference("activity", "lead", "leads"),),
    )
    frame = pl.DataFrame(rows, schema=["id", "lead", "kind"], orient="row")
    return Child(table="activity", column="lead"), schema, frame


def duplicates():
    return [lead("d1", email="a@x.com", name="Ann Lee", state="NY"), lead("d2", email="a@x.com", name="Ann Lee")]


def test_edge_24_children_move_to_the_survivor():
    child = child_of([("c1", "d2", "x"), ("c2", "d1", "y"), ("c3", None, "z")])
    made, rest = plan_to_rest(inputs(duplicates(), [], children=[child]))
    assert rest.is_empty()
    moved = made.reconciled.changes.filter(table="activity")
    assert moved.select("row_key", "before", "after", "reason").rows() == [("c1", '"d2"', '"d1"', "merge")]


def test_more_children_make_the_survivor():
    rows = [lead("d1", email="a@x.com", name="Ann Lee"), lead("d2", email="a@x.com", name="Ann Lee")]
    made = plan_table(inputs(rows, [], children=[child_of([("c1", "d2", "x")])]))
    assert survivors(made) >= {("database", "d2")}


@pytest.mark.parametrize(("owner", "is_held"), [("d1", True), ("d2", True), ("other", False), (None, False)])
def test_a_lead_deleted_in_airtable_stays_while_other_rows_point_at_it(owner, is_held):
    given = inputs(duplicates(), [], children=[child_of([("c1", owner, "x")])])
    after = next_inputs(given, plan_to_rest(given)[0])
    made, rest = plan_to_rest(replace(after, raw={**after.raw, "airtable": after.raw["airtable"].head(0)}))
    assert rest.is_empty()
    assert made.reconciled.changes.is_empty() == is_held
    assert ("row.children" in rules_found(made)) == is_held
    assert made.reconciled.base["state"].to_list().count("linked") == is_held


@pytest.mark.parametrize(
    ("kinds_of", "unique", "merges"),
    [
        (("x", "y"), [("lead", "kind")], True),
        (("x", "x"), [("lead", "kind")], False),
        (("x", "y"), [("lead",)], False),
        (("x", "x"), [("id", "kind")], True),
        ((None, None), [("lead", "kind")], True),
        (("x", "x"), [], True),
    ],
)
def test_a_merge_that_a_unique_index_would_refuse_is_held_back(kinds_of, unique, merges):
    child = child_of([("c1", "d1", kinds_of[0]), ("c2", "d2", kinds_of[1])], unique)
    made, rest = plan_to_rest(inputs(duplicates(), [], children=[child]))
    assert rest.is_empty()
    assert (("database", "delete", "d2", None, None) in changed(made)) == merges
    assert ("dedupe.children_clash" in rules_found(made)) != merges


def test_a_conflict_that_waits_does_not_lose_the_value_of_a_row_that_is_merged_away():
    database = [lead("d1", "rec1", email="a@x.com", name="Ann Lee", state="NY")]
    airtable = [
        record("rec1", "d1", name="Ann Lee", email="a@x.com"),
        record("rec2", name="Ann Lee", email="a@x.com", state="CA"),
    ]
    made, rest = plan_to_rest(inputs(database, airtable, rules=with_rules(conflict=("manual",))))
    assert rest.is_empty()
    assert ("airtable", "update", "rec1", "State", '"CA"') in changed(made)
    assert made.reconciled.conflicts.filter(~pl.col("resolved"))["field"].to_list() == ["state"]


def test_blank_rows_are_left_blank():
    made, rest = plan_to_rest(inputs([lead("d1")], [record("rec1")]))
    assert rest.is_empty()
    assert made.reconciled.changes.is_empty()
    assert rules_found(made) == {"row.empty"}


@pytest.mark.parametrize("columns", [("deleted_at", "merged_into"), ("deleted_at",), ("merged_into",), ()])
@pytest.mark.parametrize("stamp", ["2026-07-01T12:00:00", 1782907200])
def test_losers_are_deleted_softly_where_the_table_can(columns, stamp):
    given = inputs(duplicates(), [])
    schema = replace(DATABASE, soft_delete=columns)
    given = replace(given, schemas={**given.schemas, "database": schema}, stamp=stamp)
    made, rest = plan_to_rest(given)
    assert rest.is_empty()
    marks = {field: json.loads(after) for _, op, key, field, after in changed(made, row_key="d2") if op == "update"}
    if "deleted_at" not in columns:
        assert ("database", "delete", "d2", None, None) in changed(made)
        assert marks == {}
    else:
        assert marks == {"deleted_at": stamp, **({"merged_into": "d1"} if "merged_into" in columns else {})}
    assert made.reconciled.base.filter(state="loser")["row_key"].to_list() == ["d2"]


def test_inserts_carry_the_plans_time_as_their_created_time():
    rules = with_rules().model_copy(update={"created_database": "updated_at"})
    made = plan_table(inputs([], [record("rec1", name="Ann Lee")], rules=rules))
    assert ("database", "insert", None, "updated_at", '"2026-07-01T12:00:00"') in changed(made)


def test_a_changeset_counts_cells_by_reason_and_rows_by_what_is_done():
    made = plan_table(inputs(duplicates(), [], rules=with_rules()))
    counts = Changeset(made.reconciled.changes).counts()
    assert counts["changes"] == len(Changeset(made.reconciled.changes)) == made.reconciled.changes.height
    assert counts["rows"] == {"airtable": {"insert": 1}, "database": {"delete": 1, "update": 1}}
    assert counts["cells"]["database"] == {"default": 1, "link": 1, "merge": 1}
