"""What survives a merge, end to end: which value, where the plan says it comes from, children, and old keys."""

from dataclasses import replace

import polars as pl
import pytest
from engine_rows import LATE, changed, lead, record, rules_found, survivors
from engine_world import inputs, next_inputs, plan_table, plan_to_rest, with_rules

from dq.rules import Standardizer

DAYS = [f"2026-01-0{day}T00:00:00Z" for day in range(1, 10)]
SAME = {"email": "a@x.com", "linkedin": "https://www.linkedin.com/in/ann"}
TAGS = r'"[\"a\",\"b\"]"'
"""A list in a text column of the database, as JSON text."""
LINES = (Standardizer(name="text", options={"multiline": True}),)


def chained(chain, field="name", **update):
    """The rules with another survivorship chain for a field."""
    rules = with_rules()
    fields = tuple(
        one.model_copy(update={"survivorship": tuple(chain), **update}) if one.name == field else one
        for one in rules.fields
    )
    return rules.model_copy(update={"fields": fields})


def rows(cells, field="name"):
    """Leads of one person: (value, day of its last edit). The first one stays, as it is the fullest."""
    fuller = {1: {"size": 7, "active": 1}, 2: {"active": 1}}
    return [
        lead(f"d{n}", at=DAYS[day], **SAME, **fuller.get(n, {}), **{field: value})
        for n, (value, day) in enumerate(cells, 1)
    ]


def cell(made, store, key, field):
    """What the plan writes into a cell: after, reason, source; None if it leaves it alone."""
    found = made.reconciled.changes.filter(store=store, field=field)
    found = found.filter(pl.col("row_key").eq_missing(pl.lit(key, pl.String)))
    return found.select("after", "reason", "source").row(0) if found.height else None


@pytest.mark.parametrize(
    ("chain", "cells", "expected"),
    [
        (["most_recent"], [("A Lee", 1), ("B Lee", 3), ("C Lee", 2)], ("B Lee", "d2")),
        (["most_recent"], [("A Lee", 3), ("B Lee", 1)], ("A Lee", "d1")),
        (["longest"], [("A Lee", 3), ("Ann Lee", 1)], ("Ann Lee", "d2")),
        (["most_frequent"], [("A Lee", 8), ("B Lee", 1), ("B Lee", 2)], ("B Lee", "d2")),
        (["most_complete"], [(None, 8), ("A Lee", 1), ("B Lee", 2)], ("A Lee", "d2")),
        (["highest_quality"], [(None, 8), ("A Lee", 1), ("B Lee", 2)], ("A Lee", "d2")),
        (["highest_quality"], [("A Lee", 1), ("B Lee", 8)], ("A Lee", "d1")),
        (["source_priority", "longest"], [("A Lee", 3), ("Ann Lee", 1)], ("Ann Lee", "d2")),
        (["most_frequent", "longest"], [("A Lee", 1), ("B Lee", 8), ("Ann Lee", 0)], ("Ann Lee", "d3")),
        (["most_frequent", "longest", "most_recent"], [("A Lee", 1), ("B Lee", 2), ("C Lee", 3)], ("C Lee", "d3")),
        (["most_frequent", "longest", "most_recent"], [("A Lee", 1), ("B Lee", 1)], ("A Lee", "d1")),
        (["union", "longest"], [("A Lee", 1), ("Ann Lee", 2)], ("Ann Lee", "d2")),
    ],
)
def test_each_rule_its_fallbacks_and_the_source_of_what_survives(chain, cells, expected):
    value, source = expected
    made, rest = plan_to_rest(inputs(rows(cells), [], rules=chained(chain)))
    assert rest.is_empty()
    assert ("database", "d1") in survivors(made)
    own = None if source == "d1" else (f'"{value}"', "merge", f"database:{source}")
    assert cell(made, "database", "d1", "name") == own
    assert cell(made, "airtable", None, "Full Name") == (f'"{value}"', "sync", f"database:{source}")


