"""Files that are no database, each with its own words; and schemas with their traps."""

import os
import sqlite3

import pytest

from dq.errors import ConfigurationError
from dq.manifest import Reference, UniqueIndex
from dq.stores.sqlite import SqliteStore


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "zero bytes"),
        (b"just some text, and more of it" * 100, "not a SQLite database"),
        (os.urandom(8192), "seems to be encrypted"),
        (b"SQLite format 3\x00" + b"\x07" * 4080, "not a SQLite database"),
    ],
)
def test_files_that_are_no_database(tmp_path, content, message):
    path = tmp_path / "leads.db"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        SqliteStore(path).describe("leads", [])


def test_paths_that_lead_nowhere(tmp_path):
    with pytest.raises(ConfigurationError, match="no database file"):
        SqliteStore(tmp_path / "leads.db").describe("leads", [])
    with pytest.raises(ConfigurationError, match="folder of the database does not exist"):
        SqliteStore(tmp_path / "none" / "leads.db").describe("leads", [])
    with pytest.raises(ConfigurationError, match="is a folder"):
        SqliteStore(tmp_path).describe("leads", [])
    assert not (tmp_path / "leads.db").exists()


SCRIPT = """
CREATE TABLE leads(id TEXT PRIMARY KEY, "E mail" TEXT NOT NULL UNIQUE, status TEXT NOT NULL DEFAULT 'new',
  parent TEXT REFERENCES leads(id), shout TEXT GENERATED ALWAYS AS (upper("E mail")), deleted_at TEXT, merged_into TEXT);
CREATE TABLE auto(id INTEGER PRIMARY KEY NOT NULL, lead TEXT NOT NULL REFERENCES leads, kind TEXT, UNIQUE (lead, kind));
CREATE TABLE loose(lead TEXT REFERENCES leads(id), n INTEGER);
CREATE TABLE pair(a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE UNIQUE INDEX folded ON loose(lower(lead));
CREATE VIEW seen AS SELECT * FROM leads;
"""


@pytest.fixture
def store(tmp_path) -> SqliteStore:
    path = tmp_path / "leads.db"
    connection = sqlite3.connect(path)
    connection.executescript(SCRIPT)
    connection.close()
    return SqliteStore(path)


def test_columns_of_a_table(store):
    schema = store.describe("leads", ["E mail", "status", "shout"])
    assert [column.name for column in schema.columns] == ["id", "E mail", "status", "shout"]
    assert [column.required for column in schema.columns] == [False, True, False, False]
    assert [column.writable for column in schema.columns] == [True, True, True, False]
    assert [column.name for column in schema.unread] == ["parent", "deleted_at", "merged_into"]
    assert schema.soft_delete == ("deleted_at", "merged_into")
    assert schema.unique == (UniqueIndex(("id",)), UniqueIndex(("E mail",)))
    assert schema.references == (Reference("leads", "parent", "leads"),)


def test_keys_of_tables(store):
    auto = store.describe("auto", ["lead"])
    assert (auto.key, auto.column("id").required) == ("id", False)
    assert UniqueIndex(("lead", "kind")) in auto.unique
    loose = store.describe("loose", ["lead"])
    assert (loose.key, loose.columns[0].writable, loose.unique) == ("rowid", False, ())
    with pytest.raises(ConfigurationError, match="no single-column key"):
        store.describe("pair", ["a"])


def test_references_to_a_table(store):
    assert store.references("leads") == [
        Reference("auto", "lead", "leads"),
        Reference("leads", "parent", "leads"),
        Reference("loose", "lead", "leads"),
    ]
    assert store.references("auto") == []


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        ("seen", [], "'seen' is a view"),
        ("Leads", [], "no table 'Leads' .did you mean 'leads'"),
        ("nothing alike", [], "no table 'nothing alike'$"),
        ("leads", ["e_mail"], "'e_mail' .did you mean 'E mail'"),
        ("leads", ["x1", "statuz"], "lacks 2 column"),
    ],
)
def test_what_is_missing(store, table, columns, message):
    with pytest.raises(ConfigurationError) as error:
        store.describe(table, columns)
    import re

    assert re.search(message, error.value.what)


def test_a_key_that_is_missing(store):
    with pytest.raises(ConfigurationError, match="did you mean 'id'"):
        store.describe("leads", [], "ID")
