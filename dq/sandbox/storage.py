"""The one SQLite file that holds bases, tables and records: its tables, opening it, transactions on it.

A record is one row: its cells are one JSON text keyed by field id, so a page is a straight read and a renamed field
costs nothing. Rows keep the order of their arrival (`seq`), lists go by record id.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from dq.errors import ConfigurationError, TemporaryError

FILE_MARK = 0x64715342  # "dqSB" in the file's header: the file is a sandbox's
FORMAT = 2
BUSY_SECONDS = 30
_HEADER = ("application_id", "user_version")

TABLES = """
CREATE TABLE base (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, position INTEGER NOT NULL, collaborators TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE TABLE "table" (
    number INTEGER PRIMARY KEY, base_id TEXT NOT NULL REFERENCES base, id TEXT NOT NULL, name TEXT NOT NULL,
    position INTEGER NOT NULL, definition TEXT NOT NULL, counter INTEGER NOT NULL DEFAULT 0, UNIQUE (base_id, id)
) STRICT;
CREATE TABLE record (
    seq INTEGER PRIMARY KEY, table_number INTEGER NOT NULL, id TEXT NOT NULL, created TEXT NOT NULL,
    cells TEXT NOT NULL, modified TEXT NOT NULL DEFAULT '{}', UNIQUE (table_number, id)
) STRICT;
CREATE TABLE deleted (table_number INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (table_number, id)) STRICT;
"""
ADDED = """
CREATE TABLE IF NOT EXISTS sequence (
    table_number INTEGER NOT NULL, name TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (table_number, name)
) STRICT;
CREATE TABLE IF NOT EXISTS trash (
    table_number INTEGER NOT NULL, id TEXT NOT NULL, deleted TEXT NOT NULL, created TEXT NOT NULL, cells TEXT NOT NULL,
    modified TEXT NOT NULL, PRIMARY KEY (table_number, id)
) STRICT;
CREATE TABLE IF NOT EXISTS quota (month TEXT PRIMARY KEY, calls INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS serving (address TEXT PRIMARY KEY, since TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS comment (
    number INTEGER PRIMARY KEY, table_number INTEGER NOT NULL, record_id TEXT NOT NULL, id TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL, updated TEXT, author TEXT NOT NULL, text TEXT NOT NULL, parent TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS comment_of_record ON comment (table_number, record_id);
CREATE TABLE IF NOT EXISTS webhook (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, base_id TEXT NOT NULL, specification TEXT NOT NULL,
    url TEXT, notifies INTEGER NOT NULL DEFAULT 1, expires TEXT NOT NULL, next INTEGER NOT NULL DEFAULT 1,
    invalid INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS change (
    number INTEGER PRIMARY KEY AUTOINCREMENT, base_id TEXT NOT NULL, deed TEXT NOT NULL, table_id TEXT NOT NULL, kind TEXT NOT NULL,
    id TEXT NOT NULL, old TEXT, new TEXT, created TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS payload (
    webhook_number INTEGER NOT NULL, cursor INTEGER NOT NULL, time TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (webhook_number, cursor)
) STRICT;
"""
"""What format 2 has beside the tables of format 1; `sequence` holds the last number of each counter of a table."""
GROWN = """
ALTER TABLE base ADD COLUMN collaborators TEXT NOT NULL DEFAULT '[]';
ALTER TABLE record ADD COLUMN modified TEXT NOT NULL DEFAULT '{}';
"""
"""What a file of format 1 lacks in the tables that it has."""


def opened(path: Path, *, create: bool) -> sqlite3.Connection:
    """A connection to a sandbox's file, in autocommit mode.

    Args:
        path: The file.
        create: Whether an absent or empty file becomes a sandbox.

    Raises:
        ConfigurationError: The file is absent, or is not a sandbox's.
        TemporaryError: Another process holds the file, or the disk is full.
    """
    if not path.exists():
        if not create:
            raise ConfigurationError("There is no sandbox file.", where=str(path), fix="dq sandbox load FILE --data DB")
        _make_private(path)
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path, create=create)
        except BaseException:
            connection.close()
            raise
    except sqlite3.DatabaseError as error:
        if _is_busy(error):
            raise _busy() from error
        if _is_disk(error):
            fix = "free some space, or look at the disk, then run the command again"
            raise TemporaryError(
                f"The disk does not take the sandbox's file: {error}.", where=str(path), fix=fix
            ) from error
        raise ConfigurationError(f"The file cannot be opened as a sandbox: {error}.", where=str(path)) from error
    return connection


def _make_private(path: Path) -> None:
    """An empty file that only its owner reads: it will hold personal data."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConfigurationError(f"The file cannot be made: {error.strerror}.", where=str(path)) from error


def _is_disk(error: sqlite3.Error) -> bool:
    """Whether the disk is full or fails."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _busy() -> TemporaryError:
    return TemporaryError("Another process holds the sandbox's file.", fix="Try again when it has ended.")


def _prepare(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    mark, version = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _HEADER)
    empty = not mark and not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if mark != FILE_MARK and not (empty and create):
        why = "dq never alters a database that it did not make."
        raise ConfigurationError("The file is not a sandbox's.", where=str(path), why=why, fix="Name another --data.")
    if mark == FILE_MARK and not 1 <= version <= FORMAT:
        raise ConfigurationError(f"The sandbox file has format {version}, this dq reads {FORMAT}.", where=str(path))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if mark != FILE_MARK or version < FORMAT:
        _create(connection)


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables, or add what a file of an older format lacks; another process may have done it meanwhile."""
    with writing(connection):
        mark, version = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _HEADER)
        if mark == FILE_MARK and version == FORMAT:
            return
        for statement in ((GROWN if mark == FILE_MARK else TABLES) + ADDED).split(";")[:-1]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {FILE_MARK}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    try:
        connection.execute(begin)
        yield
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error) and _is_busy(error):
            raise _busy() from error
        raise


def writing(connection: sqlite3.Connection) -> AbstractContextManager[None]:
    """A transaction that writes: all of it or nothing."""
    return _transaction(connection, "BEGIN IMMEDIATE")


def reading(connection: sqlite3.Connection) -> AbstractContextManager[None]:
    """A transaction in which all reads see one state."""
    return _transaction(connection, "BEGIN")
