"""Promise 4 by enumeration: a small plan of every kind of write, killed at each boundary of journal, transaction and file.

`DQ_MOMENTS=all` (`make simulate`) kills at every moment; else at one of each kind that `test_e2e_killed.py` does not know.
"""

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest
from projects import MAPPING, Project, configuration, everything

from dq.apply import base as base_state
from dq.leads.generate import sample, write

PROGRAM = (Path(__file__).parent / "dying.py").read_text(encoding="utf-8")
ALLOWED = ("--max-deletes", "9", "--max-merges", "9", "--max-field-changes", "99")
APPLY, RESUME = ("apply", "--yes", *ALLOWED), ("apply", "--resume", *ALLOWED)
LATER, LATE = "2031-01-01T00:00:00+00:00", "2031-01-01T00:00:00.000Z"
PARTS = 8
"""How many tests share the moments."""
FINE = ("before commit", "before rename", "after rename")
KINDS = {
    "before journal begin", "after journal begin", "before journal settle", "before journal note", "before commit of leads.db",
    "before commit of journal.sqlite", "after database write", "after airtable request", "before verify", "after verify",
    "after base file", "after base pointer", "before rename to .parquet", "after rename to .json", "after audit append",
}  # fmt: skip


@pytest.fixture(scope="module")
def planned(small: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A plan that updates, deletes, inserts and links on both sides, and merges a lead with its child rows."""
    project = small.copy(tmp_path_factory.mktemp("planned") / "project")
    keys = [row[0] for row in project.sql("SELECT id FROM leads ORDER BY id")]
    record = dict(project.sql("SELECT id, airtable_id FROM leads"))
    columns = ", ".join(MAPPING)
    project.sql("UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id = ?", LATER, keys[0])
    project.sql(
        f"INSERT INTO leads(id, {columns}, created_at, updated_at) SELECT 'twin', {columns}, ?, ? FROM leads WHERE id = ?",
        LATER, LATER, keys[1],
    )  # fmt: skip
    project.sql("INSERT INTO campaigns(lead_id, name, status, created_at) VALUES ('twin', 'fall', 'open', ?)", LATER)
    project.sql(
        "INSERT INTO leads(id, name, email, created_at, updated_at) VALUES ('new', 'Noa Newrow', 'noa@row.example', ?, ?)",
        LATER, LATER,
    )  # fmt: skip
    for table in ("lead_enrichment", "campaigns", "pipeline_activity"):
        project.sql(f"DELETE FROM {table} WHERE lead_id IN (?, ?)", keys[2], keys[3])
    project.sql("DELETE FROM leads WHERE id = ?", keys[2])

    def change(held: dict[str, Any]) -> None:
        table = held["tables"][0]
        table["records"] = [one for one in table["records"] if one["id"] != record[keys[3]]]
        edited = next(one for one in table["records"] if one["id"] == record[keys[4]])
        edited["fields"] |= {"Company": "Acme Holding", "Last Modified": LATE}
        cells = {"Full Name": "Rita Record", "Email": "rita@record.example"}
        table["records"].append({"id": "recAdded000000000", "createdTime": LATE, "fields": cells})

    project.edit_records(change)
    assert project.dq("snapshot").code == 0
    ended = project.dq("clean")
    assert ended.code == 0, ended.err
    counts = project.plan()["counts"]
    assert counts["merged"] >= 1
    assert {"insert", "update", "delete"} <= set(counts["rows"]["airtable"]) & set(counts["rows"]["database"])
    assert {"link", "sync"} <= set(counts["cells"]["airtable"]) & set(counts["cells"]["database"])
    return project


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A dozen leads, clean and in agreement."""
    project = Project(tmp_path_factory.mktemp("small") / "project")
    project.database.parent.mkdir(parents=True)
    write(sample(5, 12), project.database, project.airtable)
    project.configure(configuration())
    ended = project.dq("run", "--yes", *ALLOWED)
    assert ended.code == 0, ended.err
    return project


@pytest.fixture(scope="module")
def undisturbed(planned: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Any, list[str]]:
    """What an apply leaves in both stores and in the base, and the moments that it passes."""
    root = tmp_path_factory.mktemp("undisturbed")
    project = planned.copy(root / "project")
    fine = {"DYING_AT": "0", "DYING_TRACE": str(root / "trace"), "DYING_EVERYWHERE": "1"}
    ended = project.run(*APPLY, program=PROGRAM, **fine)
    assert ended.code == 0, ended.err
    names = (root / "trace").read_text(encoding="utf-8").split("\n")
    assert set(names) >= KINDS
    return everything(project), _base(project), names


def _base(project: Project) -> Any:
    times = ("database_written", "airtable_written", "database_human", "airtable_human")
    return base_state.at(project.snapshots, 2).drop(times)


def _chosen(names: list[str]) -> list[int]:
    """Moments, numbered from 1: all of them with `DQ_MOMENTS=all`, else one of each kind that is new here."""
    if os.environ.get("DQ_MOMENTS") == "all":
        return list(range(1, len(names) + 1))
    pick, fine = Random(3), sorted({name for name in names if name.startswith(FINE)})
    return sorted(pick.choice([n for n, name in enumerate(names, 1) if name == kind]) for kind in fine)


@pytest.mark.parametrize("part", range(PARTS))
def test_edge_45_killed_at_every_boundary_an_apply_is_resumed_to_the_same_end(
    part: int, planned: Project, undisturbed: tuple[dict[str, Any], Any, list[str]], tmp_path: Path
) -> None:
    stores, base, names = undisturbed
    for number in _chosen(names)[part::PARTS]:
        told = f"killed {names[number - 1]}, moment {number}"
        project = planned.copy(tmp_path / f"killed-{number}")
        killed = project.run(*APPLY, program=PROGRAM, DYING_AT=str(number), DYING_EVERYWHERE="1")
        assert killed.code == -9, (told, killed.err)
        resumed = project.dq(*RESUME)
        assert resumed.code == 0, (told, resumed.err)
        assert everything(project) == stores, told
        assert _base(project).equals(base), told
        assert base_state.pointer(project.snapshots).serial == 2, told  # type: ignore[union-attr]
        assert project.dq("audit", "verify").code == 0, told
