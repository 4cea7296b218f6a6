"""The pace that threads and processes keep together, on the sandbox at its strictest: one call too many locks it for 30 s."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from itertools import pairwise
from pathlib import Path

import pytest
from store_worlds import BASE, ROWS, airtable_document

from dq import sandbox
from dq.errors import ConfigurationError
from dq.stores.airtable import AirtableStore
from dq.stores.airtable.pacing import Pace
from dq.stores.airtable.state import VARIABLE, change, state_folder, state_name

CALLER = """
import sys, threading
from dq.stores.airtable import AirtableStore
from pathlib import Path
url, state, base, threads, each = sys.argv[1:]
store = AirtableStore(base, "token", url, 4.5, state=Path(state))
def work():
    for _ in range(int(each)):
        store.fetch(schema, ["rec00000000000001"])
schema = store.describe("leads", ["name"])
lines = [threading.Thread(target=work) for _ in range(int(threads))]
[line.start() for line in lines]
[line.join() for line in lines]
store.close()
print(store.calls, store.repeated)
"""


def _caller(url: str, state: Path, threads: int, each: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CALLER, url, str(state), BASE, str(threads), str(each)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _log(url: str) -> list[tuple[str, str, int]]:
    """When what was asked, and the status of the answer."""
    with urllib.request.urlopen(f"{url}/_sandbox/log") as answer:
        return [(one["time"], one["method"], one["status"]) for one in json.load(answer)["requests"]]


@pytest.fixture
def strict(tmp_path: Path):
    """A sandbox with Airtable's limit and penalty."""
    data = tmp_path / "airtable.db"
    sandbox.load(airtable_document(ROWS), data)
    with sandbox.running(data, rps=5, penalty=30) as url:
        yield url


def test_two_processes_and_their_threads_never_meet_the_limit(strict: str, tmp_path: Path):
    began = time.monotonic()
    both = [_caller(strict, tmp_path / "state", threads=3, each=4) for _ in range(2)]
    told = [process.communicate(timeout=60) for process in both]
    assert [out.split() for out, _ in told] == [["13", "0"]] * 2, (told, _log(strict))
    assert sandbox.calls(strict)[BASE] == 26
    assert 23 / 5 <= time.monotonic() - began < 20


def test_a_killed_process_leaves_no_lock(strict: str, tmp_path: Path):
    state = tmp_path / "state"
    process = _caller(strict, state, threads=3, each=1000)
    until = time.monotonic() + 30
    while sandbox.calls(strict).get(BASE, 0) < 3:
        assert time.monotonic() < until
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    began = time.monotonic()
    store = AirtableStore(BASE, "token", strict, 4.5, state=state)
    for _ in range(4):
        store.describe("leads", ["name"])
    store.close()
    assert (store.repeated, time.monotonic() - began < 10) == (0, True)


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_rest_holds_for_all_that_share_the_file(tmp_path: Path):
    clock = Clock()
    one, other, stranger = (Pace(4.5, tmp_path / name, clock, clock.sleep) for name in ("pace", "pace", "else"))
    one.rest(one.take("read"), 30)
    stranger.take("read")
    assert clock.now < 1001
    other.take("update")
    assert clock.now == pytest.approx(1030, abs=0.1)
    one.take("read")
    assert clock.now == pytest.approx(1030 + 2 / 4.5, abs=0.1)


def test_without_a_pace_there_is_no_file_and_no_wait_but_a_rest(tmp_path: Path):
    clock = Clock()
    pace = Pace(0, tmp_path / "pace", clock, clock.sleep)
    call = [pace.take("read") for _ in range(100)][-1]
    assert clock.now == 1000
    pace.rest(call, 30)
    pace.take("read")
    assert (clock.now, list(tmp_path.iterdir())) == (1030, [])


def test_threads_go_in_the_order_in_which_they_came():
    pace, order, together = Pace(20, None, time.monotonic, time.sleep), [], threading.Barrier(4)

    def work(name: int) -> None:
        together.wait()
        for _ in range(3):
            pace.take("read")
            order.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(one != other for one, other in pairwise(order[3:-2])), order


def test_files_of_the_state_are_private_and_name_no_base(tmp_path: Path):
    state = tmp_path / "home" / "state"
    name = state_name("pace", "https://api.airtable.com/", "appSecret00000001")
    assert "Secret" not in name
    assert name == state_name("pace", "https://API.airtable.com", "appSecret00000001")
    assert name != state_name("pace", "https://api.airtable.com", "appSecret00000002")
    Pace(4.5, state / name, time.monotonic, time.sleep).take("read")
    assert [path.stat().st_mode & 0o777 for path in (state, state / name)] == [0o700, 0o600]


def test_a_shorter_text_leaves_nothing_of_a_longer_one(tmp_path: Path):
    path = tmp_path / "file"
    assert [change(path, lambda held, text=text: (text, held)) for text in ("long text", "x", "")] == [
        "",
        "long text",
        "x",
    ]
    assert change(path, lambda held: (None, held)) == ""


def test_where_the_state_is(tmp_path: Path):
    assert state_folder({VARIABLE: "/x"}) == Path("/x")
    assert state_folder({"XDG_STATE_HOME": "/y"}) == Path("/y/dq")
    assert state_folder({}) == Path.home() / ".local" / "state" / "dq"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    pace = Pace(4.5, tmp_path / "file" / "pace", time.monotonic, time.sleep)
    with pytest.raises(ConfigurationError, match="cannot be written") as error:
        pace.take("read")
    assert VARIABLE in str(error.value)
