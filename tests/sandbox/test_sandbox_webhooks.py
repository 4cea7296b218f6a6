"""Webhooks: polled by cursor, with what changed in the form of webhooks."""

import json

import pytest
from pyairtable import Api
from sandbox_world import ACME, ADA, BASE, BOB, FIRMS, PEOPLE, world

from dq import sandbox
from dq.sandbox import people as crowd
from dq.sandbox.people import Deed, Script

NAME, AGE, STATUS, TAGS, LINK = (
    f"fld{x}" for x in ("Name0000000001", "Age00000000001", "One00000000001", "Many0000000001", "Link0000000001")
)
ALL = {"dataTypes": ["tableData", "tableFields", "tableMetadata"]}
WEEK = 7 * 86_400


@pytest.fixture
def base(server):
    return Api("patTest", endpoint_url=server.url, retry_strategy=None).base(BASE)


@pytest.fixture
def table(base):
    return base.table(PEOPLE)


def hook(server, filters=ALL, **includes):
    spec = {"options": {"filters": filters, **({"includes": includes} if includes else {})}}
    return server.ask("POST", f"/v0/bases/{BASE}/webhooks", {"notificationUrl": None, "specification": spec})


def polled(server, answer, cursor=1, **params):
    path = f"/v0/bases/{BASE}/webhooks/{answer.json()['id']}/payloads"
    return server.ask("GET", path, params={"cursor": cursor, **params}).json()


def changed(server, answer, table=PEOPLE, cursor=1):
    return [payload["changedTablesById"][table] for payload in polled(server, answer, cursor)["payloads"]]


def test_the_real_client_makes_polls_and_ends_one(base, table):
    made = base.add_webhook("https://example.org/hook", {"options": {"filters": {"dataTypes": ["tableData"]}}})
    [listed] = base.webhooks()
    assert (listed.id, listed.cursor_for_next_payload, listed.is_hook_enabled) == (made.id, 1, True)
    assert listed.expiration_time == made.expiration_time
    table.update(ADA, {"Name": "Ada II", "Status": "done"})
    record = table.create({"Name": "Eve", "Tags": ["a"]})["id"]
    table.delete(BOB)
    edit, addition, removal = listed.payloads()
    assert [payload.cursor for payload in (edit, addition, removal)] == [1, 2, 3]
    cells = edit.changed_tables_by_id[PEOPLE].changed_records_by_id[ADA].current.cell_values_by_field_id
    assert cells[NAME] == "Ada II"
    assert cells[STATUS]["name"] == "done"
    assert addition.changed_tables_by_id[PEOPLE].created_records_by_id[record].cell_values_by_field_id[TAGS] == [
        {"name": "a"}
    ]
    assert removal.changed_tables_by_id[PEOPLE].destroyed_record_ids == [BOB]
    assert edit.action_metadata.source == "publicApi"
    assert edit.base_transaction_number < addition.base_transaction_number < removal.base_transaction_number
    assert list(listed.payloads(4)) == []
    listed.disable_notifications()
    assert not base.webhooks()[0].are_notifications_enabled
    listed.enable_notifications()
    listed.delete()
    assert base.webhooks() == []


def test_people_are_told_from_the_api(server):
    everything = hook(server)
    api = hook(server, {**ALL, "fromSources": ["publicApi"]})
    crowd.put(server.url, Script((Deed("edit", BASE, PEOPLE, ADA, {"Name": "x"}),)))
    server.people("PATCH", {"fields": {"Name": "y"}}, tail=f"/{ADA}")
    sources = [payload["actionMetadata"]["source"] for payload in polled(server, everything)["payloads"]]
    assert sources == ["client", "publicApi"]
    assert [payload["actionMetadata"]["source"] for payload in polled(server, api)["payloads"]] == ["publicApi"]


