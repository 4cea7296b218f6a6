"""A plan that went stale: which cells moved, and a plan of what still holds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from projects import CHILDREN, Project, everything

Change = Callable[[Project], Any]
TIME = "2031-01-01T00:00:00+00:00"


def _keys(project: Project) -> list[str]:
    return sorted(project.rows()["leads"])


@pytest.fixture(scope="module")
def planned(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A plan: ten rows of the database edited, ten records, two leads new, one row gone."""
    project = finished.copy(tmp_path_factory.mktemp("planned") / "project")
    keys = _keys(project)
    marks = ",".join("?" * 10)
    project.sql(f"UPDATE leads SET title = 'Chief Officer', updated_at = '{TIME}' WHERE id IN ({marks})", *keys[:10])

    def change(base: dict[str, Any]) -> None:
        mine = [one for one in base["tables"][0]["records"] if one["fields"].get("Lead ID") in keys[10:20]]
        for record in mine:
            record["fields"]["Company"] = "Example Works"

    project.edit_records(change)
    for n in (1, 2):
        project.sql(
            "INSERT INTO leads(id, name, email, created_at, updated_at) VALUES (?, ?, ?, '2030-01-01', '2030-01-01')",
            f"new-{n}", f"Ada Newcomer{n}", f"ada.{n}@firm{n}.example",
        )  # fmt: skip
    for name in CHILDREN:
        project.sql(f"DELETE FROM {name} WHERE lead_id = ?", keys[20])
    project.sql("DELETE FROM leads WHERE id = ?", keys[20])
    assert project.dq("snapshot").code == project.dq("clean").code == 0
    assert project.dq("diff", "--out", "plan.zip").code == 0
    return project


@pytest.fixture
def mine(planned: Project, tmp_path: Path) -> Project:
    return planned.copy(tmp_path / "project")


def _edit_record(project: Project, key: str, **cells: str) -> None:
    def change(base: dict[str, Any]) -> None:
        record = next(one for one in base["tables"][0]["records"] if one["fields"].get("Lead ID") == key)
        record["fields"] |= cells

    project.edit_records(change)


def _delete_record(project: Project, key: str) -> None:
    def change(base: dict[str, Any]) -> None:
        table = base["tables"][0]
        table["records"] = [one for one in table["records"] if one["fields"].get("Lead ID") != key]

    project.edit_records(change)


def _stale(project: Project, *arguments: str) -> Any:
    ended = project.dq("diff", *arguments, "--stale", "--format", "json", "--limit", "0", "--unmasked")
    assert ended.code == 0, ended.err
    return ended.json


def test_nothing_moved(mine: Project):
    before = everything(mine)
    found = _stale(mine)
    assert (found["rows_moved"], found["cells"]) == (0, [])
    assert found["rows"] >= 20
    assert mine.dq("diff", "--stale", "--exit-code").code == 0
    assert everything(mine) == before


def _record_edited(project: Project) -> str:
    key = _keys(project)[0]
    _edit_record(project, key, Title="Somebody Else")
    return key


def _row_edited(project: Project) -> str:
    key = _keys(project)[10]
    project.sql("UPDATE leads SET company = 'Other Ltd' WHERE id = ?", key)
    return key


def _record_gone(project: Project) -> str:
    key = _keys(project)[1]
    _delete_record(project, key)
    return key


def _done_by_hand(project: Project) -> str:
    key = _keys(project)[2]
    _edit_record(project, key, Title="Chief Officer")
    return key


MOVES: dict[str, tuple[Callable[[Project], str], str, str | None, str]] = {
    "a planned cell of a record was edited": (_record_edited, "airtable", "Title", "changed"),
    "a planned cell of a row was edited": (_row_edited, "database", "company", "changed"),
    "a planned record is gone": (_record_gone, "airtable", None, "gone"),
    "a cell is as planned already": (_done_by_hand, "airtable", "Title", "done"),
}


