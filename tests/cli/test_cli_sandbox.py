"""`dq sandbox`: serving, what a running one was asked, faults, and a copy of a base to rehearse on."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from projects import MAPPING, Project

from dq import sandbox


@contextmanager
def serving(data: Path, *arguments: str) -> Iterator[str]:
    command = [
        sys.executable,
        "-c",
        "from dq.cli import main; main()",
        "sandbox",
        "serve",
        "--data",
        str(data),
        *arguments,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(10) == 0


@pytest.fixture
def base(untouched: Project, tmp_path: Path) -> Project:
    return untouched.copy(tmp_path / "project")


def ask(url: str, base: str, token: str = "t") -> requests.Response:
    return requests.get(f"{url}/v0/{base}/Leads?pageSize=3", headers={"Authorization": f"Bearer {token}"}, timeout=10)


def test_a_server_is_found_by_its_file(base: Project, tmp_path: Path):
    data = ("--data", str(base.airtable))
    lines = tmp_path / "log.ndjson"
    with serving(base.airtable, "--rps", "0", "--latency", "0.05", "--log", str(lines)) as url:
        assert ask(url, base.base_id).elapsed.total_seconds() >= 0.05
        assert base.dq("sandbox", "faults", "seed", "7", "--rate", "1", *data).code == 0
        listed = base.dq("sandbox", "faults", "list", *data).json
        assert listed["schedule"]["seed"] == 7
        schedule = base.root / "faults.json"
        schedule.write_text(json.dumps({"rules": [{"faults": [{"kind": "server_error"}]}]}))
        assert base.dq("sandbox", "faults", "set", str(schedule), "--address", url).code == 0
        assert ask(url, base.base_id).status_code == 500
        assert base.dq("sandbox", "faults", "clear", *data).code == 0
        assert ask(url, base.base_id).status_code == 200
        text = base.dq("sandbox", "log", *data)
        assert len(text.out.splitlines()) == 3
        assert "500" in text.out.splitlines()[1]
        assert "[before server_error]" in text.out.splitlines()[1]
        assert f"{base.base_id}: 3 calls" in text.err
        found = base.dq("sandbox", "log", *data, "--format", "json", "--status", "500", "--last", "1").json
        assert [request["status"] for request in found["requests"]] == [500]
    assert len(lines.read_text().splitlines()) == 3
    ended = base.dq("sandbox", "log", *data)
    assert (ended.code, "No server" in ended.err) == (2, True)


def test_the_flags_reach_the_server(base: Project, tmp_path: Path):
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text(f"tokens: [{{id: a, secret: patA, bases: {{{base.base_id}: read}}}}]")
    flags = ("--tokens", str(tokens), "--plan", "free", "--quota", "2", "--mode", "sliding", "--body-limit", "1000")
    with serving(base.airtable, *flags) as url:
        statuses = [ask(url, base.base_id, token).status_code for token in ("t", "patA", "patA", "patA")]
    assert statuses == [401, 200, 200, 429]


def test_a_wrong_schedule_and_a_missing_server_say_so(base: Project):
    schedule = base.root / "faults.json"
    schedule.write_text("{")
    ended = base.dq("sandbox", "faults", "set", str(schedule), "--address", "http://127.0.0.1:1")
    assert (ended.code, "not JSON" in ended.err) == (2, True)
    assert base.dq("sandbox", "faults", "list", "--address", "http://127.0.0.1:1").code == 5
    assert base.dq("sandbox", "faults", "list", "--address", "elsewhere").code == 2
    assert "--data" in base.dq("sandbox", "faults", "list").err


def test_a_snapshot_becomes_a_base_to_rehearse_on(base: Project):
    assert base.dq("snapshot").code == 0
    copy = base.root / "data" / "copy.db"
    ended = base.dq("sandbox", "load", "--from-snapshot", "latest", "--data", str(copy))
    assert ended.code == 0, ended.err
    assert base.base_id in ended.err
    [made] = sandbox.dump(copy)["bases"]
    table = next(one for one in made["tables"] if one["name"] == "Leads")
    mapped = set(MAPPING.values())
    held = {record["id"]: record["fields"] for record in table["records"]}
    real = base.records()
    assert set(held) == set(real)
    assert {i: {n: v for n, v in f.items() if n in mapped} for i, f in held.items()} == {
        i: {n: v for n, v in f.items() if n in mapped} for i, f in real.items()
    }


def test_a_plan_from_the_copy_is_the_plan_from_the_base(base: Project):
    assert base.dq("snapshot").code == 0
    assert base.dq("clean").code == 0
    plan = base.plan()
    assert base.dq("sandbox", "load", "--from-snapshot", "latest", "--data", "data/copy.db").code == 0
    config = base.config()
    config["stores"]["airtable"]["sandbox"] = "data/copy.db"
    config["snapshots"] = "rehearsal"
    base.configure(config)
    assert base.dq("snapshot").code == 0
    assert base.dq("clean").code == 0
    [other] = (base.root / "rehearsal").glob("2*/plan.json")
    assert json.loads(other.read_text())["counts"] == plan["counts"]


def test_what_a_snapshot_lacks_is_said(base: Project):
    config = base.config()
    del config["tables"][0]["mapping"]["title"]
    base.configure(config)
    assert base.dq("snapshot").code == 0
    ended = base.dq("sandbox", "load", "--from-snapshot", "latest", "--data", "data/copy.db")
    assert "note: Leads: the snapshot does not hold" in ended.err
    assert "'Title'" in ended.err


def test_either_a_file_or_a_snapshot(base: Project):
    assert base.dq("sandbox", "load", "--data", "x.db").code == 2
    assert base.dq("sandbox", "load", "f.json", "--from-snapshot", "latest", "--data", "x.db").code == 2
    assert "no snapshot" in base.dq("sandbox", "load", "--from-snapshot", "latest", "--data", "x.db").err
