"""Field types with objects for cells, texts of cells, switches, and views."""

import pytest
from sandbox_crm import ADA, BASE, BOB, EVE, PEOPLE, crm

from dq import sandbox
from dq.sandbox.switches import Switches

URL = f"/v0/{BASE}/{PEOPLE}"
ONE = {"id": "attOne00000000001", "url": "https://x.org/1.png", "filename": "1.png"}
OWNER = {"id": "usrSandboxOwner00", "email": "owner@sandbox.invalid", "name": "Sandbox Owner"}


@pytest.fixture
def crm_with(tmp_path, serve_with):
    def start(**options):
        path = tmp_path / "crm.db"
        sandbox.load(crm(), path)
        return serve_with(path, rps=0, **options)

    return start


@pytest.fixture
def server(crm_with):
    return crm_with()


def write(server, field, value, record_id=ADA):
    return server.ask("PATCH", f"{URL}/{record_id}", {"fields": {field: value}})


STORED = [
    ("Owner", {"id": EVE["id"]}, EVE),
    ("Owner", {"email": "EVE@x.org"}, EVE),
    ("Owner", EVE, EVE),
    ("Owner", {"id": OWNER["id"]}, OWNER),
    ("Owner", None, None),
    ("Team", [{"email": "eve@x.org"}, {"id": OWNER["id"]}], [EVE, OWNER]),
    ("Team", [], None),
    ("Files", [{"id": ONE["id"]}], [ONE]),
    ("Files", [ONE], [ONE]),
    ("Files", [{"id": ONE["id"], "filename": "new.png"}], [ONE | {"filename": "new.png"}]),
    ("Files", [], None),
    ("Code", {"text": "42"}, {"text": "42"}),
    ("Code", {"text": "42", "type": "upce"}, {"text": "42", "type": "upce"}),
    ("Time", 1.5, 1.5),
    ("Share", 0.123456, 0.123456),
    ("Pay", 9.999, 9.999),
    ("Firms", ["recAcme0000000001", "recBolt0000000001"], ["recAcme0000000001", "recBolt0000000001"]),
]


@pytest.mark.parametrize(("field", "sent", "stored"), STORED)
def test_a_value_is_stored_and_echoed(server, field, sent, stored):
    answer = write(server, field, sent)
    assert answer.status_code == 200, answer.text
    assert answer.json()["fields"].get(field) == stored
    assert server.ask("GET", f"{URL}/{ADA}").json() == answer.json()


REFUSED = [
    ("Owner", "Eve"),
    ("Owner", {"id": "usrNobody00000001"}),
    ("Owner", {"email": "nobody@x.org"}),
    ("Owner", {"ID": EVE["id"]}),
    ("Owner", [EVE]),
    ("Team", EVE),
    ("Team", [EVE, EVE]),
    ("Files", "https://x.org/2.png"),
    ("Files", ["https://x.org/2.png"]),
    ("Files", [{"id": "attNone0000000001"}]),
    ("Files", [{"url": "ftp://x.org/2.png"}]),
    ("Files", [{"url": "2.png"}]),
    ("Files", [{"url": "https://x.org/2.png", "size": 5}]),
    ("Files", [ONE, ONE]),
    ("Code", "42"),
    ("Code", {"type": "upce"}),
    ("Code", {"text": 42}),
    ("Time", "1:00"),
    ("Ok", "true"),
]


@pytest.mark.parametrize(("field", "sent"), REFUSED)
def test_a_value_is_refused(server, field, sent):
    answer = write(server, field, sent)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "INVALID_VALUE_FOR_COLUMN")


def test_new_attachments_get_ids_and_names(server):
    sent = [{"id": ONE["id"]}, {"url": "https://x.org/a%20b.pdf?x=1"}, {"url": "https://x.org/", "filename": "c.txt"}]
    kept, new, named = write(server, "Files", sent).json()["fields"]["Files"]
    assert kept == ONE
    assert (new["filename"], new["type"], new["url"]) == ("a b.pdf", "application/pdf", "https://x.org/a%20b.pdf?x=1")
    assert (named["filename"], len({kept["id"], new["id"], named["id"]})) == ("c.txt", 3)
    assert write(server, "Files", [{"id": new["id"]}], BOB).status_code == 422


