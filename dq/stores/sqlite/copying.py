"""An online copy of a SQLite database: for a backup, or to be read in peace."""

import sqlite3
from pathlib import Path

from dq.errors import DamagedError
from dq.sql import quoted
from dq.stores.private import open_file, sync_file
from dq.stores.sqlite.opening import connected, page_problems, uri


def copy_checked(source: Path, target: Path, timeout: float) -> Path:
    """Copy the database, then check the copy and count its rows.

    Args:
        source: The database; others may write it meanwhile.
        target: A file that does not exist yet; made readable by its owner only.
        timeout: Seconds to wait for a lock.

    Raises:
        DamagedError: The copy fails its integrity check or does not hold the rows of the original.
        ConfigurationError: The copy cannot be made there.
    """
    problem = check_copy(target, copy_database(source, target, timeout))
    if problem:
        why = "Nothing is written without a good copy."
        raise DamagedError(
            f"The copy of the database is not good: {problem}",
            where=str(source),
            why=why,
            fix="run the command again: it makes a new backup",
        )
    sync_file(target)
    return target


def copy_database(source: Path, target: Path, timeout: float) -> dict[str, int]:
    """Copy the database page by page inside one read transaction.

    Returns:
        Rows of every table, as the transaction saw them.
    """
    with connected(source, "ro", timeout) as original:
        original.execute("BEGIN")
        rows = row_counts(original)
        with open_file(target):
            copy = sqlite3.connect(uri(target, "rw"), uri=True, isolation_level=None)
            try:
                original.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, no -wal beside it
            finally:
                copy.close()
    return rows


def row_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Rows of every table."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return {
        name: connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0] for (name,) in map(tuple, tables)
    }


def count_copy(path: Path) -> dict[str, int]:
    """Rows of every table of a database that nobody writes."""
    with connected(path, "ro", 5.0) as copy:
        return row_counts(copy)


def check_copy(path: Path, rows: dict[str, int]) -> str | None:
    """What is wrong with a copy, or None: SQLite's whole integrity check, then the number of rows of each table."""
    with connected(path, "ro", 5.0) as copy:
        problems = page_problems(str(row[0]) for row in copy.execute("PRAGMA integrity_check(1000)"))
        if problems:
            return problems[0]
        held = row_counts(copy)
    differing = sorted(name for name in rows if held.get(name) != rows[name])
    return f"{len(differing)} tables differ in their number of rows: {', '.join(differing)}" if differing else None
