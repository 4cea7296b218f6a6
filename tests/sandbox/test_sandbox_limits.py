"""The rate limit of a base, by a clock that the test holds and once for real."""

import time

import pytest
from sandbox_world import BASE, PEOPLE

from dq.sandbox import answering, limits
from dq.sandbox.clock import VirtualClock
from dq.sandbox.limits import Limiter
from dq.sandbox.refusals import RefusalError


def admitted(limiter, base="appA"):
    try:
        limits.admit(limiter, base)
    except RefusalError as refusal:
        return refusal.status != 429
    return True


def test_five_in_a_second_and_the_sixth_locks_the_base_for_thirty():
    clock = VirtualClock()
    limiter = Limiter(5.0, 30.0, clock.monotonic)
    assert [admitted(limiter) for _ in range(6)] == [True] * 5 + [False]
    clock.sleep(29.9)
    assert not admitted(limiter)
    clock.sleep(0.1)
    assert [admitted(limiter) for _ in range(6)] == [True] * 5 + [False]


def test_the_window_slides():
    clock = VirtualClock()
    limiter = Limiter(5.0, 30.0, clock.monotonic)
    for turn in range(50):
        clock.sleep(0.2001 if turn else 0)
        assert admitted(limiter)
    assert [admitted(limiter) for _ in range(2)] == [False, False]


@pytest.mark.parametrize(("rps", "gap"), [(0.5, 2.0), (2.5, 0.4), (4.5, 0.2223), (1.0, 1.0)])
def test_the_pace_itself_is_admitted(rps, gap):
    clock = VirtualClock()
    limiter = Limiter(rps, 30.0, clock.monotonic)
    for _ in range(20):
        assert admitted(limiter)
        clock.sleep(gap + 1e-6)


def test_each_base_has_its_own_limit():
    limiter = Limiter(1.0, 30.0, VirtualClock().monotonic)
    assert [admitted(limiter, base) for base in ("appA", "appB", "appA", "appB")] == [True, True, False, False]


def test_zero_is_no_limit():
    limiter = Limiter(0, 30.0, VirtualClock().monotonic)
    assert all(admitted(limiter) for _ in range(100))


def test_over_the_wire_with_a_clock(data, serve_with):
    clock = VirtualClock()
    server = serve_with(data, clock=clock)
    statuses = [server.people("GET").status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    body = {"error": {"type": "RATE_LIMIT_REACHED", "message": "Rate limit exceeded. Please try again later"}}
    assert server.people("POST", {"fields": {"Name": "lost"}}).json() == body
    assert server.ask("GET", f"/v0/meta/bases/{BASE}/tables").json() == body
    assert server.ask("GET", "/v0/meta/bases").status_code == 200
    clock.sleep(30)
    found = server.people("GET").json()["records"]
    assert "lost" not in [record["fields"]["Name"] for record in found]


def test_over_the_wire_for_real(data, serve_with):
    server = serve_with(data, rps=5, penalty=0.5)
    begin = time.monotonic()
    while server.people("GET").status_code == 200:
        assert time.monotonic() - begin < 5
    locked = time.monotonic()
    while server.people("GET").status_code == 429:
        time.sleep(0.02)
    assert 0.4 < time.monotonic() - locked < 3


def test_the_log_counts_what_was_asked_and_keeps_no_query(data, serve_with):
    server = serve_with(data, rps=2)
    for _ in range(3):
        server.people("GET", params={"filterByFormula": "'secret'='x'"})
    server.ask("GET", "/v0/meta/whoami")
    log = server.ask("GET", "/_sandbox/log").json()
    assert log["calls"] == {BASE: 3}
    shown = [(entry["method"], entry["path"], entry["status"], entry["records"]) for entry in log["requests"]]
    path = f"/v0/{BASE}/{PEOPLE}"
    assert shown == [
        ("GET", path, 200, 0),
        ("GET", path, 200, 0),
        ("GET", path, 429, 0),
        ("GET", "/v0/meta/whoami", 200, 0),
    ]
    assert "secret" not in str(log)
    assert answering.MAX_URL == 16_000
