"""A flipped bit in any file that dq relies on is refused before anything is written, in the middle of it and at its end."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import Project

from dq.backup.catalog import open_backup

PROGRAM = (Path(__file__).parent / "dying.py").read_text(encoding="utf-8")
CLEAN, APPLY, RESUME, VERIFY = ("clean",), ("apply", "--yes"), ("apply", "--resume"), ("audit", "verify")
TAKEN = ("backup", "restore", "latest", "--yes")
Find = Callable[[Project], Path]


@pytest.fixture(scope="module")
def planned(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a plan on its second base, and a merge that a person took apart."""
    project = finished.copy(tmp_path_factory.mktemp("planned") / "project")
    later, columns = "2031-01-01T00:00:00+00:00", "name, email, company, title, linkedin_url, phone"
    project.sql(
        f"INSERT INTO leads(id, {columns}, created_at, updated_at)"
        f" SELECT 'twin', {columns}, '{later}', '{later}' FROM leads ORDER BY id LIMIT 1"
    )
    assert project.dq("run", "--yes").code == 0
    assert project.dq("undo", "--yes", "--only", "dedupe").code == 0
    project.sql(
        "UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id IN (SELECT id FROM leads LIMIT 9)", later
    )
    assert project.dq("snapshot").code == 0
    ended = project.dq("clean")
    assert ended.code == 0, ended.err
    return project


@pytest.fixture(scope="module")
def begun(planned: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same, killed when the first records were written: its journal is open."""
    root = tmp_path_factory.mktemp("begun")
    trace = planned.copy(root / "whole").run(*APPLY, program=PROGRAM, DYING_AT="0", DYING_TRACE=str(root / "trace"))
    assert trace.code == 0, trace.err
    moments = (root / "trace").read_text(encoding="utf-8").split("\n")
    at = moments.index("after airtable request", moments.index("before journal begin")) + 1
    project = planned.copy(root / "project")
    assert project.run(*APPLY, program=PROGRAM, DYING_AT=str(at)).code == -9
    return project


def _in(pattern: str) -> Find:
    return lambda project: max((project.snapshots / "base").glob(pattern))


def _of_plan(name: str) -> Find:
    return lambda project: Path(project.latest / name)


def _log(project: Project) -> Path:
    return max((project.snapshots / "audit").glob("*.ndjson"))


def _backup(name: str) -> Find:
    return lambda project: project.root / "backups" / open_backup(project.root / "backups").id / name


CASES: dict[str, tuple[Find, tuple[tuple[str, ...], ...]]] = {
    "snapshot of the database": (_of_plan("database/leads.parquet"), (CLEAN,)),
    "snapshot of a child table": (_of_plan("database/campaigns.parquet"), (CLEAN,)),
    "snapshot of Airtable": (_of_plan("airtable/Leads.parquet"), (CLEAN,)),
    "manifest": (_of_plan("manifest.json"), (CLEAN, APPLY, RESUME)),
    "changeset": (_of_plan("changeset.parquet"), (APPLY, RESUME)),
    "next base": (_of_plan("base_next.parquet"), (APPLY, RESUME)),
    "plan.json": (_of_plan("plan.json"), (APPLY, RESUME)),
    "base": (_in("[0-9]*.parquet"), (CLEAN, APPLY, RESUME)),
    "pointer to the base": (_in("current.json"), (CLEAN, APPLY, RESUME)),
    "decisions": (_in("decisions.parquet"), (CLEAN,)),
    "journal": (_of_plan("journal.sqlite"), (RESUME,)),
    "end of the audit log": (_log, (APPLY, RESUME)),
    "audit log": (_log, (VERIFY,)),
    "head of the audit log": (lambda p: p.snapshots / "audit" / "head.json", (APPLY, RESUME, VERIFY)),
    "backup of the database": (_backup("database.db"), (TAKEN,)),
    "backup of Airtable": (_backup("airtable.json"), (TAKEN,)),
    "manifest of a backup": (_backup("manifest.json"), (TAKEN,)),
}  # fmt: skip
TABLE = [
    (name, command, where)
    for name, (_, commands) in CASES.items()
    for command in commands
    for where in (("end",) if name == "end of the audit log" else ("middle", "end"))
]


@pytest.mark.parametrize(("name", "command", "where"), TABLE, ids=[f"{n}, {' '.join(c)}, {w}" for n, c, w in TABLE])
def test_a_flipped_bit_is_refused_before_anything_is_written(
    planned: Project, begun: Project, tmp_path: Path, name: str, command: tuple[str, ...], where: str
) -> None:
    project = (begun if command == RESUME else planned).copy(tmp_path / "project")
    path = CASES[name][0](project)
    data = bytearray(path.read_bytes())
    data[_place(data, where)] ^= 1
    path.write_bytes(data)
    before = _stores(project)
    ended = project.dq(*command)
    assert ended.code == 7, (ended.out, ended.err)
    assert ("fix:" in ended.err or command == VERIFY, "Traceback" in ended.err) == (True, False), ended.err
    assert _stores(project) == before


def _place(data: bytearray, where: str) -> int:
    """A byte of the middle or of the end; not one of the zeros that fill up a page of SQLite."""
    places = range(len(data) // 2, len(data)) if where == "middle" else range(len(data) - 2, 0, -1)
    return next(place for place in places if data[place])


def _stores(project: Project) -> dict[str, Any]:
    return {
        "database": hashlib.sha256(project.database.read_bytes()).hexdigest(),
        "records": project.records(),
        "next": sorted(path.name for path in (project.snapshots / "base").iterdir()),
    }
