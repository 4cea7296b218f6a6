"""The same small table in every store, so that one suite can ask all of them the same."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from postgres_server import Server

from dq import sandbox
from dq.manifest import Column, TableSchema, UniqueIndex
from dq.stores import Sink
from dq.stores.airtable import AirtableStore
from dq.stores.memory import MemoryStore
from dq.stores.postgres.store import PostgresStore
from dq.stores.sqlite import SqliteStore

COLUMNS = ["name", "email", "status", "score", "ok"]
KEYS = [f"rec{number:014d}" for number in range(1, 6)]
ROWS: list[dict[str, Any]] = [
    {"id": KEYS[0], "name": "Zoë 🎈", "email": "zoe@example.com", "status": "new", "score": 1.5, "ok": True},
    {"id": KEYS[1], "name": 'O\'Brien "Bob"', "email": "bob@example.com", "status": None, "score": 0, "ok": None},
    {"id": KEYS[2], "name": None, "email": None, "status": None, "score": None, "ok": None},
    {"id": KEYS[3], "name": "007", "email": "bond@example.com", "status": "done", "score": -7, "ok": None},
    {"id": KEYS[4], "name": "two\nlines\\", "email": "two@example.com", "status": "new", "score": 2.25, "ok": True},
]
BASE = "appContract000001"
TABLE = "tblContract000001"
TYPES = {"name": "multilineText", "email": "email", "status": "singleSelect", "score": "number", "ok": "checkbox"}
MADE = "CREATE TABLE leads(id TEXT PRIMARY KEY, name TEXT, email TEXT UNIQUE, status TEXT CHECK (status IN ('new', 'done')), score REAL, ok BOOLEAN)"


@dataclass(frozen=True)
class World:
    """A store that holds `ROWS`, and what differs between stores."""

    store: Sink
    new_key: str | None = None
    refused: Mapping[str, Any] = field(default_factory=lambda: {"status": "never heard of"})
    is_atomic: bool = True

    @property
    def schema(self) -> TableSchema:
        return self.store.describe("leads", COLUMNS)


def sqlite_world(folder: Path) -> World:
    path = folder / "leads.db"
    with sqlite3.connect(path) as connection:
        connection.execute(MADE)
        connection.executemany("INSERT INTO leads VALUES (:id, :name, :email, :status, :score, :ok)", ROWS)
    connection.close()
    return World(SqliteStore(path), new_key="new-key")


def postgres_world(server: Server) -> World:
    url = server.made(MADE.replace("REAL", "numeric"))
    with psycopg.connect(url) as connection:
        connection.cursor().executemany(
            "INSERT INTO leads VALUES (%(id)s, %(name)s, %(email)s, %(status)s, %(score)s, %(ok)s)", ROWS
        )
    return World(PostgresStore(url), new_key="new-key")


def memory_world(side: str) -> World:
    kinds = {"score": "number", "ok": "boolean"}
    columns = [
        Column(name, kinds.get(name, "text"), "", choices=("new", "done") if name == "status" else ())
        for name in COLUMNS
    ]
    schema = TableSchema(side, "leads", "id", (Column("id", "text", ""), *columns), unique=(UniqueIndex(("id",)),))
    return World(MemoryStore(side, [schema], {"leads": ROWS}), new_key="new-key" if side == "database" else None)


def airtable_document(rows: list[dict[str, Any]], types: Mapping[str, str] = TYPES) -> dict[str, Any]:
    fields: list[dict[str, Any]] = [
        {"id": f"fld{name:>014}".replace(" ", "0").replace("_", "x"), "name": name, "type": type_}
        for name, type_ in types.items()
    ]
    for one in fields:
        if one["type"] == "singleSelect":
            one["options"] = {
                "choices": [{"id": f"sel{name:>014}".replace(" ", "0"), "name": name} for name in ("new", "done")]
            }
        if one["type"] == "number":
            one["options"] = {"precision": 2}
        if one["type"] == "formula":
            one["options"] = {"result": {"type": "number"}}
    records = [
        {
            "id": row["id"],
            "createdTime": "2026-01-01T00:00:00.000Z",
            "fields": {k: v for k, v in row.items() if k != "id" and v is not None and v is not False},
        }
        for row in rows
    ]
    table = {"id": TABLE, "name": "leads", "primaryFieldId": fields[0]["id"], "fields": fields, "records": records}
    return {"bases": [{"id": BASE, "name": "Contract", "tables": [table]}]}


def airtable_world(data: Path, url: str) -> World:
    sandbox.load(airtable_document(ROWS), data)
    return World(AirtableStore(BASE, "token", url, 0), is_atomic=False)
