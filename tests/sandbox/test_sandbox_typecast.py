"""typecast: each type from text, options and linked records that are made, and who may."""

import pytest
from sandbox_crm import ACME, ADA, BASE, BOLT, EVE, PEOPLE, crm

from dq import sandbox
from dq.sandbox.switches import Switches
from dq.sandbox.tokens import Token, Tokens

URL = f"/v0/{BASE}/{PEOPLE}/{ADA}"


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


def cast(server, field, value):
    return server.ask("PATCH", URL, {"fields": {field: value}, "typecast": True})


CASES = [
    ("Name", 5, "5"),
    ("Name", 2.5, "2.5"),
    ("Name", True, "true"),
    ("Name", ["a", 1], "a, 1"),
    ("Age", "36.5", 36.5),
    ("Age", " 1,234 ", 1234),
    ("Age", "", None),
    ("Pay", "€ 12.50", 12.5),
    ("Pay", "-$3", -3),
    ("Share", "50%", 0.5),
    ("Share", "0.25", 0.25),
    ("Time", "1:30", 5400),
    ("Time", "-0:01:30", -90),
    ("Time", "90", 90),
    ("Stars", "4", 4),
    ("Ok", "true", True),
    ("Ok", "checked", True),
    ("Ok", 1, True),
    ("Ok", "no", None),
    ("Born", "2/3/1990", "1990-02-03"),
    ("Born", "1990-02-03T10:00:00Z", "1990-02-03"),
    ("Born", "Feb 3, 1990", "1990-02-03"),
    ("Met", "2026-07-01 10:00", "2026-07-01T08:00:00.000Z"),
    ("Met", "7/1/2026 10:00am", "2026-07-01T08:00:00.000Z"),
    ("Met", "2026-07-01T10:00:00Z", "2026-07-01T10:00:00.000Z"),
    ("Met", " ", None),
    ("Rank", "high", "high"),
    ("Rank", "High", "High"),
    ("Rank", 7, "7"),
    ("Rank", "", None),
    ("Tags", "b, new", ["b", "new"]),
    ("Tags", ["a", "a"], ["a"]),
    ("Firms", "Acme", [ACME]),
    ("Firms", [BOLT, "Acme"], [BOLT, ACME]),
    ("Firms", [{"id": BOLT}], [BOLT]),
    ("Owner", "eve@x.org", EVE),
    ("Owner", "Eve", EVE),
    ("Team", "Eve", [EVE]),
    ("Code", "123", {"text": "123"}),
    ("Note", "* a", "- a\n"),
    ("Name", None, None),
]


@pytest.mark.parametrize(("field", "sent", "stored"), CASES)
def test_what_a_text_becomes(server, field, sent, stored):
    answer = cast(server, field, sent)
    assert answer.status_code == 200, answer.text
    assert answer.json()["fields"].get(field) == stored


UNREADABLE = [
    ("Age", "many"),
    ("Stars", "9"),
    ("Ok", "perhaps"),
    ("Born", "soon"),
    ("Born", 5),
    ("Met", "later"),
    ("Time", "x"),
    ("Owner", "nobody@x.org"),
    ("Name", {"a": 1}),
    ("Firms", [5]),
    ("Tags", {"a": 1}),
    ("Files", "no address"),
]


@pytest.mark.parametrize(("field", "sent"), UNREADABLE)
def test_what_cannot_be_converted(server, field, sent):
    answer = cast(server, field, sent)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "INVALID_VALUE_FOR_COLUMN")


def test_a_switch_empties_what_cannot_be_converted(crm_with):
    server = crm_with(switches=Switches(typecast_unreadable="empty"))
    assert "Age" not in cast(server, "Age", "many").json()["fields"]


def test_options_are_made_once_and_shown(tmp_path, server):
    cast(server, "Rank", "top")
    cast(server, "Rank", "top")
    fields = sandbox.dump(tmp_path / "crm.db")["bases"][0]["tables"][2]["fields"]
    choices = next(field for field in fields if field["name"] == "Rank")["options"]["choices"]
    assert [choice["name"] for choice in choices] == ["low", "high", "top"]
    assert choices[2]["id"].startswith("sel")
    assert server.ask("PATCH", URL, {"fields": {"Rank": "top"}}).status_code == 200


def test_linked_records_are_made_by_name(tmp_path, server):
    body = {"records": [{"fields": {"Firms": "New, Acme"}}, {"fields": {"Firms": ["New"]}}], "typecast": True}
    one, two = server.ask("POST", f"/v0/{BASE}/{PEOPLE}", body).json()["records"]
    assert one["fields"]["Firms"][1] == ACME
    assert one["fields"]["Firms"][:1] == two["fields"]["Firms"]
    firms = sandbox.dump(tmp_path / "crm.db")["bases"][0]["tables"][0]["records"]
    assert [firm["fields"]["Name"] for firm in firms] == ["Acme", "Bolt", "New"]


def test_a_refused_request_makes_nothing(tmp_path, server):
    body = {"fields": {"Firms": "New", "Rank": "top", "Age": "many"}, "typecast": True}
    assert server.ask("PATCH", URL, body).status_code == 422
    assert sandbox.dump(tmp_path / "crm.db") == crm()


def test_only_a_creator_makes_options(crm_with):
    token = Token("editor", "patTest", bases={BASE: "edit"})
    server = crm_with(tokens=Tokens((token,)))
    answer = cast(server, "Rank", "top")
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "INVALID_PERMISSIONS")
    assert cast(server, "Rank", "high").status_code == 200
    made = cast(server, "Firms", "New").json()
    assert len(made["fields"]["Firms"]) == 1


def test_computed_fields_are_still_refused(server):
    answer = server.ask("PATCH", f"/v0/{BASE}/Deals/recDeal0000000001", {"fields": {"Worth": "1"}, "typecast": True})
    assert "computed" in answer.json()["error"]["message"]
