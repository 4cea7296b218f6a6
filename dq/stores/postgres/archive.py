"""The two files that a copy of PostgreSQL tables can be, and what is in them; needs no server.

database.dump  pg_dump's own format, where pg_dump and pg_restore are there: definitions and rows
database.zip   else: rows as COPY writes them, a member a table, and the definitions as text
"""

import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dq.errors import ConfigurationError

DUMP, ZIP = "database.dump", "database.zip"
SUFFIXES = (".dump", ".zip")
CONTENTS, DEFINITIONS = "contents.json", "schema.sql"
_HEADER = re.compile(rb"(?:^|\n)COPY (.+) \((.*)\) FROM stdin;\n")
_END = b"\\.\n"
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Rows:
    """A table's rows in a copy.

    Attributes:
        table: Its name as SQL, with its schema.
        columns: Its columns as SQL, with commas between.
        data: The rows as COPY writes them in text format, in pieces.
    """

    table: str
    columns: str
    data: Iterator[bytes]


def tables_of(path: Path) -> Iterator[Rows]:
    """The tables in a copy; each one's data is to be read before the next.

    Raises:
        ConfigurationError: The file needs pg_restore, and it is not here.
        ValueError, OSError, zipfile.BadZipFile: The file is not good.
    """
    return _zipped(path) if path.suffix == ".zip" else _dumped(path)


def count_rows(path: Path) -> dict[str, int]:
    """Rows of every table in a copy; all of it is read. Rows in COPY's text format are lines."""
    return {rows.table: sum(piece.count(b"\n") for piece in rows.data) for rows in tables_of(path)}


def problem_in(path: Path, rows: Mapping[str, int]) -> str | None:
    """What is wrong with a copy, or None: it is read whole, and the rows of each table are counted.

    Args:
        path: The file.
        rows: The rows that each of its tables must have.
    """
    try:
        held = count_rows(path)
    except (ValueError, OSError, zipfile.BadZipFile, KeyError) as error:
        return f"it cannot be read ({type(error).__name__})"
    differing = sorted(name for name in {*rows, *held} if held.get(name) != rows.get(name))
    return f"{len(differing)} tables differ in their number of rows: {', '.join(differing)}" if differing else None


def _zipped(path: Path) -> Iterator[Rows]:
    with zipfile.ZipFile(path) as archive:
        for table in json.loads(archive.read(CONTENTS)):
            with archive.open(table["member"]) as member:
                yield Rows(table["table"], table["columns"], iter(partial(member.read, _CHUNK), b""))


def _dumped(path: Path) -> Iterator[Rows]:
    program = shutil.which("pg_restore")
    if program is None:
        raise ConfigurationError(
            "A copy that pg_dump made needs pg_restore to be read, and it is not here.",
            where=str(path),
            fix="install PostgreSQL's client programs, of the server's version or a newer one",
        )
    command = [program, "--data-only", "--file=-", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603 -- a program found on PATH, and a file
        assert process.stdout is not None  # noqa: S101 -- it is piped
        yield from _split(iter(partial(process.stdout.read, _CHUNK), b""))
        if process.wait():
            raise ValueError("pg_restore cannot read it")


def _split(pieces: Iterable[bytes]) -> Iterator[Rows]:
    """The tables of pg_restore's script: whatever stands between a COPY and its end."""
    script = _Script(iter(pieces))
    while (header := script.header()) is not None:
        yield Rows(*header, script.block())


class _Script:
    """A script that is read piece by piece.

    Args:
        pieces: Its text.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._held = pieces, b"\n"

    def header(self) -> tuple[str, str] | None:
        """Table and columns of the next COPY; None at the end."""
        while True:
            found = _HEADER.search(self._held)
            if found:
                self._held = b"\n" + self._held[found.end() :]
                return found[1].decode(), found[2].decode()
            self._held = self._held[max(self._held.rfind(b"\n"), 0) :]  # a header is one line
            if not self._more():
                return None

    def block(self) -> Iterator[bytes]:
        """The rows behind a header, up to the line that ends them; no row can be that line."""
        is_first = True
        while (end := self._held.find(b"\n" + _END)) < 0:
            keep = len(_END)  # the end may be cut in two
            ready, self._held = self._held[: -keep or None], self._held[-keep:]
            yield ready[is_first:]
            is_first = is_first and not ready
            if not self._more():
                raise ValueError("the rows of a table have no end")
        yield self._held[is_first : end + 1]
        self._held = self._held[end + len(_END) :]

    def _more(self) -> bool:
        piece = next(self._pieces, b"")
        self._held += piece
        return bool(piece)
