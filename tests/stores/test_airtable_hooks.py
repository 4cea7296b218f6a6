"""The webhook that tells of deletions: what is asked, and when what it tells does not count."""

import pytest
from scripted_server import DROP, scripted

from dq.errors import TemporaryError
from dq.manifest import Hook
from dq.sandbox.clock import VirtualClock
from dq.stores.airtable import AirtableStore
from dq.stores.airtable.fields import column_of
from dq.stores.protocol import Heard

MADE = (200, {"id": "achNew", "macSecretBase64": "s", "expirationTime": "2026-06-08T00:00:00.000Z"})
PATH = "/v0/bases/app1/webhooks"
HOOK = Hook("ach1", 5)


def listed(following=5, *, enabled=True, hook="ach1", ends="2999-01-01T00:00:00.000Z"):
    state = {"id": hook, "cursorForNextPayload": following, "isHookEnabled": enabled, "expirationTime": ends}
    return 200, {"webhooks": [state]}


def page(cursor, *payloads, more=False):
    return 200, {"payloads": list(payloads), "cursor": cursor, "mightHaveMore": more}


def payload(table, made=(), gone=()):
    created = {key: {"createdTime": "t", "cellValuesByFieldId": {}} for key in made}
    return {"changedTablesById": {table: {"createdRecordsById": created, "destroyedRecordIds": list(gone)}}}


def asked(hook, *answers, own=None):
    clock = VirtualClock()
    with scripted(*answers) as server:
        store = AirtableStore("app1", "t", server.url, 0, clock=clock.monotonic, sleep=clock.sleep)
        try:
            return store.heard(hook, own), [(method, path.removeprefix(PATH)) for method, path, _ in server.asked]
        finally:
            store.close()


def test_all_pages_are_heard_from_the_cursor_on():
    heard, paths = asked(
        HOOK,
        listed(8),
        page(7, payload("tbl1", made=["rec1"]), payload("tbl2", gone=["rec2"]), more=True),
        page(8, payload("tbl1", gone=["rec1", "rec3"])),
    )
    assert heard == Heard(Hook("ach1", 8), {"tbl1": frozenset({"rec1", "rec3"}), "tbl2": frozenset({"rec2"})})
    assert paths == [("GET", ""), ("GET", "/ach1/payloads?cursor=5"), ("GET", "/ach1/payloads?cursor=7")]


def test_one_that_ends_soon_is_refreshed():
    heard, paths = asked(HOOK, listed(ends="2020-01-01T00:00:00.000Z"), page(5), (200, {}))
    assert (heard.hook, heard.why) == (HOOK, None)
    assert paths[-1] == ("POST", "/ach1/refresh")


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([(200, {"webhooks": []})], "the webhook is gone"),
        ([listed(enabled=False), (200, {})], "the webhook has expired or is switched off"),
        ([listed(4), (200, {})], "the webhook began anew"),
        ([listed(), page(8, payload("t")), (200, {})], "the webhook lost some of its payloads"),
        ([listed(9), page(6, payload("t")), (200, {})], "the webhook lost some of its payloads"),
        ([listed(6), page(6, {"error": True, "code": "INVALID_HOOK"}), (200, {})], "the webhook is invalid"),
    ],
)
def test_one_that_cannot_be_trusted_is_replaced(answers, why):
    heard, paths = asked(HOOK, *answers, MADE)
    assert heard == Heard(Hook("achNew", 1), {}, why)
    assert paths[-1] == ("POST", "")
    assert (("DELETE", "/ach1") in paths) == ("gone" not in why)


def test_one_of_a_snapshot_that_failed_goes_when_a_new_one_is_made():
    heard, paths = asked(None, listed(hook="achOwn"), (200, {}), MADE, own="achOwn")
    assert (heard.hook, heard.why) == (Hook("achNew", 1), "no webhook was kept before")
    assert paths == [("GET", ""), ("DELETE", "/achOwn"), ("POST", "")]
    _, paths = asked(None, listed(hook="achOther"), MADE, own="achOwn")
    assert paths == [("GET", ""), ("POST", "")], "those of others stay"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([(403, {"error": {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"}})], "webhook:manage"),
        ([(200, {"webhooks": []}), (422, {"error": {"type": "TOO_MANY"}})], "cannot be kept (422 TOO_MANY)"),
        ([listed(), (404, {"error": "NOT_FOUND"})], "cannot be kept (404 NOT_FOUND)"),
        ([(200, {"webhooks": []}), DROP], "cannot be kept"),
    ],
)
def test_where_none_can_be_kept_the_reason_is_told(answers, why):
    heard, paths = asked(HOOK, *answers)
    assert heard.hook is None
    assert why in (heard.why or "")
    assert [method for method, _ in paths].count("POST") <= 1, "never made twice"


def test_no_connection_is_no_reason_to_read_everything():
    with pytest.raises(TemporaryError):
        asked(HOOK, (503, {}))


@pytest.mark.parametrize(
    ("options", "kind", "moved_by"),
    [
        ({"result": {"type": "dateTime"}, "referencedFieldIds": []}, "datetime", ()),
        ({"result": {"type": "date"}, "referencedFieldIds": None}, "date", ()),
        ({"result": {"type": "dateTime"}, "referencedFieldIds": ["fld1"]}, "datetime", ("fld1",)),
    ],
)
def test_what_a_last_modified_time_watches(options, kind, moved_by):
    column = column_of({"id": "fld9", "name": "M", "type": "lastModifiedTime", "options": options})
    assert (column.kind, column.moved_by) == (kind, moved_by)
