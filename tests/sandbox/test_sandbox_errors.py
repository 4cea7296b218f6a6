"""Every error of the API: status, type and message, in its envelope."""

import json
import sqlite3
from contextlib import closing

import pytest
import requests
from requests.exceptions import HTTPError
from sandbox_world import ADA, BASE, BOLT, PEOPLE

from dq.sandbox import storage, tokens

NO_MODEL = (
    "Invalid permissions, or the requested model was not found. Check that both your user and your token have the "
    "required permissions, and that the model names and/or ids are correct."
)
PARAMETERS = "Invalid request: parameter validation failed. Check your request data."
TEN_UPDATES = (
    'You must provide an array of up to 10 record objects, each with an "id" ID field and a "fields" object for cell '
    "values."
)
TEN_CREATES = 'You must provide an array of up to 10 record objects, each with a "fields" object for cell values.'


def tens(verb, count):
    return f"A maximum of 10 records can be {verb} per request but you have provided {count}."


def check(answer, status, kind, message):
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert (answer.status_code, answer.json()) == (status, {"error": {"type": kind, "message": message}})


@pytest.mark.parametrize("header", ["", "patTest", "Basic eDp5", "Bearer", "Bearer "])
def test_a_token_is_always_needed(steady, header):
    answer = steady.people("GET", headers={"Authorization": header})
    check(answer, 401, "AUTHENTICATION_REQUIRED", "Authentication required")


def test_another_token_than_the_one_that_is_set(data, serve_with):
    server = serve_with(data, rps=0, tokens=tokens.only("patRight"))
    check(server.people("GET"), 401, "AUTHENTICATION_REQUIRED", "Authentication required")
    assert server.people("GET", headers={"Authorization": "Bearer patRight"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        f"/v0/appNone0000000001/{PEOPLE}",
        f"/v0/{BASE}/tblNone0000000001",
        f"/v0/{BASE}/people%20%2F%20all",
        "/v0/meta/bases/appNone0000000001/tables",
    ],
)
def test_a_base_or_table_that_is_not_there(steady, path):
    check(steady.ask("GET", path), 403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", NO_MODEL)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1/x"),
        ("GET", "/v0/notABase/Table"),
        ("PUT", "/v0/meta/whoami"),
        ("POST", f"/v0/{BASE}/{PEOPLE}/{ADA}"),
        ("GET", f"/v0/{BASE}/{PEOPLE}/recNone0000000001"),
        ("PATCH", f"/v0/{BASE}/{PEOPLE}/recNone0000000001"),
        ("DELETE", f"/v0/{BASE}/{PEOPLE}/recNone0000000001"),
    ],
)
def test_an_unknown_route_or_record_is_a_bare_string(steady, method, path):
    answer = steady.ask(method, path, {"fields": {}} if method == "PATCH" else None)
    assert (answer.status_code, answer.json()) == (404, {"error": "NOT_FOUND"})


def test_a_deleted_record(server):
    server.people("DELETE", tail=f"/{ADA}")
    check(server.people("GET", tail=f"/{ADA}"), 404, "MODEL_ID_NOT_FOUND", "Record not found")


@pytest.mark.parametrize("text", ["{", "[1", '{"fields": {"Age": NaN}}', "\xff".encode("latin-1")])
def test_a_body_that_is_not_json(steady, text):
    headers = {"Authorization": "Bearer t"}
    answer = requests.post(f"{steady.url}/v0/{BASE}/{PEOPLE}", data=text, headers=headers, timeout=10)
    check(answer, 400, "INVALID_REQUEST_BODY", "Could not parse request body")


def test_a_url_may_not_have_16000_characters(steady):
    begin = f"{steady.url}/v0/{BASE}/{PEOPLE}?filterByFormula="
    for length, status in ((15_999, 200), (16_000, 414)):
        answer = steady.people("GET", tail="?filterByFormula=" + "1" * (length - len(begin)))
        assert answer.status_code == status
    assert answer.json()["error"]["type"] == "REQUEST_URI_TOO_LONG"