def test_a_loaded_file_with_users_and_files_is_dumped_as_it_was(tmp_path):
    sandbox.load(crm(), tmp_path / "a.db")
    assert sandbox.dump(tmp_path / "a.db") == crm()
    document = crm()
    del document["bases"][0]["collaborators"]
    sandbox.load(document, tmp_path / "b.db")
    assert sandbox.dump(tmp_path / "b.db")["bases"][0]["collaborators"] == [EVE]


@pytest.mark.parametrize(
    ("switches", "field", "sent", "stored"),
    [
        ({"number_rounding": "round"}, "Age", 1.25, 1.3),
        ({"number_rounding": "round"}, "Share", 0.12345, 0.123),
        ({"number_rounding": "round"}, "Pay", 2.345, 2.35),
        ({"text_limit": 5}, "Name", "12345", "12345"),
    ],
)
def test_switches_of_values(crm_with, switches, field, sent, stored):
    server = crm_with(switches=Switches(**switches))
    assert write(server, field, sent).json()["fields"][field] == stored


def test_a_text_beyond_the_limit(crm_with):
    assert write(crm_with(switches=Switches(text_limit=5)), "Name", "123456").status_code == 422


def test_cells_as_texts(server):
    fields = {"Share": 0.125, "Time": 3725, "Ok": True, "Born": "1990-02-03", "Met": "2026-07-01T08:00:00.000Z"}
    fields |= {"Pay": 1234.5, "Firms": ["recAcme0000000001", "recBolt0000000001"], "Tags": ["a", "b"]}
    server.ask("PATCH", f"{URL}/{ADA}", {"fields": fields | {"Code": {"text": "42"}, "Team": [EVE]}})
    query = {"cellFormat": "string", "timeZone": "America/New_York", "userLocale": "en"}
    shown = server.ask("GET", f"{URL}/{ADA}", params=query).json()["fields"]
    assert shown == {
        "Name": "Ada",
        "Age": "36.0",
        "Share": "12.5%",
        "Time": "1:02:05",
        "Ok": "checked",
        "Born": "2/3/1990",
        "Met": "2026-07-01 04:00",
        "Rank": "low",
        "Tags": "a, b",
        "Firms": "Acme, Bolt",
        "Owner": "Eve",
        "Team": "Eve",
        "Files": "1.png (https://x.org/1.png)",
        "Code": "42",
        "Pay": "€1,234.50",
    }
    listed = server.ask("GET", URL, params=query | {"fields[]": "Firms"}).json()["records"]
    assert [record["fields"] for record in listed] == [{"Firms": "Acme, Bolt"}, {"Firms": "Bolt"}]


def test_a_view_filters_and_sorts_and_hides_nothing(server):
    found = server.ask("GET", URL, params={"view": "Old"}).json()["records"]
    assert [record["id"] for record in found] == [BOB]
    server.ask("PATCH", f"{URL}/{ADA}", {"fields": {"Age": 60}})
    by_view = server.ask("GET", URL, params={"view": "viwOld"}).json()["records"]
    assert [record["id"] for record in by_view] == [ADA, BOB]
    both = server.ask("GET", URL, params={"view": "Old", "filterByFormula": "{Age}<55", "sort[0][field]": "Name"})
    assert [record["id"] for record in both.json()["records"]] == [BOB]
    assert "Age" in server.ask("GET", URL, params={"view": "All"}).json()["records"][0]["fields"]


def test_a_full_base(crm_with):
    from dq.sandbox.plans import Plan

    server = crm_with(plan=Plan("tiny", 8))
    assert server.ask("POST", URL, {"fields": {}}).status_code == 200
    answer = server.ask("POST", URL, {"fields": {}})
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "ROW_LIMIT_EXCEEDED")
    server.ask("DELETE", f"{URL}/{ADA}")
    assert server.ask("POST", URL, {"fields": {}}).status_code == 200
