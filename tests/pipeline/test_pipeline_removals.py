"""A soft delete writes a mark only, and yet it must not take along what somebody wrote into the row since the plan."""

from typing import Any

import pytest
from projects import Project

LATER = "2031-01-01T00:00:00+00:00"


@pytest.fixture
def marking(settled: Project) -> Project:
    """A project in agreement whose leads are deleted by marks."""
    for column in ("deleted_at", "merged_into"):
        settled.sql(f"ALTER TABLE leads ADD COLUMN {column} TEXT")
    return settled


def _planned(project: Project) -> None:
    assert project.dq("snapshot").code == 0
    assert project.dq("clean").code == 0


def _dropped(project: Project, record: str) -> None:
    def drop(base: dict[str, Any]) -> None:
        table = base["tables"][0]
        table["records"] = [one for one in table["records"] if one["id"] != record]

    project.edit_records(drop)


def test_an_edit_after_the_plan_beats_the_delete_that_the_plan_has(marking: Project) -> None:
    key, record = marking.sql("SELECT id, airtable_id FROM leads WHERE airtable_id <> '' ORDER BY id")[0]
    _dropped(marking, record)
    _planned(marking)
    marking.sql("UPDATE leads SET title = 'Chief Diver', updated_at = ? WHERE id = ?", LATER, key)
    ended = marking.dq("apply", "--yes", "--debug")
    assert ended.code == 3, ended.err
    assert marking.rows()["leads"][key]["deleted_at"] is None
    assert marking.dq("run", "--yes").code == 0
    assert [cells["Title"] for cells in marking.records().values() if cells.get("Lead ID") == key] == ["Chief Diver"]


def test_an_edit_of_a_duplicate_after_the_plan_keeps_it_from_being_merged_away(marking: Project) -> None:
    columns = "name, email, company, title, linkedin_url, company_website, phone, status"
    [(key,)] = marking.sql("SELECT id FROM leads WHERE email <> '' ORDER BY id LIMIT 1")
    sql = f"INSERT INTO leads(id, {columns}, created_at, updated_at) SELECT 'twin', {columns}, ?, ? FROM leads WHERE id = ?"
    marking.sql(sql, LATER, LATER, key)
    _planned(marking)
    losers = [
        change for change in marking.dq("diff", "--format", "json").json["changes"] if change["field"] == "deleted_at"
    ]
    [loser] = [change["row_key"] for change in losers]
    marking.sql("UPDATE leads SET title = 'Chief Diver', updated_at = '2032-01-01T00:00:00+00:00' WHERE id = ?", loser)
    assert marking.dq("apply", "--yes").code == 3
    assert marking.rows()["leads"][loser]["deleted_at"] is None
    assert marking.dq("run", "--yes").code == 0
    titles = {
        row["title"] for row in marking.rows()["leads"].values() if row["id"] in (key, "twin") and not row["deleted_at"]
    }
    assert titles == {"Chief Diver"}


def test_a_delete_of_a_row_that_nobody_touched_is_carried_out_and_undone(marking: Project) -> None:
    key, record = marking.sql("SELECT id, airtable_id FROM leads WHERE airtable_id <> '' ORDER BY id")[0]
    before = {n: c for n, c in marking.rows()["leads"][key].items() if n not in ("updated_at", "airtable_id")}
    _dropped(marking, record)
    assert marking.dq("run", "--yes").code == 0
    assert marking.rows()["leads"][key]["deleted_at"]
    assert marking.dq("undo", "--yes").code == 0
    assert {n: c for n, c in marking.rows()["leads"][key].items() if n in before} == before
