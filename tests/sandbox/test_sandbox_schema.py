"""Schemas: made, renamed and deleted; deleted records and the trash."""

import sqlite3
from contextlib import closing

import pytest
from pyairtable import Api
from requests.exceptions import HTTPError
from sandbox_crm import ACME, ADA, BASE, BOB, BOLT, D1, D2, DEALS, FIRMS, PEOPLE, crm

from dq import sandbox
from dq.sandbox.switches import Switches

META = f"/v0/meta/bases/{BASE}/tables"
OWN = f"/_sandbox/bases/{BASE}/tables"


@pytest.fixture
def crm_with(tmp_path, serve_with):
    def start(**options):
        path = tmp_path / "crm.db"
        sandbox.load(crm(), path)
        return serve_with(path, rps=0, **options)

    return start


@pytest.fixture
def server(crm_with, clock):
    return crm_with(clock=clock)


@pytest.fixture
def base(server):
    return Api("patTest", endpoint_url=server.url, retry_strategy=None).base(BASE)


def cells(server, table, record_id):
    return server.ask("GET", f"/v0/{BASE}/{table}/{record_id}").json()["fields"]


def test_a_table_is_made_and_used(tmp_path, base):
    fields = [
        {"name": "Name", "type": "singleLineText"},
        {"name": "Rank", "type": "singleSelect", "options": {"choices": [{"name": "low"}]}},
        {"name": "Firm", "type": "multipleRecordLinks", "options": {"linkedTableId": FIRMS}},
    ]
    table = base.create_table("Tasks", fields, description="To do")
    made = table.create({"Name": "One", "Rank": "low", "Firm": [BOLT]})
    assert table.all() == [made]
    schema = base.schema(force=True).table("Tasks")
    assert (schema.description, [view.name for view in schema.views]) == ("To do", ["Grid view"])
    assert schema.field("Rank").options.choices[0].id.startswith("sel")
    other = base.schema(force=True).table("Firms").field("Tasks")
    assert schema.field("Firm").options.inverse_link_field_id == other.id
    assert base.table(FIRMS).get(BOLT)["fields"]["Tasks"] == [made["id"]]
    document = sandbox.dump(tmp_path / "crm.db")
    sandbox.load(document, tmp_path / "again.db")
    assert sandbox.dump(tmp_path / "again.db") == document


def test_a_field_is_made_renamed_and_used(server, base):
    table = base.table(PEOPLE)
    made = table.create_field("Size", "number", options={"precision": 1}, description="cm")
    assert table.update(ADA, {"Size": 170.5})["fields"]["Size"] == 170.5
    changed = server.ask("PATCH", f"{META}/{PEOPLE}/fields/{made.id}", {"name": "Height"}).json()
    assert (changed["name"], changed["type"], changed["description"]) == ("Height", "number", "cm")
    assert table.get(ADA)["fields"]["Height"] == 170.5


def test_a_renamed_field_and_table_keep_their_formulas(server):
    server.ask("PATCH", f"{META}/{DEALS}/fields/Odds", {"name": "Chance"})
    server.ask("PATCH", f"{META}/{DEALS}", {"name": "Chances", "description": "d"})
    answer = server.ask("PATCH", f"/v0/{BASE}/Chances/{D1}", {"fields": {"Chance": 1}}).json()
    assert answer["fields"]["Worth"] == 100


def field(name="New", kind="singleLineText", **more):
    return {"name": name, "type": kind, **more}