def test_cells_in_the_form_of_webhooks(server):
    answer = hook(server, includePreviousCellValues=True, includeCellValuesInFieldIds=[NAME])
    body = {"fields": {"Age": None, "Tags": ["b"], "Firms": [ACME], "Status": "done"}}
    server.people("PATCH", body, tail=f"/{ADA}")
    server.people("PATCH", {"fields": {"Firms": []}}, tail=f"/{ADA}")
    first, second = changed(server, answer)
    record = first["changedRecordsById"][ADA]
    now, before = (record[key]["cellValuesByFieldId"] for key in ("current", "previous"))
    assert (now[AGE], before[AGE]) == (None, 36)
    assert (now[TAGS], before[TAGS]) == ([{"name": "b"}], [{"name": "a"}, {"name": "b"}])
    assert (now[STATUS], before[STATUS]) == ({"name": "done"}, {"name": "new"})
    assert record["unchanged"] == {"cellValuesByFieldId": {NAME: "Ada"}}
    assert LINK not in now
    cells = second["changedRecordsById"][ADA]
    assert cells["current"]["cellValuesByFieldId"][LINK] is None
    assert cells["previous"]["cellValuesByFieldId"][LINK] == [{"id": ACME, "name": "Acme"}]


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"recordChangeScope": PEOPLE}, [1, 2, 3]),
        ({"recordChangeScope": FIRMS}, []),
        ({"changeTypes": ["add"]}, [2]),
        ({"changeTypes": ["remove"]}, [3]),
        ({"watchDataInFieldIds": [NAME]}, [1, 2, 3]),
        ({"watchDataInFieldIds": [AGE]}, [2, 3]),
        ({"fromSources": ["client"]}, []),
        ({"dataTypes": ["tableFields"]}, []),
    ],
)
def test_filters(server, filters, told):
    answer = hook(server, {"dataTypes": ["tableData"], **filters})
    reference = hook(server)
    server.people("PATCH", {"fields": {"Name": "x"}}, tail=f"/{ADA}")
    server.people("POST", {"fields": {"Name": "y", "Age": 1}})
    server.people("DELETE", tail=f"/{BOB}")
    numbers = [payload["baseTransactionNumber"] for payload in polled(server, reference)["payloads"]]
    seen = [payload["baseTransactionNumber"] for payload in polled(server, answer)["payloads"]]
    assert [numbers.index(number) + 1 for number in seen] == told


def test_a_view_as_scope(server):
    answer = hook(server, {"dataTypes": ["tableData"], "recordChangeScope": "viwGrid0000000001"})
    server.people("DELETE", tail=f"/{BOB}")
    assert changed(server, answer) == [{"changedViewsById": {"viwGrid0000000001": {"destroyedRecordIds": [BOB]}}}]


def test_what_a_delete_takes_out_of_links_is_one_payload(server):
    answer = hook(server)
    server.ask("DELETE", f"/v0/{BASE}/{FIRMS}/{ACME}")
    [payload] = polled(server, answer)["payloads"]
    tables = payload["changedTablesById"]
    assert tables[FIRMS]["destroyedRecordIds"] == [ACME]
    assert tables[PEOPLE]["changedRecordsById"][ADA]["current"]["cellValuesByFieldId"][LINK] is None


def test_pages_of_fifty_and_cursors(server):
    answer = hook(server)
    for number in range(60):
        server.people("PATCH", {"fields": {"Age": number}}, tail=f"/{ADA}")
    first = polled(server, answer)
    assert (len(first["payloads"]), first["cursor"], first["mightHaveMore"]) == (50, 51, True)
    second = polled(server, answer, 51)
    assert (len(second["payloads"]), second["cursor"], second["mightHaveMore"]) == (10, 61, False)
    third = polled(server, answer, 61)
    assert third == {"payloads": [], "cursor": 61, "mightHaveMore": False}
    assert len(polled(server, answer, 3, limit=2)["payloads"]) == 2
    for cursor in (0, 62, "x"):
        assert polled(server, answer, cursor)["error"]["type"] == "INVALID_REQUEST_UNKNOWN"


def test_a_refused_write_tells_nothing(server):
    answer = hook(server)
    server.people("POST", {"records": [{"fields": {"Name": "x"}}, {"fields": {"Age": "x"}}]})
    assert polled(server, answer)["payloads"] == []


