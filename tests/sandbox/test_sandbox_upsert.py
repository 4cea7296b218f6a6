"""performUpsert: what it finds, what it makes, and all that it refuses."""

import pytest
from pyairtable import Api
from sandbox_crm import ADA, BASE, BOB, PEOPLE, crm

from dq import sandbox
from dq.sandbox.switches import Switches

URL = f"/v0/{BASE}/{PEOPLE}"


@pytest.fixture
def crm_with(tmp_path, serve_with):
    def start(**switches):
        path = tmp_path / "crm.db"
        sandbox.load(crm(), path)
        return serve_with(path, rps=0, switches=Switches(**switches))

    return start


def upsert(server, on, *entries, method="PATCH", **more):
    records = [entry if "fields" in entry else {"fields": entry} for entry in entries]
    return server.ask(method, URL, {"performUpsert": {"fieldsToMergeOn": on}, "records": records, **more})


def test_no_match_creates_one_match_updates(crm_with):
    found = upsert(crm_with(), ["Name"], {"Name": "New", "Age": 1}, {"Name": "Ada", "Age": 37}).json()
    new, ada = found["records"]
    assert (ada["id"], ada["fields"]["Age"], ada["fields"]["Rank"]) == (ADA, 37, "low")
    assert (found["createdRecords"], found["updatedRecords"]) == ([new["id"]], [ADA])


def test_an_id_goes_before_the_merge_fields(crm_with):
    server = crm_with()
    found = upsert(server, ["Name"], {"id": ADA, "fields": {"Name": "Bob"}}, {"Name": "New"}).json()
    assert (found["updatedRecords"], len(found["createdRecords"])) == ([ADA], 1)
    one_record_twice = upsert(server, ["Name"], {"id": BOB, "fields": {"Age": 1}}, {"Name": "New"}, {"Name": "New"})
    assert one_record_twice.json()["error"]["type"] == "INVALID_RECORDS"


def test_put_clears_what_is_found_and_pyairtable_upserts(crm_with):
    server = crm_with()
    cleared = upsert(server, ["fldPName"], {"fldPName": "Ada"}, method="PUT", returnFieldsByFieldId=True).json()
    assert cleared["records"][0]["fields"] == {"fldPName": "Ada"}
    table = Api("t", endpoint_url=server.url, retry_strategy=None).table(BASE, PEOPLE)
    found = table.batch_upsert([{"fields": {"Name": f"P{n}", "Age": n}} for n in range(12)], ["Name", "Age"])
    assert (len(found["createdRecords"]), found["updatedRecords"]) == (12, [])
    again = table.batch_upsert([{"fields": {"Name": f"P{n}", "Age": n}} for n in range(12)], ["Name", "Age"])
    assert (again["createdRecords"], again["updatedRecords"]) == ([], found["createdRecords"])


@pytest.mark.parametrize(
    ("on", "key"),
    [("Age", 36), ("Age", 36.0), ("Rank", "low"), ("Tags", ["b", "a"]), ("Born", "1990-02-03"), ("Name", "Ada")],
)
def test_every_type_that_may_be_merged_on(crm_with, on, key):
    server = crm_with()
    server.ask("PATCH", f"{URL}/{ADA}", {"fields": {"Tags": ["b", "a"], "Born": "1990-02-03"}})
    assert upsert(server, [on], {on: key, "Ok": True}).json()["updatedRecords"] == [ADA]


