"""Opening a SQLite file, and what its errors mean in dq's words."""

import math
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from dq.errors import ConfigurationError, DamagedError, DqError, TemporaryError

_BROKEN_PROMISE = re.compile(r"NULL value in|CHECK constraint failed|(non-)?\w+ value in \w+")
_SAMPLE = 4096
_ENOUGH = 512
_RANDOM_BITS = 7.0
"""Bits a byte above which a sample is ciphertext (or packed), not text or a damaged database."""


_TEXTS: tuple[tuple[tuple[str, ...], type[DqError], str, str, str], ...] = (
    (
        ("locked", "busy"),
        TemporaryError,
        "The database is locked",
        "Another program keeps it locked; nothing was written.",
        "close the other program, or run the command again",
    ),
    (
        ("readonly", "unable to open"),
        ConfigurationError,
        "The database cannot be opened or written ({})",
        "SQLite must be able to write the file and its folder.",
        "chmod u+rwx the folder and u+rw the file",
    ),
    (
        ("full", "disk I/O"),
        TemporaryError,
        "The disk does not take the write ({})",
        "Nothing of this batch was written.",
        "free some space, then run the command again",
    ),
)
"""Words of SQLite's messages, and the error that they mean."""


def checked(path: Path) -> Path:
    """The path, if a file that may be a SQLite database lies there.

    The file is not opened: closing it again would drop every lock that this process holds on it.

    Raises:
        ConfigurationError: No folder, no file, a folder, or an empty file.
    """
    where, fix = str(path), "correct `stores.database.url`, or `dq init` for a new database"
    if not path.parent.is_dir():
        raise ConfigurationError(f"The folder of the database does not exist: {path.parent}", where=where, fix=fix)
    if not path.exists():
        raise ConfigurationError(f"There is no database file {path.name}", where=where, fix=fix)
    if path.is_dir():
        raise ConfigurationError(f"{path.name} is a folder, not a database file", where=where, fix=fix)
    if path.stat().st_size == 0:
        why = "An empty file is what an interrupted copy leaves behind."
        raise ConfigurationError(f"The database file is empty (zero bytes): {path.name}", where=where, why=why, fix=fix)
    return path


def uri(path: Path, mode: Literal["ro", "rw"]) -> str:
    """The URI by which both drivers open an existing file and never make a new one."""
    return f"{path.resolve().as_uri()}?mode={mode}"


@contextmanager
def connected(path: Path, mode: Literal["ro", "rw"], timeout: float) -> Iterator[sqlite3.Connection]:
    """A connection in manual transaction mode, closed at the end; errors come in dq's words.

    Args:
        path: The database file.
        mode: `ro` cannot write.
        timeout: Seconds to wait for a lock.
    """
    checked(path)
    with translated(path):
        connection = sqlite3.connect(uri(path, mode), uri=True, timeout=timeout, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            yield connection
        finally:
            connection.close()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise either driver's errors as dq's own."""
    try:
        yield
    except sqlite3.Error as error:
        raise error_for(path, str(error)) from error


def error_for(path: Path, message: str) -> DqError:
    """The error of dq that a SQLite message means; SQLite's messages name schema, never cells."""
    first = message.splitlines()[0].split("query: ")[-1]
    if "malformed" in first or "corrupt" in first:
        return damaged(path, first)
    if "not a database" in first:
        return _foreign(path)
    for words, error, what, why, fix in _TEXTS:
        if any(word in first for word in words):
            return error(what.format(first), where=str(path), why=why, fix=fix)
    return ConfigurationError(f"SQLite refuses: {first}", where=str(path), fix="dq snapshot")


def damaged(path: Path, detail: str) -> DamagedError:
    """The error of a database that fails its own integrity check."""
    why = "Nothing that is read from a damaged file can be trusted, and nothing was written."
    return DamagedError(
        f"The database is damaged: {detail}",
        where=str(path),
        why=why,
        fix="put back database.db of the newest folder in backups/, or recover it with the sqlite3 shell",
    )


def page_problems(findings: Iterable[str]) -> list[str]:
    """What SQLite's own check found wrong with the file, leaving out rows that break the schema's promises."""
    lines = [line for finding in findings for line in finding.splitlines() if not line.startswith("***")]
    return [line for line in lines if line != "ok" and not _BROKEN_PROMISE.match(line)]


def _foreign(path: Path) -> ConfigurationError:
    """What a file is that SQLite does not know; nobody can hold a lock on it."""
    try:
        with path.open("rb") as file:
            head = file.read(_SAMPLE)
    except OSError:
        head = b""
    where = str(path)
    shares = [head.count(byte) / len(head) for byte in set(head)]
    if len(head) >= _ENOUGH and -sum(share * math.log2(share) for share in shares) > _RANDOM_BITS:
        why = "Its bytes look random from the first one on; dq has no key for it."
        fix = "decrypt it, and point `stores.database.url` at the result"
        return ConfigurationError(
            f"The database file seems to be encrypted: {path.name}", where=where, why=why, fix=fix
        )
    return ConfigurationError(f"{path.name} is not a SQLite database", where=where, fix="correct `stores.database.url`")
