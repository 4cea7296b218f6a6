"""Rows that were gone and come back, and what the base says of them."""

from dataclasses import replace

import polars as pl
import pytest
from engine_rows import LATE, changed, lead, record, rules_found
from engine_world import inputs, next_inputs, plan_table, plan_to_rest, with_rules


def merged():
    """A plan that merged d2 into d1, carried out."""
    database = [lead("d1", name="Ann Lee", email="a@x.com", state="NY"), lead("d2", name="Ann Lee", email="a@x.com")]
    given = inputs(database, [])
    return database, next_inputs(given, plan_table(given))


def with_rows(given, rows):
    raw = pl.concat(
        [given.raw["database"].collect(), pl.DataFrame(rows, schema=given.raw["database"].collect_schema())]
    )
    return replace(given, raw={**given.raw, "database": raw.sort("id").lazy()})


def test_edge_17_a_loser_that_comes_back_unedited_is_merged_again():
    database, after = merged()
    made, rest = plan_to_rest(with_rows(after, [database[1]]))
    assert rest.is_empty()
    assert changed(made) == {("database", "delete", "d2", None, None)}
    assert "dedupe.returned" not in rules_found(made)


def test_a_loser_is_known_again_though_its_key_is_the_smaller_one_and_nothing_else_says_so():
    rows = [lead("d1", name="Ann Lee", email="a@x.com"), lead("d2", name="Ann Lee", email="a@x.com", state="NY")]
    given = inputs(rows, [])
    after = next_inputs(given, plan_table(given))
    moved = after.raw["database"].with_columns(pl.lit("other@x.com").alias("email"))
    made = plan_table(with_rows(replace(after, raw={**after.raw, "database": moved}), [rows[0]]))
    assert ("database", "delete", "d1", None, None) in changed(made)


def test_edge_16_a_loser_that_comes_back_as_another_person_is_a_lead_of_its_own():
    _, after = merged()
    made, rest = plan_to_rest(with_rows(after, [lead("d2", name="Bo Ray", email="b@x.com")]))
    assert rest.is_empty()
    assert {key for _, op, key, _, _ in changed(made) if op == "delete"} == set()
    assert made.clusters["entity_id"].n_unique() == 2
    assert "dedupe.returned" in rules_found(made)


def test_an_edited_loser_with_the_same_keys_is_evidence():
    _, after = merged()
    made = plan_table(with_rows(after, [lead("d2", at=LATE, name="Ann Lee-Ray", email="a@x.com")]))
    assert ("database", "delete", "d2", None, None) in changed(made)
    assert ("database", "update", "d1", "name", '"Ann Lee-Ray"') in changed(made)


def test_a_new_entity_does_not_take_the_name_of_one_that_its_row_has_left():
    rules = with_rules(resolve="none")
    rows = [lead("d1", email="a@x.com"), lead("d2", email="a@x.com", name="Ann Lee", state="NY")]
    given = inputs(rows, [], rules=rules)
    after = next_inputs(given, plan_to_rest(given)[0])
    assert after.base["entity_id"].to_list() == ["database:d1"]
    edited = after.raw["database"].with_columns(
        pl.when(pl.col("id") == "d1").then(pl.lit("b@x.com")).otherwise("email").alias("email")
    )
    made, rest = plan_to_rest(replace(after, raw={**after.raw, "database": edited}))
    assert rest.is_empty()
    named = dict(made.clusters.filter(store="database").select("row_key", "entity_id").iter_rows())
    assert named == {"d1": "database:d1~", "d2": "database:d1"}


@pytest.mark.parametrize("direction", ["both", "to_airtable"])
def test_edge_18_ids_reused_after_the_base_lost_their_row_are_told_apart(direction):
    _, after = merged()
    gone = replace(after, raw={**after.raw, "database": after.raw["database"].head(0)})
    made = plan_table(replace(gone, rules=with_rules(direction)))
    assert not made.reconciled.base["entity_id"].is_null().any()


