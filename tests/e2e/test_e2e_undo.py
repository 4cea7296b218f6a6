"""`dq undo` and `dq review unmerge`: whole runs, one step, one lead, an older run, killed half-way; merges stay apart."""

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest
from projects import MAPPING, Project, everything

PROGRAM = (Path(__file__).parent / "dying.py").read_text(encoding="utf-8")
LATER = "2031-01-01T00:00:00+00:00"
YES = ("run", "--yes", "--max-deletes", "100", "--max-merges", "100", "--max-field-changes", "100")
TWIN, FIRST = "twin", 0


def _same(held: dict[str, Any], new_ids: dict[str, str]) -> dict[str, Any]:
    """Rows with the ids that deleted records got when they came back; the formula field is Airtable's to fill."""
    old = {new: before for before, new in new_ids.items()}
    leads = {
        key: {**row, "airtable_id": old.get(row["airtable_id"], row["airtable_id"])}
        for key, row in held["leads"].items()
    }
    records = {old.get(key, key): {**cells, "Score": None} for key, cells in held["airtable"].items()}
    return {**held, "leads": leads, "airtable": records}


def _keys(project: Project) -> list[str]:
    return [row[0] for row in project.sql("SELECT id FROM leads ORDER BY id")]


def _with_twin(project: Project, key: str, twin: str = TWIN) -> None:
    """A duplicate of a lead, with a record and a campaign of its own."""
    columns = ", ".join(MAPPING)
    sql = f"INSERT INTO leads(id, {columns}, created_at, updated_at) SELECT ?, {columns}, ?, ? FROM leads WHERE id = ?"
    project.sql(sql, twin, LATER, LATER, key)
    project.sql("INSERT INTO campaigns(lead_id, name, status, created_at) VALUES (?, 'fall', 'open', ?)", twin, LATER)


def _lived_in(project: Project) -> tuple[str, str]:
    """A merge, a new lead, an edit, and a cell to standardize; the merged lead's and the edited lead's key."""
    keys = _keys(project)
    _with_twin(project, keys[0])
    project.sql(
        "INSERT INTO leads(id, name, email, created_at, updated_at) VALUES ('new', 'Noa Newrow', 'noa@row.example', ?, ?)",
        LATER,
        LATER,
    )
    project.sql("UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id = ?", LATER, keys[1])
    project.sql("UPDATE leads SET email = 'MAILTO:' || upper(email), updated_at = ? WHERE id = ?", LATER, keys[2])
    return keys[0], keys[1]


def _alive(project: Project) -> set[str]:
    is_soft = "deleted_at" in {row[1] for row in project.sql("PRAGMA table_info(leads)")}
    return {row[0] for row in project.sql("SELECT id FROM leads" + (" WHERE deleted_at IS NULL" if is_soft else ""))}


@pytest.fixture(params=["soft", "hard"])
def world(settled: Project, request: pytest.FixtureRequest) -> Project:
    """A project whose merged rows are marked as deleted, or really deleted."""
    if request.param == "soft":
        for column in ("deleted_at", "merged_into"):
            settled.sql(f"ALTER TABLE leads ADD COLUMN {column} TEXT")
    return settled


def _homes(project: Project, name: str = "fall") -> set[str]:
    return {
        row[0] for row in project.sql("SELECT lead_id FROM campaigns WHERE name = ? AND created_at = ?", name, LATER)
    }


def test_the_command_takes_the_last_run_back_and_says_so(settled: Project) -> None:
    _lived_in(settled)
    before = everything(settled)
    assert settled.dq(*YES).code == 0
    changed = everything(settled)
    shown = settled.dq("undo", "--dry-run")
    assert shown.code == 0
    assert "Would run" in shown.out
    assert everything(settled) == changed
    refused = settled.dq("undo")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    undone = settled.dq("undo", "--yes", "--format", "json")
    assert undone.code == 0, undone.err
    told = undone.json
    assert (told["kept"], told["mismatches"], told["format_version"]) == ([], 0, 1)
    assert Path(told["backup"]).is_dir()
    assert _same(everything(settled), told["new_ids"]) == _same(before, {})
    assert settled.dq("undo", told["run"], "--yes").code == 2
    assert "whole run" in settled.dq("undo", "--list").out


@pytest.mark.parametrize(
    ("only", "twin", "title", "email"),
    [("dedupe", True, True, True), ("standardize", False, True, False), ("sync", False, False, True)],
)
def test_one_step_of_a_run_is_taken_back(world: Project, only: str, twin: bool, title: bool, email: bool) -> None:
    """`twin` is there again; the edited `title` is in Airtable still; the `email` is standardized still."""
    survivor, edited = _lived_in(world)
    third = sorted(_alive(world) - {TWIN, "new"})[2]
    assert world.dq(*YES).code == 0
    assert len({TWIN, survivor} & _alive(world)) == 1
    undone = world.dq("undo", "--yes", "--only", only)
    assert undone.code == 0, undone.err
    assert ({TWIN, survivor} <= _alive(world), len(_homes(world))) == (twin, 1)
    record = world.sql("SELECT airtable_id FROM leads WHERE id = ?", edited)[0][0]
    assert (world.records()[record].get("Title") == "Chief Cook") is title
    assert (not world.sql("SELECT email FROM leads WHERE id = ?", third)[0][0].startswith("MAILTO:")) is email
    again = world.dq(*YES)
    assert again.code == 0, again.err
    assert ({TWIN, survivor} <= _alive(world)) is twin
    rest = world.dq(*YES, "--format", "json")
    assert rest.json["details"]["changes"] == 0