UNKNOWN = "INVALID_REQUEST_UNKNOWN"
LISTS = [
    ({"pageSize": "0"}, "INVALID_PAGE_SIZE_ARGUMENT", "pageSize must be an integer from 1 to 100"),
    ({"pageSize": "101"}, "INVALID_PAGE_SIZE_ARGUMENT", "pageSize must be an integer from 1 to 100"),
    ({"pageSize": "x"}, "INVALID_PAGE_SIZE_ARGUMENT", "pageSize must be an integer from 1 to 100"),
    ({"maxRecords": "0"}, UNKNOWN, "Invalid request: maxRecords must be a positive integer."),
    ({"cellFormat": "text"}, UNKNOWN, "Invalid request: cellFormat is json or string."),
    ({"cellFormat": "string"}, UNKNOWN, "Invalid request: cellFormat string needs timeZone and userLocale."),
    (
        {"cellFormat": "string", "timeZone": "Mars/Base", "userLocale": "en"},
        UNKNOWN,
        "Invalid request: timeZone is not a known time zone.",
    ),
    ({"recordMetadata[]": "x"}, UNKNOWN, "Invalid request: recordMetadata takes commentCount only."),
    ({"returnFieldsByFieldId": "maybe"}, UNKNOWN, PARAMETERS),
    ({"pagesize": "1"}, UNKNOWN, "Invalid request: unknown parameter 'pagesize'."),
    ({"sort[0][direction]": "asc"}, UNKNOWN, PARAMETERS),
    (
        {"sort[0][field]": "Name", "sort[0][direction]": "up"},
        UNKNOWN,
        "Invalid request: the direction of a sort is asc or desc.",
    ),
    ({"fields[]": "Nope"}, "UNKNOWN_FIELD_NAME", 'Unknown field name: "Nope"'),
    ({"sort[0][field]": "Nope"}, "UNKNOWN_FIELD_NAME", 'Unknown field name: "Nope"'),
    ({"view": "Nope"}, "VIEW_NAME_NOT_FOUND", "View Nope not found"),
    (
        {"filterByFormula": "{Nope}=1"},
        "INVALID_FILTER_BY_FORMULA",
        "The formula for filtering records is invalid: Unknown field names: nope",
    ),
    (
        {"filterByFormula": "1+"},
        "INVALID_FILTER_BY_FORMULA",
        "The formula for filtering records is invalid: Invalid formula. Please check your formula text.",
    ),
]


@pytest.mark.parametrize(("query", "kind", "message"), LISTS)
def test_a_list_that_is_refused(steady, query, kind, message):
    check(steady.people("GET", params=query), 422, kind, message)


@pytest.mark.parametrize(
    "body", [[], {"fields": "Name"}, {"fields": [1]}, {"sort": "Name"}, {"sort": ["Name"]}, {"view": 1}, {"offset": 1}]
)
def test_a_list_by_post_that_is_refused(steady, body):
    check(steady.people("POST", body, "/listRecords"), 422, UNKNOWN, PARAMETERS)


