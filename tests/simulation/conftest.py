import shutil

import pytest
from projects import Project


@pytest.fixture(scope="session")
def peaceful(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small project in agreement: twelve leads, deletions as marks, the five fields that worlds look at."""
    project = finished.copy(tmp_path_factory.mktemp("peaceful") / "project")
    config = project.config()
    [table] = config["tables"]
    table["mapping"] = {name: table["mapping"][name] for name in ("name", "email", "company", "title", "phone")}
    project.configure(config)
    for column in ("deleted_at", "merged_into"):
        project.sql(f"ALTER TABLE leads ADD COLUMN {column} TEXT")
    kept = {row[0] for row in project.sql("SELECT id FROM leads WHERE email <> '' ORDER BY id LIMIT 12")}
    project.sql("UPDATE leads SET status = 'contacted'")  # a status that Airtable does not offer is agreed on by nobody
    records = {row[0] for row in project.sql("SELECT airtable_id FROM leads ORDER BY id") if row[0]}
    mine = {project.rows()["leads"][key]["airtable_id"] for key in kept}
    for key in set(project.rows()["leads"]) - kept:
        for table in ("lead_enrichment", "campaigns", "pipeline_activity"):
            project.sql(f"DELETE FROM {table} WHERE lead_id = ?", key)
        project.sql("DELETE FROM leads WHERE id = ?", key)
    assert mine <= records

    def change(base: dict) -> None:
        table = base["tables"][0]
        table["records"] = [record for record in table["records"] if record["id"] in mine]
        for record in table["records"]:
            record["fields"]["Engagement Status"] = "contacted"

    project.edit_records(change)
    for folder in ("snapshots", "backups"):
        shutil.rmtree(project.root / folder)
    ended = project.dq("run", "--yes")
    assert ended.code == 0, ended.err
    return project
