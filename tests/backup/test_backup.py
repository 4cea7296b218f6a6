"""A backup is good, or it is not there and the command stops."""

import json
import os
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dq import sandbox
from dq.backup import Making, Origin, create, last_finding, list_backups, note_finding, open_backup, survey, verify
from dq.backup.closing import closed
from dq.backup.manifest import to_dict
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
    first, *others = made.files
    wrong = replace(made, files=(replace(first, rows={**first.rows, "leads": 3}), *others))
    (made.path / "manifest.json").write_text(json.dumps(to_dict(wrong)))
    with pytest.raises(DamagedError, match="number of rows: leads"):
        verify(made.path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"format_version": 1, "id": "x", "taken_at": "2026-01-01", "files": [{"name": "../x", "size": 1, "digest": "", "rows": {}}]}',
        '{"format_version": 2, "id": "x", "taken_at": "2026-01-01", "files": [], "sum": ""}',
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


def test_edge_46_a_corrupt_page_is_found_before_a_copy_is_trusted(tmp_path, memory):
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


def test_a_backup_of_the_first_format_is_read(tmp_path, database, memory):
    made = create(tmp_path / "backups", database, memory, NOW)
    path = made.path / "manifest.json"
    data = json.loads(path.read_text())
    old = {"format_version": 1, "id": made.id, "taken_at": data["taken_at"]}
    old["files"] = [{name: file[name] for name in ("name", "size", "digest", "rows")} for file in data["files"]]
    path.write_text(json.dumps(old))
    assert verify(made.path) == made


def test_edge_49_an_archive_of_a_newer_format_is_refused(tmp_path, database, memory):
    made = create(tmp_path / "backups", database, memory, NOW)
    path = made.path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format_version": 99}))
    with pytest.raises(ConfigurationError, match="format 99; this dq reads up to 2"):
        verify(made.path)
    assert [one.id for one in survey(tmp_path / "backups").broken] == [made.id]


@pytest.fixture
def state(tmp_path) -> dict[str, Path]:
    import polars as pl

    pl.DataFrame({"entity_id": ["e1", "e2"]}).write_parquet(tmp_path / "00000001.parquet")
    return {"base.parquet": tmp_path / "00000001.parquet"}


def test_it_says_what_it_is_of(tmp_path, database, memory, state):
    origin = Origin(
        {"database": "data/leads.db", "airtable": "app1", "tables": {"leads": "tbl1"}}, {"serial": 3}, "r", "c", "1.0"
    )
    made = create(tmp_path / "backups", database, memory, NOW, Making(tags=("nightly",), origin=origin, state=state))
    held = verify(made.path)
    assert (held.tags, held.origin, held.made_by) == (("nightly",), origin, "create")
    assert held.file("base").rows == {"base": 2}


