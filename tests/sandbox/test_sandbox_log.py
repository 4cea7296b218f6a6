"""The request log: what it says of each request, how it is asked, and what it never holds."""

import json
import stat

from sandbox_world import ADA, BASE, PEOPLE

from dq.sandbox import faults, requestlog
from dq.sandbox.faults import Fault, Rule, Schedule
from dq.sandbox.options import Options
from dq.sandbox.requestlog import Request, RequestLog
from dq.sandbox.server import served


def test_an_entry_tells_the_whole_request(server):
    server.people("GET", params={"filterByFormula": "{Name}='hush'", "pageSize": 2}, headers={"X": "y"})
    server.people("PATCH", {"fields": {"Age": "x"}}, tail=f"/{ADA}")
    server.ask("GET", "/v0/nothing/at/all/here")
    server.people("GET", headers={"Authorization": ""})
    listed, patched, lost, nobody = requestlog.fetched(server.url)["requests"]
    assert listed == {
        "time": "2026-06-01T00:00:00.000+00:00",
        "method": "GET",
        "path": f"/v0/{BASE}/{PEOPLE}",
        "status": 200,
        "records": 0,
        "base": BASE,
        "kind": "list",
        "token": "any",
        "query": ["filterByFormula", "pageSize"],
        "error": None,
        "size": len('{"records":[]}'),
        "seconds": listed["seconds"],
        "fault": None,
    }
    assert 0 < listed["seconds"] < 5
    assert (patched["kind"], patched["status"], patched["error"]) == ("update", 422, "INVALID_VALUE_FOR_COLUMN")
    assert (lost["status"], lost["error"], lost["kind"], lost["base"]) == (404, "NOT_FOUND", "", None)
    assert (nobody["status"], nobody["token"]) == (401, None)


def test_faults_are_marked(server):
    rules = tuple(Rule((Fault(*fault),), nth=(n,)) for n, fault in enumerate([("html_502", "after"), ("cut",)], 1))
    faults.put(server.url, Schedule(rules))
    for _ in range(2):
        server.people("GET")
    shown = [(r["status"], r["fault"], r["size"] > 0) for r in requestlog.fetched(server.url)["requests"]]
    assert shown == [(502, "after html_502", True), (0, "before cut", False)]


def test_it_can_be_asked_for_a_part(server):
    for _ in range(3):
        server.people("GET")
    server.ask("GET", "/v0/meta/whoami")
    server.people("GET", params={"pageSize": 0})
    ask = requestlog.fetched
    assert len(ask(server.url, base=BASE)["requests"]) == 4
    assert [r["error"] for r in ask(server.url, status="422")["requests"]] == ["INVALID_PAGE_SIZE_ARGUMENT"]
    assert [r["status"] for r in ask(server.url, last="2")["requests"]] == [200, 422]
    assert ask(server.url, last="0") == {"calls": {BASE: 4}, "requests": []}
    assert server.ask("GET", "/_sandbox/log?last=x").status_code == 422


def test_a_file_keeps_every_line_and_no_value(data, tmp_path):
    path = tmp_path / "log.ndjson"
    path.write_text("kept\n")
    path.chmod(0o600)
    from sandbox_world import Server

    with requestlog.opened(path) as lines, served(data, options=Options(rps=0), log=lines) as url:
        Server(url).people("GET", params={"filterByFormula": "{Name}='hush'"})
        Server(url).people("POST", {"fields": {"Name": "hush"}})
        kept, *entries = path.read_text().splitlines()
    assert kept == "kept"
    assert [json.loads(entry)["method"] for entry in entries] == ["GET", "POST"]
    assert "hush" not in path.read_text()
    assert "patTest" not in path.read_text()


def test_a_new_log_is_private(tmp_path):
    requestlog.opened(tmp_path / "log").close()
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_memory_is_bounded():
    log = RequestLog()
    for _ in range(requestlog.KEPT + 5):
        requestlog.note(log, Request("", "GET", "/", 200, 0, "appA"))
    assert (len(log.recent), log.calls["appA"]) == (requestlog.KEPT, requestlog.KEPT + 5)