def test_one_lead_of_a_run_is_taken_back(settled: Project) -> None:
    survivor, edited = _lived_in(settled)
    assert settled.dq(*YES).code == 0
    record = settled.sql("SELECT airtable_id FROM leads WHERE id = ?", edited)[0][0]
    lead = next(line["entity_id"] for line in _clusters(settled) if line["row_key"] == edited)
    assert settled.dq("undo", "--yes", "--lead", lead).code == 0
    assert settled.records()[record].get("Title") != "Chief Cook"
    assert len({TWIN, survivor} & _alive(settled)) == 1
    assert settled.dq("undo", "--yes").code == 0  # the rest of the run
    assert {TWIN, survivor} <= _alive(settled)


def _clusters(project: Project) -> list[dict[str, Any]]:
    import polars as pl

    return pl.read_parquet(project.latest / "clean" / "clusters.parquet").to_dicts()


def test_an_older_run_is_taken_back_and_what_later_runs_wrote_stays(settled: Project) -> None:
    first, second = _keys(settled)[:2]
    for key in (first, second):
        settled.sql("UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id = ?", LATER, key)
    older = settled.dq(*YES, "--format", "json").json["operation_id"]
    settled.sql(
        "UPDATE leads SET title = 'Head Gardener', updated_at = '2032-01-01T00:00:00+00:00' WHERE id = ?", second
    )
    assert settled.dq(*YES).code == 0
    records = dict(settled.sql("SELECT id, airtable_id FROM leads"))
    undone = settled.dq("undo", older, "--yes", "--format", "json")
    assert undone.code == 0, undone.err
    assert [(one["row_key"], one["field"]) for one in undone.json["kept"]] == [(records[second], "Title")]
    assert settled.records()[records[first]].get("Title") != "Chief Cook"
    assert settled.records()[records[second]]["Title"] == "Head Gardener"
    assert settled.dq(*YES).code == 0
    assert settled.dq(*YES, "--format", "json").json["details"]["changes"] == 0


def test_a_deleted_record_comes_back_with_cells_that_dq_does_not_map(settled: Project) -> None:
    def with_notes(base: dict[str, Any]) -> None:
        base["tables"][0]["fields"].append({"id": "fldNotes000000001", "name": "Remarks", "type": "multilineText"})

    key = _keys(settled)[0]
    [(record,)] = settled.sql("SELECT airtable_id FROM leads WHERE id = ?", key)

    def remarked(base: dict[str, Any]) -> None:
        next(one for one in base["tables"][0]["records"] if one["id"] == record)["fields"]["Remarks"] = "two\nlines"

    settled.edit_records(with_notes)
    settled.edit_records(remarked)
    for table in ("lead_enrichment", "campaigns", "pipeline_activity"):
        settled.sql(f"DELETE FROM {table} WHERE lead_id = ?", key)
    settled.sql("DELETE FROM leads WHERE id = ?", key)
    assert settled.dq(*YES).code == 0
    assert record not in settled.records()
    undone = settled.dq("undo", "--yes", "--format", "json")
    assert (undone.code, undone.json["mismatches"]) == (0, 0), undone.err
    assert settled.records()[undone.json["new_ids"][record]]["Remarks"] == "two\nlines"


def test_a_created_record_in_which_a_person_wrote_stays(settled: Project) -> None:
    settled.sql(
        "INSERT INTO leads(id, name, email, created_at, updated_at) VALUES ('new', 'Noa Newrow', 'noa@row.example', ?, ?)",
        LATER,
        LATER,
    )

    def with_notes(base: dict[str, Any]) -> None:
        base["tables"][0]["fields"].append({"id": "fldNotes000000001", "name": "Remarks", "type": "singleLineText"})

    settled.edit_records(with_notes)
    assert settled.dq(*YES).code == 0
    record = settled.sql("SELECT airtable_id FROM leads WHERE id = 'new'")[0][0]

    def written_in(base: dict[str, Any]) -> None:
        next(one for one in base["tables"][0]["records"] if one["id"] == record)["fields"]["Remarks"] = (
            "called on Monday"
        )

    settled.edit_records(written_in)
    undone = settled.dq("undo", "--yes", "--format", "json")
    assert undone.code == 0, undone.err
    assert (record, None) in [(one["row_key"], one["field"]) for one in undone.json["kept"]]
    assert settled.records()[record]["Remarks"] == "called on Monday"