@pytest.mark.parametrize("offset", ["itrNone/recNone", "x", "itr00000000000000/" + ADA])
def test_an_offset_that_was_never_given_out(steady, offset):
    answer = steady.people("GET", params={"offset": offset})
    expected = {"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}}
    assert (answer.status_code, answer.json()) == (422, expected)


WRITES = [
    ("POST", {}, "INVALID_REQUEST_MISSING_FIELDS", 'Could not find field "fields" in the request body'),
    ("POST", {"fields": []}, UNKNOWN, PARAMETERS),
    ("POST", {"fields": {}, "extra": 1}, UNKNOWN, "Invalid request: unknown parameter 'extra'."),
    ("POST", {"fields": {}, "typecast": "yes"}, UNKNOWN, PARAMETERS),
    ("POST", {"fields": {}, "performUpsert": {}}, UNKNOWN, "Invalid request: unknown parameter 'performUpsert'."),
    ("POST", {"records": []}, "INVALID_RECORDS", TEN_CREATES),
    ("POST", {"records": [{}]}, "INVALID_RECORDS", TEN_CREATES),
    ("POST", {"records": [{"id": ADA, "fields": {}}]}, "INVALID_RECORDS", TEN_CREATES),
    ("POST", {"records": [{"fields": {}}] * 11}, "INVALID_RECORDS", tens("created", 11)),
    ("PATCH", {"records": [{"fields": {}}]}, "INVALID_RECORDS", TEN_UPDATES),
    ("PATCH", {"records": [{"id": 1, "fields": {}}]}, "INVALID_RECORDS", TEN_UPDATES),
    ("PATCH", {}, "INVALID_RECORDS", TEN_UPDATES),
    ("PUT", {"records": "x"}, "INVALID_RECORDS", TEN_UPDATES),
    ("PATCH", {"records": [{"id": ADA, "fields": {}}] * 11}, "INVALID_RECORDS", tens("updated", 11)),
    (
        "PATCH",
        {"records": [{"id": ADA, "fields": {}}] * 2},
        "INVALID_RECORDS",
        "You cannot change the same record multiple times in a single request.",
    ),
    (
        "PATCH",
        {"records": [{"id": "recNone0000000001", "fields": {}}]},
        "ROW_DOES_NOT_EXIST",
        "Record ID recNone0000000001 does not exist in this table",
    ),
]


@pytest.mark.parametrize(("method", "body", "kind", "message"), WRITES)
def test_a_write_that_is_refused(steady, method, body, kind, message):
    check(steady.people(method, body), 422, kind, message)


COMPUTED = 'Field "{}" cannot accept a value because the field is computed'
VALUE = 'Field "{}" cannot accept the provided value'
COLUMN, OPTION = "INVALID_VALUE_FOR_COLUMN", "INVALID_MULTIPLE_CHOICE_OPTIONS"
CELLS = [
    ({"Nope": 1}, "UNKNOWN_FIELD_NAME", 'Unknown field name: "Nope"'),
    ({"Score": 1}, COLUMN, COMPUTED.format("Score")),
    ({"Score": None}, COLUMN, COMPUTED.format("Score")),
    ({"Created": "2026-01-01"}, COLUMN, COMPUTED.format("Created")),
    ({"Modified": "2026-01-01"}, COLUMN, COMPUTED.format("Modified")),
    ({"Novel": "x"}, COLUMN, VALUE.format("Novel")),
    *[({"Name": v}, COLUMN, VALUE.format("Name")) for v in (1, True, [], {}, "x" * 100_001)],
    *[({"Notes": v}, COLUMN, VALUE.format("Notes")) for v in (1, [])],
    *[({"Age": v}, COLUMN, VALUE.format("Age")) for v in ("1", "", True, [1])],
    *[({"Stars": v}, COLUMN, VALUE.format("Stars")) for v in (0, 6, 1.5, "3")],
    *[({"Active": v}, COLUMN, VALUE.format("Active")) for v in ("true", 1, "")],
    *[
        ({"Born": v}, COLUMN, VALUE.format("Born"))
        for v in ("2026-02-30", "2026-01-01T00:00:00.000Z", "1/2/2026", "", 5)
    ],
    *[({"Met": v}, COLUMN, VALUE.format("Met")) for v in ("now", "2026-13-01T00:00:00Z", "2026-W01-1", True, 1e300)],
    *[({"Status": v}, COLUMN, VALUE.format("Status")) for v in (1, ["new"])],
    ({"Status": "None"}, OPTION, 'Insufficient permissions to create new select option "\\"None\\""'),
    ({"Status": "NEW"}, OPTION, 'Insufficient permissions to create new select option "\\"NEW\\""'),
    ({"Status": ""}, OPTION, 'Insufficient permissions to create new select option "\\"\\""'),
    ({"Tags": ["a", "c"]}, OPTION, 'Insufficient permissions to create new select option "\\"c\\""'),
    *[({"Tags": v}, COLUMN, VALUE.format("Tags")) for v in ("a", ["a", "a"], [1])],
    *[({"Firms": v}, COLUMN, VALUE.format("Firms")) for v in (BOLT, ["Bolt"], [BOLT, BOLT], [{"id": BOLT}])],
    ({"Firms": [BOLT, ADA]}, "ROW_DOES_NOT_EXIST", f"Record ID {ADA} does not exist in this table"),
    ({"Age": 1, "fldAge00000000001": 2}, UNKNOWN, "Invalid request: the request names field 'Age' twice."),
]


@pytest.mark.parametrize(("cells", "kind", "message"), CELLS)
def test_a_cell_that_is_refused(steady, cells, kind, message):
    check(steady.people("PATCH", {"fields": cells}, f"/{ADA}"), 422, kind, message)
    check(steady.people("POST", {"records": [{"fields": cells}]}), 422, kind, message)


def test_a_number_that_json_can_write_and_no_cell_can_hold(steady):
    headers = {"Authorization": "Bearer t"}
    answer = requests.post(
        f"{steady.url}/v0/{BASE}/{PEOPLE}", data='{"fields": {"Age": 1e999}}', headers=headers, timeout=10
    )
    check(answer, 422, COLUMN, VALUE.format("Age"))


@pytest.mark.parametrize(
    ("ids", "kind"),
    [
        (["recNone0000000001", ADA], "ROW_DOES_NOT_EXIST"),
        ([ADA, ADA], "INVALID_RECORDS"),
        ([ADA] * 11, "INVALID_RECORDS"),
        ([], UNKNOWN),
    ],
)
def test_a_delete_that_is_refused_deletes_nothing(server, people, ids, kind):
    answer = server.people("DELETE", params={"records[]": ids})
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, kind)
    assert len(people.all()) == 3


def test_a_failure_of_the_server_is_a_500_and_shows_nothing(data, server, caplog):
    with closing(sqlite3.connect(data)) as connection:
        connection.execute("DROP TABLE record")
    check(server.people("GET"), 500, "SERVER_ERROR", "An unexpected error occurred")
    assert "no such table" in caplog.text
    assert server.ask("GET", "/v0/meta/bases").status_code == 200


def test_a_file_that_stays_locked_is_a_503_and_safe_to_retry(data, serve_with, monkeypatch):
    monkeypatch.setattr(storage, "BUSY_SECONDS", 0.2)
    server = serve_with(data, rps=0)
    with closing(sqlite3.connect(data, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = server.people("POST", {"fields": {}})
        check(answer, 503, "RETRIABLE_ERROR", "The request was not served; it is safe to retry the request")
        assert server.people("GET").status_code == 200
        other.execute("ROLLBACK")
    assert server.people("POST", {"fields": {}}).status_code == 200


def test_the_client_shows_the_error(people):
    with pytest.raises(HTTPError) as error:
        people.create({"Score": 1})
    assert error.value.response.json()["error"]["type"] == COLUMN
    assert "computed" in json.dumps(error.value.args)
