"""Quarantine: a row that Airtable refuses is not sent again and again, and is tried when something about it changes."""

from typing import Any

import pytest
from projects import Project

LATER = "2031-01-01 00:00:00"
TOO_LONG = "x" * 100_001  # more than an Airtable text cell holds


def _titled(project: Project, key: str, title: str) -> None:
    project.sql("UPDATE leads SET title = ?, updated_at = ? WHERE id = ?", title, LATER, key)


def _leads(project: Project) -> list[dict[str, Any]]:
    leads: list[dict[str, Any]] = project.dq("quarantine", "list", "--format", "json").json["leads"]
    return leads


def _run(project: Project) -> tuple[int, int]:
    """Exit code, and changes planned."""
    ended = project.dq("run", "--yes", "--format", "json")
    return ended.code, ended.json["details"]["changes"]


@pytest.fixture
def refused(settled: Project) -> tuple[Project, str, str]:
    """A project of which one lead's record was refused; the lead's key, and another one's."""
    bad, good = sorted(settled.rows()["leads"])[:2]
    _titled(settled, bad, TOO_LONG)
    _titled(settled, good, "Chief Cook")
    assert _run(settled)[0] == 3
    return settled, bad, good


def test_edge_36_a_refused_row_waits_in_quarantine_with_its_reason_and_the_others_are_written(
    refused: tuple[Project, str, str],
) -> None:
    project, bad, good = refused
    records = {key: project.rows()["leads"][key]["airtable_id"] for key in (bad, good)}
    assert project.records()[records[good]]["Title"] == "Chief Cook"
    (lead,) = _leads(project)
    assert lead["refused"] == f"airtable Leads {records[bad]}"
    assert lead["reason"].startswith("INVALID_VALUE_FOR_COLUMN")
    assert TOO_LONG not in str(lead)
    assert _run(project) == (0, 0), "what was refused once is not sent again"
    assert "quarantine" in project.dq("diff").out
    assert len(_leads(project)) == 1


def test_a_quarantined_row_that_changes_is_tried_again(refused: tuple[Project, str, str]) -> None:
    project, bad, _ = refused
    _titled(project, bad, "Head of Dishes")
    code, changes = _run(project)
    assert (code, changes > 0) == (0, True)
    assert project.records()[project.rows()["leads"][bad]["airtable_id"]]["Title"] == "Head of Dishes"
    assert _leads(project) == []
    assert _run(project) == (0, 0)


def test_a_person_may_ask_for_another_try(refused: tuple[Project, str, str]) -> None:
    project, _, _ = refused
    (lead,) = _leads(project)
    assert project.dq("quarantine", "retry").code == 2
    assert project.dq("quarantine", "retry", "nobody").code == 2
    assert project.dq("quarantine", "retry", lead["entity_id"]).code == 0
    assert _leads(project) == []
    assert _run(project)[0] == 3, "it is refused again, and put back"
    assert _leads(project) != []


def test_other_rules_let_quarantined_rows_be_tried_again(refused: tuple[Project, str, str]) -> None:
    project, _, _ = refused
    config = project.config()
    config["sync"]["conflict"] = ["database_wins"]
    project.configure(config)
    assert _run(project)[0] == 3
