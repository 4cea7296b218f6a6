"""`dq backup` of a project on PostgreSQL: what was lost comes back in one transaction, and a rehearsal leaves no trace."""

from pathlib import Path

import psycopg
import pytest
from postgres_projects import PostgresProject, made_from
from postgres_server import PASSWORD, Server
from projects import Project, everything

from dq.stores.postgres import dump

LATER = "2031-01-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def kept(untouched: Project, postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[PostgresProject, str]:
    """A project in agreement with a backup tagged `good`, and its database as a template."""
    made = made_from(untouched, tmp_path_factory.mktemp("kept") / "project", postgres)
    for command in (("run", "--yes"), ("backup", "create", "--tag", "good")):
        ended = made.dq(*command)
        assert ended.code == 0, ended.err
    return made, postgres.copied(made.url)


@pytest.fixture
def project(kept: tuple[PostgresProject, str], tmp_path: Path) -> PostgresProject:
    made, template = kept
    return made.again(tmp_path / "project", template)


def good(project: PostgresProject) -> str:
    listed = project.dq("backup", "list", "--format", "json").json["backups"]
    return str(next(one["id"] for one in listed if "good" in one["tags"]))


def harm(project: PostgresProject) -> None:
    """An accident: rows gone with their children, and cells overwritten."""
    for table in ("lead_enrichment", "campaigns", "pipeline_activity"):
        project.sql(f"DELETE FROM {table}")
    project.sql("DELETE FROM leads WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 9)")
    project.sql("UPDATE leads SET company = 'Overwritten Inc.', updated_at = ?", LATER)


def test_both_stores_come_back_and_the_next_plan_is_empty(project: PostgresProject) -> None:
    before = everything(project)
    harm(project)
    restored = project.dq("backup", "restore", good(project), "--yes", "--format", "json")
    assert restored.code == 0, restored.err
    assert everything(project) == before
    assert PASSWORD not in restored.out + restored.err
    assert (restored.json["aside"], restored.json["base"]["unknown"]) == (None, 0)
    again = project.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err


def test_edge_49_what_a_restore_replaces_is_in_a_backup_before(project: PostgresProject) -> None:
    name = good(project)
    harm(project)
    harmed = project.rows()
    there = project.dq("backup", "restore", name, "--only", "database", "--yes", "--format", "json")
    assert there.code == 0, there.err
    assert project.rows() != harmed
    back = project.dq("backup", "restore", there.json["before"], "--only", "database", "--yes")
    assert back.code == 0, back.err
    assert project.rows() == harmed


def test_a_dry_run_and_a_rehearsal_change_nothing(project: PostgresProject) -> None:
    name = good(project)
    harm(project)
    before = everything(project)
    dry = project.dq("backup", "restore", name, "--dry-run")
    assert dry.code == 0, dry.err
    drilled = project.dq("backup", "rehearse", name, "--format", "json")
    assert drilled.code in (0, 1), drilled.err
    assert drilled.json["rows"]["database crm.leads"] == drilled.json["rows"]["airtable Leads"]
    assert drilled.json["changes"] == 0
    assert everything(project) == before
    with project.server.connect() as connection:
        assert connection.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'dq_twin_%'").fetchone() == (0,)


def test_edge_49_tables_that_another_program_holds_are_waited_for_and_left_alone(
    project: PostgresProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump, "LOCK_SECONDS", 1)
    harm(project)
    before = project.rows()
    with psycopg.connect(project.url) as other:
        other.execute("LOCK TABLE crm.leads IN ROW EXCLUSIVE MODE")
        refused = project.dq("backup", "restore", good(project), "--only", "database", "--yes")
    assert (refused.code, "locked" in refused.err) == (5, True), refused.err
    assert project.rows() == before


def test_edge_49_a_table_that_is_gone_is_named_with_the_way_to_make_it(project: PostgresProject) -> None:
    project.sql("DROP TABLE campaigns")
    refused = project.dq("backup", "restore", good(project), "--only", "database", "--yes")
    assert (refused.code, "crm.campaigns" in refused.err, "pg_restore" in refused.err) == (2, True, True), refused.err
