"""The shape of both stores: the lead database's tables and the Airtable table's fields."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from dq.errors import ConfigurationError
from dq.stores.private import disk_errors, make_folder, open_file

SCHEMA = """
CREATE TABLE leads(id TEXT PRIMARY KEY, name TEXT, email TEXT, company TEXT, title TEXT, linkedin_url TEXT, company_website TEXT,
  phone TEXT, status TEXT, airtable_id TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE lead_enrichment(id INTEGER PRIMARY KEY, lead_id TEXT NOT NULL REFERENCES leads(id), source TEXT, data TEXT, created_at TEXT);
CREATE TABLE campaigns(id INTEGER PRIMARY KEY, lead_id TEXT NOT NULL REFERENCES leads(id), name TEXT, status TEXT, created_at TEXT);
CREATE TABLE pipeline_activity(id INTEGER PRIMARY KEY, lead_id TEXT NOT NULL REFERENCES leads(id), stage TEXT, happened_at TEXT);
CREATE INDEX leads_email ON leads(email);
"""
MAPPING = {
    "name": "Full Name",
    "email": "Email",
    "company": "Company",
    "title": "Title",
    "linkedin_url": "LinkedIn URL",
    "company_website": "Website",
    "phone": "Phone",
    "status": "Engagement Status",
}
"""Database column → Airtable field."""
TABLES: dict[str, list[pl.Expr]] = {
    "leads": [pl.col("row_key").alias("id"), *(pl.col(column) for column in MAPPING), pl.col("link").alias("airtable_id"), pl.col("created_at", "updated_at")],
    "lead_enrichment": [pl.col("id", "lead_id", "source", "data", "created_at")],
    "campaigns": [pl.col("id", "lead_id", "name", "status", "created_at")],
    "pipeline_activity": [pl.col("id", "lead_id", "stage", "happened_at")],
}  # fmt: skip
"""Table → its columns, chosen from a generated frame; parents before children."""
FIELDS: tuple[dict[str, Any], ...] = tuple(
    {"id": f"fldSample{number:08d}", "name": name, "type": kind, **more}
    for number, (name, kind, more) in enumerate(
        [
            ("Full Name", "singleLineText", {}),
            ("Email", "email", {}),
            ("Company", "singleLineText", {}),
            ("Title", "singleLineText", {}),
            ("LinkedIn URL", "url", {}),
            ("Website", "url", {}),
            ("Phone", "phoneNumber", {}),
            ("Engagement Status", "singleSelect", {}),
            ("Lead ID", "singleLineText", {}),
            ("Notes", "richText", {}),
            ("Score", "formula", {"options": {"result": {"type": "number"}}}),
            ("Last Modified", "lastModifiedTime", {"options": {"result": {"type": "dateTime"}}}),
        ]
    )
)
"""The Airtable table's fields; a select gets its choices from the data."""
_ROWS_A_SLICE = 50_000


def create_database(tables: Mapping[str, pl.DataFrame], path: Path) -> None:
    """Write a new lead database, readable by its owner only.

    Args:
        tables: Rows of every table.
        path: Where; must not exist.

    Raises:
        ConfigurationError: The file exists, or the folder cannot be written.
    """
    if path.exists():
        raise ConfigurationError(
            "The lead database exists already.", where=str(path),
            why="Sample data must not mix with yours.", fix="name another file, or move this one away",
        )  # fmt: skip
    with disk_errors(path.parent, "stores.database.url"):
        beside = make_folder(path.parent) / f".{path.name}.new"
        with open_file(beside):
            pass
        with closing(sqlite3.connect(beside)) as connection:
            connection.executescript(SCHEMA)
            with connection:
                for name in TABLES:
                    _insert(connection, name, tables[name])
        beside.replace(path)


def _insert(connection: sqlite3.Connection, table: str, rows: pl.DataFrame) -> None:
    places = ", ".join("?" * rows.width)
    for part in rows.iter_slices(_ROWS_A_SLICE):
        columns = [column.to_list() for column in part]
        connection.executemany(f"INSERT INTO {table} VALUES ({places})", zip(*columns, strict=True))
