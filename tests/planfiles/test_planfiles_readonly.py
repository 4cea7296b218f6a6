"""Read-only: what reads works, what writes is refused before it begins, by whichever of three ways it was said."""

import json
import signal
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from projects import Project, everything

DYING = (Path(__file__).parents[1] / "e2e" / "dying.py").read_text()
READING: tuple[tuple[str, ...], ...] = (
    ("snapshot",),
    ("clean",),
    ("diff",),
    ("diff", "--out", "plan.zip"),
    ("approve",),
    ("check", "--fail-on", "error"),
    ("status",),
    ("run", "--dry-run"),
    ("undo", "--dry-run"),
    ("backup", "create"),
    ("backup", "list"),
    ("backup", "restore", "latest", "--dry-run"),
    ("config", "show"),
    ("audit", "verify"),
    ("review", "list"),
)
WRITING: tuple[tuple[str, ...], ...] = (
    ("apply", "--yes"),
    ("apply", "--resume"),
    ("apply", "plan.zip", "--yes"),
    ("run", "--yes"),
    ("undo", "--yes"),
    ("backup", "restore", "latest", "--yes"),
    ("backup", "restore", "latest", "--only", "airtable", "--yes"),
)


@pytest.fixture
def mine(planned: Project, tmp_path: Path) -> Project:
    return planned.copy(tmp_path / "project")


def _configured(project: Project) -> None:
    project.configure({**project.config(), "read_only": True})


def _state(project: Project) -> dict[str, Any]:
    return {**everything(project), "base": (project.snapshots / "base" / "current.json").read_text()}


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_what_writes_is_refused(mine: Project, command: tuple[str, ...]):
    _configured(mine)
    before = _state(mine)
    ended = mine.dq(*command)
    assert (ended.code, _state(mine)) == (2, before), ended.err
    assert "Only reading is allowed" in ended.err
    assert "where writing is allowed: dq" in ended.err
    assert not (mine.latest / "journal.sqlite").exists()


def test_what_reads_works(mine: Project):
    _configured(mine)
    (mine.root / "plan.zip").unlink()
    before = _state(mine)
    key = next(iter(mine.rows()["leads"]))
    for command in (*READING, ("why", "database", key), ("blame", "database", key)):
        ended = mine.dq(*command)
        assert ended.code == 0, (command, ended.err)
    assert _state(mine) == before


@pytest.mark.parametrize("way", ["variable", "flag before", "flag behind"])
def test_it_is_said_in_three_ways(mine: Project, way: str, monkeypatch: pytest.MonkeyPatch):
    command = {"variable": ("apply", "--yes"), "flag before": ("--read-only", "apply", "--yes")}
    if way == "variable":
        monkeypatch.setenv("DQ_READ_ONLY", "1")
    before = _state(mine)
    ended = mine.dq(*command.get(way, ("apply", "--yes", "--read-only")))
    assert (ended.code, _state(mine)) == (2, before), ended.err
    monkeypatch.delenv("DQ_READ_ONLY", raising=False)
    assert mine.dq("apply", "--yes").code == 0, "a flag is of one command"


