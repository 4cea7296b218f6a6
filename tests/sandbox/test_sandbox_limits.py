"""The rate limit of a base, by a clock that the test holds and once for real."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sandbox_world import BASE, PEOPLE, Server

from dq import sandbox
from dq.sandbox import answering, iterators, limits
from dq.sandbox.clock import VirtualClock
from dq.sandbox.limits import Limiter
from dq.sandbox.plans import PLANS, plan_of
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


def test_a_sliding_window_refuses_only_what_is_above_the_rate():
    clock = VirtualClock()
    limiter = Limiter(5.0, 30.0, clock.monotonic, "sliding")
    assert [admitted(limiter) for _ in range(7)] == [True] * 5 + [False] * 2
    clock.sleep(1)
    assert admitted(limiter)


def test_a_user_has_ten_times_the_rate_of_a_base_over_all_bases():
    clock = VirtualClock()
    limiter = Limiter(5.0, 30.0, clock.monotonic)

    def ask(number, user):
        try:
            limits.admit(limiter, f"app{number}", user)
        except RefusalError:
            return False
        return True

    assert [ask(number, "ada") for number in range(51)] == [True] * 50 + [False]
    assert ask(60, "bob")
    clock.sleep(29)
    assert not ask(61, "ada")
    clock.sleep(1)
    assert ask(61, "ada")


def test_latency_lets_others_pass_and_requests_count_when_they_arrive(data, serve_with):
    server = serve_with(data, rps=4, latency=0.5)
    begin = time.monotonic()
    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(lambda _: server.people("GET").status_code, range(5)))
    assert sorted(statuses) == [200] * 4 + [429]
    assert 0.5 <= time.monotonic() - begin < 2


def test_free_calls_are_spent_and_metadata_goes_on(data, serve_with, clock):
    server = serve_with(data, rps=0, clock=clock, plan=plan_of("free", 3))
    assert [server.people("GET").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = server.people("POST", {"fields": {"Name": "lost"}})
    assert (refused.status_code, refused.json()["error"]["type"]) == (429, "PUBLIC_API_BILLING_LIMIT_EXCEEDED")
    assert server.ask("GET", f"/v0/meta/bases/{BASE}/tables").status_code == 200
    clock.sleep(31 * 86_400)
    assert server.people("GET").status_code == 200


def test_a_restart_gives_no_calls_back(data):
    for _ in range(2):
        with sandbox.running(data, rps=0, flags={"plan": "free", "quota": 3}) as url:
            statuses = [Server(url).people("GET").status_code for _ in range(2)]
    assert statuses == [200, 429]


def test_a_team_over_its_calls_is_slowed_and_not_refused(data, serve_with, clock):
    server = serve_with(data, rps=5, clock=clock, plan=plan_of("team", 4))
    for _ in range(4):
        assert server.people("GET").status_code == 200
    clock.sleep(10)
    assert [server.people("GET").status_code for _ in range(3)] == [200, 200, 429]


def test_plans_have_their_published_figures():
    assert {plan.name: (plan.records, plan.calls, plan.over) for plan in PLANS.values()} == {
        "free": (1_000, 1_000, "refuse"),
        "team": (50_000, 100_000, "slow"),
        "business": (125_000, None, "refuse"),
        "enterprise": (500_000, None, "refuse"),
    }


def test_a_body_above_the_limit_is_413_and_one_at_it_is_not(data, serve_with):
    body = {"fields": {"Name": "new"}}
    size = len(json.dumps(body))
    server = serve_with(data, rps=0, body_limit=size)
    assert server.people("POST", body).status_code == 200
    refused = server.people("POST", {"fields": {"Name": "newer"}})
    assert (refused.status_code, refused.json()["error"]["type"]) == (413, "REQUEST_TOO_LARGE")


def test_a_list_expires_after_so_many_pages(data, serve_with):
    server = serve_with(data, rps=0, iterator_pages=2)
    first = server.people("GET", params={"pageSize": 1}).json()
    assert first["offset"].split("/")[1] == first["records"][-1]["id"]
    second = server.people("GET", params={"pageSize": 1, "offset": first["offset"]}).json()
    gone = server.people("GET", params={"pageSize": 1, "offset": second["offset"]})
    assert gone.json() == {"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}}


def test_a_list_expires_when_nobody_pages_it_for_so_long(data, serve_with, clock):
    server = serve_with(data, rps=0, clock=clock, iterator_seconds=60)
    first = server.people("GET", params={"pageSize": 1}).json()
    clock.sleep(61)
    assert server.people("GET", params={"pageSize": 1, "offset": first["offset"]}).status_code == 422


def test_the_list_asked_for_longest_ago_ends_where_there_are_too_many(data, serve_with, clock):
    server = serve_with(data, rps=0, clock=clock)
    offsets = []
    for _ in range(iterators.MOST + 3):
        offsets.append(server.people("GET", params={"pageSize": 1}).json()["offset"])
        clock.sleep(1)
    statuses = [
        server.people("GET", params={"pageSize": 1, "offset": offset}).status_code
        for offset in (offsets[0], offsets[-1])
    ]
    assert statuses == [422, 200]
