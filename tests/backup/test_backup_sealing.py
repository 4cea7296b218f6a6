"""Encrypted backups: sealed whole, opened by the right key only, never left in plain."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from dq.backup import Making, create, list_backups, verify
from dq.backup.checking import unpacked
from dq.backup.sealing import (
    key_of,
    key_of_passphrase,
    lock_of,
    lock_of_identity,
    lock_of_passphrase,
    seal,
    unseal,
)
from dq.errors import ConfigurationError, DamagedError, TemporaryError
from dq.manifest import Column, TableSchema
from dq.stores.memory import MemoryStore
from dq.stores.sqlite import SqliteStore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
IDENTITY = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()
LOCK, KEY = lock_of(f"# a note\n{IDENTITY.to_public()}\n"), key_of(str(IDENTITY))
SECRET = b"somebody@example.com"


@pytest.fixture
def stores(tmp_path):
    connection = sqlite3.connect(tmp_path / "leads.db")
    connection.execute("CREATE TABLE leads(id TEXT PRIMARY KEY, email TEXT)")
    connection.execute("INSERT INTO leads VALUES ('a', ?)", (SECRET.decode(),))
    connection.commit()
    connection.close()
    schema = TableSchema("airtable", "Leads", "id", (Column("id", "text", ""), Column("Email", "text", "")))
    memory = MemoryStore("airtable", [schema], {"Leads": [{"id": "rec1", "Email": SECRET.decode()}]})
    return SqliteStore(tmp_path / "leads.db"), memory


def made(tmp_path, stores, when=NOW, lock=LOCK, key=KEY):
    return create(tmp_path / "backups", *stores, when, Making(lock=lock, key=key))


def test_nothing_of_it_is_readable_without_the_key(tmp_path, stores):
    backup = made(tmp_path, stores)
    for path in [path for path in (tmp_path / "backups").rglob("*") if path.is_file()]:
        assert SECRET not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0
    assert {path.name for path in backup.path.iterdir()} == {"database.db.age", "airtable.json.age", "manifest.json"}
    assert [entry.name for entry in (tmp_path / "backups").iterdir()] == [backup.id]
    with unpacked(backup, backup.file("airtable"), KEY) as plain:
        assert SECRET in plain.read_bytes()
    assert not plain.exists()
    assert list_backups(tmp_path / "backups") == [backup] == [verify(backup.path, KEY)] == [verify(backup.path)]


def test_edge_49_a_wrong_key_is_a_clear_error(tmp_path, stores):
    backup = made(tmp_path, stores)
    with pytest.raises(ConfigurationError, match="identity does not open this backup"):
        verify(backup.path, key_of(str(OTHER)))
    with (
        pytest.raises(ConfigurationError, match="encrypted, and no key is configured"),
        unpacked(backup, backup.file("database"), None),
    ):
        pass


def test_a_key_that_does_not_fit_is_found_out_when_the_backup_is_made(tmp_path, stores):
    with pytest.raises(ConfigurationError, match="does not open"):
        made(tmp_path, stores, key=key_of(str(OTHER)))
    assert list_backups(tmp_path / "backups") == []


@pytest.mark.parametrize("with_key", [True, False])
@pytest.mark.parametrize("name", ["database.db.age", "airtable.json.age"])
@pytest.mark.parametrize("harm", ["cut", "flip the head", "flip a bit"])
def test_edge_49_a_truncated_or_altered_archive_is_detected(tmp_path, stores, with_key, name, harm):
    path = made(tmp_path, stores).path / name
    data = bytearray(path.read_bytes())
    if harm == "cut":
        data = data[:-7]
    else:
        data[60 if harm == "flip the head" else -20] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedError, match=name):
        verify(path.parent, KEY if with_key else None)


@pytest.mark.parametrize("length", [0, 1, 65_535, 65_536, 200_000])
def test_age_itself_finds_a_stream_that_ends_early(tmp_path, length):
    plain, sealed, back = tmp_path / "plain", tmp_path / "sealed", tmp_path / "back"
    plain.write_bytes(bytes(range(256)) * (length // 256) + b"x" * (length % 256))
    seal(plain, sealed, LOCK)
    unseal(sealed, back, KEY)
    assert back.read_bytes() == plain.read_bytes()
    whole = sealed.read_bytes()
    for cut in (1, 17, len(whole) // 2):
        sealed.write_bytes(whole[:-cut])
        with pytest.raises((DamagedError, ConfigurationError)):  # what lacks its head names no key
            unseal(sealed, back, KEY)


def test_unchanged_files_are_shared_under_the_same_keys_only(tmp_path, stores):
    first, second = made(tmp_path, stores), made(tmp_path, stores, NOW + timedelta(hours=1))
    other = made(tmp_path, stores, NOW + timedelta(hours=2), lock_of_identity(str(OTHER)), key_of(str(OTHER)))
    nodes = [(one.path / "database.db.age").stat().st_ino for one in (first, second, other)]
    assert nodes[0] == nodes[1] != nodes[2]
    for one, key in ((first, KEY), (second, KEY), (other, key_of(str(OTHER)))):
        verify(one.path, key)


def test_a_passphrase_opens_it_and_another_does_not(tmp_path, stores):
    lock = lock_of_passphrase("correct horse", [])
    backup = made(tmp_path, stores, lock=lock, key=key_of_passphrase("correct horse", lock.seal))
    assert b"correct horse" not in (backup.path / "manifest.json").read_bytes()
    with pytest.raises(ConfigurationError, match="passphrase does not open"):
        key_of_passphrase("wrong", backup.seal)
    assert lock_of_passphrase("correct horse", [backup.seal]).seal == backup.seal


def test_edge_45_a_disk_that_fills_while_sealing_leaves_nothing(tmp_path, stores, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys.modules["dq.backup.create"], "seal", full)
    with pytest.raises(TemporaryError, match="disk is full"):
        made(tmp_path, stores)
    assert list((tmp_path / "backups").iterdir()) == []


LIMITED = """
import resource, signal, sys
from pathlib import Path
from dq.backup.sealing import lock_of, seal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
try:
    seal(Path(sys.argv[1]), Path(sys.argv[2]), lock_of(sys.argv[3]))
except OSError as error:
    print("errno", error.errno)
"""


def test_edge_45_the_disks_own_error_comes_through_the_cipher(tmp_path):
    (tmp_path / "plain").write_bytes(b"x" * 3_000_000)
    words = [
        sys.executable,
        "-c",
        LIMITED,
        str(tmp_path / "plain"),
        str(tmp_path / "sealed"),
        str(IDENTITY.to_public()),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2])
    assert done.stdout == "errno 27\n"


@pytest.mark.parametrize("text", ["", "# only a note", "age1nonsense", "ssh-dss AAAA", "AGE-SECRET-KEY-1XYZ"])
def test_what_is_no_key_is_said_so(text):
    with pytest.raises(ConfigurationError, match="recipient is no key"):
        lock_of(text)
    with pytest.raises(ConfigurationError, match="identity is no key"):
        key_of(text)


def test_keys_are_never_shown():
    assert "AGE-SECRET" not in repr(KEY)
    assert "Identity" not in repr(KEY)
