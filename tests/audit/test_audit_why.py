"""`dq why` and `dq blame`: the chain behind any cell, by any key of its lead."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from projects import Project

import dq
from dq.schemas.record import rule

LATER = "2031-01-01T00:00:00+00:00"


def _why(project: Project, *arguments: str) -> Any:
    ended = project.dq("why", *arguments, "--format", "json")
    assert ended.code == 0, ended.err
    return ended.json


def _blame(project: Project, *arguments: str) -> dict[str, Any]:
    ended = project.dq("blame", *arguments, "--format", "json")
    assert ended.code == 0, ended.err
    return {cell["field"]: cell for cell in ended.json["cells"]}


def _merged(project: Project) -> tuple[str, str]:
    """A database row that the run merged away, and the one that stayed."""
    clusters = dq.open(project.snapshots).clusters.filter(store="database")
    lost = clusters.filter(~pl.col("survivor")).sort("row_key").row(0, named=True)
    stayed = clusters.filter(pl.col("survivor") & (pl.col("entity_id") == lost["entity_id"]))
    return lost["row_key"], stayed["row_key"].item()


def test_every_change_of_a_plan_is_explained_with_its_receipt(finished: Project):
    run = dq.open(finished.snapshots)
    chosen = run.changes.filter(pl.col("op") == "update", pl.col("table").is_in(["leads", "Leads"]))
    reasons = chosen.unique("reason", keep="first", maintain_order=True).sort("reason")
    for change in reasons.to_dicts():
        told = _why(finished, change["store"], change["row_key"], change["field"])
        mine = [one for one in told["cells"][0]["changes"] if one["change_id"] == change["change_id"]]
        assert len(mine) == 1
        assert {name: mine[0][name] for name in run.changes.columns} == change
        assert mine[0]["state"] == "written"
        assert mine[0]["time"]


def test_the_chain_holds_raw_values_of_both_stores_rules_base_and_duplicate_evidence(finished: Project):
    run = dq.open(finished.snapshots)
    lost, _ = _merged(finished)
    told = _why(finished, "database", lost, "email")
    rows = {(row["store"], row["row_key"]) for row in told["cluster"]}
    assert len(rows) >= 2
    held = told["cells"][0]["held"]
    assert {(one["store"], one["row_key"]) for one in held} == rows
    for one in held:
        record = run.standardized(one["store"]).filter(row_key=one["row_key"]).row(0, named=True)
        assert (one["raw"], one["standard"]) == (record["email_raw"], record["email"])
        assert one["rule"] == record[rule("email")]
    assert {pair["decision"] for pair in told["pairs"]} >= {"link"}
    assert all("gamma_email" in pair and "match_weight" in pair for pair in told["pairs"])
    assert told["cells"][0]["base"] is None


def test_a_settled_conflict_names_its_policy_and_both_sides(finished: Project):
    conflict = dq.open(finished.snapshots).conflicts.filter(pl.col("resolved")).row(0, named=True)
    key = conflict["entity_id"].removeprefix("database:").removeprefix("airtable:")
    told = _why(finished, "database", key, conflict["field"])
    assert told["cells"][0]["conflict"]["conflict_id"] == conflict["conflict_id"]
    text = finished.dq("why", "database", key, conflict["field"]).out
    assert f"{conflict['resolved_by']} chose {conflict['suggested']}" in text


def test_a_finding_stands_at_its_cell(finished: Project):
    found = dq.open(finished.snapshots).findings.filter(pl.col("field").is_not_null()).row(0, named=True)
    told = _why(finished, found["store"], found["row_key"], found["field"])
    assert found["rule"] in {one["rule"] for one in told["cells"][0]["findings"]}


@pytest.mark.parametrize("store", ["database", "airtable"])
def test_any_key_of_a_lead_leads_to_it(settled: Project, store: str):
    """Database key, record id, entity id: before the next snapshot and after it."""
    for _ in range(2):
        run = dq.open(settled.snapshots)
        pair = run.golden.filter(pl.col("database_key").is_not_null() & pl.col("airtable_key").is_not_null()).row(
            0, named=True
        )
        keys = (pair["database_key"], pair["airtable_key"], pair["entity_id"])
        told = {(one["entity_id"], one["row_key"]) for one in (_why(settled, store, key, "email") for key in keys)}
        assert told == {(pair["entity_id"], pair[f"{store}_key"])}
        assert settled.dq("snapshot").code == settled.dq("clean").code == 0


@pytest.mark.parametrize("later", [False, True])
def test_the_old_key_of_a_merged_row_leads_to_the_one_that_stayed(settled: Project, later: bool):
    lost, stayed = _merged(settled)
    if later:
        assert settled.dq("snapshot").code == settled.dq("clean").code == 0
    told = _why(settled, "database", lost)
    assert told["row_key"] == (stayed if later else lost)
    assert "merged" in " ".join(told["notes"])
    blamed = settled.dq("blame", "database", lost, "--format", "json").json
    assert (blamed["row_key"], "merged away" in blamed["notes"][0]) == (stayed, True)


def test_a_deleted_lead_is_known_from_what_was_written(settled: Project):
    own = "SELECT id, airtable_id FROM leads WHERE id GLOB '*-4???-*' ORDER BY id LIMIT 1"  # keys of others are chance
    key, record = settled.sql(own)[0]
    settled.sql("DELETE FROM leads WHERE id = ?", key)
    assert settled.dq("run", "--yes").code == 0
    assert settled.dq("snapshot").code == settled.dq("clean").code == 0
    told = _why(settled, "airtable", record)
    assert (told["row_key"], "deleted" in " ".join(told["notes"])) == (None, True)
    gone = [one for one in told["rows"]["history"] if one["op"] == "delete"]
    assert [(one["row_key"], one["state"]) for one in gone][-1:] == [(record, "written")]


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("databas", "x"), "database"),
        (("database", "{key}XX"), "{key}"),
        (("database", "{key}", "emial"), "email"),
        (("database", "{key}", "--table", "lead"), "leads"),
    ],
)
def test_a_near_miss_is_named(finished: Project, arguments: tuple[str, ...], near: str):
    key = finished.sql("SELECT id FROM leads ORDER BY id LIMIT 1")[0][0]
    for command in ("why", "blame"):
        if command == "blame" and "emial" in arguments:
            continue
        ended = finished.dq(command, *(one.format(key=key) for one in arguments))
        assert (ended.code, near.format(key=key) in ended.err) == (2, True), ended.err


def test_why_needs_a_plan_and_says_so(fresh: Project):
    ended = fresh.dq("why", "database", "x")
    assert (ended.code, "dq snapshot && dq clean" in ended.err) == (2, True)


def test_earlier_changes_come_from_the_log(settled: Project):
    key = settled.sql("SELECT id FROM leads ORDER BY id LIMIT 1")[0][0]
    for title in ("First", "Second"):
        settled.sql("UPDATE leads SET title = ?, updated_at = ? WHERE id = ?", title, LATER, key)
        assert settled.dq("run", "--yes").code == 0
    told = _why(settled, "database", key, "Title")["cells"][0]
    assert [one["after"] for one in told["changes"]] == ['"Second"']
    assert told["history"][-1]["after"] == '"First"'
    assert told["base"] == "First"


def test_blame_tells_dq_from_people(settled: Project):
    key, record = settled.sql("SELECT id, airtable_id FROM leads ORDER BY id LIMIT 1")[0]
    settled.sql("UPDATE leads SET title = 'Chef', updated_at = ? WHERE id = ?", LATER, key)
    assert settled.dq("run", "--yes").code == 0
    run = dq.open(settled.snapshots).manifest.id
    there, here = _blame(settled, "airtable", key)["Title"], _blame(settled, "database", key)["title"]
    assert (there["who"], there["value"], there["run"], there["reason"]) == ("dq", "Chef", run, "sync")
    assert (here["who"], here["value"], here["time"]) == ("person", "Chef", LATER)

    def edit(base: dict[str, Any]) -> None:
        mine = next(one for one in base["tables"][0]["records"] if one["id"] == record)
        mine["fields"] |= {"Title": "Sous-chef", "Last Modified": "2032-01-01T00:00:00.000Z"}

    settled.edit_records(edit)
    assert settled.dq("snapshot").code == settled.dq("clean").code == 0
    now = _blame(settled, "airtable", record)["Title"]
    assert (now["who"], now["value"], now["since"]) == ("person", "Sous-chef", there["time"])
    again = _blame(settled, "airtable", record)["Phone"]
    assert again["who"] in ("dq", "unknown")


def test_blame_of_a_cell_that_dq_wrote_names_rule_run_and_actor(finished: Project):
    change = (
        dq.open(finished.snapshots)
        .changes.filter(pl.col("reason") == "standardize", pl.col("store") == "database", pl.col("op") == "update")
        .row(0, named=True)
    )
    told = _blame(finished, "database", change["row_key"])[change["field"]]
    assert (told["who"], told["action"], told["run"]) == ("dq", "apply", finished.latest.name)
    assert (told["reason"], f'"{told["value"]}"') == (f"standardize: {change['rule']}", change["after"])
    assert told["actor"]


def test_text_and_mask(finished: Project):
    row = finished.sql("SELECT id, name, email FROM leads WHERE email IS NOT NULL ORDER BY id LIMIT 1")[0]
    for command in ("why", "blame"):
        shown, hidden = finished.dq(command, "database", row[0]), finished.dq(command, "database", row[0], "--mask")
        assert (row[1] in shown.out, row[2] in shown.out) == (True, True)
        assert (row[1] in hidden.out, row[2] in hidden.out) == (False, False)
        assert "\x1b" not in shown.out


def test_a_key_of_two_tables_asks_which(make_project: Callable[[int, int], Project], tmp_path: Path):
    project = make_project(4, 10)
    with closing(sqlite3.connect(project.database)) as connection, connection:
        connection.execute("CREATE TABLE firms(id TEXT PRIMARY KEY, name TEXT, updated_at TEXT)")
        connection.execute("INSERT INTO firms SELECT id, name, updated_at FROM leads")
    fields = [{"id": "fld1" + "0" * 13, "name": "Name", "type": "singleLineText"}]
    made = {
        "id": "tbl1" + "0" * 13,
        "name": "Firms",
        "primaryFieldId": fields[0]["id"],
        "fields": fields,
        "records": [],
    }
    project.edit_records(lambda base: base["tables"].append(made))
    config = project.config()
    config["tables"].append(
        {
            "database": "firms",
            "key": "id",
            "airtable": "Firms",
            "modified": {"database": "updated_at", "airtable": None},
            "created": {"database": None},
            "mapping": {"name": "Name"},
        }
    )
    project.configure(config)
    assert project.dq("run", "--yes").code == 0
    key = project.sql("SELECT id FROM firms ORDER BY id LIMIT 1")[0][0]
    ended = project.dq("why", "database", key, "name")
    assert (ended.code, "--table leads" in ended.err) == (2, True), ended.err
    for table in ("leads", "firms"):
        assert _why(project, "database", key, "name", "--table", table)["table"] == table
