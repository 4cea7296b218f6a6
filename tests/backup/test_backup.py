"""A backup is good, or it is not there and the command stops."""

import json
import sqlite3
from datetime import UTC, datetime

import pytest

from dq import sandbox
from dq.backup import create, list_backups, open_backup, verify
from dq.errors import ConfigurationError, DamagedError, TemporaryError
from dq.manifest import Column, TableSchema
from dq.stores.airtable import AirtableStore
from dq.stores.memory import MemoryStore
from dq.stores.sqlite import SqliteStore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FIELDS = [
    {"id": "fldName0000000001", "name": "Name", "type": "singleLineText"},
    {"id": "fldNote0000000001", "name": "Unmapped", "type": "multilineText"},
]


def document(count: int) -> dict:
    records = [
        {
            "id": f"rec{n:014d}",
            "createdTime": "2026-01-01T00:00:00.000Z",
            "fields": {"Name": f"Zoë {n}", "Unmapped": "keep"},
        }
        for n in range(count)
    ]
    table = {
        "id": "tblBackup00000001",
        "name": "Leads",
        "primaryFieldId": FIELDS[0]["id"],
        "fields": FIELDS,
        "records": records,
    }
    return {"bases": [{"id": "appBackup00000001", "name": "Backed", "tables": [table]}]}


@pytest.fixture
def database(tmp_path) -> SqliteStore:
    connection = sqlite3.connect(tmp_path / "leads.db")
    connection.executescript(
        "PRAGMA journal_mode = wal; CREATE TABLE leads(id TEXT PRIMARY KEY, name TEXT); CREATE TABLE other(x BLOB); INSERT INTO leads VALUES ('a', 'Zoë'), ('b', NULL); INSERT INTO other VALUES (x'00ff');"
    )
    connection.close()
    return SqliteStore(tmp_path / "leads.db")


@pytest.fixture
def memory() -> MemoryStore:
    schema = TableSchema("airtable", "Leads", "id", (Column("id", "text", ""),))
    return MemoryStore("airtable", [schema], {"Leads": [{"id": "rec1"}, {"id": "rec2"}]})


def test_both_stores_come_back_from_it(tmp_path, database):
    sandbox.load(document(250), tmp_path / "airtable.db")
    with sandbox.running(tmp_path / "airtable.db", rps=0) as url:
        store = AirtableStore("appBackup00000001", "token", url, 0, tables=("Leads",))
        made = create(tmp_path / "backups", database, store, NOW)
        assert store.calls == 5
        store.close()
    assert made.id.startswith("20260102T030405Z-")
    assert {file.name: dict(file.rows) for file in made.files} == {
        "database.db": {"leads": 2, "other": 1},
        "airtable.json": {"appBackup00000001/tblBackup00000001": 250},
    }
    connection = sqlite3.connect(made.path / "database.db")
    assert connection.execute("SELECT * FROM leads").fetchall() == [("a", "Zoë"), ("b", None)]
    connection.close()
    sandbox.load(made.path / "airtable.json", tmp_path / "again.db")
    records = sandbox.dump(tmp_path / "again.db")["bases"][0]["tables"][0]["records"]
    assert records == document(250)["bases"][0]["tables"][0]["records"]


def test_it_is_listed_opened_and_verified(tmp_path, database, memory):
    root = tmp_path / "backups"
    made = create(root, database, memory, NOW)
    assert list_backups(root) == [made] == [open_backup(root, made.id)] == [verify(made.path)]
    assert set(made.digests) == {"database.db", "airtable.json"}
    with pytest.raises(ConfigurationError, match=f"did you mean {made.id}"):
        open_backup(root, made.id[:-1] + "?")
    assert list_backups(tmp_path / "none") == []


def test_it_is_private_and_alone(tmp_path, database, memory):
    root = tmp_path / "backups"
    made = create(root, database, memory, NOW)
    for path in [root, *root.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert {entry.name for entry in made.path.iterdir()} == {"database.db", "airtable.json", "manifest.json"}
    assert [entry.name for entry in root.iterdir()] == [made.id]


def test_it_holds_one_moment_while_others_write(tmp_path, database, memory):
    writer = sqlite3.connect(database.path)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO leads VALUES ('c', 'not yet')")
    made = create(tmp_path / "backups", database, memory, NOW)
    writer.commit()
    writer.close()
    assert made.files[0].rows["leads"] == 2


@pytest.mark.parametrize("name", ["database.db", "airtable.json"])
@pytest.mark.parametrize("harm", ["change", "cut", "remove"])
def test_harm_is_seen(tmp_path, database, memory, name, harm):
    made = create(tmp_path / "backups", database, memory, NOW)
    path = made.path / name
    data = path.read_bytes()
    {
        "change": lambda: path.write_bytes(data[:-2] + b"xx"),
        "cut": lambda: path.write_bytes(data[:20]),
        "remove": path.unlink,
    }[harm]()
    with pytest.raises(DamagedError, match=name) as error:
        verify(made.path)
    assert "dq backup create" in str(error.value)


def test_a_count_that_is_wrong_is_seen(tmp_path, database, memory):
    made = create(tmp_path / "backups", database, memory, NOW)
    manifest = json.loads((made.path / "manifest.json").read_text())
    manifest["files"][0]["rows"]["leads"] = 3
    (made.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DamagedError, match="number of rows: leads"):
        verify(made.path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"id": "x", "taken_at": "2026-01-01", "files": [{"name": "../x", "size": 1, "digest": "", "rows": {}}]}',
    ],
)
def test_a_manifest_that_is_none(tmp_path, database, memory, text):
    made = create(tmp_path / "backups", database, memory, NOW)
    (made.path / "manifest.json").write_text(text)
    with pytest.raises(DamagedError, match="manifest"):
        verify(made.path)


class Failing(MemoryStore):
    """A store whose backup ends half way."""

    def backup(self, folder):
        (folder / "airtable.json").write_text('{"Leads": [')
        return [folder / "airtable.json"]


class Full(MemoryStore):
    """A store whose backup finds no space."""

    def backup(self, folder):  # noqa: ARG002
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("kind", "error"), [(Failing, DamagedError), (Full, TemporaryError)])
def test_a_bad_backup_leaves_nothing_and_touches_no_other(tmp_path, database, memory, kind, error):
    root = tmp_path / "backups"
    good = create(root, database, memory, NOW)
    with pytest.raises(error):
        create(root, database, kind("airtable", [], {}), datetime(2027, 1, 1, tzinfo=UTC))
    assert [entry.name for entry in root.iterdir()] == [good.id]
    verify(good.path)


def test_a_folder_that_cannot_be_made(tmp_path, database, memory):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        create(tmp_path / "file" / "backups", database, memory, NOW)


def test_a_damaged_database_gives_no_backup(tmp_path, memory):
    path = tmp_path / "leads.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size = 1024")
    connection.execute("CREATE TABLE leads(id TEXT PRIMARY KEY, name TEXT)")
    connection.executemany("INSERT INTO leads VALUES (?, ?)", [(f"{n:05d}", "x" * 300) for n in range(2000)])
    connection.commit()
    connection.close()
    data = bytearray(path.read_bytes())
    data[100 * 1024 : 140 * 1024] = b"\x5a" * (40 * 1024)
    path.write_bytes(data)
    with pytest.raises(DamagedError):
        create(tmp_path / "backups", SqliteStore(path), memory, NOW)
    assert list_backups(tmp_path / "backups") == []
