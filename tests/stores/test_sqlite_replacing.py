"""A database put in another's place: whole or not at all, never under a program that writes."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime

import pytest

from dq.errors import ConfigurationError, DamagedError, TemporaryError
from dq.stores.sqlite import SqliteStore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("held", flush=True)
sys.stdin.read()
"""

KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("INSERT INTO leads VALUES ('in the log')")
os._exit(0)
"""


def database(path, names, *, mode="delete", version=0):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("CREATE TABLE leads(id TEXT PRIMARY KEY)")
        connection.executemany("INSERT INTO leads VALUES (?)", [(name,) for name in names])
    return path


def names(path):
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM leads ORDER BY id")]


@pytest.fixture
def backup(tmp_path):
    return database(tmp_path / "backup.db", ["old1", "old2"])


def restored(path, backup, rows=2):
    return SqliteStore(path, timeout=0.2).restore(backup, {"leads": rows}, NOW)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_old_file_goes_aside_and_the_mode_stays(tmp_path, backup, mode):
    path = database(tmp_path / "leads.db", ["new"], mode=mode)
    path.chmod(0o640)
    aside = restored(path, backup)
    assert (names(path), names(aside)) == (["old1", "old2"], ["new"])
    assert aside.name == "leads.db.before-20260102T030405Z"
    assert path.stat().st_mode & 0o777 == 0o640
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
    assert restored(path, backup).name == "leads.db.before-20260102T030405Z-2"
    assert not list(tmp_path.glob(".leads.db*"))


def test_edge_46_what_lies_in_the_wal_goes_with_the_old_file(tmp_path, backup):
    path = database(tmp_path / "leads.db", ["new"], mode="wal")
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=True)
    assert (tmp_path / "leads.db-wal").stat().st_size > 0
    aside = restored(path, backup)
    assert names(aside) == ["in the log", "new"]
    assert names(path) == ["old1", "old2"]
    assert not (tmp_path / "leads.db-wal").exists()


def test_edge_46_a_wal_without_its_database_is_not_read_into_the_new_one(tmp_path, backup):
    path = database(tmp_path / "leads.db", ["new"], mode="wal")
    holder = sqlite3.connect(path)
    holder.execute("INSERT INTO leads VALUES ('in the log')")
    holder.commit()
    log = (tmp_path / "leads.db-wal").read_bytes()
    holder.close()
    path.unlink()
    (tmp_path / "leads.db-wal").write_bytes(log)
    assert restored(path, backup) is None
    assert names(path) == ["old1", "old2"]
    assert (tmp_path / "leads.db.before-20260102T030405Z-wal").read_bytes() == log


def test_a_damaged_database_is_replaced_and_kept(tmp_path, backup):
    path = tmp_path / "leads.db"
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    aside = restored(path, backup)
    assert names(path) == ["old1", "old2"]
    assert aside.read_bytes().endswith(b"\xff")


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize(
    "statements",
    [["SELECT * FROM leads"], ["BEGIN IMMEDIATE"], ["BEGIN", "INSERT INTO leads VALUES ('half')"], ["BEGIN", "SELECT * FROM leads"]],
    ids=["idle", "locked", "writing", "reading"],
)  # fmt: skip
def test_edge_49_a_restore_over_a_running_writer_is_refused(tmp_path, backup, mode, statements):
    path = database(tmp_path / "leads.db", ["new"], mode=mode)
    words = [sys.executable, "-c", HOLD, str(path), *statements]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(TemporaryError, match="Another program has the database open"):
            restored(path, backup)
        other.communicate("")
    assert names(path) == ["new"]
    assert not list(tmp_path.glob("*before*"))
    assert not list(tmp_path.glob(".leads.db*"))
    restored(path, backup)
    assert names(path) == ["old1", "old2"]


def test_edge_49_an_archive_of_a_newer_schema_is_refused(tmp_path):
    path = database(tmp_path / "leads.db", ["new"], version=3)
    newer = database(tmp_path / "newer.db", ["x"], version=4)
    with pytest.raises(ConfigurationError, match="schema version 4, the one in place 3"):
        restored(path, newer, 1)
    assert names(path) == ["new"]
    restored(path, database(tmp_path / "older.db", ["y"], version=2), 1)
    assert names(path) == ["y"]


def test_a_copy_that_lacks_rows_is_not_put_in_place(tmp_path, backup):
    path = database(tmp_path / "leads.db", ["new"])
    with pytest.raises(DamagedError, match="differ in their number of rows"):
        restored(path, backup, 3)
    assert names(path) == ["new"]


def test_edge_45_a_full_disk_leaves_the_database_as_it_was(tmp_path, backup, monkeypatch):
    path = database(tmp_path / "leads.db", ["new"])

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(TemporaryError, match="disk is full"):
        restored(path, backup)
    assert names(path) == ["new"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["backup.db", "leads.db"]


def test_a_link_to_the_database_stays_one(tmp_path, backup):
    (tmp_path / "real").mkdir()
    database(tmp_path / "real" / "leads.db", ["new"])
    (tmp_path / "leads.db").symlink_to(tmp_path / "real" / "leads.db")
    restored(tmp_path / "leads.db", backup)
    assert (tmp_path / "leads.db").is_symlink()
    assert names(tmp_path / "real" / "leads.db") == ["old1", "old2"]
