"""Cells that do not hold what they should: kept, emptied, or their whole leads set aside."""

from dataclasses import replace

import pytest
from engine_rows import changed, lead, record, rules_found
from engine_world import FIELDS, RULES, inputs, next_inputs, plan_table, plan_to_rest

from dq.rules import Standardizer
from dq.schemas import Change, Finding


def ruled(field, on_invalid, **more):
    fields = tuple(
        one.model_copy(update={"on_invalid": on_invalid, **more}) if one.name == field else one for one in FIELDS
    )
    return RULES.model_copy(update={"fields": fields})


def stores():
    rows = [
        lead("d1", "rec1", name="ann  lee", email="ann(at)x.com"),
        lead("d2", "rec2", name="Bo  Ray", email="BO@x.com"),
        lead("d3", name="Cy Young", email="cy@x.com"),
    ]
    records = [record("rec1", "d1", name="Ann Lee", state="NY"), record("rec2", "d2", name="Bo Ray", email="bo@x.com")]
    return rows, records


def planned(on_invalid):
    return inputs(*stores(), rules=ruled("email", on_invalid))


def severities(made):
    found = made.findings.filter(field="email").select(Finding.row_key, Finding.rule, Finding.severity)
    return set(found.rows())


def touched(made):
    return set(made.frame("changes")[Change.row_key].drop_nulls())


def cell(frame, key, column):
    return frame.collect().filter(id=key)[column].item()


def test_an_invalid_cell_is_kept_and_found():
    made, rest = plan_to_rest(planned("keep"))
    assert rest.is_empty()
    assert severities(made) == {("d1", "email.invalid", "warning")}
    assert made.records["database"].filter(row_key="d1")["email"].item() == "ann(at)x.com"
    assert "rec1" in touched(made)


def test_an_invalid_cell_is_emptied_with_what_it_held_in_the_plan():
    given = planned("null")
    made, rest = plan_to_rest(given)
    assert rest.is_empty()
    assert severities(made) == {("d1", "email.invalid", "warning")}
    (change,) = made.frame("changes").filter(field="email", row_key="d1").to_dicts()
    assert (change["before"], change["after"]) == ('"ann(at)x.com"', None)
    assert (change["reason"], change["rule"]) == ("standardize", "on_invalid")
    after = next_inputs(given, made)
    assert cell(after.raw["database"], "d1", "email") is None
    assert plan_table(after).frame("changes").is_empty()


def test_an_emptied_cell_gets_the_fields_default():
    rules = ruled("status", "null")
    given = inputs([lead("d1", "rec1", status="weird")], [record("rec1", "d1", status="auto_send")], rules=rules)
    made, rest = plan_to_rest(given)
    assert rest.is_empty()
    after = next_inputs(given, made)
    assert cell(after.raw["database"], "d1", "status") == "auto_send"


def test_a_lead_with_an_invalid_cell_is_set_aside_and_all_others_go_on():
    made, rest = plan_to_rest(planned("quarantine"))
    assert rest.is_empty()
    assert severities(made) == {("d1", "email.invalid", "error")}
    aside = made.findings.filter(rule="plan.invalid")
    assert set(aside[Finding.row_key]) == {"d1", "rec1"}
    assert set(aside[Finding.severity]) == {"error"}
    assert not touched(made) & {"d1", "rec1"}
    assert touched(made) & {"d2", "rec2"}
    assert changed(made, store="airtable", op="insert")
    assert dict(made.reconciled.tally.rows()) == {"invalid": 1}


def test_a_lead_that_was_set_aside_is_released_once_its_cell_is_mended():
    given = planned("quarantine")
    made = plan_table(given)
    after = next_inputs(given, made)
    assert plan_table(after).frame("changes").is_empty()
    rows = after.raw["database"].collect().to_dicts()
    mended = [{**row, "email": "ann@x.com"} if row["id"] == "d1" else row for row in rows]
    again = inputs(mended, after.raw["airtable"].collect().to_dicts(), rules=given.rules, base=after.base)
    freed, rest = plan_to_rest(again)
    assert rest.is_empty()
    assert "plan.invalid" not in rules_found(freed)
    assert {"d1", "rec1"} <= touched(freed)


def test_a_lead_of_both_stores_is_set_aside_for_one_cell_of_either():
    rows, records = stores()
    records[1] = {**records[1], "E-mail / work": "bo@"}
    made = plan_table(inputs(rows, records, rules=ruled("email", "quarantine")))
    assert not touched(made) & {"d1", "rec1", "d2", "rec2"}


@pytest.mark.parametrize("on_invalid", ["null", "quarantine"])
def test_what_is_found_but_valid_is_kept_whatever_the_rule(on_invalid):
    chain = (Standardizer(name="text"), Standardizer(name="linkedin"))
    rules = ruled("linkedin", on_invalid, standardize=chain)
    page = "https://www.linkedin.com/company/acme"
    made = plan_table(inputs([lead("d1", name="Ann", linkedin=page)], [], rules=rules))
    assert made.records["database"]["linkedin"].item() == page
    assert rules_found(made) == {"linkedin.company"}
    assert changed(made, store="airtable", op="insert")


@pytest.mark.parametrize("on_invalid", ["keep", "null", "quarantine"])
def test_parts_of_any_number_give_the_same_plan(on_invalid):
    whole, parts = plan_table(planned(on_invalid)), plan_table(replace(planned(on_invalid), parts=3))
    assert whole.frame("changes").equals(parts.frame("changes"))
    assert whole.findings.equals(parts.findings)


def test_rules_that_never_settle_name_field_rule_and_three_rows():
    swap = Standardizer(name="map", options={"values": {"a": "b", "b": "a"}})
    rules = ruled("state", "keep", standardize=(Standardizer(name="text"), swap))
    rows = [lead(f"d{n}", state="ab"[n % 2]) for n in range(5)]
    with pytest.raises(Exception, match=r"rules of field state are not idempotent: 2\. map of text \+ map") as error:
        plan_table(inputs(rows, [], rules=rules))
    assert "5 rows" in str(error.value)
    assert "rows d0, d1, d2" in str(error.value)
    assert error.value.exit_code == 2
