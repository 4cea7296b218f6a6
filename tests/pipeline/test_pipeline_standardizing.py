"""A cell that a plan only brings into its standard form means the same before and after: the stores agree on it either way."""

import json
from typing import Any

import polars as pl
from projects import Project


def _titled(project: Project, record: str, title: str | None) -> None:
    def change(base: dict[str, Any]) -> None:
        [cells] = [one["fields"] for one in base["tables"][0]["records"] if one["id"] == record]
        cells.pop("Title", None)
        cells |= {} if title is None else {"Title": title}

    project.edit_records(change)


def test_who_clears_a_cell_while_its_first_edit_is_on_the_way_has_the_last_word(settled: Project) -> None:
    config = settled.config()
    settled.configure({**config, "sync": {**config["sync"], "conflict": ["highest_quality", "database_wins"]}})
    assert settled.dq("run", "--yes").code == 0
    key, record = settled.sql("SELECT id, airtable_id FROM leads WHERE airtable_id <> '' ORDER BY id")[0]
    _titled(settled, record, "  Chief   Diver ")
    assert settled.dq("snapshot").code == 0
    assert settled.dq("clean").code == 0
    _titled(settled, record, None)
    assert settled.dq("apply", "--yes").code == 3  # the record moved; the database has the title
    assert settled.rows()["leads"][key]["title"] == "Chief Diver"
    assert settled.dq("run", "--yes").code == 0
    assert settled.rows()["leads"][key]["title"] is None
    assert settled.records()[record].get("Title") is None


def test_a_plan_says_under_which_versions_it_was_made(settled: Project) -> None:
    rules = "version: 7\nfields:\n  email: [text, email]\n  phone: {standardize: [text], on_invalid: null}\n"
    (settled.root / "rules").mkdir(exist_ok=True)
    (settled.root / "rules" / "standardize.yaml").write_text(rules)
    assert settled.dq("snapshot").code == 0
    assert settled.dq("clean").code == 0
    plan = json.loads((settled.latest / "plan.json").read_text())
    assert plan["versions"] == {"rules": "7", "standardizers": {"email": 2, "text": 1}}


def test_a_bad_rule_ends_a_command_before_any_store_is_read(settled: Project) -> None:
    (settled.root / "rules").mkdir(exist_ok=True)
    (settled.root / "rules" / "standardize.yaml").write_text("fields:\n  email: [text, emial]\n")
    before = sorted(path.name for path in (settled.root / "snapshots").iterdir())
    ended = settled.dq("snapshot")
    assert ended.code == 2
    assert "rules/standardize.yaml:2" in ended.err
    assert "did you mean `email`?" in ended.err
    assert sorted(path.name for path in (settled.root / "snapshots").iterdir()) == before


def test_a_lead_that_is_set_aside_is_counted_and_every_other_is_written(settled: Project) -> None:
    rules = "fields:\n  email: {standardize: [text, email], on_invalid: quarantine}\n"
    (settled.root / "rules").mkdir(exist_ok=True)
    (settled.root / "rules" / "standardize.yaml").write_text(rules)
    bad, good = (
        key for key, _ in settled.sql("SELECT id, airtable_id FROM leads WHERE airtable_id <> '' ORDER BY id")[:2]
    )
    settled.sql("UPDATE leads SET email = 'nobody at home', title = ' Chief  Cook ' WHERE id = ?", bad)
    settled.sql("UPDATE leads SET title = ' Chief  Diver ' WHERE id = ?", good)
    ended = settled.dq("run", "--dry-run", "--format", "json")
    assert ended.code == 0
    assert any(warning.startswith("2 leads set aside") for warning in json.loads(ended.out)["warnings"])
    # the sample data has one such lead of its own
    assert "2 leads set aside: a cell of theirs is not valid" in settled.dq("diff").out
    changes = pl.read_parquet(settled.latest / "changeset.parquet")
    assert changes.filter(row_key=str(bad)).is_empty()
    assert not changes.filter(row_key=str(good)).is_empty()
