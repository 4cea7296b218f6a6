"""The whole flow with the lead database in PostgreSQL: clean, at rest, undoable; and a crash is a pause."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from living import lived_in
from postgres_projects import PostgresProject, made_from
from postgres_server import PASSWORD, Server
from projects import CHILDREN, Project, everything, without_times

from dq import pipeline
from dq.apply.undo import Scope
from dq.settings import load

PROGRAM = (Path(__file__).parent / "dying.py").read_text(encoding="utf-8")
ALLOWED = ("--max-deletes", "100", "--max-merges", "100", "--max-field-changes", "100")
Factory = pytest.TempPathFactory


@pytest.fixture(scope="module")
def begun(untouched: Project, postgres: Server, tmp_path_factory: Factory) -> PostgresProject:
    return made_from(untouched, tmp_path_factory.mktemp("begun") / "project", postgres)


def test_snapshot_clean_apply_then_nothing(begun: PostgresProject, tmp_path: Path) -> None:
    project = begun.copy(tmp_path / "project")
    before = project.rows()
    for step in (("snapshot",), ("clean",), ("diff",), ("apply", "--yes")):
        ended = project.run(*step)
        assert ended.code == 0, ended.err
    again = project.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err
    after, records = project.rows(), project.records()
    links = {(row["airtable_id"], key) for key, row in after["leads"].items()}
    assert links == {(key, cells["Lead ID"]) for key, cells in records.items()}
    for table in CHILDREN:
        moved = {key: {**row, "lead_id": None} for key, row in after[table].items()}
        assert moved == {key: {**row, "lead_id": None} for key, row in before[table].items()}


def test_it_plans_what_it_plans_for_the_same_rows_in_sqlite(
    begun: PostgresProject, fresh: Project, tmp_path: Path
) -> None:
    project = begun.copy(tmp_path / "there")
    for one in (project, fresh):
        assert (one.dq("snapshot").code, one.dq("clean").code) == (0, 0)
    assert project.plan()["counts"] == fresh.plan()["counts"]


def test_apply_and_undo_restore_every_cell(begun: PostgresProject, tmp_path: Path) -> None:
    project = begun.copy(tmp_path / "project")
    before = project.rows()
    assert project.dq("run", "--yes").code == 0
    assert project.rows() != before
    settings = load(project.root / "config" / "dq.yaml")
    watch = pipeline.Watch(lambda: datetime.now(UTC), lambda *_: None, lambda: False)
    with pipeline.opened(settings) as stores:
        undone = pipeline.undo(
            settings, stores, pipeline.Asked(None, Scope(), "tester"), pipeline.Permission({}), watch, lambda _: None
        ).undone
    assert undone.kept == ()
    old = {new: was for was, new in undone.new_ids.items()}
    after = project.rows()
    leads = {
        key: {**row, "airtable_id": old.get(row["airtable_id"], row["airtable_id"])}
        for key, row in after["leads"].items()
    }
    assert {name: without_times(rows) for name, rows in {**after, "leads": leads}.items()} == {
        name: without_times(rows) for name, rows in before.items()
    }


@dataclass(frozen=True)
class Planned:
    """A plan of which nothing is written, the database that it is of, and what an undisturbed apply makes of both."""

    project: PostgresProject
    template: str
    wanted: dict[str, Any]
    moments: list[str]


@pytest.fixture(scope="module")
def planned(begun: PostgresProject, tmp_path_factory: Factory) -> Planned:
    root = tmp_path_factory.mktemp("planned")
    project = begun.copy(root / "project")
    assert project.dq("run", "--yes").code == 0
    project.configure({**project.config(), "limits": {"requests_per_second": 50, "batch_size": 5}})
    lived_in(project)
    assert (project.dq("snapshot").code, project.dq("clean").code) == (0, 0)
    assert {"insert", "update", "delete"} <= set(project.plan()["counts"]["rows"]["database"])
    template = project.server.copied(project.url)
    whole = project.again(root / "undisturbed", template)
    ended = whole.run("apply", "--yes", *ALLOWED, program=PROGRAM, DYING_AT="0", DYING_TRACE=str(root / "trace"))
    assert ended.code == 0, ended.err
    assert PASSWORD not in ended.err + ended.out
    return Planned(project, template, everything(whole), (root / "trace").read_text().split("\n"))


@pytest.mark.parametrize(
    "moment",
    [
        "before database commit",
        "after database commit",
        "before database write",
        "after database write",
        "before airtable request",
        "before verify",
    ],
)
def test_edge_46_killed_at_any_moment_a_resumed_run_ends_where_an_undisturbed_one_does(
    planned: Planned, moment: str, tmp_path: Path
) -> None:
    project = planned.project.again(tmp_path / "project", planned.template)
    numbers = [number for number, name in enumerate(planned.moments, 1) if name == moment]
    killed = project.run("apply", "--yes", *ALLOWED, program=PROGRAM, DYING_AT=str(numbers[len(numbers) // 2]))
    assert killed.code == -9, killed.err
    resumed = project.dq("apply", "--resume", *ALLOWED)
    assert resumed.code == 0, resumed.err
    assert everything(project) == planned.wanted
    again = project.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err


def test_a_trigger_that_keeps_the_modified_time_is_no_mismatch(begun: PostgresProject, tmp_path: Path) -> None:
    project = begun.copy(tmp_path / "project")
    project.sql(
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at = now(); RETURN NEW; END $$"
    )
    project.sql("CREATE TRIGGER touch BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION touch()")
    first = project.dq("run", "--yes")
    assert first.code == 0, first.err
    again = project.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err


def test_a_second_machine_is_kept_out_while_one_applies(begun: PostgresProject, tmp_path: Path) -> None:
    project = begun.copy(tmp_path / "project")
    assert (project.dq("snapshot").code, project.dq("clean").code) == (0, 0)
    before = everything(project)
    with pipeline.opened(load(project.root / "config" / "dq.yaml")) as elsewhere:
        pipeline.claim(elsewhere)
        refused = project.dq("apply", "--yes")
    assert (refused.code, "Another dq writes to this database" in refused.err) == (5, True), refused.err
    assert PASSWORD not in refused.err
    assert everything(project) == before
    assert project.dq("apply", "--yes").code == 0


def test_edge_46_a_read_only_database_is_refused_before_anything_is_written(
    begun: PostgresProject, tmp_path: Path
) -> None:
    project = begun.copy(tmp_path / "project")
    assert (project.dq("snapshot").code, project.dq("clean").code) == (0, 0)
    before = everything(project)
    with project.server.connect() as connection:
        connection.execute(f"ALTER DATABASE {project.url.rpartition('/')[2]} SET default_transaction_read_only = on")
    refused = project.dq("apply", "--yes")
    assert (refused.code, "read-only" in refused.err) == (2, True), refused.err
    assert everything(project) == before