def test_seven_days_and_seven_more(server, clock):
    answer = hook(server)
    server.people("PATCH", {"fields": {"Name": "x"}}, tail=f"/{ADA}")
    path = f"/v0/bases/{BASE}/webhooks/{answer.json()['id']}"
    clock.sleep(WEEK - 60)
    assert server.ask("POST", f"{path}/refresh").json()["expirationTime"] == "2026-06-14T23:59:00.000Z"
    clock.sleep(WEEK + 60)
    server.people("PATCH", {"fields": {"Name": "y"}}, tail=f"/{ADA}")
    [listed] = server.ask("GET", f"/v0/bases/{BASE}/webhooks").json()["webhooks"]
    assert not listed["isHookEnabled"]
    assert listed["cursorForNextPayload"] == 2
    assert server.ask("POST", f"{path}/refresh").status_code == 422
    assert server.ask("GET", f"{path}/payloads").status_code == 200
    clock.sleep(WEEK)
    assert server.ask("GET", f"{path}/payloads").json() == {"error": "NOT_FOUND"}
    assert server.ask("GET", f"/v0/bases/{BASE}/webhooks").json() == {"webhooks": []}


def test_to_poll_extends_the_life(server, clock):
    answer = hook(server)
    for _ in range(3):
        clock.sleep(WEEK - 60)
        polled(server, answer)
    [listed] = server.ask("GET", f"/v0/bases/{BASE}/webhooks").json()["webhooks"]
    assert listed["isHookEnabled"]


def test_a_webhook_on_a_field_that_goes_is_invalid_and_looks_healthy(data, server):
    answer = hook(server, {**ALL, "watchDataInFieldIds": [AGE]})
    document = json.loads(json.dumps(world()).replace(AGE, "fldGone00000000"))
    sandbox.load(document, data)
    for name in ("x", "y"):
        server.people("PATCH", {"fields": {"Age": 1, "Name": name}}, tail=f"/{ADA}")
    [payload] = polled(server, answer)["payloads"]
    assert (payload["error"], payload["code"]) == (True, "INVALID_HOOK")
    [listed] = server.ask("GET", f"/v0/bases/{BASE}/webhooks").json()["webhooks"]
    assert listed["isHookEnabled"]


def test_state_survives_a_restart(data):
    from sandbox_world import Server

    with sandbox.running(data, rps=0) as url:
        answer = hook(Server(url))
        Server(url).people("PATCH", {"fields": {"Name": "x"}}, tail=f"/{ADA}")
    with sandbox.running(data, rps=0) as url:
        Server(url).people("PATCH", {"fields": {"Name": "y"}}, tail=f"/{ADA}")
        assert len(polled(Server(url), answer)["payloads"]) == 2


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"options": {"filters": {"dataTypes": []}}},
        {"options": {"filters": {"dataTypes": ["rows"]}}},
        {"options": {"filters": {"dataTypes": ["tableData"], "recordChangeScope": "tblNone"}}},
        {"options": {"filters": {"dataTypes": ["tableData"], "watchDataInFieldIds": ["fldNone"]}}},
        {"options": {"filters": {"dataTypes": ["tableData"], "shout": True}}},
    ],
)
def test_wrong_specifications(server, spec):
    answer = server.ask("POST", f"/v0/bases/{BASE}/webhooks", {"specification": spec})
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "INVALID_REQUEST_UNKNOWN")


def test_ten_webhooks_and_no_more(server):
    assert [hook(server).status_code for _ in range(11)] == [200] * 10 + [422]


def test_a_new_field_and_a_new_name_are_told(data, server):
    from datetime import UTC, datetime

    from dq.sandbox import catalog, journal, records, storage
    from dq.sandbox.tokens import ANYONE
    from dq.sandbox.webhooks import publish

    answer = hook(server, includePreviousFieldDefinitions=True)
    connection = storage.opened(data, create=False)
    journal.set_up(connection)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    with journal.acting(connection, "client", ANYONE, BASE, now), storage.writing(connection):
        stored = records.find_table(connection, BASE, FIRMS)
        definition = json.loads(json.dumps(stored.table.definition))
        definition["fields"][0]["name"] = "Company"
        definition["fields"].append({"id": "fldFresh", "name": "Fresh", "type": "number"})
        catalog.save_definition(connection, stored, definition | {"name": "Companies"})
    publish(connection, now)
    connection.close()
    assert changed(server, answer, FIRMS) == [
        {
            "changedMetadata": {"current": {"name": "Companies"}, "previous": {"name": "Firms"}},
            "createdFieldsById": {"fldFresh": {"name": "Fresh", "type": "number"}},
            "changedFieldsById": {"fldFirm0000000001": {"current": {"name": "Company"}, "previous": {"name": "Firm"}}},
        }
    ]
