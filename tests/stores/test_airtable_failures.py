"""What each failure means, a row of the table a test, and what the store makes of it over HTTP."""

import json
import socket

import pytest
from scripted_server import DROP, scripted

from dq.errors import ConfigurationError, LostAnswerError, TemporaryError
from dq.manifest import Column, TableSchema
from dq.stores import RowWrite
from dq.stores.airtable import AirtableStore, Patience
from dq.stores.airtable.failures import LOST, UNSENT, Action, action_for, failure_in

VERBS = ["read", "schema", "update", "create", "delete"]
READS, WRITES = VERBS[:2], VERBS[2:]
MEANINGS = [
    (UNSENT, None, VERBS, Action.RETRY),
    (LOST, None, READS, Action.RETRY),
    (LOST, None, WRITES, Action.UNKNOWN),
    (400, None, VERBS, Action.REQUEST),
    (401, "AUTHENTICATION_REQUIRED", VERBS, Action.TOKEN),
    (402, None, VERBS, Action.QUOTA),
    (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", VERBS, Action.PERMISSION),
    (404, "NOT_FOUND", READS, Action.MISSING),
    (404, "MODEL_ID_NOT_FOUND", WRITES, Action.REFUSED),
    (404, "TABLE_NOT_FOUND", VERBS, Action.MISSING),
    (413, None, READS[:1], Action.REQUEST),
    (413, None, WRITES, Action.REFUSED),
    (422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE", READS[:1], Action.RESTART),
    (422, "INVALID_FILTER_BY_FORMULA", READS, Action.REQUEST),
    (422, "INVALID_VALUE_FOR_COLUMN", WRITES, Action.REFUSED),
    (429, "RATE_LIMIT_REACHED", VERBS, Action.WAIT),
    (429, None, VERBS, Action.WAIT),
    (429, "PUBLIC_API_BILLING_LIMIT_EXCEEDED", VERBS, Action.QUOTA),
    *((status, None, READS, Action.RETRY) for status in (500, 502, 503, 504, 520)),
    *((status, None, WRITES, Action.UNKNOWN) for status in (500, 502, 503, 504, 520)),
    (418, None, VERBS, Action.REQUEST),
]


@pytest.mark.parametrize(
    ("status", "type_", "verb", "action"), [(s, t, v, a) for s, t, verbs, a in MEANINGS for v in verbs]
)
def test_what_a_failure_means(status, type_, verb, action):
    assert action_for(status, type_, verb) is action


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ({"error": {"type": "X", "message": "m"}}, "X"),
        ({"error": {"type": "X"}}, "X"),
        ({"error": "X"}, "X"),
        ({"errors": [{"error": "X", "message": "m"}]}, "X"),
        ({"errors": []}, None),
        (None, None),
        ([1], None),
        ({}, None),
    ],
)
def test_every_envelope_is_read(body, type_):
    assert failure_in(422, body, "read").type == type_


SCHEMA = TableSchema(
    "airtable",
    "Leads",
    "id",
    (Column("id", "text", "recordId"), Column("Name", "text", "singleLineText", id="fld1")),
    id="tbl1",
)
TABLES = (
    200,
    {"tables": [{"id": "tbl1", "name": "Leads", "fields": [{"id": "fld1", "name": "Name", "type": "singleLineText"}]}]},
)
EMPTY = (200, {"records": []})
TOO_FAST = (429, {"error": {"type": "RATE_LIMIT_REACHED", "message": "slow down"}})
CREATE = [RowWrite("Leads", "insert", None, {}, {"Name": "secret value"}, "g")]


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(round(seconds, 3))


def opened(url: str, rate: float = 0, **options) -> tuple[AirtableStore, list[float]]:
    clock = Clock()
    return AirtableStore("app1", "tok-secret", url, rate, clock=clock, sleep=clock.sleep, **options), clock.slept


def test_edge_41_a_429_waits_thirty_seconds_and_goes_on():
    with scripted(TOO_FAST, TOO_FAST, TABLES) as server:
        store, slept = opened(server.url)
        assert store.describe("Leads", ["Name"]).id == "tbl1"
        assert (slept, store.calls) == ([30.0, 30.0], 3)
        store.close()


def test_edge_41_a_429_that_stays_ends_the_command():
    with scripted(TOO_FAST) as server:
        store, slept = opened(server.url, patience=Patience(max_waits=2))
        with pytest.raises(TemporaryError, match="rate limit"):
            store.describe("Leads", [])
        assert (len(slept), store.calls) == (2, 3)
        store.close()


