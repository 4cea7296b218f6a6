"""Apply between its steps: disturbances that only a hand inside the process can place."""

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from projects import Project

from dq.apply import execute
from dq.errors import TemporaryError
from dq.pipeline import applying
from dq.stores.airtable import AirtableStore


@pytest.fixture
def planned(settled: Project) -> Project:
    """A project with a plan of six updates on each side."""
    settled.sql(
        "UPDATE leads SET title = 'Chief Cook', updated_at = '2031-01-01T00:00:00+00:00' WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 6)"
    )

    def change(base: dict[str, Any]) -> None:
        known = {key for (key,) in settled.sql("SELECT airtable_id FROM leads ORDER BY id LIMIT 6 OFFSET 10")}
        for record in base["tables"][0]["records"]:
            if record["id"] in known:
                record["fields"] |= {"Company": "Acme", "Last Modified": "2031-01-01T00:00:00.000Z"}

    settled.edit_records(change)
    assert settled.dq("snapshot").code == 0
    assert settled.dq("clean").code == 0
    return settled


def _before(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, act: Callable[[], None]) -> None:
    inner = getattr(owner, name)

    def outer(*args: Any, **options: Any) -> Any:
        act()
        return inner(*args, **options)

    monkeypatch.setattr(owner, name, outer)


def test_edge_11_an_edit_between_write_and_verification_survives_and_is_settled_by_the_next_run(
    planned: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(key,)] = planned.sql("SELECT id FROM leads ORDER BY id LIMIT 1 OFFSET 10")

    def edit() -> None:
        planned.sql("UPDATE leads SET company = 'Edited', updated_at = '2032-01-01T00:00:00+00:00' WHERE id = ?", key)

    with monkeypatch.context() as patch:
        _before(patch, execute, "mismatches", edit)
        ended = planned.dq("apply", "--yes", "--format", "json")
    assert ended.code == 0, ended
    assert any("changed by somebody" in told and key in told for told in ended.json["warnings"])
    assert planned.dq("run", "--yes").code == 0
    record = planned.rows()["leads"][key]["airtable_id"]
    assert (planned.rows()["leads"][key]["company"], planned.records()[record]["Company"]) == ("Edited", "Edited")


def test_a_connection_that_breaks_ends_with_five_and_the_way_on(
    planned: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise TemporaryError("Airtable cannot be reached", where="Airtable base appX")

    with monkeypatch.context() as patch:
        _before(patch, AirtableStore, "write_each", fail)
        ended = planned.dq("apply", "--yes")
    assert (ended.code, "dq apply --resume" in ended.err) == (5, True), ended.err
    assert planned.dq("apply", "--resume").code == 0


def test_a_disk_that_fails_ends_with_five_and_the_way_on(planned: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        _before(patch, execute.base_state, "save", fail)
        ended = planned.dq("apply", "--yes")
    assert (ended.code, "No space left" in ended.err, "--resume" in ended.err) == (5, True, True), ended.err
    assert planned.dq("apply", "--resume").code == 0


def test_a_backup_that_fails_writes_nothing(planned: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise TemporaryError("The disk is full")

    before = planned.rows(), planned.records()
    with monkeypatch.context() as patch:
        _before(patch, applying, "back_up", fail)
        assert planned.dq("apply", "--yes").code == 5
    assert (planned.rows(), planned.records()) == before
    assert "not applied" in planned.dq("status").out
    assert planned.dq("apply", "--yes").code == 0


@pytest.mark.parametrize("change", ["mapping", "database"])
def test_a_begun_plan_is_not_gone_on_with_elsewhere(
    planned: Project, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    def fail() -> None:
        raise TemporaryError("Airtable cannot be reached")

    with monkeypatch.context() as patch:
        _before(patch, AirtableStore, "write_each", fail)
        assert planned.dq("apply", "--yes").code == 5
    config = planned.config()
    other = json.loads(json.dumps(config))
    if change == "mapping":
        del other["tables"][0]["mapping"]["phone"]
    else:
        (planned.root / "data" / "other.db").write_bytes(planned.database.read_bytes())
        other["stores"]["database"]["url"] = "sqlite:///data/other.db"
    planned.configure(other)
    before = planned.records()
    for command in (("apply", "--resume"), ("run", "--yes"), ("snapshot",)):
        ended = planned.dq(*command)
        assert (ended.code, "put the configuration back" in ended.err) == (2, True), ended.err
    assert planned.records() == before
    planned.configure(config)
    assert planned.dq("apply", "--resume").code == 0


def test_without_backups_in_the_configuration_a_flag_must_say_so_as_well(planned: Project) -> None:
    config = planned.config()
    config["backups"] = {"enabled": False}
    planned.configure(config)
    assert planned.dq("clean").code == 0
    refused = planned.dq("apply", "--yes")
    assert (refused.code, "--no-backup" in refused.err) == (2, True), refused.err
    ended = planned.dq("apply", "--yes", "--no-backup", "--format", "json")
    assert (ended.code, ended.json["backup_paths"]) == (0, [])
    assert ended.json["details"]["price"]["api_calls"] == ended.json["details"]["api_calls"]["apply"]


def test_edge_40_a_field_renamed_under_a_half_written_plan_must_be_named_back(
    planned: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise TemporaryError("Airtable cannot be reached")

    def rename(old: str, new: str) -> None:
        def change(base: dict[str, Any]) -> None:
            table = base["tables"][0]
            next(field for field in table["fields"] if field["name"] == old)["name"] = new
            for record in table["records"]:
                record["fields"][new] = record["fields"].pop(old, None)

        planned.edit_records(change)

    with monkeypatch.context() as patch:
        _before(patch, AirtableStore, "write_each", fail)
        assert planned.dq("apply", "--yes").code == 5
    rename("Title", "Position")
    ended = planned.dq("run", "--yes")
    assert (ended.code, "change it back" in ended.err) == (2, True), ended.err
    rename("Position", "Title")
    assert planned.dq("run", "--yes").code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_outside_apply_ends_at_once_and_stands_in_the_log(
    planned: Project, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    from dq.cli import clean

    with monkeypatch.context() as patch:
        _before(patch, clean, "steps_of", lambda: os.kill(os.getpid(), number))
        ended = planned.dq("clean")
    assert (ended.code, "interrupted" in ended.err) == (code, True), ended
    last = max((planned.snapshots / "logs").glob("*.jsonl")).read_text(encoding="utf-8").splitlines()[-1]
    assert json.loads(last)["exit_code"] == code
    assert planned.dq("clean").code == 0


def test_nothing_to_write_moves_the_base_on_and_makes_no_backup(settled: Project) -> None:
    backups = sorted((settled.root / "backups").iterdir())
    ended = settled.dq("run", "--yes", "--format", "json")
    assert (ended.code, ended.json["details"]["api_calls"]["apply"]) == (0, 0)
    assert sorted((settled.root / "backups").iterdir()) == backups