REFUSED = [
    ("POST", f"/{PEOPLE}/fields", field("name"), "DUPLICATE_OR_EMPTY_FIELD_NAME"),
    ("POST", f"/{PEOPLE}/fields", field(""), "INVALID_REQUEST_UNKNOWN"),
    ("POST", f"/{PEOPLE}/fields", {"type": "email"}, "INVALID_REQUEST_UNKNOWN"),
    ("POST", f"/{PEOPLE}/fields", field(kind="hologram"), "INVALID_REQUEST_UNKNOWN"),
    ("POST", f"/{PEOPLE}/fields", field(extra=1), "INVALID_REQUEST_UNKNOWN"),
    ("POST", f"/{PEOPLE}/fields", field(description="x" * 20_001), "INVALID_REQUEST_UNKNOWN"),
    *[
        ("POST", f"/{PEOPLE}/fields", field(kind=kind), "UNSUPPORTED_FIELD_TYPE_FOR_CREATE")
        for kind in ("formula", "rollup", "count", "autoNumber", "createdTime", "lastModifiedTime", "aiText")
    ],
    *[
        ("POST", f"/{PEOPLE}/fields", field(kind=kind, options=options), "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE")
        for kind, options in (
            ("number", None),
            ("number", {"precision": 9}),
            ("currency", {"precision": 2}),
            ("rating", {"max": 11, "icon": "star", "color": "red"}),
            ("date", {"dateFormat": {"name": "x"}}),
            ("singleSelect", {"choices": [{"name": "a"}, {"name": "a"}]}),
            ("multipleRecordLinks", {"linkedTableId": "tblNone"}),
            ("email", {"precision": 1}),
        )
    ],
    ("PATCH", f"/{PEOPLE}/fields/Age", {"type": "email"}, "INVALID_REQUEST_UNKNOWN"),
    ("PATCH", f"/{PEOPLE}/fields/Age", {"name": "NAME"}, "DUPLICATE_OR_EMPTY_FIELD_NAME"),
    ("PATCH", f"/{PEOPLE}/fields/Age", {}, "INVALID_REQUEST_UNKNOWN"),
    ("PATCH", f"/{PEOPLE}", {"name": "firms"}, "DUPLICATE_TABLE_NAME"),
    ("PATCH", f"/{PEOPLE}", {"fields": []}, "INVALID_REQUEST_UNKNOWN"),
    ("POST", "", {"name": "Deals", "fields": [field()]}, "DUPLICATE_TABLE_NAME"),
    ("POST", "", {"name": "T", "fields": []}, "INVALID_REQUEST_UNKNOWN"),
    ("POST", "", {"name": "T", "fields": [field(), field("NEW")]}, "DUPLICATE_OR_EMPTY_FIELD_NAME"),
    ("POST", "", {"name": "T", "primaryFieldId": "x", "fields": [field()]}, "INVALID_REQUEST_UNKNOWN"),
    (
        "POST",
        "",
        {"name": "T", "fields": [field(kind="checkbox", options={"icon": "check", "color": "c"})]},
        "INVALID_REQUEST_UNKNOWN",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "kind"), REFUSED)
def test_what_is_refused_changes_nothing(tmp_path, server, method, path, body, kind):
    body = {key: value for key, value in body.items() if value is not None}
    answer = server.ask(method, META + path, body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, kind)
    assert sandbox.dump(tmp_path / "crm.db") == crm()


def test_an_unknown_field_or_table_of_a_schema(server):
    for path in (f"/{PEOPLE}/fields/fldNone", "/tblNone"):
        assert server.ask("PATCH", META + path, {"name": "x"}).status_code == 403


def test_visible_fields_are_shown_when_asked_for(server):
    views = server.ask("GET", META).json()["tables"][2]["views"]
    assert views[1] == {"id": "viwOld", "name": "Old", "type": "grid"}
    views = server.ask("GET", META, params={"include": "visibleFieldIds"}).json()["tables"][2]["views"]
    assert views[0]["visibleFieldIds"] == ["fldPName"]


def test_a_deleted_field_takes_what_follows_with_it(server):
    server.ask("PATCH", f"/v0/{BASE}/{DEALS}/{D1}", {"fields": {"Amount": 200}})
    assert cells(server, FIRMS, ACME)["Sum"] == 130
    assert server.ask("DELETE", f"{OWN}/{DEALS}/fields/Amount").status_code == 200
    assert cells(server, DEALS, D1)["Worth"] == {"error": "#ERROR!"}
    assert cells(server, FIRMS, ACME)["Sum"] == {"error": "#ERROR!"}
    assert server.ask("DELETE", f"{OWN}/{DEALS}/fields/Name").status_code == 422


def test_a_deleted_link_takes_its_other_side_with_it(server):
    server.ask("DELETE", f"{OWN}/{FIRMS}/fields/Deals")
    assert "Firm" not in cells(server, DEALS, D1)
    tables = server.ask("GET", META).json()["tables"]
    assert "Firm" not in [one["name"] for one in tables[1]["fields"]]
    assert server.ask("PATCH", f"/v0/{BASE}/{DEALS}/{D1}", {"fields": {"Name": "n"}}).status_code == 200


def test_a_deleted_table_and_option(server):
    server.ask("DELETE", f"{OWN}/{PEOPLE}/fields/Rank/options/low")
    assert "Rank" not in cells(server, PEOPLE, ADA)
    assert server.ask("PATCH", f"/v0/{BASE}/{PEOPLE}/{ADA}", {"fields": {"Rank": "low"}}).status_code == 422
    server.ask("DELETE", f"{OWN}/{FIRMS}")
    assert [one["name"] for one in server.ask("GET", META).json()["tables"]] == ["Deals", "People"]
    assert "Firms" not in cells(server, PEOPLE, BOB)
    assert server.ask("DELETE", f"{OWN}/{DEALS}").status_code == 200
    assert server.ask("DELETE", f"{OWN}/{PEOPLE}").status_code == 422


