"""The documents' own configuration, verbatim: it runs, and nobody is merged for sharing a company."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
from projects import Project

from dq import sandbox

DOCUMENT = """\
maintenance_config:
  backup:
    enabled: true
    retention_days: 30
    backup_directory: "./backups"
    verify_integrity: true
    
  duplicate_detection:
    matching_fields:
      - "email"
      - "linkedin_url"
      - "company"
    matching_threshold: 0.85
    resolution_strategy: "most_recent"  # most_recent, highest_quality, merge
    
  field_standardization:
    engagement_status:
      default_value: "auto_send"
      valid_values: ["auto_send", "manual_review", "contacted", "responded"]
    
    company_name:
      normalize_case: true
      remove_suffixes: ["Inc.", "LLC", "Corp.", "Ltd."]
      add_proper_suffix: true
      
    website_url:
      ensure_protocol: true
      preferred_protocol: "https"
      remove_trailing_slash: true
      
    email:
      normalize_case: "lower"
      validate_format: true
      
  synchronization:
    conflict_resolution: "most_recent"  # most_recent, local_wins, airtable_wins
    batch_size: 50
    max_retries: 3
    retry_delay_seconds: 2
    
  performance:
    max_memory_usage_mb: 512
    progress_update_interval: 100
    enable_parallel_processing: false
field_mapping:
  database_to_airtable:
    name: "Full Name"
    email: "Email"
    company: "Company"
    title: "Title"
    linkedin_url: "LinkedIn URL"
    company_website: "Website"
    phone: "Phone"
    status: "Engagement Status"
    
  airtable_to_database:
    "Full Name": "name"
    "Email": "email"
    "Company": "company"
    "Title": "title"
    "LinkedIn URL": "linkedin_url"
    "Website": "company_website"
    "Phone": "phone"
    "Engagement Status": "status"
"""
FIELDS = ["Full Name", "Email", "Company", "Title", "LinkedIn URL", "Website", "Phone", "Lead ID"]
STATUSES = ["auto_send", "manual_review", "contacted", "responded"]
PEOPLE = [
    ("a", "Ada Quill", "ADA@acmeworks.co", "acmeworks INC", "acmeworks.co/", None),
    ("b", "Bo Rowe", "bo@acmeworks.co", "Acmeworks, Inc", "http://acmeworks.co", "contacted"),
    ("c", "Cy Ostler", "cy@acmeworks.co", "ACMEWORKS INC.", None, "Responded "),
    ("d", "Cy Ostler", "cy@acmeworks.co", "Acmeworks Inc", None, None),
]


def _stores(root: Path) -> Project:
    (root / "config").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "config" / "dq.yaml").write_text(DOCUMENT, encoding="utf-8")
    with closing(sqlite3.connect(root / "data" / "leads.db")) as connection, connection:
        connection.execute(
            "CREATE TABLE leads(id TEXT PRIMARY KEY, name TEXT, email TEXT, company TEXT, title TEXT, linkedin_url TEXT,"
            " company_website TEXT, phone TEXT, status TEXT, airtable_id TEXT, created_at TEXT, updated_at TEXT)"
        )
        connection.executemany(
            "INSERT INTO leads(id, name, email, company, company_website, status, created_at, updated_at)"
            " VALUES (?,?,?,?,?,?,'2026-01-01T00:00:00Z','2026-01-02T00:00:00Z')",
            PEOPLE,
        )
    fields = [{"id": f"fld{n:014d}", "name": name, "type": "singleLineText"} for n, name in enumerate(FIELDS)]
    choices = [{"id": f"sel{n:014d}", "name": name} for n, name in enumerate(STATUSES)]
    fields.append(
        {
            "id": "fldStatus00000000",
            "name": "Engagement Status",
            "type": "singleSelect",
            "options": {"choices": choices},
        }
    )
    fields.append(
        {
            "id": "fldModified000000",
            "name": "Last Modified",
            "type": "lastModifiedTime",
            "options": {"result": {"type": "dateTime"}},
        }
    )
    table = {
        "id": "tblLeads000000000",
        "name": "Leads",
        "primaryFieldId": fields[0]["id"],
        "fields": fields,
        "records": [],
    }
    file = root / "base.json"
    file.write_text(json.dumps({"bases": [{"id": "appOutreach000000", "name": "Outreach", "tables": [table]}]}))
    sandbox.load(file, root / "data" / "airtable.db")
    return Project(root)


def test_the_documents_configuration_runs_verbatim_and_a_company_merges_nobody(tmp_path: Path) -> None:
    project = _stores(tmp_path / "project")
    with sandbox.running(project.airtable, rps=0) as url:
        environment = {
            "LEAD_DATABASE_PATH": str(project.database),
            "AIRTABLE_API_KEY": "patTest",
            "AIRTABLE_BASE_ID": "appOutreach000000",
            "AIRTABLE_ENDPOINT_URL": url,
        }
        first = project.run("run", "--yes", "--max-merges", "1", "--format", "json", **environment)
        assert first.code == 0, first.err
        second = project.run("run", "--yes", "--format", "json", **environment)
        assert (second.code, second.json["details"]["changes"]) == (0, 0), second.err
    assert first.json["duplicates_removed"] == 1, "the two rows of one mailbox, and nobody of the same company"
    assert Path(first.json["backup_paths"][0]).parent == project.root / "backups"
    leads = project.rows()["leads"]
    assert {lead["company"] for lead in leads.values()} == {"Acmeworks Inc."}
    assert {lead["name"]: lead["status"] for lead in leads.values()} == {
        "Ada Quill": "auto_send",
        "Bo Rowe": "contacted",
        "Cy Ostler": "responded",
    }
    assert leads["a"]["email"] == "ada@acmeworks.co"
    assert leads["a"]["company_website"] == "https://acmeworks.co"
    clusters = pl.concat(pl.read_parquet(f) for f in sorted(project.snapshots.glob("2*/clean/clusters.parquet"))[:1])
    assert clusters.filter(pl.col("row_key").is_in(["a", "b", "c"]))["entity_id"].n_unique() == 3
    assert len(project.records()) == 3


def test_this_copy_is_the_documents_own_text() -> None:
    shared = Path(__file__).resolve().parents[2].parent / "shared" / "seeds"
    texts = [file.read_text(encoding="utf-8") for file in shared.glob("001*")]
    if not texts:
        import pytest

        pytest.skip("the documents are not beside this checkout (../shared)")
    for section in DOCUMENT.split("field_mapping:"):
        assert section.strip().removeprefix("maintenance_config:") in texts[0]