@pytest.mark.parametrize(("move", "store", "field", "state"), MOVES.values(), ids=MOVES.keys())
def test_the_cells_that_moved_are_told(
    mine: Project, move: Callable[[Project], str], store: str, field: str | None, state: str
):
    move(mine)
    found = _stale(mine)
    assert found["rows_moved"] == 1
    [cell] = found["cells"]
    assert (cell["store"], cell["field"], cell["state"]) == (store, field, state)
    assert found["counts"] == [{"store": store, "table": cell["table"], "field": field, "state": state, "cells": 1}]
    assert mine.dq("diff", "--stale", "--exit-code").code == 1
    assert _stale(mine, "plan.zip") == found
    assert _stale(mine, mine.latest.name) == found


def test_what_moved_is_masked_unless_that_is_said(mine: Project):
    _record_edited(mine)
    told = mine.dq("diff", "--stale")
    assert "S***" in told.out
    assert "Somebody" not in told.out + told.err
    assert "dq clean --rebase latest" in told.err
    assert "Somebody Else" in mine.dq("diff", "--stale", "--unmasked").out
    assert "Somebody" not in mine.dq("diff", "--stale", "--format", "json").out


def test_what_is_told_is_what_apply_leaves_out(mine: Project):
    for move in (_record_edited, _row_edited, _record_gone):
        move(mine)
    told = {(one["store"], one["row_key"]) for one in _stale(mine)["cells"]}
    ended = mine.dq("apply", "--yes", "--format", "json")
    assert ended.code == 3
    left = {tuple(one["where"].split(" ")[::2]) for one in ended.json["errors"] if one["what"].startswith("moved")}
    assert told == left


def test_a_plan_that_was_begun_is_not_stale(mine: Project):
    assert mine.dq("apply", "--yes").code == 0
    assert mine.dq("diff", "--stale").code == 2
    assert mine.dq("clean", "--rebase", "latest").code == 2


def _changes(project: Project) -> pl.DataFrame:
    return pl.read_parquet(project.latest / "changeset.parquet")


def _rebased(project: Project, name: str = "latest") -> tuple[Any, pl.DataFrame, pl.DataFrame]:
    """What a re-based plan says, the changes of the plan before it and its own."""
    before = _changes(project)
    ended = project.dq("clean", "--rebase", name, "--format", "json")
    assert ended.code == 0, ended.err
    return ended.json, before, _changes(project)


def test_a_plan_of_which_all_holds_is_kept_whole(mine: Project):
    said, before, after = _rebased(mine)
    assert said["rebased"]["changed"] == said["rebased"]["done"] == said["rebased"]["new"] == []
    assert after.drop("after").equals(before.drop("after"))
    assert said["carries_on"]
    assert mine.dq("apply", "--yes").code == 0
    assert mine.dq("run", "--yes", "--format", "json").json["details"]["changes"] == 0


def _everything_at_once(project: Project) -> None:
    for move in (_record_edited, _row_edited, _record_gone, _done_by_hand):
        move(project)
    project.sql("UPDATE leads SET phone = '+1 415 555 0199' WHERE id = ?", _keys(project)[3])  # beside a planned cell
    project.sql("UPDATE leads SET title = 'Fresh', updated_at = ? WHERE id = ?", TIME, _keys(project)[40])  # a new edit


@pytest.mark.parametrize("name", ["latest", "plan.zip", "id"])
def test_what_moved_is_left_alone_and_the_rest_is_kept(mine: Project, name: str):
    old, untouched = mine.latest.name, everything(mine)
    _everything_at_once(mine)
    moved = everything(mine)
    said, before, after = _rebased(mine, old if name == "id" else name)
    leads, now = (set(frame["entity_id"].unique()) for frame in (before, after))
    told = said["rebased"]
    assert said["snapshot"] != told["from"] == old
    assert now < leads
    assert now.isdisjoint([*told["changed"], *told["new"], *told["done"]])
    assert now | {*told["changed"], *told["done"]} == leads
    assert told["kept"] == len(now)
    assert (len(told["new"]), len(told["done"])) == (1, 1)
    what = ["change_id", "op", "field", "before"]
    same = after.join(before, on=what, how="anti", nulls_equal=True)
    assert same.is_empty(), "nothing but what the plan had"
    assert everything(mine) == moved != untouched

    assert mine.dq("diff", "--stale", "--exit-code").code == 0
    ended = mine.dq("apply", "--yes")
    assert ended.code == 0, ended.err
    again = mine.dq("snapshot"), mine.dq("clean", "--format", "json")
    assert [one.code for one in again] == [0, 0]
    rest = set(_changes(mine)["entity_id"].unique())
    assert rest
    assert rest.isdisjoint(now), "what was kept is at rest"
    assert mine.dq("run", "--yes").code == 0
    assert mine.dq("run", "--yes", "--format", "json").json["details"]["changes"] == 0


