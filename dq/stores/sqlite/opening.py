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
_MAGIC = b"SQLite format 3\x00"
_SAMPLE = 4096
_RANDOM_BITS = 7.0
"""Bits a byte above which a sample is ciphertext (or packed), not text or a damaged database."""


def checked(path: Path) -> Path:
    """The path, if a SQLite database lies there.

    Raises:
        ConfigurationError: No folder, no file, a folder, an empty file, an encrypted file, something else.
    """
    fix = "correct `stores.database.url`, or `dq init` for a new database"
    if not path.parent.is_dir():
        raise ConfigurationError(f"The folder of the database does not exist: {path.parent}", where=str(path), fix=fix)
    if not path.exists():
        raise ConfigurationError(f"There is no database file {path.name}", where=str(path), fix=fix)
    if path.is_dir():
        raise ConfigurationError(f"{path.name} is a folder, not a database file", where=str(path), fix=fix)
    try:
        with path.open("rb") as file:
            head = file.read(_SAMPLE)
    except PermissionError as error:
        raise ConfigurationError(
            f"The database file may not be read: {path.name}", where=str(path), fix="chmod u+rw the file"
        ) from error
    if not head:
        why = "An empty file is what an interrupted copy leaves behind."
        raise ConfigurationError(
            f"The database file is empty (zero bytes): {path.name}", where=str(path), why=why, fix=fix
        )
    if not head.startswith(_MAGIC):
        raise _foreign(path, head)
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
    where = str(path)
    first = message.splitlines()[0].split("query: ")[-1]
    if "locked" in first or "busy" in first:
        why = "Another program keeps the database locked; nothing was written."
        return TemporaryError(
            f"The database is locked: {path.name}",
            where=where,
            why=why,
            fix="close the other program, or run the command again",
        )
    if "malformed" in first or "corrupt" in first:
        return damaged(path, first)
    if "not a database" in first:
        return ConfigurationError(
            f"{path.name} is no SQLite database, or an encrypted one", where=where, fix="correct `stores.database.url`"
        )
    if "readonly" in first or "unable to open" in first:
        why = "SQLite must be able to write the file and its folder."
        return ConfigurationError(
            f"The database cannot be opened or written ({first})",
            where=where,
            why=why,
            fix="chmod u+rwx the folder and u+rw the file",
        )
    if "full" in first or "disk I/O" in first:
        return TemporaryError(
            f"The disk does not take the write ({first})",
            where=where,
            fix="free some space, then run the command again",
        )
    return ConfigurationError(f"SQLite refuses: {first}", where=where, fix="dq snapshot")


def damaged(path: Path, detail: str) -> DamagedError:
    """The error of a database that fails its own integrity check."""
    why = "Nothing that is read from a damaged file can be trusted, and nothing was written."
    return DamagedError(f"The database is damaged: {detail}", where=str(path), why=why, fix="dq backup restore")


def page_problems(findings: Iterable[str]) -> list[str]:
    """What SQLite's own check found wrong with the file, leaving out rows that break the schema's promises."""
    lines = [line for finding in findings for line in finding.splitlines() if not line.startswith("***")]
    return [line for line in lines if line != "ok" and not _BROKEN_PROMISE.match(line)]


def _foreign(path: Path, head: bytes) -> ConfigurationError:
    where = str(path)
    shares = [head.count(byte) / len(head) for byte in set(head)]
    if len(head) >= 512 and -sum(share * math.log2(share) for share in shares) > _RANDOM_BITS:
        why = "Its bytes look random from the first one on; dq has no key for it."
        return ConfigurationError(
            f"The database file seems to be encrypted: {path.name}",
            where=where,
            why=why,
            fix="decrypt it, and point `stores.database.url` at the result",
        )
    return ConfigurationError(f"{path.name} is not a SQLite database", where=where, fix="correct `stores.database.url`")