def test_edge_22_a_merge_taken_apart_stays_apart_until_it_is_forgotten(world: Project) -> None:
    first, _ = _lived_in(world)
    both = {first, TWIN}
    assert world.dq(*YES).code == 0
    (survivor,) = both & _alive(world)
    (gone,) = both - {survivor}
    world.sql(
        "UPDATE leads SET company = 'Edited Since Ltd', updated_at = '2032-01-01T00:00:00+00:00' WHERE id = ?", survivor
    )
    unmerged = world.dq("review", "unmerge", gone, "--yes")
    assert unmerged.code == 0, unmerged.err
    assert both <= _alive(world)
    assert world.sql("SELECT company FROM leads WHERE id = ?", survivor) == [("Edited Since Ltd",)]
    decided = world.dq("review", "list", "--format", "json").json["decisions"]
    assert [{one["key_l"], one["key_r"]} for one in decided if one["store_l"] == "database"] == [both]
    for _ in range(2):
        assert world.dq(*YES).code == 0
        assert both <= _alive(world)
    assert world.dq(*YES, "--format", "json").json["details"]["changes"] == 0
    assert world.dq("review", "forget", gone).code == 0
    assert world.dq(*YES).code == 0
    assert len(both & _alive(world)) == 1


def test_edge_22_a_merge_is_taken_apart_after_a_second_merge(world: Project) -> None:
    """A lead is merged away, then the lead that took it is merged into a third one: the first one's campaign comes home."""
    key = _keys(world)[0]
    _with_twin(world, key)
    assert world.dq(*YES).code == 0
    (kept,) = {key, TWIN} & _alive(world)
    (gone,) = {key, TWIN} - {kept}
    _with_twin(world, kept, "third")
    assert world.dq(*YES).code == 0
    (last,) = {kept, "third"} & _alive(world)
    undone = world.dq("review", "unmerge", gone, "--yes")
    assert undone.code == 0, undone.err
    assert {gone, last} <= _alive(world)
    assert (gone in _homes(world)) is (gone == TWIN)
    assert world.dq(*YES).code == 0
    assert {gone, last} <= _alive(world)
    assert world.dq(*YES, "--format", "json").json["details"]["changes"] == 0


def test_a_whole_undo_of_a_merge_keeps_it_apart(world: Project) -> None:
    first, _ = _lived_in(world)
    before = everything(world)
    assert world.dq(*YES).code == 0
    undone = world.dq("undo", "--yes", "--format", "json")
    assert undone.code == 0, undone.err
    assert _same(everything(world), undone.json["new_ids"]) == _same(before, {})
    assert world.dq(*YES).code == 0
    assert {first, TWIN} <= _alive(world)


def test_edge_45_an_undo_killed_at_any_moment_is_ended_by_the_next_command(settled: Project, tmp_path: Path) -> None:
    _lived_in(settled)
    before = everything(settled)
    assert settled.dq(*YES).code == 0
    trace = tmp_path / "trace"
    whole = settled.copy(tmp_path / "whole")
    ended = whole.run("undo", "--yes", program=PROGRAM, DYING_AT="0", DYING_TRACE=str(trace))
    assert ended.code == 0, ended.err
    moments = trace.read_text(encoding="utf-8").splitlines()
    assert {"before journal begin", "after database write", "after airtable request", "before base file"} <= set(
        moments
    )
    for at in _chosen(moments):
        project = settled.copy(tmp_path / f"killed-{at}")
        assert project.run("undo", "--yes", program=PROGRAM, DYING_AT=str(at)).code == -9
        is_open = ": open" in project.dq("undo", "--list").out
        ended = project.dq("undo", "--yes") if is_open and at % 2 else project.dq("snapshot")
        assert ended.code == 0, ended.err
        if "finished" not in project.dq("undo", "--list").out:  # it was killed before it began
            assert project.dq("undo", "--yes").code == 0
        ids = _new_ids(project)
        assert _same(everything(project), ids) == _same(before, {}), moments[at - 1]


def _chosen(moments: list[str]) -> list[int]:
    """A moment of every kind, numbered from 1; all of them with `DQ_MOMENTS=all`."""
    if os.environ.get("DQ_MOMENTS") == "all":
        return list(range(1, len(moments) + 1))
    pick = Random(11)
    return sorted(
        {pick.choice([n for n, name in enumerate(moments, 1) if name == kind]) for kind in sorted(set(moments))}
    )


def _new_ids(project: Project) -> dict[str, str]:
    import sqlite3

    found: dict[str, str] = {}
    for path in project.snapshots.glob("*/undo/*/journal.sqlite"):
        rows = (
            sqlite3.connect(path)
            .execute("SELECT create_id, key FROM writes WHERE create_id IS NOT NULL AND key IS NOT NULL")
            .fetchall()
        )
        found |= {create.removeprefix("undo:"): key for create, key in rows}
    return found