@pytest.mark.parametrize(
    ("held", "ends"),
    [("AUTO SEND", ("airtable", "delete")), (None, ("airtable", "delete")), ("responded", ("database", "insert"))],
)
def test_a_default_that_the_other_store_never_took_is_nobodys_edit(held, ends):
    """The database's status is no option of Airtable, so that the two never agree on the cell."""
    person = {"name": "Ann Lee", "email": "a@x.com"}
    given = inputs([lead("d1", "rec1", status="weird", **person)], [record("rec1", "d1", status=held, **person)])
    after = next_inputs(given, plan_table(given))
    assert after.base["status_agreed"].to_list() == [None]
    made = plan_table(replace(after, raw={**after.raw, "database": after.raw["database"].head(0)}))
    assert {(store, op) for store, op, *_ in changed(made) if op != "update"} == {ends}


def test_a_revived_row_does_not_clear_what_it_could_not_be_given():
    given = inputs(
        [lead("d1", "rec1", name="Ann Lee", email="a@x.com", size=7)],
        [record("rec1", "d1", name="Ann Lee", email="a@x.com", size=7.0)],
    )
    after = next_inputs(given, plan_table(given))
    assert after.base["size_agreed"].to_list() == ["7"]
    edited = after.raw["database"].with_columns(pl.lit(2**53 + 1).alias("size"))
    base = after.base.with_columns(pl.lit(str(2**53 + 1)).alias("size_agreed"), pl.lit("Ann Le").alias("name_agreed"))
    made, rest = plan_to_rest(
        replace(after, base=base, raw={"database": edited, "airtable": after.raw["airtable"].head(0)})
    )
    assert rest.is_empty()
    assert made.reconciled.base.filter(state="linked")["size_agreed"].to_list() == [None]


@pytest.mark.parametrize("keys", ["text", "integer"])
def test_a_row_that_is_made_again_gets_a_key_that_is_not_taken(keys):
    given = inputs([], [record("rec1", name="Ann Lee", email="a@x.com")], keys=keys)
    first = next_inputs(given, plan_table(given))
    assert first.base["database_key"].null_count() == 0
    edited = first.raw["airtable"].with_columns(pl.lit("Ann Ray").alias("Full Name"))
    made, rest = plan_to_rest(replace(first, raw={"database": first.raw["database"].head(0), "airtable": edited}))
    assert rest.is_empty()
    new = [after.strip('"') for _, op, _, field, after in changed(made) if op == "insert" and field == "id"]
    assert len(new) == (1 if keys == "text" else 0)
    assert not set(new) & set(first.base["database_key"])


def test_dqs_own_write_is_no_human_edit():
    database, airtable = (
        [lead("d1", "rec1", name="Ann Lee", email="a@x.com")],
        [record("rec1", "d1", name="Ann Lee", email="a@x.com")],
    )
    given = inputs(database, airtable, rules=with_rules())
    after = next_inputs(given, plan_table(given))
    times = after.base.with_columns(
        pl.lit("2026-05-01").str.to_datetime(time_unit="us", time_zone="UTC").alias("database_written"),
        pl.lit("2026-01-05").str.to_datetime(time_unit="us", time_zone="UTC").alias("database_human"),
    )
    own = after.raw["database"].with_columns(
        pl.lit("2026-05-01T00:00:00Z").alias("updated_at"), pl.lit("Ann X").alias("name")
    )
    theirs = after.raw["airtable"].with_columns(
        pl.lit("2026-02-01T00:00:00Z").alias("Last Modified"), pl.lit("Ann Y").alias("Full Name")
    )
    made = plan_table(replace(after, base=times, raw={"database": own, "airtable": theirs}))
    assert made.reconciled.conflicts.select("suggested", "resolved_by").rows() == [("airtable", "most_recent")]


def test_tombstones_are_renewed_when_their_row_lives_and_dies_again():
    given = inputs([lead("d1", name="Ann Lee")], [])
    live = next_inputs(given, plan_table(given))
    gone = replace(live, raw={**live.raw, "airtable": live.raw["airtable"].head(0)})
    dead = next_inputs(gone, plan_table(gone))
    assert dead.base["state"].to_list() == ["tombstone"]
    back = with_rows(dead, [lead("d1", name="Ann Lee")])
    again = next_inputs(back, plan_table(back))
    assert again.base["state"].to_list() == ["linked"]