@pytest.mark.parametrize(("value", "code"), [("true", 2), ("1", 2), ("0", 0), ("false", 0), ("", 0), ("perhaps", 2)])
def test_the_variable_takes_yes_and_no(mine: Project, value: str, code: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DQ_READ_ONLY", value)
    ended = mine.dq("apply", "--yes")
    assert ended.code == code, ended.err
    assert ("expected true or false" in ended.err) == (value == "perhaps")


def test_an_unfinished_run_is_not_settled_and_not_hidden(mine: Project):
    assert mine.run("apply", "--yes", program=DYING, DYING_AT="9").code == -signal.SIGKILL
    before, latest = _state(mine), mine.latest
    for command in (("snapshot",), ("clean",), ("run", "--dry-run")):
        ended = mine.dq(*command, "--read-only")
        assert (ended.code, _state(mine), mine.latest) == (2, before, latest), command
        assert "dq apply --resume" in ended.err
    assert mine.dq("apply", "--resume", "--yes").code == 0


@contextmanager
def _served(project: Project, scopes: list[str], role: str = "edit") -> Iterator[str]:
    """The Airtable of a project behind a token of these scopes."""
    tokens = {"tokens": [{"id": "tok1", "secret": "patTest", "scopes": scopes, "bases": {"*": role}}]}
    (project.root / "tokens.yaml").write_text(json.dumps(tokens))
    command = ("sandbox", "serve", "--data", "data/airtable.db", "--rps", "0", "--tokens", "tokens.yaml")
    process = project.start(*command)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        config = project.config()
        there = {"base": project.base_id, "token": "patTest", "endpoint_url": url}
        project.configure({**config, "stores": {**config["stores"], "airtable": there}})
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=20)


READ = ["schema.bases:read", "data.records:read"]
Prepared = Callable[[Project], None]


def _rows_only(project: Project) -> None:
    def change(base: dict) -> None:
        for record in base["tables"][0]["records"][:3]:
            record["fields"]["Title"] = "Head of Things"

    project.edit_records(change)


def _both(project: Project) -> None:
    _rows_only(project)
    project.sql(
        "UPDATE leads SET title = 'Chief', updated_at = '2031-01-01' WHERE id IN (SELECT id FROM leads LIMIT 2)"
    )


@pytest.mark.parametrize(("scopes", "role"), [(READ, "edit"), ([*READ, "data.records:write"], "read")])
def test_a_token_that_may_only_read_plans_and_is_told_before_anything_is_written(
    settled: Project, scopes: list[str], role: str
):
    _both(settled)
    with _served(settled, scopes, role) as url:
        for command in (("snapshot",), ("clean",), ("diff",), ("run", "--dry-run"), ("backup", "create")):
            assert settled.dq(*command).code == 0, command
        asked = _methods(url)
        assert asked <= {"GET", "POST"}, "nothing was tried out"
        database, backups = settled.rows(), sorted((settled.root / "backups").glob("2*"))
        ended = settled.dq("apply", "--yes")
        assert ended.code == 2, ended.err
        assert "may not write" in ended.err
        assert "data.records:write" in ended.err
        assert settled.rows() == database
        assert sorted((settled.root / "backups").glob("2*")) == backups
        assert not (settled.latest / "journal.sqlite").exists()
        assert settled.dq("undo", "--yes").code == 2
        assert settled.rows() == database
    with _served(settled, [*READ, "data.records:write"], "edit"):
        assert settled.dq("apply", "--yes").code == 0


def test_a_plan_that_writes_the_database_only_needs_no_such_token(settled: Project):
    settled.configure({**settled.config(), "sync": {"direction": "to_database", "settle_seconds": 0}})
    assert settled.dq("run", "--yes").code in (0, 4)
    _rows_only(settled)
    with _served(settled, READ, "edit"):
        assert settled.dq("snapshot").code == settled.dq("clean").code == 0
        plan = settled.plan()
        assert set(plan["counts"]["rows"]) == {"database"}
        flag = ("--max-rule-changes", str(plan["counts"]["changes"]))
        ended = settled.dq("apply", "--yes", *flag)
        assert ended.code == 0, ended.err


def _methods(url: str) -> set[str]:
    with urllib.request.urlopen(f"{url}/_sandbox/log") as answer:
        return {one["method"] for one in json.load(answer)["requests"]}


def test_a_read_only_snapshot_makes_no_webhook(settled: Project):
    config = settled.config()
    config["tables"][0]["modified"]["airtable"] = "Last Modified"
    config["stores"]["airtable"]["incremental"] = {"deletes": "webhook"}
    settled.configure(config)
    assert settled.dq("snapshot", "--read-only").code == 0
    assert settled.dq("snapshot", "--read-only").code == 0
    assert not (settled.snapshots / "webhook.json").exists()