def test_a_429_on_a_create_was_not_applied_and_is_sent_again():
    with scripted(TOO_FAST, (200, {"records": [{"id": "rec1", "createdTime": "t", "fields": {}}]})) as server:
        store, _ = opened(server.url)
        assert store.write(SCHEMA, CREATE)[0].key == "rec1"
        store.close()


def test_a_spent_quota_stops_at_once():
    with scripted((429, {"error": {"type": "PUBLIC_API_BILLING_LIMIT_EXCEEDED"}})) as server:
        store, slept = opened(server.url)
        with pytest.raises(TemporaryError, match="quota is spent") as error:
            store.describe("Leads", [])
        assert (slept, store.calls) == ([], 1)
        assert "--resume" in str(error.value)
        store.close()


@pytest.mark.parametrize(
    "fault",
    [
        (502, b"<html>bad gateway</html>"),
        (503, {}),
        (500, b""),
        (500, b"null"),
        (502, b"7"),
        DROP,
        (200, b"{cut"),
        (200, b"null"),
        (200, b"[]"),
    ],
)
def test_edge_41_reads_are_tried_again(fault):
    with scripted(fault, fault, EMPTY) as server:
        store, slept = opened(server.url)
        assert sum(batch.num_rows for batch in store.batches(SCHEMA)) == 0
        assert (slept, store.calls) == ([1.5, 3.0], 3)
        store.close()


@pytest.mark.parametrize(
    "fault",
    [
        (502, b"<html>"),
        (503, {"error": {"type": "RETRIABLE_ERROR"}}),
        (500, b"null"),
        DROP,
        (200, b"{cut"),
        (200, b"null"),
    ],
)
def test_edge_41_a_lost_answer_to_a_write_is_never_sent_again(fault):
    with scripted(fault) as server:
        store, slept = opened(server.url)
        with pytest.raises(LostAnswerError, match="answer to a write is lost") as error:
            store.write(SCHEMA, CREATE)
        assert (len(server.asked), slept) == (1, [3.0]), "it may still be carried out"
        assert "secret" not in str(error.value)
        store.close()


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "does not know the token"),
        (403, "does not let this token"),
        (404, "no such base or table"),
        (422, "refuses a schema call"),
    ],
)
def test_edge_40_configuration_faults_have_their_own_words(status, message):
    with scripted((status, {"error": "X"})) as server:
        store, _ = opened(server.url)
        with pytest.raises(ConfigurationError, match=message) as error:
            store.describe("Leads", [])
        assert "tok-secret" not in str(error.value) + repr(store)
        store.close()


def test_a_server_that_is_not_there_is_tried_three_times():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    store, slept = opened(url)
    with pytest.raises(TemporaryError, match=f"cannot be reached at {url.removeprefix('http://')}"):
        store.write(SCHEMA, CREATE)
    assert (slept, store.calls) == ([1.5, 3.0], 3)
    store.close()


def page(ids: list[str], offset: str | None = None) -> tuple[int, dict]:
    records = [{"id": key, "createdTime": "2026-01-01T00:00:00.000Z", "fields": {"fld1": key}} for key in ids]
    return 200, {"records": records, **({"offset": offset} if offset else {})}