def test_what_is_left_alone_is_counted_and_found(mine: Project):
    _everything_at_once(mine)
    said, *_ = _rebased(mine)
    findings = pl.read_parquet(mine.latest / "clean" / "findings.parquet").filter(pl.col("rule") == "plan.rebased")
    assert said["counts"]["held_back"] > 0
    assert said["counts"]["quarantined"] == 0
    assert findings.height >= said["counts"]["held_back"]
    assert set(findings["severity"]) == {"info"}
    shown = mine.dq("diff")
    assert "held back: moved since the plan that this one carries on" in shown.out


def test_a_plan_is_carried_on_though_the_base_moved(mine: Project):
    """Another run applied something else meanwhile: apply refuses, and the rest of the plan is made again."""
    config = mine.config()
    old = mine.latest.name
    mine.sql("UPDATE leads SET title = 'Fresh', updated_at = ? WHERE id = ?", TIME, _keys(mine)[40])
    assert mine.dq("run", "--yes").code == 0
    assert mine.config() == config
    stuck = mine.dq("apply", "plan.zip", "--yes")
    assert stuck.code == 4
    assert "--rebase" in stuck.err
    said, *_ = _rebased(mine, old)
    assert said["rebased"]["kept"] == 0
    assert said["rebased"]["done"]


def test_a_plan_of_other_rules_is_not_carried_on(mine: Project):
    mine.configure({**mine.config(), "duplicates": {"resolve": "none"}})
    before = mine.latest
    ended = mine.dq("clean", "--rebase", "latest")
    assert ended.code == 2
    assert "dq snapshot && dq clean" in ended.err
    assert mine.latest == before


def test_merges_and_deletes_are_carried_on(fresh: Project):
    """The first plan of a sample, with its merges, inserts and times of its own."""
    assert fresh.dq("snapshot").code == fresh.dq("clean").code == 0
    fresh.sql("UPDATE leads SET title = 'Fresh', updated_at = ? WHERE id = ?", TIME, _keys(fresh)[0])
    said, before, after = _rebased(fresh)
    assert said["counts"]["merged"] > 0
    assert said["rebased"]["kept"] >= before["entity_id"].n_unique() - 2
    assert len(said["rebased"]["changed"]) + len(said["rebased"]["new"]) == 1
    assert fresh.dq("apply", "--yes").code == 0
    assert fresh.dq("snapshot").code == fresh.dq("clean").code == 0
    assert _changes(fresh)["entity_id"].n_unique() == 1
    assert set(_changes(fresh)["entity_id"]).isdisjoint(after["entity_id"])


def test_an_approval_does_not_pass_on_to_the_plan_that_carries_on(mine: Project):
    mine.configure({**mine.config(), "approval": {"required_above": {"changes": 0}}})
    assert mine.dq("approve").code == 0
    _record_edited(mine)
    _rebased(mine)
    assert mine.dq("apply", "--yes").code == 4
    assert mine.dq("approve").code == 0
    assert mine.dq("apply", "--yes").code == 0


def test_reading_only_explains_and_carries_on(mine: Project):
    _record_edited(mine)
    before = everything(mine)
    for command in (("diff", "--stale"), ("clean", "--rebase", "latest")):
        ended = mine.dq(*command, "--read-only")
        assert ended.code == 0, ended.err
    assert everything(mine) == before
    assert json.loads((mine.latest / "plan.json").read_text())["carries_on"]