REFUSED = [
    ([], {"Name": "x"}, "INVALID_REQUEST_UNKNOWN"),
    (["Name", "Age", "Born", "Rank"], {"Name": "x"}, "INVALID_REQUEST_UNKNOWN"),
    ([1], {"Name": "x"}, "INVALID_REQUEST_UNKNOWN"),
    ("Name", {"Name": "x"}, "INVALID_REQUEST_UNKNOWN"),
    (["Nope"], {"Name": "x"}, "UNKNOWN_FIELD_NAME"),
    (["Name", "fldPName"], {"Name": "x"}, "INVALID_REQUEST_UNKNOWN"),
    (["Name"], {"Age": 1}, "INVALID_REQUEST_UNKNOWN"),
    (["Name"], {"Name": None}, "INVALID_REQUEST_UNKNOWN"),
    (["Name"], {"Name": ""}, "INVALID_REQUEST_UNKNOWN"),
    (["Age"], {"Age": "1"}, "INVALID_VALUE_FOR_COLUMN"),
    (["Rank"], {"Rank": "none"}, "INVALID_MULTIPLE_CHOICE_OPTIONS"),
    (["Name"], {"id": "recNone0000000001", "fields": {}}, "ROW_DOES_NOT_EXIST"),
    *[([name], {name: "x"}, "INVALID_REQUEST_UNKNOWN") for name in ("Email", "Phone", "Owner", "Firms", "Ok", "Note")],
    *[([name], {name: 1}, "INVALID_REQUEST_UNKNOWN") for name in ("Pay", "Share", "Time", "Stars", "Met", "Files")],
]


@pytest.mark.parametrize(("on", "entry", "kind"), REFUSED)
def test_what_is_refused_changes_nothing(tmp_path, crm_with, on, entry, kind):
    server = crm_with()
    answer = upsert(server, on, {"Name": "Zed", "Age": 99, "Rank": "high"}, entry)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, kind)
    assert sandbox.dump(tmp_path / "crm.db") == crm()


def test_a_computed_field_cannot_be_merged_on(crm_with):
    body = {"performUpsert": {"fieldsToMergeOn": ["Worth"]}, "records": [{"fields": {"Worth": 1}}]}
    answer = crm_with().ask("PATCH", f"/v0/{BASE}/Deals", body)
    assert "because it is computed" in answer.json()["error"]["message"]


def test_several_matches_fail_the_whole_request(tmp_path, crm_with):
    server = crm_with()
    server.ask("POST", URL, {"fields": {"Name": "Ada"}})
    before = sandbox.dump(tmp_path / "crm.db")
    answer = upsert(server, ["Name"], {"Name": "Fine"}, {"Name": "Ada"})
    assert (answer.status_code, "more than one record" in answer.json()["error"]["message"]) == (422, True)
    assert sandbox.dump(tmp_path / "crm.db") == before


def test_equal_keys_in_one_request(crm_with):
    twice = {"Name": "New", "Age": 1}, {"Name": "New", "Age": 2}
    assert upsert(crm_with(), ["Name"], *twice).json()["error"]["type"] == "INVALID_RECORDS"
    server = crm_with(upsert_duplicate_keys="last")
    found = upsert(server, ["Name"], *twice, {"Name": "Bob", "Age": 3}, {"Name": "Bob", "Age": 4}).json()
    assert [record["fields"]["Age"] for record in found["records"]] == [2, 2, 4, 4]
    assert (len(found["createdRecords"]), found["updatedRecords"]) == (1, [BOB])


def test_switches_for_empty_keys(crm_with):
    assert len(upsert(crm_with(upsert_null_key="create"), ["Born"], {"Born": None}).json()["createdRecords"]) == 1
    server = crm_with(upsert_null_key="match")
    assert upsert(server, ["Rank"], {"Rank": None, "Age": 1}).json()["updatedRecords"] == [BOB]


def test_switches_for_contacts_and_matching(crm_with):
    found = upsert(crm_with(upsert_on_contact_fields="allow"), ["Email"], {"Email": "bob@x.org", "Age": 1}).json()
    assert found["updatedRecords"] == [BOB]
    assert len(upsert(crm_with(), ["Name"], {"Name": " ADA"}).json()["createdRecords"]) == 1
    assert upsert(crm_with(upsert_matching="fold"), ["Name"], {"Name": " ADA"}).json()["updatedRecords"] == [ADA]


def test_typecast_goes_before_matching(crm_with):
    assert upsert(crm_with(), ["Age"], {"Age": "36"}, typecast=True).json()["updatedRecords"] == [ADA]