GONE = (422, {"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}})


def read(store: AirtableStore) -> list[str]:
    return [key for batch in store.batches(SCHEMA) for key in batch.column("id").to_pylist()]


def test_edge_41_a_list_that_airtable_forgot_is_read_from_its_first_page():
    with scripted(page(["a"], "o1"), GONE, page(["a"], "o2"), page(["b"])) as server:
        store, _ = opened(server.url)
        assert read(store) == ["a", "b"]
        assert [body.get("offset") for _, _, body in server.asked] == [None, "o1", None, "o2"]
        store.close()


@pytest.mark.parametrize("answers", [(page(["a"], "o"), page(["a"])), (page(["a", "a"]),)])
def test_edge_41_a_record_that_comes_twice_starts_the_list_anew(answers):
    with scripted(*answers, page(["a"], "o"), page(["b"])) as server:
        store, _ = opened(server.url)
        assert read(store) == ["a", "b"]
        store.close()


@pytest.mark.parametrize(
    "end", [GONE, DROP, (503, {}), (403, {"error": {"type": "INVALID_PERMISSIONS"}}), (200, b'{"records": [{"id": "b"')]
)
def test_edge_41_a_part_of_a_table_is_never_given(end):
    answers = [page(["a"], "o"), end] * 3 if end is GONE else [page(["a"], "o"), end]
    with scripted(*answers) as server:
        store, _ = opened(server.url)
        given = []
        with pytest.raises((TemporaryError, ConfigurationError)):
            given += list(store.batches(SCHEMA))
        assert given == []
        store.close()


def test_the_pace_keeps_calls_apart():
    with scripted(EMPTY) as server:
        store, slept = opened(server.url, 4.0)
        for _ in range(4):
            list(store.batches(SCHEMA))
        store.close()
    assert slept == [0.25, 0.25, 0.25]


UPDATE = [RowWrite("Leads", "update", "rec1", {"Name": "rec1"}, {"Name": "new"}, "g")]


@pytest.mark.parametrize(
    "fault",
    [
        (422, {"error": {"type": "ROW_DOES_NOT_EXIST", "message": "Record ID rec1 does not exist"}}),
        (404, {"error": "NOT_FOUND"}),
    ],
)
def test_a_record_that_goes_between_reading_and_writing_has_moved(fault):
    with scripted(page(["rec1"]), fault) as server:
        store, _ = opened(server.url)
        (done,) = store.write(SCHEMA, UPDATE)
        assert (done.state, done.reason) == ("moved", "Leads rec1: the record is gone")
        store.close()


def test_a_refusal_tells_fields_and_no_values():
    message = 'Field "Name" cannot accept the provided value "secret value"'
    with scripted((422, {"error": {"type": "INVALID_VALUE_FOR_COLUMN", "message": message}})) as server:
        store, _ = opened(server.url)
        (done,) = store.write(SCHEMA, CREATE)
        assert done.reason == 'INVALID_VALUE_FOR_COLUMN: Field "Name" cannot accept the provided value …'
        store.close()


def test_a_backup_does_without_the_name_of_the_base(tmp_path):
    with scripted(
        TABLES, (403, {"error": {"type": "INVALID_PERMISSIONS"}}), page(["a"], "o"), GONE, page(["b"])
    ) as server:
        store, _ = opened(server.url)
        (path,) = store.backup(tmp_path)
        store.close()
    base = json.loads(path.read_text())["bases"][0]
    assert base["name"] == "app1"
    assert [record["id"] for record in base["tables"][0]["records"]] == ["b"]


def test_a_proxy_or_netrc_of_the_machine_does_not_touch_the_token(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with scripted(TABLES) as server:
        store, _ = opened(server.url)
        store.describe("Leads", [])
        assert server.authorizations == ["Bearer tok-secret"]
        store.close()


NOT_PERMITTED = (403, {"error": {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "message": "no"}})
NO_RECORDS = (422, {"error": {"type": "INVALID_RECORDS", "message": "none"}})


@pytest.mark.parametrize("answer", [NO_RECORDS, EMPTY, (400, {})])
def test_a_token_that_may_write_is_asked_once(answer):
    with scripted(answer) as server:
        store, _ = opened(server.url, tables=["Leads"])
        store.claim()
        store.claim()
        assert server.asked == [("PATCH", "/v0/app1/Leads", {"records": []})]
        assert store.calls == 1
        store.close()


def test_a_token_that_may_not_write_is_told_so():
    with scripted(NOT_PERMITTED) as server:
        store, _ = opened(server.url, tables=["Leads", "Firms"])
        with pytest.raises(ConfigurationError, match="may not write") as caught:
            store.claim()
        assert "data.records:write" in str(caught.value)
        store.close()


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([(401, {})], ConfigurationError),
        ([(404, {"error": {"type": "NOT_FOUND"}})], ConfigurationError),
        ([(503, {})], TemporaryError),
        ([DROP], TemporaryError),
        ([(402, {})], TemporaryError),
    ],
)
def test_who_cannot_be_asked_is_an_error_of_its_own(answers, error):
    with scripted(*answers) as server:
        store, _ = opened(server.url, tables=["Leads"])
        with pytest.raises(error) as caught:
            store.claim()
        assert "may not write" not in str(caught.value)
        assert not isinstance(caught.value, LostAnswerError)
        store.close()


def test_a_failure_that_passes_does_not_keep_a_token_from_writing():
    with scripted((503, {}), DROP, NO_RECORDS) as server:
        store, _ = opened(server.url, tables=["Leads"])
        store.claim()
        assert len(server.asked) == 3
        store.close()
