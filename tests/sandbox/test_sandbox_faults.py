"""Every fault as a client sees it, before and after the request is carried out, and the schedules that draw them."""

import socket
import time
from contextlib import suppress
from dataclasses import asdict

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from sandbox_world import ADA, BASE, PEOPLE

from dq import sandbox
from dq.errors import ConfigurationError, TemporaryError
from dq.sandbox import faults
from dq.sandbox.faults import Asked, Fault, Faults, Rule, Schedule

PHASES = ("before", "after")
STATUS = {
    "html_502": (502, None),
    "unavailable": (503, "RETRIABLE_ERROR"),
    "retry_after": (503, "RETRIABLE_ERROR"),
    "rate_limit": (429, "RATE_LIMIT_REACHED"),
    "billing": (429, "PUBLIC_API_BILLING_LIMIT_EXCEEDED"),
    "too_large": (413, "REQUEST_TOO_LARGE"),
    "server_error": (500, "SERVER_ERROR"),
    "gateway_timeout": (504, None),
}


def once(kind, phase="before", seconds=1.0, **matcher):
    return Schedule((Rule((Fault(kind, phase, seconds),), nth=(1,), **matcher),))


def names(server):
    return {record["fields"].get("Name") for record in server.people("GET").json()["records"]}


def create(server, **kwargs):
    return server.people("POST", {"fields": {"Name": "new"}}, **kwargs)


@pytest.mark.parametrize(
    ("kind", "phase"),
    [(kind, phase) for kind in STATUS for phase in PHASES if phase == "before" or kind not in faults.REFUSALS],
)
def test_an_answer_in_place_of_the_right_one(server, kind, phase):
    faults.put(server.url, once(kind, phase, 7))
    answer = create(server)
    status, error = STATUS[kind]
    assert answer.status_code == status
    if error:
        assert answer.json()["error"]["type"] == error
    assert ("new" in names(server)) == (phase == "after")
    assert answer.headers.get("Retry-After") == ("7" if kind == "retry_after" else None)


@pytest.mark.parametrize(("kind", "phase"), [(kind, phase) for kind in ("reset", "truncated") for phase in PHASES])
def test_a_connection_that_breaks(server, kind, phase):
    faults.put(server.url, once(kind, phase))
    with pytest.raises(requests.ConnectionError if kind == "reset" else requests.exceptions.ChunkedEncodingError):
        create(server)
    assert ("new" in names(server)) == (phase == "after")


def test_a_reset_is_a_reset_and_sends_no_byte(server):
    faults.put(server.url, once("reset"))
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(f"GET /v0/{BASE}/{PEOPLE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            raw.recv(1)


@pytest.mark.parametrize("phase", PHASES)
def test_half_a_body_of_its_own_length(server, phase):
    faults.put(server.url, once("cut", phase))
    answer = create(server)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert ("new" in names(server)) == (phase == "after")


@pytest.mark.parametrize("phase", PHASES)
def test_a_delay_past_the_time_out(server, phase):
    faults.put(server.url, once("delay", phase, 30))
    begin = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{server.url}/v0/{BASE}/{PEOPLE}",
            json={"fields": {"Name": "new"}},
            headers={"Authorization": "Bearer t"},
            timeout=0.2,
        )
    assert ("new" in names(server)) == (phase == "after")
    assert time.monotonic() - begin < 5


def test_who_waits_long_enough_gets_the_answer(server):
    faults.put(server.url, once("delay", "after", 0.1))
    assert create(server).json()["fields"]["Name"] == "new"
    faults.put(server.url, once("delay", "before", 0.1))
    with pytest.raises(requests.ConnectionError):
        create(server)


def test_haste_as_a_list_of_errors(server):
    faults.put(server.url, once("rate_limit_list"))
    message = "Rate limit exceeded. Please try again later"
    assert create(server).json() == {"errors": [{"error": "RATE_LIMIT_REACHED", "message": message}]}


def test_an_injected_429_begins_the_penalty(data, serve_with, clock):
    server = serve_with(data, clock=clock)
    faults.put(server.url, once("rate_limit"))
    assert [server.people("GET").status_code for _ in range(2)] == [429, 429]
    clock.sleep(30)
    assert server.people("GET").status_code == 200


