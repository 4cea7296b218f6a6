"""What moves under a plan, or between a snapshot and its plan, by the numbers of the list of edge cases."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import MAPPING, Project

from dq import sandbox

LATER, LATE = "2031-01-01T00:00:00+00:00", "2031-01-01T00:00:00.000Z"
Base = dict[str, Any]


def _field(base: Base, name: str = "Title") -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in base["tables"][0]["fields"] if one["name"] == name)
    return found


def _without(base: Base, name: str) -> None:
    table = base["tables"][0]
    table["fields"].remove(_field(base, name))
    for record in table["records"]:
        record["fields"].pop(name, None)


def _renamed(base: Base) -> None:
    _field(base)["name"] = "Position"
    for record in base["tables"][0]["records"]:
        record["fields"]["Position"] = record["fields"].pop("Title", None)


def _deleted(base: Base) -> None:
    _without(base, "Title")


def _made_again(base: Base) -> None:
    """Another field of the same name."""
    _without(base, "Title")
    base["tables"][0]["fields"].append({"id": "fldAnotherTitle01", "name": "Title", "type": "singleLineText"})


def _retyped(base: Base) -> None:
    _field(base)["type"] = "multilineText"


def _computed(base: Base) -> None:
    _field(base).update(type="formula", options={"formula": "'x'", "result": {"type": "singleLineText"}})


def _table_deleted(base: Base) -> None:
    base["tables"].append({**base["tables"].pop(0), "id": "tblAnother0000001", "name": "Others", "records": []})


CHANGES = {
    "renamed_field": (_renamed, "Title"),
    "deleted_field": (_deleted, "Title"),
    "another_field_of_the_name": (_made_again, "Title"),
    "retyped_field": (_retyped, "Title"),
    "deleted_table": (_table_deleted, "table"),
}


@pytest.fixture
def planned(settled: Project) -> Project:
    """A plan that gives four records a new title."""
    settled.sql(
        "UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id IN (SELECT id FROM leads LIMIT 4)", LATER
    )
    assert settled.dq("snapshot").code == 0
    assert settled.dq("clean").code == 0
    return settled


def _stores(project: Project) -> dict[str, Any]:
    dumped = json.dumps(sandbox.dump(project.airtable), sort_keys=True)
    return {"database": hashlib.sha256(project.database.read_bytes()).hexdigest(), "airtable": dumped}


def _is_refused(project: Project, change: Callable[[Base], None], word: str) -> None:
    project.edit_records(change)
    before = _stores(project)
    ended = project.dq("apply", "--yes")
    assert (ended.code, word in ended.err, "fix:" in ended.err) == (2, True, True), ended.err
    assert _stores(project) == before


@pytest.mark.parametrize("name", CHANGES)
def test_edge_40_what_changed_under_a_plan_makes_it_stale(planned: Project, name: str) -> None:
    change, word = CHANGES[name]
    _is_refused(planned, change, word)


def test_edge_40_a_renamed_table_is_known_by_its_id(planned: Project) -> None:
    planned.edit_records(lambda base: base["tables"][0].update(name="People"))
    assert planned.dq("apply", "--yes").code == 0
    ended = planned.dq("snapshot")
    assert (ended.code, "'Leads'" in ended.err) == (2, True), ended.err


def test_edge_40_a_field_that_the_token_does_not_see_any_more_is_no_cleared_field(settled: Project) -> None:
    """A field that is hidden from a token is not in the schema: nothing says that its cells are empty."""
    before = settled.rows()
    settled.edit_records(_deleted)
    ended = settled.dq("run", "--yes")
    assert (ended.code, "'Title'" in ended.err) == (2, True), ended.err
    assert settled.rows() == before


def test_edge_38_a_field_that_becomes_computed_makes_a_plan_stale(planned: Project) -> None:
    _is_refused(planned, _computed, "Title")


def test_edge_38_a_computed_field_is_read_and_never_planned(settled: Project) -> None:
    """Mapped fields that nobody may write: an edit in the database stays there, and is no change of any plan."""
    settled.edit_records(_computed)
    settled.sql(
        "UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id IN (SELECT id FROM leads LIMIT 4)", LATER
    )
    assert settled.dq("snapshot").code == 0
    ended = settled.dq("clean")
    assert ended.code == 0, ended.err
    changes = settled.dq("diff", "--format", "json").json["changes"]
    assert [one for one in changes if one["store"] == "airtable" and one["field"] == "Title"] == []


def _with_files(base: Base, address: str) -> None:
    table = base["tables"][0]
    if not any(field["name"] == "Files" for field in table["fields"]):
        table["fields"].append({"id": "fldFiles000000001", "name": "Files", "type": "multipleAttachments"})
    for number, record in enumerate(table["records"][:5]):
        file = {"id": f"att{number:014}", "url": f"{address}/{number}", "filename": f"{number}.pdf", "size": 9}
        record["fields"]["Files"] = [file]


def test_edge_42_addresses_of_attachments_expire_and_are_no_change(settled: Project) -> None:
    settled.sql("ALTER TABLE leads ADD COLUMN files TEXT")
    config = settled.config()
    config["tables"][0]["mapping"]["files"] = "Files"
    settled.edit_records(lambda base: _with_files(base, "https://files.example/today"))
    settled.configure(config)
    first = settled.dq("run", "--yes", "--max-rule-changes", "999", "--max-field-changes", "99")
    assert first.code == 0, first.err
    held = [row[0] for row in settled.sql("SELECT files FROM leads WHERE files IS NOT NULL")]
    assert len(held) == 5
    settled.edit_records(lambda base: _with_files(base, "https://files.example/tomorrow"))
    again = settled.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err


def test_edge_47_a_field_that_is_mapped_after_the_snapshot_is_not_taken_for_empty(settled: Project) -> None:
    settled.edit_records(
        lambda base: base["tables"][0]["fields"].append(
            {"id": "fldCity0000000001", "name": "City", "type": "singleLineText"}
        )
    )
    settled.sql("ALTER TABLE leads ADD COLUMN city TEXT")
    config = settled.config()
    config["tables"][0]["mapping"]["city"] = "City"
    settled.configure(config)
    ended = settled.dq("clean")
    assert (ended.code, "dq snapshot" in ended.err, "Traceback" in ended.err) == (2, True, False), ended.err


@pytest.mark.parametrize("store", ["database", "airtable"])
def test_edge_47_files_of_another_moment_are_not_used(settled: Project, store: str, tmp_path: Path) -> None:
    """One store's file of an older snapshot in place of the new one's."""
    older = settled.copy(tmp_path / "older")
    settled.sql(
        "UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id IN (SELECT id FROM leads LIMIT 4)", LATER
    )
    settled.edit_records(lambda base: base["tables"][0]["records"][0]["fields"].update(Company="Acme"))
    assert settled.dq("snapshot").code == 0
    name = "database/leads.parquet" if store == "database" else "airtable/Leads.parquet"
    (settled.latest / name).write_bytes((older.latest / name).read_bytes())
    ended = settled.dq("clean")
    assert (ended.code, name in ended.err) == (7, True), ended.err


def test_edge_24_leads_that_point_at_themselves_or_in_a_circle(settled: Project) -> None:
    """A lead and its duplicate are each their own parent, two others each other's, and one is the duplicate's child."""
    first, one, other, child = [row[0] for row in settled.sql("SELECT id FROM leads ORDER BY id LIMIT 4")]
    columns = ", ".join(MAPPING)
    settled.sql("ALTER TABLE leads ADD COLUMN parent_id TEXT REFERENCES leads(id)")
    settled.sql(
        f"INSERT INTO leads(id, {columns}, created_at, updated_at) SELECT 'twin', {columns}, ?, ? FROM leads WHERE id = ?",
        LATER, LATER, first,
    )  # fmt: skip
    for key, parent in ((first, first), ("twin", "twin"), (one, other), (other, one), (child, "twin")):
        settled.sql("UPDATE leads SET parent_id = ? WHERE id = ?", parent, key)
    ended = settled.dq("run", "--yes", "--max-merges", "9")
    assert ended.code == 0, ended.err
    parents = dict(settled.sql("SELECT id, parent_id FROM leads WHERE parent_id IS NOT NULL"))
    (survivor,) = {first, "twin"} & set(parents)
    assert parents == {survivor: survivor, one: other, other: one, child: survivor}
    assert settled.sql("PRAGMA foreign_key_check") == []
    merged = settled.latest.name
    rest = settled.dq("run", "--yes", "--format", "json")
    assert (rest.code, rest.json["details"]["changes"]) == (0, 0), rest.err
    undone = settled.dq("undo", merged, "--yes")
    assert undone.code == 0, undone.err
    wanted = {first: first, "twin": "twin", one: other, other: one, child: "twin"}
    assert dict(settled.sql("SELECT id, parent_id FROM leads WHERE parent_id IS NOT NULL")) == wanted
