"""Plans handed on, gone stale and carried on, with a lead database in PostgreSQL: two machines, one server."""

import json
import shutil
from pathlib import Path

from postgres_projects import PostgresProject, made_from
from postgres_server import Server
from projects import Project

TIME = "2031-01-01T00:00:00+00:00"


def test_a_plan_goes_from_one_machine_to_the_other_and_is_carried_on(
    untouched: Project, postgres: Server, tmp_path: Path
) -> None:
    project = made_from(untouched, tmp_path / "project", postgres)
    assert project.dq("run", "--yes").code == 0
    keys = sorted(project.rows()["leads"])
    project.sql("UPDATE leads SET title = 'Chief Officer', updated_at = ? WHERE id = ANY(?)", TIME, keys[:6])
    for step in (("snapshot",), ("clean",), ("diff", "--out", "plan.zip")):
        assert project.dq(*step).code == 0
    other = PostgresProject(tmp_path / "other", postgres, project.url)
    shutil.copytree(project.root, other.root, ignore=shutil.ignore_patterns("2*Z-*", "latest"))
    assert other.dq("diff", "plan.zip", "--stale", "--exit-code").code == 0

    def change(base: dict) -> None:
        record = next(one for one in base["tables"][0]["records"] if one["fields"].get("Lead ID") == keys[0])
        record["fields"]["Title"] = "Somebody Else"

    other.edit_records(change)
    found = other.dq("diff", "plan.zip", "--stale", "--format", "json").json
    assert [(one["store"], one["field"], one["state"]) for one in found["cells"]] == [("airtable", "Title", "changed")]
    carried = other.dq("clean", "--rebase", "plan.zip", "--format", "json")
    assert carried.code == 0, carried.err
    assert (carried.json["rebased"]["kept"], len(carried.json["rebased"]["changed"])) == (5, 1)
    assert other.dq("diff", "--out", "rest.zip").code == 0
    assert other.dq("apply", "rest.zip", "--yes").code == 0
    assert {other.rows()["leads"][key]["title"] for key in keys[1:6]} == {"Chief Officer"}
    assert json.loads((other.latest / "plan.json").read_text())["carries_on"]