def test_a_deleted_record_is_restored_for_seven_days(server, clock):
    before = cells(server, DEALS, D1)
    server.ask("DELETE", f"/v0/{BASE}/{DEALS}/{D1}")
    assert cells(server, FIRMS, ACME)["Deals"] == [D2]
    clock.sleep(6 * 86_400)
    assert [one["id"] for one in server.ask("GET", f"{OWN}/{DEALS}/trash").json()["records"]] == [D1]
    back = server.ask("POST", f"{OWN}/{DEALS}/trash/{D1}/restore").json()
    assert back["id"] == D1
    assert {key: back["fields"][key] for key in before} == before
    assert cells(server, FIRMS, ACME)["Deals"] == [D2, D1]
    assert cells(server, FIRMS, ACME)["Sum"] == 80
    server.ask("DELETE", f"/v0/{BASE}/{DEALS}/{D1}")
    clock.sleep(8 * 86_400)
    assert server.ask("POST", f"{OWN}/{DEALS}/trash/{D1}/restore").status_code == 404


def test_a_restored_record_may_get_another_id(crm_with):
    server = crm_with(switches=Switches(restored_id="new"))
    server.ask("DELETE", f"/v0/{BASE}/{FIRMS}/{ACME}")
    server.ask("DELETE", f"/v0/{BASE}/{DEALS}/{D1}")
    back = server.ask("POST", f"{OWN}/{DEALS}/trash/{D1}/restore").json()
    assert back["id"] != D1
    assert "Firm" not in back["fields"]


FORMAT_1 = """
CREATE TABLE base (id TEXT PRIMARY KEY, name TEXT NOT NULL, position INTEGER NOT NULL) STRICT;
CREATE TABLE "table" (
    number INTEGER PRIMARY KEY, base_id TEXT NOT NULL REFERENCES base, id TEXT NOT NULL, name TEXT NOT NULL,
    position INTEGER NOT NULL, definition TEXT NOT NULL, counter INTEGER NOT NULL DEFAULT 0, UNIQUE (base_id, id)
) STRICT;
CREATE TABLE record (
    seq INTEGER PRIMARY KEY, table_number INTEGER NOT NULL, id TEXT NOT NULL, created TEXT NOT NULL,
    cells TEXT NOT NULL, UNIQUE (table_number, id)
) STRICT;
CREATE TABLE deleted (table_number INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (table_number, id)) STRICT;
INSERT INTO base VALUES ('appCrm00000000001', 'Old', 0);
INSERT INTO "table" VALUES (1, 'appCrm00000000001', 'tblOne', 'One', 0,
    '{"id":"tblOne","name":"One","primaryFieldId":"fldA","fields":[{"id":"fldA","name":"A","type":"singleLineText"}]}', 0);
INSERT INTO record VALUES (1, 1, 'recOne', '2026-01-01T00:00:00.000Z', '{"fldA":"x"}');
PRAGMA application_id = 1685148482;
PRAGMA user_version = 1;
"""


def test_a_file_of_the_first_format_grows(tmp_path, serve_with):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FORMAT_1)
    server = serve_with(path, rps=0)
    changed = server.ask("PATCH", f"/v0/{BASE}/One/recOne", {"fields": {"A": "y"}}).json()
    assert changed["fields"] == {"A": "y"}
    assert server.ask("DELETE", f"/v0/{BASE}/One/recOne").status_code == 200
    assert server.ask("POST", f"{OWN}/One/trash/recOne/restore").json()["fields"] == {"A": "y"}
    assert sandbox.bases(path) == [(BASE, "Old")]


def test_names_of_tables_may_be_found_in_any_case(crm_with):
    assert crm_with().ask("GET", f"/v0/{BASE}/people").status_code == 403
    assert crm_with(switches=Switches(table_names_fold=True)).ask("GET", f"/v0/{BASE}/people").status_code == 200


def test_a_reader_may_not_change_a_schema(crm_with):
    from dq.sandbox.tokens import Token, Tokens

    server = crm_with(tokens=Tokens((Token("editor", "patTest", bases={BASE: "edit"}),)))
    api = Api("patTest", endpoint_url=server.url, retry_strategy=None)
    with pytest.raises(HTTPError, match="403"):
        api.table(BASE, PEOPLE).create_field("New", "email")