@pytest.mark.parametrize(
    ("field", "standardize", "chain", "cells", "expected"),
    [
        ("quality", (), ["union"], [('["a"]', 1), ('["b","a"]', 8)], (TAGS, "d2")),
        ("quality", (), ["union"], [('["a","b"]', 1), ('["b"]', 8)], None),
        ("quality", (), ["union"], [('["b"]', 1), ('["b"]', 8), ('["c"]', 2)], (TAGS.replace("b", "c").replace("a", "b"), "d3")),
        ("state", LINES, ["union"], [("x\ny", 1), ("y\nz", 8)], ('"x\\ny\\nz"', "d2")),
        ("state", LINES, ["most_recent", "union"], [("x", 1), ("y", 8)], ('"y"', "d2")),
        ("state", (Standardizer(name="text"),), ["union"], [("x", 1), ("y", 8)], None),
        ("state", (Standardizer(name="text"),), ["union", "most_recent"], [("x", 1), ("y", 8)], ('"y"', "d2")),
        ("size", (), ["union", "most_recent"], [(3, 1), (4, 8)], ("4", "d2")),
        ("active", (), ["union", "most_recent"], [(1, 1), (0, 8)], ("false", "d2")),
    ],
    ids=[
        "items", "nothing new", "the row that adds", "lines", "not asked", "one line", "one line, a fallback", "numbers",
        "boxes",
    ],
)  # fmt: skip
def test_edge_09_what_can_hold_several_values_is_united_and_the_rest_is_not(field, standardize, chain, cells, expected):
    given = [row | SAME for row in rows(cells, field if field in ("quality", "state") else "name")]
    for row, (value, _) in zip(given, cells, strict=True):
        row[field] = value
        row["name"] = "A Lee" if row["id"] == "d1" else None  # so that the first row stays the fullest
    rules = chained(chain, field, standardize=standardize or chained(chain, field).field(field).standardize)
    made, rest = plan_to_rest(inputs(given, [], rules=rules))
    assert rest.is_empty()
    assert ("database", "d1") in survivors(made)
    assert cell(made, "database", "d1", field) == (expected and (expected[0], "merge", f"database:{expected[1]}"))
    assert "plan.unsettled" not in rules_found(made)


def test_duplicates_of_both_stores_give_to_the_pair_that_stays():
    database = [lead("d1", "rec1", **SAME, name="A Lee"), lead("d2", at=LATE, **SAME, state="NY")]
    airtable = [record("rec1", "d1", **SAME), record("rec2", at=LATE, **SAME, size=7.0)]
    made, rest = plan_to_rest(inputs(database, airtable))
    assert rest.is_empty()
    assert cell(made, "database", "d1", "state") == ('"NY"', "merge", "database:d2")
    assert cell(made, "airtable", "rec1", "State") == ('"NY"', "sync", "database:d2")
    assert cell(made, "database", "d1", "size") == ("7", "sync", "airtable:rec2")
    assert cell(made, "airtable", "rec1", "Size") == ("7", "merge", "airtable:rec2")


@pytest.mark.parametrize("chain", [["most_recent"], ["longest"], ["most_frequent"], ["highest_quality"], ["union"]])
def test_edge_10_a_default_never_beats_a_value_and_says_what_it_is(chain):
    cells = [("auto_send", 8), ("auto_send", 7), ("responded", 1)]
    made, rest = plan_to_rest(inputs(rows(cells, "status"), [], rules=chained(chain, "status")))
    assert rest.is_empty()
    assert cell(made, "database", "d1", "status") == ('"responded"', "merge", "database:d3")
    made, _ = plan_to_rest(inputs(rows([(None, 8), (None, 1)], "status"), [], rules=chained(chain, "status")))
    assert cell(made, "database", "d1", "status") == ('"auto_send"', "default", "default")


def test_a_settled_conflict_names_the_row_of_the_winner_and_a_mix_the_other_stores():
    rules = with_rules(conflict=("airtable_wins",))
    database = [lead("d1", "rec1", **SAME, name="A Lee", state="NY", quality='["a"]')]
    airtable = [record("rec1", "d1", **SAME), record("rec2", at=LATE, **SAME, state="CA", quality='["b"]')]
    made, rest = plan_to_rest(inputs(database, airtable, rules=rules))
    assert rest.is_empty()
    assert cell(made, "database", "d1", "state") == ('"CA"', "conflict", "airtable:rec2")
    assert cell(made, "database", "d1", "quality") == (TAGS, "conflict", "airtable:rec2")
    assert cell(made, "airtable", "rec1", "Tags") == ('["a","b"]', "conflict", "database:d1")


