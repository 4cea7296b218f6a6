"""Scope in whole plans: what a plan makes of leads out of scope, and that a second plan leaves it so."""

from dataclasses import replace

import polars as pl
import pytest
from engine_rows import changed, lead, record, rules_found
from engine_world import edited, inputs, next_inputs, plan_table, plan_to_rest, with_rules, world

from dq.errors import ConfigurationError
from dq.rules import Scope


def scoped(where, leaving="keep", **more):
    columns = tuple(dict.fromkeys(pl.sql_expr(where).meta.root_names()))
    return with_rules(scope=Scope(where=where, columns=columns, leaving=leaving), **more)


def linked(rules, *names):
    """Both stores and the base after a run of these leads, all in scope then."""
    rows = [lead(f"d{n}", name=name, status="auto_send", size=9) for n, name in enumerate(names)]
    first = inputs(rows, [], rules=with_rules())
    return replace(next_inputs(first, plan_table(first)), rules=rules)


def archived(given, key, **cells):
    raw = given.raw["database"].collect()
    hit = pl.col("id") == key
    told = raw.with_columns(
        pl.when(hit).then(pl.lit(value)).otherwise(name).alias(name) for name, value in cells.items()
    )
    return replace(given, raw={**given.raw, "database": told.lazy()})


@pytest.mark.parametrize("leaving", ["keep", "delete"])
def test_only_leads_in_scope_come_into_airtable(leaving):
    rules = scoped("status <> 'responded' AND size > 3", leaving)
    rows = [
        lead("d1", name="Ann Lee", size=7),
        lead("d2", name="Bo Ray", size=7, status="responded"),
        lead("d3", name="Cy Young", size=3),
        lead("d4", name="Di Fox"),
    ]
    made, rest = plan_to_rest(inputs(rows, [], rules=rules))
    assert rest.is_empty()
    assert made.reconciled.changes.filter(op="insert")["entity_id"].unique().to_list() == ["database:d1"]
    assert made.reconciled.tally.rows() == [("out of scope", 3)]


def test_a_scope_may_ask_for_columns_that_are_not_mapped():
    rules = scoped("updated_at >= '2026-02'")
    rows = [lead("d1", name="Ann Lee"), lead("d2", name="Bo Ray", at="2026-03-01T00:00:00Z")]
    made = plan_table(inputs(rows, [], rules=rules))
    assert made.reconciled.changes.filter(op="insert")["entity_id"].unique().to_list() == ["database:d2"]


def test_a_lead_that_leaves_is_kept_and_no_longer_synchronized():
    given = archived(
        linked(scoped("status <> 'responded'"), "Ann Lee", "Bo Ray"), "d0", status="responded", name="Ann X"
    )
    made, rest = plan_to_rest(given)
    assert rest.is_empty()
    assert made.reconciled.changes.is_empty()
    assert "scope.outside" in rules_found(made)
    assert made.reconciled.base["state"].to_list() == ["linked", "linked"]
    back = archived(next_inputs(given, made), "d0", status="auto_send")
    assert ("Full Name", '"Ann X"') in {(f, after) for _, _, _, f, after in changed(plan_table(back), store="airtable")}


def test_a_record_of_a_lead_that_leaves_is_deleted_where_that_is_asked_for():
    given = archived(linked(scoped("status <> 'responded'", "delete"), "Ann Lee", "Bo Ray"), "d0", status="responded")
    made, rest = plan_to_rest(given)
    assert rest.is_empty()
    deleted = made.reconciled.changes.filter(op="delete")
    assert deleted.select("store", "rule", "reason").rows() == [("airtable", "scope", "delete")]
    assert deleted["before"].str.contains("Ann Lee").all()
    assert ("database", "update", "d0", "airtable_id", None) in set(
        made.reconciled.changes.select("store", "op", "row_key", "field", "after").iter_rows()
    ) or made.reconciled.changes.filter(store="database", field="airtable_id")["after"].to_list() == [None]
    assert made.reconciled.base["state"].sort().to_list() == ["left", "linked"]
    after = next_inputs(given, made)
    assert plan_table(after).reconciled.changes.is_empty()
    again = plan_table(archived(after, "d0", status="auto_send"))
    assert set(again.reconciled.changes.filter(store="airtable")["op"]) == {"insert"}


def test_what_people_wrote_last_reaches_the_database_before_the_record_goes():
    given = linked(scoped("status <> 'responded'", "delete"), "Ann Lee")
    records = (
        given.raw["airtable"]
        .collect()
        .with_columns(pl.lit("responded").alias("Status"), pl.lit("Ann Z").alias("Full Name"))
    )
    made, rest = plan_to_rest(replace(given, raw={**given.raw, "airtable": records.lazy()}))
    assert rest.is_empty()
    told = {
        (store, op, field, after)
        for store, op, field, after in made.reconciled.changes.select("store", "op", "field", "after").iter_rows()
    }
    assert {("database", "update", "name", '"Ann Z"'), ("database", "update", "status", '"responded"')} <= told
    assert ("airtable", "delete", None, None) in told


def test_a_record_that_goes_while_its_lead_is_out_of_scope_takes_no_lead_along():
    given = archived(linked(scoped("status <> 'responded'"), "Ann Lee", "Bo Ray"), "d0", status="responded")
    records = given.raw["airtable"].filter(pl.col("Full Name") != "Ann Lee")
    made, rest = plan_to_rest(replace(given, raw={**given.raw, "airtable": records}))
    assert rest.is_empty()
    assert made.reconciled.changes.filter(op="delete").is_empty()


@pytest.mark.parametrize(("leaving", "inserted"), [("keep", 1), ("delete", 0)])
def test_a_new_record_out_of_scope_is_never_lost(leaving, inserted):
    made, rest = plan_to_rest(
        inputs([], [record("rec1", name="Ann Lee", status="responded")], rules=scoped("status <> 'responded'", leaving))
    )
    assert rest.is_empty()
    assert made.reconciled.changes.filter(op="insert")["entity_id"].n_unique() == inserted
    assert ("scope.foreign" in rules_found(made)) == (not inserted)


@pytest.mark.parametrize("where", ["size = 'x' AND size LIKE 'a%'", "size + 1"])
def test_a_scope_that_does_not_fit_the_columns_is_refused(where):
    with pytest.raises(ConfigurationError, match="scope"):
        plan_table(inputs([lead("d1", name="Ann", size=1)], [], rules=scoped(where)))


@pytest.mark.parametrize("leaving", ["keep", "delete"])
@pytest.mark.parametrize("seed", range(6))
def test_plans_with_a_scope_come_to_rest(seed, leaving):
    database, airtable = world(seed, 30)
    rules = scoped("status <> 'responded' AND (size IS NULL OR size < 7)", leaving)
    given = inputs(database, airtable, rules=rules)
    made, rest = plan_to_rest(given)
    assert rest.is_empty()
    later = edited(next_inputs(given, made), seed)
    made, rest = plan_to_rest(later)
    assert rest.is_empty()
