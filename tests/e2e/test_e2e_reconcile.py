"""Reconcile over real stores: fights, scopes, rules that change, policies compared."""

import json
from typing import Any

import polars as pl
from projects import Project

import dq
from dq.apply import flaps


def _first(project: Project) -> tuple[str, str]:
    """A linked lead: its key and its record's id."""
    return project.sql("SELECT id, airtable_id FROM leads WHERE airtable_id IS NOT NULL ORDER BY id LIMIT 1")[0]


def _typed(project: Project, record: str, **cells: Any) -> None:
    """Somebody writes cells of a record in Airtable."""

    def change(base: dict[str, Any]) -> None:
        next(one for one in base["tables"][0]["records"] if one["id"] == record)["fields"].update(cells)

    project.edit_records(change)


def _run(project: Project, *flags: str) -> None:
    ended = project.dq("run", "--yes", *flags)
    assert ended.code == 0, ended.err


def test_a_fight_over_a_cell_is_frozen_until_a_person_ends_it(settled: Project) -> None:
    key, record = _first(settled)
    before = settled.records()[record].get("Title")
    settled.sql("UPDATE leads SET title = 'Chief B', updated_at = '2031-01-01T00:00:00Z' WHERE id = ?", key)
    _run(settled)
    assert settled.records()[record]["Title"] == "Chief B"
    _typed(settled, record, Title=before)
    _run(settled)
    settled.sql("UPDATE leads SET title = 'Chief B', updated_at = '2031-01-02T00:00:00Z' WHERE id = ?", key)
    _run(settled)
    assert settled.records()[record]["Title"] == before
    waiting = dq.open(settled.snapshots).conflicts.filter(resolved=False)
    assert waiting.filter(field="title").select("policy", "resolved_by").rows() == [("manual", "flap")]
    memory = flaps.load(settled.snapshots, dq.open(settled.snapshots).plan.base_serial + 1)
    assert memory.filter(field="title")["frozen"].to_list() == [True]
    assert "Chief" not in str(memory.to_dicts())
    _run(settled)  # it stays so
    assert settled.records()[record]["Title"] == before
    _typed(settled, record, Title="Chief B")
    _run(settled)
    assert dq.open(settled.snapshots).conflicts.filter(field="title", resolved=False).is_empty()


def test_a_scope_that_is_new_is_shown_first_and_then_takes_effect(settled: Project) -> None:
    config = settled.config()
    keys = [row[0] for row in settled.sql("SELECT id FROM leads ORDER BY id")]
    config["tables"][0]["scope"] = {"where": f"id <> '{keys[0]}' AND id <> '{keys[1]}'", "leaving": "delete"}
    settled.configure(config)
    settled.sql("UPDATE leads SET title = 'Chief X', updated_at = '2031-01-01T00:00:00Z' WHERE id = ?", keys[2])
    count = len(settled.records())
    refused = settled.dq("run", "--yes")
    assert (refused.code, "--max-rule-changes" in refused.err, "changed" in refused.err) == (4, True, True), refused.err
    changes = settled.plan()["counts"]["changes"]
    assert settled.plan()["counts"]["out_of_scope"] == 2
    _run(settled, "--max-rule-changes", str(changes))
    assert len(settled.records()) == count  # deletes were off
    _run(settled)
    assert len(settled.records()) == count - 2
    assert settled.sql("SELECT count(*) FROM leads WHERE airtable_id IS NULL") == [(2,)]
    assert len(settled.sql("SELECT id FROM leads")) == len(keys)
    _run(settled)
    assert settled.plan()["counts"]["changes"] == 0


def test_what_is_being_typed_in_airtable_waits(settled: Project) -> None:
    key, record = _first(settled)
    with settled.served():
        config = settled.config()
        config["sync"]["settle_seconds"] = {"airtable": 600}
        settled.configure(config)
        _run(settled, "--max-rule-changes", "0")
        _typed(settled, record, Title="Chief T", **{"Last Modified": _now()})
        _run(settled)
        assert settled.plan()["counts"]["waiting"] == 1
        assert settled.sql("SELECT title FROM leads WHERE id = ?", key) != [("Chief T",)]
        assert "1 waiting" in settled.dq("diff").out
        config["sync"]["settle_seconds"] = 0
        settled.configure(config)
        _run(settled)
        assert settled.sql("SELECT title FROM leads WHERE id = ?", key) == [("Chief T",)]


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_policies_are_compared_without_a_value_in_sight(fresh: Project) -> None:
    config = fresh.config()
    config["sync"]["conflict"] = "manual"
    fresh.configure(config)
    assert fresh.dq("snapshot").code == 0
    assert fresh.dq("clean").code == 0
    before = sorted((path, path.stat().st_mtime_ns) for path in fresh.snapshots.rglob("*"))
    told = fresh.dq("diff", "--compare-policies", "--format", "json")
    assert told.code == 0, told.err
    shown = told.json
    run = dq.open(fresh.snapshots)
    cells = run.conflicts.filter(pl.col("field").is_not_null())
    assert shown["conflicts"] == cells.height > 0
    totals = {row["policy"]: row for row in shown["counts"] if row["field"] is None}
    assert list(totals) == ["most_recent", "highest_quality", "merge", "database_wins", "airtable_wins", "manual"]
    for row in totals.values():
        assert sum(row[name] for name in ("database", "airtable", "mix", "waits")) == cells.height
    assert (
        totals["database_wins"]["database"]
        == totals["airtable_wins"]["airtable"]
        == totals["manual"]["waits"]
        == cells.height
    )
    values = {json.loads(value) for value in cells["database"].drop_nulls() if len(value) > 6}
    text = fresh.dq("diff", "--compare-policies", "--limit", "0").out
    assert not any(value in text or value in told.out for value in values)
    assert fresh.dq("diff", "--compare-policies", "--format", "md").out.startswith("### Plan")
    assert sorted((path, path.stat().st_mtime_ns) for path in fresh.snapshots.rglob("*")) == before
    assert run.policies.height == 6 * cells.height


def test_records_made_anew_with_the_same_lead_id_are_no_deletes(settled: Project) -> None:
    """Somebody exported the table and imported it again: every record has a new id."""

    def remake(base: dict[str, Any]) -> None:
        for number, one in enumerate(base["tables"][0]["records"]):
            one["id"] = f"recRemade{number:08}"

    settled.edit_records(remake)
    ended = settled.dq("run", "--yes")
    plan = settled.plan()
    records = len(settled.records())
    assert (ended.code, plan["counts"]["rekeyed"]) == (4, records), ended.err
    assert [brake["name"] for brake in plan["brakes"]] == ["max_rekeyed"]
    assert "delete" not in plan["counts"]["rows"].get("database", {})
    _run(settled, "--max-rekeyed", str(records))
    assert {row[0] for row in settled.sql("SELECT airtable_id FROM leads WHERE airtable_id IS NOT NULL")} == set(
        settled.records()
    )


def test_an_email_that_changes_is_no_delete(settled: Project) -> None:
    key, record = _first(settled)
    settled.sql(
        "UPDATE leads SET email = 'moved@new-home.example', updated_at = '2031-01-01T00:00:00Z' WHERE id = ?", key
    )
    _run(settled)
    plan = settled.plan()
    assert plan["counts"]["moved"] == 1
    assert settled.records()[record]["Email"] == "moved@new-home.example"
    assert not any("delete" in ops or "insert" in ops for ops in plan["counts"]["rows"].values())