@pytest.mark.parametrize(
    ("direction", "held", "after"),
    [
        ("both", "B Lee", ("B Lee", "database:d2")),
        ("to_airtable", "B Lee", ("A Lee", "database:d1")),
        ("to_database", "B Lee", None),
    ],
)
def test_what_may_not_be_written_over_stays_and_the_plan_comes_to_rest(direction, held, after):
    rules = chained(["most_recent"], direction=direction)
    database = rows([("A Lee", 1), (held, 3)])
    made, rest = plan_to_rest(inputs(database, [record("rec1", "d1", **SAME)], rules=rules))
    assert rest.is_empty()
    assert cell(made, "airtable", "rec1", "Full Name") == (after and (f'"{after[0]}"', "sync", after[1]))
    assert ("database", "delete", "d2", None, None) in changed(made)
    assert "plan.unsettled" not in rules_found(made)


def test_what_may_not_be_written_and_is_empty_is_filled_in_the_other_store():
    rules = chained(["most_recent"], direction="to_airtable")
    made, rest = plan_to_rest(inputs(rows([(None, 1), ("B Lee", 3)]), [record("rec1", "d1", **SAME)], rules=rules))
    assert rest.is_empty()
    assert cell(made, "airtable", "rec1", "Full Name") == ('"B Lee"', "sync", "database:d2")


def merged(**more):
    """A plan that merged d2 into d1 and rec2 into rec1, carried out."""
    database = [lead("d1", "rec1", **SAME, name="A Lee"), lead("d2", **SAME)]
    airtable = [record("rec1", "d1", **SAME), record("rec2", **SAME)]
    given = inputs(database, airtable, **more)
    return next_inputs(given, plan_table(given))


def with_row(given, store, row, without=()):
    raw = given.raw[store].collect().filter(~pl.col("id").is_in(list(without)))
    both = pl.concat([raw, pl.DataFrame([row], schema=raw.schema)]).sort("id").lazy()
    return replace(given, raw={**given.raw, store: both})


def entities(made):
    return {(store, key): entity for store, key, entity in made.leads.select("store", "row_key", "entity_id").rows()}


def test_a_link_to_a_merged_row_leads_to_the_one_that_stays():
    rules = with_rules(deletes="ignore")
    new = record("rec9", "d2", LATE, state="NY")
    made, rest = plan_to_rest(with_row(merged(rules=rules), "airtable", new, without=["rec1"]))
    assert rest.is_empty()
    assert entities(made)["airtable", "rec9"] == entities(made)["database", "d1"]
    assert ("airtable", "update", "rec9", "Lead ID", '"d1"') in changed(made)
    assert ("database", "update", "d1", "state", '"NY"') in changed(made)
    assert made.findings.filter(rule="link.dead", row_key="rec9").is_empty()


def test_a_link_of_the_database_to_a_merged_record_leads_to_the_one_that_stays():
    rules = with_rules(deletes="ignore")
    made, rest = plan_to_rest(with_row(merged(rules=rules), "database", lead("d9", "rec2", LATE), without=["d1"]))
    assert rest.is_empty()
    assert entities(made)["database", "d9"] == entities(made)["airtable", "rec1"]
    assert ("database", "update", "d9", "airtable_id", '"rec1"') in changed(made)


def test_a_link_to_a_merged_row_is_none_where_the_one_that_stays_has_its_record():
    new = record("rec9", "d2", LATE, email="b@x.com", name="Bo Ray")
    made, rest = plan_to_rest(with_row(merged(), "airtable", new))
    assert rest.is_empty()
    assert entities(made)["airtable", "rec9"] != entities(made)["database", "d1"]
    assert made.findings.filter(rule="link.dead").select("row_key", "value").rows() == [("rec9", "d2")]
