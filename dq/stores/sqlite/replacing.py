"""Putting another file in the place of a SQLite database, while nobody writes it: whole or not at all."""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from dq.errors import ConfigurationError, DamagedError, TemporaryError
from dq.stores.private import copy_file, disk_errors, sync_folder
from dq.stores.sqlite.copying import check_copy
from dq.stores.sqlite.opening import connected, error_for, uri

COMPANIONS = ("-wal", "-shm", "-journal")
_WRITES = os.O_WRONLY | os.O_RDWR


def replace_database(source: Path, rows: Mapping[str, int], target: Path, now: datetime, timeout: float) -> Path | None:
    """Copy a database beside the target, check the copy, and swap the two; the old file goes aside.

    Args:
        source: A whole database that nobody writes, one file.
        rows: The rows that each of its tables must have.
        target: The database to replace; it may be absent, or damaged.
        now: The time, for the old file's new name.
        timeout: Seconds to wait for a lock.

    Returns:
        Where the old file lies; None if there was none.

    Raises:
        TemporaryError: Another program has the target open; nothing was changed.
        ConfigurationError: The source was made by a newer schema than the target's.
        DamagedError: The copy is not good; nothing was changed.
    """
    place = target.resolve()
    with disk_errors(place.parent, "stores.database.url"):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.restoring")
        try:
            _drop(beside)
            copy_file(source, beside)
            _demand_good(beside, rows)
            if not place.exists():
                _aside(place, now, names=COMPANIONS)  # what a lost database left would be read into the new one
                beside.replace(place)
                sync_folder(place.parent)
                return None
            _demand_no_newer(place, beside)
            with _alone(place, beside, timeout):
                old = _aside(place, now, names=("", *COMPANIONS))
                beside.replace(place)
                sync_folder(place.parent)
            return old
        finally:
            _drop(beside)


def _demand_good(path: Path, rows: Mapping[str, int]) -> None:
    problem = check_copy(path, dict(rows))
    if problem:
        raise DamagedError(f"The restored copy is not good: {problem}", where=str(path), fix="dq backup verify --all")


@contextmanager
def _alone(place: Path, beside: Path, timeout: float) -> Iterator[None]:
    """Hold the database so that nobody else can write it, its write-ahead log folded into it.

    A damaged one cannot be held; the programs that have it open are looked for all the same.

    Raises:
        TemporaryError: Another program has it open.
    """
    _demand_no_writer(place)
    beside.chmod(place.stat().st_mode & 0o777)
    with closing(sqlite3.connect(uri(place, "rw"), uri=True, timeout=timeout, isolation_level=None)) as connection:
        try:
            mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
            connection.execute("PRAGMA journal_mode = DELETE")  # fails while another connection is open
            connection.execute("BEGIN EXCLUSIVE")
            _set_mode(beside, mode)
        except sqlite3.OperationalError as error:
            if any(word in str(error) for word in ("locked", "busy")):
                raise _busy(place, str(error)) from error
            raise error_for(place, str(error)) from error
        except sqlite3.DatabaseError:
            connection.close()  # it is damaged: that is why it is replaced
        _demand_no_writer(place)  # once more: one that opened it meanwhile waits for the lock
        yield


def _demand_no_writer(place: Path) -> None:
    others = _writers(place)
    if others:
        raise _busy(place, f"Open for writing in process {', '.join(map(str, others[:5]))}")


def _set_mode(path: Path, mode: str) -> None:
    """The journal mode of the database that is replaced, for the new one."""
    if mode == "wal":
        with closing(sqlite3.connect(uri(path, "rw"), uri=True, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")


def _demand_no_newer(place: Path, beside: Path) -> None:
    """Refuse a database of a newer schema: the programs that use the one in place may not know it."""
    here, there = _version(place), _version(beside)
    if here and there > here:
        raise ConfigurationError(
            f"The backup's database has schema version {there}, the one in place {here}.",
            where=str(place),
            why="The programs that use it may not know the newer schema.",
            fix="migrate the database first, or restore beside it: dq backup restore ID --to FILE",
        )


def _version(path: Path) -> int:
    """The schema version that a program keeps in the file; 0 where none does, or the file is damaged."""
    try:
        with connected(path, "ro", 1.0) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except (DamagedError, ConfigurationError):
        return 0


def _aside(place: Path, now: datetime, names: Sequence[str]) -> Path:
    """Give the old file and those that belong to it names of their own; the place itself stays taken until the swap."""
    stem = place.with_name(f"{place.name}.before-{now.strftime('%Y%m%dT%H%M%SZ')}")
    old = next(path for path in chain([stem], (Path(f"{stem}-{n}") for n in count(2))) if not path.exists())
    for name in names:
        path = Path(f"{place}{name}")
        if not path.exists():
            continue
        if name:
            path.rename(f"{old}{name}")
            continue
        try:
            old.hardlink_to(path)
        except OSError:  # a disk without links
            shutil.copy2(path, old)
    return old


def _writers(place: Path) -> list[int]:
    """Other processes of this machine that have the file open for writing, where the system tells (Linux)."""
    wanted = place.stat()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with suppress(OSError):
            if any(_is_written(process, fd.name, wanted) for fd in (process / "fd").iterdir()):
                found.append(int(process.name))
    return sorted(found)


def _is_written(process: Path, number: str, wanted: os.stat_result) -> bool:
    with suppress(OSError, ValueError):
        held = (process / "fd" / number).stat()
        if (held.st_dev, held.st_ino) == (wanted.st_dev, wanted.st_ino):
            told = (process / "fdinfo" / number).read_text()
            flags = next(line.split()[1] for line in told.splitlines() if line.startswith("flags:"))
            return bool(int(flags, 8) & _WRITES)
    return False


def _busy(place: Path, why: str) -> TemporaryError:
    return TemporaryError(
        "Another program has the database open; nothing was changed.",
        where=str(place),
        why=f"{why}. What it writes after the swap would be lost.",
        fix="close the other program, then run the command again",
    )


def _drop(path: Path) -> None:
    for name in ("", *COMPANIONS):
        Path(f"{path}{name}").unlink(missing_ok=True)