def test_a_list_that_expires_on_demand(server):
    faults.put(server.url, once("iterator", on="list"))
    first = server.people("GET", params={"pageSize": 1}).json()
    for _ in range(2):
        gone = server.people("GET", params={"pageSize": 1, "offset": first["offset"]})
        assert (gone.status_code, gone.json()) == (422, {"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}})
    again = server.people("POST", {"pageSize": 1}, tail="/listRecords").json()
    assert server.people("POST", {"pageSize": 1, "offset": again["offset"]}, tail="/listRecords").status_code == 200


def test_matchers_choose_the_request(server):
    faults.put(server.url, Schedule((Rule((Fault("server_error"),), method="PATCH", on="update", nth=(2,)),)))
    asks = [("GET", None), ("PATCH", {"fields": {}}), ("PATCH", {"fields": {}}), ("PATCH", {"fields": {}})]
    assert [server.people(verb, body, tail=f"/{ADA}").status_code for verb, body in asks] == [200, 200, 500, 200]
    [injected] = faults.listed(server.url)["injected"]
    assert (injected["number"], injected["on"], injected["kind"]) == (3, "update", "server_error")
    faults.clear(server.url)
    assert faults.listed(server.url)["schedule"] == {**asdict(Schedule()), "rules": []}


def test_refused_requests_meet_no_fault(server):
    faults.put(server.url, once("server_error"))
    assert server.people("GET", headers={"Authorization": ""}).status_code == 401
    assert server.people("GET").status_code == 500


def test_a_seed_alone_makes_a_schedule(server):
    answer = server.ask(
        "POST", faults.FAULTS_PATH, {"seed": 3, "rate": 0.5}, headers={"Content-Type": "application/json"}
    )
    assert answer.json()["schedule"]["seed"] == 3


@pytest.mark.parametrize(
    "body",
    [
        {"rules": [{"faults": [{"kind": "flood"}]}]},
        {"rules": [{"faults": []}]},
        {"rules": [{"faults": [{"kind": "rate_limit", "phase": "after"}]}]},
        {"rules": [{"faults": [{"kind": "reset"}], "rate": 2}]},
        {"rulez": []},
        {"rate": 0.1},
        {"rate": 0.1, "seed": 1, "kinds": ["flood"]},
    ],
)
def test_a_wrong_schedule_is_refused_and_the_old_one_stays(server, body):
    faults.put(server.url, once("server_error"))
    answer = server.ask("POST", faults.FAULTS_PATH, body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert server.people("GET").status_code == 500


def test_a_page_in_a_browser_cannot_set_faults(server):
    body = {"seed": 1, "rate": 1}
    assert server.ask("POST", faults.FAULTS_PATH, body, headers={"Content-Type": "text/plain"}).status_code == 400


def test_errors_of_the_functions(server):
    with pytest.raises(ConfigurationError, match="422"):
        faults.put(server.url, Schedule((Rule((Fault("reset"),), method=1),)))  # type: ignore[arg-type]
    with pytest.raises(TemporaryError, match="No sandbox"):
        faults.clear("http://127.0.0.1:1")


ASKED = st.builds(
    Asked, st.sampled_from(("GET", "POST", "PATCH")), st.sampled_from(("list", "create", "update")), paged=st.booleans()
)


@given(st.integers(), st.floats(0, 1), st.lists(ASKED, max_size=50))
def test_the_same_requests_meet_the_same_faults(seed, rate, asked):
    def met():
        state = Faults()
        faults.set_schedule(state, faults.seeded(seed, rate, in_a_row=2))
        return [faults.draw(state, one) for one in asked]

    drawn = met()
    assert drawn == met()
    assert all(None in drawn[place : place + 3] for place in range(len(drawn) - 2))
    assert all(one.paged for one, fault in zip(asked, drawn, strict=True) if fault and fault.kind == "iterator")


def test_a_seed_draws_every_fault_at_about_its_rate():
    state = Faults()
    faults.set_schedule(state, faults.seeded(5, 0.3, in_a_row=None))
    drawn = [faults.draw(state, Asked("GET", "list", paged=True)) for _ in range(3000)]
    struck = [fault for fault in drawn if fault]
    assert 800 < len(struck) < 1000
    assert {fault.kind for fault in struck} == set(faults.PASSING)


@pytest.mark.parametrize("seed", range(6))
def test_before_changes_nothing_and_after_changes_all(data, server, seed):
    """Whatever the client saw: the store holds what the schedule says was carried out."""
    faults.put(server.url, faults.seeded(seed, 0.6, seconds=0.01))
    for number in range(1, 41):
        with suppress(requests.RequestException):
            server.people("POST", {"fields": {"Name": f"n{number}"}})
    phases = {one["number"]: one["phase"] for one in faults.listed(server.url)["injected"]}
    held = [record["fields"]["Name"] for record in sandbox.dump(data)["bases"][0]["tables"][0]["records"]]
    assert [name for name in held if name[1:].isdigit()] == [
        f"n{number}" for number in range(1, 41) if phases.get(number) != "before"
    ]
    assert {"before", "after"} <= set(phases.values())
