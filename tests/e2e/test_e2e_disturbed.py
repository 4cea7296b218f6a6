"""What happens beside dq: edits between plan and apply, rows that Airtable refuses, a second dq, signals."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from projects import ENTRY, Project, everything

LATER, LATEST = "2031-01-01T00:00:00+00:00", "2032-01-01T00:00:00+00:00"


def _keys(project: Project, count: int) -> list[str]:
    return [row[0] for row in project.sql("SELECT id FROM leads ORDER BY id LIMIT ?", count)]


def _edit_record(project: Project, record_id: str, **cells: Any) -> None:
    def change(base: dict[str, Any]) -> None:
        record = next(one for one in base["tables"][0]["records"] if one["id"] == record_id)
        record["fields"] |= {**cells, "Last Modified": "2032-01-01T00:00:00.000Z"}

    project.edit_records(change)


def _plan(project: Project) -> None:
    assert project.dq("snapshot").code == 0
    ended = project.dq("clean")
    assert ended.code == 0, ended.err


def test_edge_11_an_edit_in_airtable_between_plan_and_apply_survives(settled: Project) -> None:
    keys = _keys(settled, 6)
    records = {key: settled.rows()["leads"][key]["airtable_id"] for key in keys}
    for key in keys:
        settled.sql("UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id = ?", LATER, key)
    _plan(settled)
    _edit_record(settled, records[keys[0]], Title="Head of Dishes")
    ended = settled.dq("apply", "--yes")
    assert (ended.code, records[keys[0]] in ended.err) == (3, True), ended.err
    titles = {key: settled.records()[records[key]]["Title"] for key in keys}
    assert titles == {key: "Head of Dishes" if key == keys[0] else "Chief Cook" for key in keys}
    assert settled.dq("run", "--yes").code == 0
    assert settled.records()[records[keys[0]]]["Title"] == "Head of Dishes"
    assert settled.rows()["leads"][keys[0]]["title"] == "Head of Dishes"
    assert settled.dq("run", "--yes", "--format", "json").json["details"]["changes"] == 0


def test_edge_11_an_edit_in_the_database_between_plan_and_apply_survives(settled: Project) -> None:
    keys = _keys(settled, 6)
    records = {key: settled.rows()["leads"][key]["airtable_id"] for key in keys}
    for key in keys:
        _edit_record(settled, records[key], Title="Chief Cook")
    _plan(settled)
    settled.sql(
        "UPDATE leads SET title = 'Head of Dishes', updated_at = '2033-01-01T00:00:00+00:00' WHERE id = ?", keys[0]
    )
    ended = settled.dq("apply", "--yes")
    assert (ended.code, keys[0] in ended.err) == (3, True), ended.err
    titles = {key: settled.rows()["leads"][key]["title"] for key in keys}
    assert titles == {key: "Head of Dishes" if key == keys[0] else "Chief Cook" for key in keys}
    assert settled.dq("run", "--yes").code == 0
    assert settled.records()[records[keys[0]]]["Title"] == "Head of Dishes"
    assert settled.dq("run", "--yes", "--format", "json").json["details"]["changes"] == 0


def test_edge_36_a_record_deleted_between_plan_and_apply_is_left_out(settled: Project) -> None:
    keys = _keys(settled, 4)
    records = {key: settled.rows()["leads"][key]["airtable_id"] for key in keys}
    for key in keys:
        settled.sql("UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id = ?", LATER, key)
    _plan(settled)
    settled.edit_records(
        lambda base: base["tables"][0]["records"].remove(
            next(r for r in base["tables"][0]["records"] if r["id"] == records[keys[0]])
        )
    )
    ended = settled.dq("apply", "--yes")
    assert (ended.code, records[keys[0]] in ended.err) == (3, True), ended.err
    assert {settled.records()[records[key]]["Title"] for key in keys[1:]} == {"Chief Cook"}
    assert settled.dq("run", "--yes").code == 0, "the edit survives: the record is made again"
    assert settled.rows()["leads"][keys[0]]["title"] == "Chief Cook"
    assert settled.dq("run", "--yes", "--format", "json").json["details"]["changes"] == 0


def _without_option(name: str) -> Any:
    def change(base: dict[str, Any]) -> None:
        table = base["tables"][0]
        field = next(one for one in table["fields"] if one["name"] == "Engagement Status")
        field["options"]["choices"] = [choice for choice in field["options"]["choices"] if choice["name"] != name]

    return change


def test_edge_36_and_39_a_row_that_airtable_refuses_is_left_out_and_stands_in_the_next_plan(settled: Project) -> None:
    """A select option is removed between plan and apply; nine are written, one is not."""
    keys = _keys(settled, 12)
    records = {key: settled.rows()["leads"][key]["airtable_id"] for key in keys}
    for key in keys:
        settled.sql("UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id = ?", LATER, key)

    def use_up(base: dict[str, Any]) -> None:  # no other record holds the option that is going to go
        for record in base["tables"][0]["records"]:
            if record["fields"].get("Engagement Status") == "responded":
                record["fields"]["Engagement Status"] = "contacted"

    settled.edit_records(use_up)
    settled.sql("UPDATE leads SET status = 'contacted' WHERE status = 'responded'")
    settled.sql("UPDATE leads SET status = 'responded' WHERE id = ?", keys[3])
    _plan(settled)
    settled.edit_records(_without_option("responded"))
    ended = settled.dq("apply", "--yes", "--format", "json")
    assert ended.code == 3, ended.err
    assert ended.json["details"]["writes"]["refused"] == 1
    assert records[keys[3]] in ended.err
    assert {settled.records()[records[key]]["Title"] for key in keys if key != keys[3]} == {"Chief Cook"}
    assert settled.records()[records[keys[3]]]["Title"] != "Chief Cook"
    _plan(settled)
    rest = settled.dq("diff", "--format", "json").json["changes"]
    assert {change["row_key"] for change in rest} == {records[keys[3]]}
    assert "title" not in {change["field"] for change in rest}
    assert "Title" in {change["field"] for change in rest}


def test_edge_45_two_runs_at_once_one_works_and_the_other_gives_way(fresh: Project) -> None:
    both = [fresh.start("run", "--yes") for _ in range(2)]
    told = [process.communicate(timeout=120) for process in both]
    codes = [process.returncode for process in both]
    assert sorted(codes) == [0, 5], told
    assert "Another dq" in told[codes.index(5)][1]
    again = fresh.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err


def _slow_apply(project: Project) -> "subprocess.Popen[str]":
    """An apply of a whole plan, begun, at the pace of a real Airtable; in a process group of its own."""
    config = project.config()
    config["limits"] = {"requests_per_second": 4.5, "batch_size": 5}
    project.configure(config)
    _plan(project)
    process = subprocess.Popen(
        [sys.executable, "-c", ENTRY, "apply", "--yes"], cwd=project.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    journal = project.latest / "journal.sqlite"
    until = time.monotonic() + 60
    while _settled(journal, "airtable") < 5:
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


def _settled(journal: Path, store: str) -> int:
    if not journal.exists():
        return 0
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute(
                "SELECT count(*) FROM writes WHERE state = 'written' AND store = ?", (store,)
            ).fetchone()[0]
        except sqlite3.OperationalError:  # not made yet, or being written
            return 0


@pytest.mark.parametrize(
    ("number", "times", "code"), [(signal.SIGINT, 1, 130), (signal.SIGTERM, 1, 143), (signal.SIGINT, 2, 130)]
)
def test_edge_45_a_signal_pauses_an_apply_and_resume_ends_it(
    fresh: Project, finished: Project, number: signal.Signals, times: int, code: int
) -> None:
    """The whole process group hears it, as at a terminal: the sandbox must not be the first to go."""
    process = _slow_apply(fresh)
    for _ in range(times):
        os.killpg(process.pid, number)
        time.sleep(0.05)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code, (out, err)
    assert "Traceback" not in err
    assert "dq apply --resume" in err
    status = fresh.dq("status")
    assert "unfinished" in status.out, status
    config = fresh.config()
    config["limits"]["requests_per_second"] = 50
    fresh.configure(config)
    resumed = fresh.dq("apply", "--resume")
    assert resumed.code == 0, resumed.err
    assert everything(fresh) == everything(finished)
