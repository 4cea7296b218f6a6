"""Computed fields after each kind of write, across tables, and both sides of links."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyairtable import Api
from requests.exceptions import HTTPError
from sandbox_crm import ACME, BASE, BOLT, D1, D2, D3, DAY, DEALS, FIRMS, PEOPLE, crm
from sandbox_world import Server

from dq import sandbox
from dq.sandbox.clock import VirtualClock


@pytest.fixture
def table(tmp_path, serve_with):
    path = tmp_path / "crm.db"
    sandbox.load(crm(), path)
    server = serve_with(path, rps=0)
    return lambda table_id: Api("t", endpoint_url=server.url, retry_strategy=None).table(BASE, table_id)


def fields(table, record_id, *names):
    found = table.get(record_id)["fields"]
    return [found.get(name) for name in names]


COMPUTED = ("Sum", "Count", "Deal names", "Grade")


def test_a_loaded_value_is_taken_as_given_until_a_write(table):
    assert fields(table(FIRMS), ACME, *COMPUTED) == [None] * 4
    assert fields(table(DEALS), D1, "Worth", "Label", "Modified by") == [50, None, None]


def test_an_update_reaches_all_that_follows(table):
    found = table(DEALS).update(D1, {"Amount": 200})["fields"]
    assert (found["Worth"], found["Firm grade"]) == (100, ["big"])
    assert fields(table(FIRMS), ACME, "Sum", "Grade") == [130, "big"]
    assert fields(table(DEALS), D2, "Firm grade", "Modified") == [["big"], DAY]
    table(DEALS).update(D1, {"Amount": 0})
    assert fields(table(FIRMS), ACME, "Sum", "Grade") == [30, "small"]
    assert fields(table(DEALS), D2, "Firm grade") == [["small"]]


def test_a_create_with_a_link(table):
    made = table(DEALS).create({"Name": "New", "Amount": 300, "Odds": 1, "Firm": [BOLT]})["fields"]
    assert (made["No"], made["Worth"], made["Label"], made["Firm grade"]) == (8, 300, "New @ Bolt #8", ["big"])
    assert fields(table(FIRMS), BOLT, *COMPUTED) == [300, 1, ["New"], "big"]
    assert made["Made by"] == made["Modified by"] == {"id": "usrSandboxOwner00", "email": "owner@sandbox.invalid", "name": "Sandbox Owner"}  # fmt: skip


def test_the_other_side_of_a_link_follows(table):
    table(FIRMS).update(BOLT, {"Deals": [D3, D1]})
    assert fields(table(DEALS), D1, "Firm") == [[ACME, BOLT]]
    assert fields(table(DEALS), D3, "Firm", "Label") == [[BOLT], "Three @ Bolt #3"]
    table(FIRMS).update(ACME, {"Deals": None})
    assert fields(table(DEALS), D1, "Firm") == [[BOLT]]
    assert fields(table(DEALS), D2, "Firm", "Firm grade") == [None, None]
    assert fields(table(FIRMS), ACME, *COMPUTED) == [0, 0, None, "small"]


def test_a_name_changes_what_shows_it(table):
    table(FIRMS).update(ACME, {"Name": "Acme & Co"})
    assert fields(table(DEALS), D1, "Label", "Modified") == ["One @ Acme & Co #1", DAY]


def test_a_delete_is_taken_out_of_links_and_of_what_follows(table):
    table(DEALS).update(D1, {"Amount": 500})
    table(DEALS).delete(D1)
    assert fields(table(FIRMS), ACME, "Deals", *COMPUTED) == [[D2], 30, 1, ["Two"], "small"]
    table(FIRMS).delete(BOLT)
    assert table(PEOPLE).first(formula="{Name}='Bob'")["fields"].get("Firms") is None


def test_a_failed_batch_moves_no_number(table):
    with pytest.raises(HTTPError):
        table(DEALS).batch_create([{"Name": "a"}, {"Amount": "x"}])
    assert table(DEALS).create({})["fields"]["No"] == 8


def test_formulas_do_not_move_the_time_of_change(table):
    before = fields(table(FIRMS), ACME, "Name")
    table(DEALS).update(D1, {"Amount": 7})
    assert fields(table(DEALS), D2, "Modified", "Modified by") == [DAY, None]
    assert fields(table(FIRMS), ACME, "Name") == before


def test_a_link_moves_the_time_of_change_of_the_other_side(table):
    table(FIRMS).update(BOLT, {"Deals": [D3]})
    assert fields(table(DEALS), D3, "Modified")[0] > DAY


def test_times_of_change_in_formulas(tmp_path, serve_with):
    path = tmp_path / "crm.db"
    sandbox.load(crm(), path)
    server = serve_with(path, rps=0, clock=VirtualClock(datetime.fromisoformat(DAY) + timedelta(days=5)))
    deals = Api("t", endpoint_url=server.url, retry_strategy=None).table(BASE, DEALS)
    deals.update(D1, {"Amount": 5})
    assert deals.get(D1)["fields"]["Age"] == 5
    ids = lambda text: [record["id"] for record in deals.all(formula=text)]  # noqa: E731
    assert ids("IS_AFTER(LAST_MODIFIED_TIME(), DATETIME_PARSE('2026-03-02'))") == [D1]
    assert ids("LAST_MODIFIED_TIME({Amount})>LAST_MODIFIED_TIME({Name})") == [D1]
    assert ids("IS_SAME({Modified}, TODAY(), 'day')") == [D1]


def test_errors_are_objects(table):
    assert "Worth" in table(DEALS).update(D1, {"Amount": 1})["fields"]
    found = table(DEALS).update(D1, {"Odds": 1e308, "Amount": 1e308})["fields"]
    assert found["Worth"] == {"specialValue": "Infinity"}
    assert fields(table(FIRMS), ACME, "Sum") == [{"specialValue": "Infinity"}]
    assert [record["id"] for record in table(DEALS).all(formula="{Worth}>5")] == [D1, D2]


@pytest.mark.parametrize("name", ["Worth", "No", "Modified", "Modified by", "Made by", "Summary", "Firm grade"])
def test_what_is_computed_cannot_be_written(table, name):
    with pytest.raises(HTTPError, match="computed"):
        table(DEALS).update(D1, {name: None})


def test_what_cannot_be_computed_stays_as_given(table):
    found = table(DEALS).update(D3, {"Name": "3"})["fields"]
    assert found["Summary"] == {"state": "generated", "value": "x", "isStale": False}


def test_a_formula_that_names_nothing_is_an_error_and_a_circle_is_left_alone(tmp_path, serve_with):
    document = crm()
    made = document["bases"][0]["tables"][1]["fields"]
    made += [
        {"id": "fldBad", "name": "Bad", "type": "formula", "options": {"formula": "{Nobody}+1"}},
        {"id": "fldOdd", "name": "Odd", "type": "formula", "options": {"formula": "1+"}},
        {"id": "fldC1", "name": "C1", "type": "formula", "options": {"formula": "{C2}"}},
        {"id": "fldC2", "name": "C2", "type": "formula", "options": {"formula": "{C1}"}},
    ]
    sandbox.load(document, tmp_path / "a.db")
    server = serve_with(tmp_path / "a.db", rps=0)
    deals = Api("t", endpoint_url=server.url, retry_strategy=None).table(BASE, DEALS)
    found = deals.update(D1, {"Name": "x"})["fields"]
    assert [deals.create({})["fields"].get(name) for name in ("Bad", "Odd", "C1")] == [{"error": "#ERROR!"}] * 2 + [
        None
    ]
    assert "C1" not in found


def test_a_file_with_one_side_of_a_link_gets_the_other(tmp_path):
    document = crm()
    del document["bases"][0]["tables"][1]["records"][1]["fields"]["Firm"]
    sandbox.load(document, tmp_path / "a.db")
    assert sandbox.dump(tmp_path / "a.db")["bases"][0]["tables"][1]["records"][1]["fields"]["Firm"] == [ACME]
    whole = crm()
    sandbox.load(whole, tmp_path / "b.db")
    assert sandbox.dump(tmp_path / "b.db") == whole


ATOMS = st.sampled_from(["{Name}", "{Age}", "{Ok}", "{Born}", "{Tags}", "{Rank}", "1", "0", "'a'", "'b'", "BLANK()", "'2026-01-01'"])  # fmt: skip
FORMULAS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "&", "=", "!=", "<", ">", "<=", ">="]), inner).map(
            lambda t: f"({t[0]}{t[1]}{t[2]})"
        ),
        st.tuples(st.sampled_from(["NOT", "LEN", "UPPER", "YEAR", "ISERROR", "ABS", "SUM", "COUNTA"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.tuples(st.sampled_from(["AND", "OR", "XOR", "MAX", "IS_AFTER", "IF", "MOD", "FIND"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]},{t[2]})"
        ),
    ),
    max_leaves=6,
)
CELLS = [
    {},
    {"Name": "a", "Age": 1, "Ok": True, "Born": "2026-01-01", "Tags": ["a"], "Rank": "low"},
    {"Name": "b", "Age": 0, "Tags": ["b", "a"]},
    {"Name": "a, b", "Age": -2.5, "Born": "2027-05-05"},
]


@pytest.fixture(scope="module")
def computing(tmp_path_factory):
    """A file, and the address of a server that holds it; each example loads the base anew."""
    path = tmp_path_factory.mktemp("formula") / "a.db"
    sandbox.load(crm(), path)
    with sandbox.running(path, rps=0) as url:
        yield path, Server(url)


@settings(max_examples=100, deadline=None)
@given(text=FORMULAS)
def test_a_formula_field_is_what_a_filter_computes(computing, text):
    path, server = computing
    document = crm()
    people = document["bases"][0]["tables"][2]
    people["records"] = []
    people["fields"].append({"id": "fldX", "name": "X", "type": "formula", "options": {"formula": text}})
    sandbox.load(document, path)
    url = f"/v0/{BASE}/{PEOPLE}"
    made = server.ask("POST", url, {"records": [{"fields": cells} for cells in CELLS]}).json()["records"]
    kept = server.ask("POST", url + "/listRecords", {"filterByFormula": text}).json()["records"]
    shown = {record["id"] for record in made if is_true(record["fields"].get("X"))}
    assert {record["id"] for record in kept} == shown
    again = server.ask("POST", url + "/listRecords", {"filterByFormula": "{X}"}).json()["records"]
    assert {record["id"] for record in again} == shown


def is_true(cell):
    if isinstance(cell, dict):
        return cell.get("specialValue") in ("Infinity", "-Infinity")
    return bool(cell)


def test_links_inside_one_table_follow_on_both_sides(tmp_path, serve_with):
    document = crm()
    up = {"linkedTableId": DEALS, "inverseLinkFieldId": "fldKids"}
    down = {"linkedTableId": DEALS, "inverseLinkFieldId": "fldParent"}
    rolled = {"recordLinkFieldId": "fldKids", "fieldIdInLinkedTable": "fldDAmount", "formula": "SUM(values)"}
    document["bases"][0]["tables"][1]["fields"] += [
        {"id": "fldParent", "name": "Parent", "type": "multipleRecordLinks", "options": up},
        {"id": "fldKids", "name": "Kids", "type": "multipleRecordLinks", "options": down},
        {"id": "fldKSum", "name": "Kids sum", "type": "rollup", "options": rolled},
    ]
    sandbox.load(document, tmp_path / "a.db")
    server = serve_with(tmp_path / "a.db", rps=0)
    deals = Api("t", endpoint_url=server.url, retry_strategy=None).table(BASE, DEALS)
    assert deals.update(D1, {"Kids": [D2, D3]})["fields"]["Kids sum"] == 30
    deals.batch_update([{"id": D2, "fields": {"Parent": [D3], "Amount": 1}}, {"id": D3, "fields": {"Amount": 5}}])
    assert fields(deals, D1, "Kids", "Kids sum") == [[D3], 5]
    assert fields(deals, D3, "Kids", "Kids sum", "Parent") == [[D2], 1, [D1]]
    deals.batch_delete([D1, D3])
    assert fields(deals, D2, "Parent") == [None]