@pytest.mark.parametrize("name", ["database.db", "airtable.json", "base.parquet", "manifest.json"])
def test_edge_49_one_flipped_bit_in_any_file_is_seen(tmp_path, database, memory, state, name):
    made = create(tmp_path / "backups", database, memory, NOW, Making(state=state))
    path = made.path / name
    data = bytearray(path.read_bytes())
    for place in {0, len(data) // 3, len(data) // 2, len(data) - 1}:
        data[place] ^= 4
        path.write_bytes(data)
        with pytest.raises((DamagedError, ConfigurationError)):  # a flipped digit may make the format a newer one
            verify(made.path)
        data[place] ^= 4
    path.write_bytes(data)
    verify(made.path)


@pytest.mark.parametrize(
    ("later", "refused"), [(timedelta(hours=1), True), (timedelta(0), True), (-timedelta(hours=1), False)]
)
def test_edge_49_no_backup_stands_in_for_a_damaged_one_that_may_be_newer(tmp_path, database, memory, later, refused):
    root = tmp_path / "backups"
    good = create(root, database, memory, NOW, Making(tags=("good",)))
    bad = create(root, database, memory, NOW + later, Making(tags=("bad",)))
    (bad.path / "manifest.json").write_text("{")
    if refused:
        with pytest.raises(DamagedError):
            open_backup(root)
    else:
        assert open_backup(root).id == good.id


def test_unchanged_files_are_shared_and_outlive_each_other(tmp_path, database, memory):
    root = tmp_path / "backups"
    first = create(root, database, memory, NOW)
    second = create(root, database, memory, NOW + timedelta(hours=1))
    assert [(first.path / name).stat().st_ino for name in first.digests] == [
        (second.path / name).stat().st_ino for name in second.digests
    ]
    for entry in first.path.iterdir():
        entry.unlink()
    first.path.rmdir()
    verify(second.path)


def test_a_damaged_file_is_not_shared(tmp_path, database, memory):
    root = tmp_path / "backups"
    first = create(root, database, memory, NOW)
    path = first.path / "airtable.json"
    path.write_bytes(path.read_bytes().replace(b"rec1", b"recX"))
    second = create(root, database, memory, NOW + timedelta(hours=1))
    verify(second.path)
    assert path.stat().st_ino != (second.path / "airtable.json").stat().st_ino


def test_what_a_check_found_is_remembered(tmp_path, database, memory):
    made = create(tmp_path / "backups", database, memory, NOW)
    assert last_finding(made).good
    later = NOW + timedelta(days=3)
    note_finding(made.path, later, opened=True, problem="is gone")
    assert (last_finding(made).good, last_finding(made).at) == (False, later.isoformat())


def test_one_that_was_cut_off_is_swept_by_the_next(tmp_path, database, memory):
    root = tmp_path / "backups"
    left = root / f".partial-20260101T000000Z-{os.getpid()}"
    (left / "plain").mkdir(parents=True)
    (left / "plain" / "database.db").write_bytes(b"secret")
    made = create(root, database, memory, NOW)
    assert [entry.name for entry in root.iterdir()] == [made.id]


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists(), reason="root may write anywhere")
def test_edge_45_a_read_only_folder(tmp_path, database, memory, monkeypatch):
    root = tmp_path / "backups"
    root.mkdir(mode=0o500)
    if os.geteuid() == 0:  # root may write anywhere: the disk's answer is put in its place
        monkeypatch.setattr(Path, "mkdir", _read_only)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        create(root, database, memory, NOW)
    assert list_backups(root) == []


def _read_only(self, *args, **kwargs):
    raise OSError(30, "Read-only file system")


def test_edge_45_a_full_disk_at_every_write(tmp_path, database, memory, state, monkeypatch):
    """Whichever write fails, nothing half made is listed and the others stay whole."""
    root = tmp_path / "backups"
    good = create(root, database, memory, NOW, Making(state=state))
    database_file = sqlite3.connect(database.path)
    database_file.execute("INSERT INTO leads VALUES ('z', 'new')")
    database_file.commit()
    database_file.close()
    real, failures = os.fsync, 0
    for number in range(40):
        left = [number]

        def full(descriptor, left=left):
            if left[0] == 0:
                raise OSError(28, "No space left on device")
            left[0] -= 1
            real(descriptor)

        monkeypatch.setattr(os, "fsync", full)
        try:
            create(root, database, memory, NOW + timedelta(hours=1), Making(state=state, tags=(str(number),)))
        except TemporaryError:
            failures += 1
        else:
            break
        finally:
            monkeypatch.setattr(os, "fsync", real)
        assert len([entry for entry in root.iterdir() if entry.name.startswith(".")]) == 0
        for one in list_backups(root):
            verify(one.path)
        verify(good.path)
    assert 3 < failures < 40


def test_an_export_that_links_elsewhere_can_stand_alone(tmp_path):
    link = {"id": "fldLink0000000001", "name": "Firm", "type": "multipleRecordLinks"}
    other = {"linkedTableId": "tblElse0000000001", "inverseLinkFieldId": "fldElse0000000001"}
    whole = document(2)
    table = whole["bases"][0]["tables"][0]
    table["fields"] = [*FIELDS, {**link, "options": other}]
    table["records"][0]["fields"]["Firm"] = ["recElse0000000001"]
    with pytest.raises(ConfigurationError, match="links to a table"):
        sandbox.load(whole, tmp_path / "a.db")
    sandbox.load(closed(whole), tmp_path / "a.db")
    held = sandbox.dump(tmp_path / "a.db")["bases"][0]["tables"]
    assert held[0]["records"][0]["fields"]["Firm"] == ["recElse0000000001"]
    assert [record["id"] for record in held[1]["records"]] == ["recElse0000000001"]
    assert closed(document(2)) == document(2)
