"""The log on disk: appended to, never written over. Its head is kept beside it, and moves in three steps.

head says which file grows ─► lines are appended, synced ─► head moves to their end

What a crash left behind the head is cut away: nobody was told of it, and whoever appended it does so again.
"""

import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

import polars as pl

from dq.audit.chain import Link, chained
from dq.errors import DamagedError
from dq.schemas.audit import AUDIT_TYPES, BODY
from dq.stores.private import make_folder, sync_folder, write_file

FOLDER, HEAD = "audit", "head.json"
FORMAT_VERSION = 1
_BLOCK = 1 << 16
_PLAIN = re.compile(r"[\w:.@+~-]+", re.ASCII)
"""A key that stands in JSON as it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the log ends: the last entry, its file, and that file's size in bytes."""

    link: Link = field(default_factory=Link)
    file: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """The head: where the log ends, and the file that grows behind it while entries are appended."""

    at: Place = field(default_factory=Place)
    growing: str | None = None


def folder_of(root: Path) -> Path:
    """The log's folder in the snapshots folder."""
    return root / FOLDER


def files_of(root: Path) -> list[Path]:
    """The log's files, oldest first."""
    return sorted(folder_of(root).glob("[0-9]*.ndjson"))


def head(root: Path) -> Head:
    """The head of the log; an empty log has none.

    Raises:
        DamagedError: It cannot be read, or is gone while there are entries.
    """
    path = folder_of(root) / HEAD
    try:
        data = json.loads(path.read_bytes())
        link = Link(int(data["entries"]), str(data["digest"]))
        growing = None if data["growing"] is None else str(data["growing"])
        return Head(Place(link, str(data["file"]), int(data["size"])), growing)
    except FileNotFoundError:
        if not files_of(root):
            return Head()
        raise damaged("The head of the audit log is gone.", str(path)) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged("The head of the audit log cannot be read.", str(path), type(error).__name__) from error


def ready(root: Path) -> Head:
    """The head, once what a crash left is settled and the log is seen to end where its head says.

    Raises:
        DamagedError: It does not.
    """
    found = head(root)
    if found.growing is not None:
        found = _cut_back(root, found)
    if not _ends(root, found.at):
        raise damaged("The audit log does not end where its head says.", str(folder_of(root)))
    return found


def append(root: Path, parts: Iterable[pl.DataFrame], month: str) -> Link:
    """Add entries at the end, all of them or none; on the disk when this returns.

    Args:
        root: The snapshots folder.
        parts: Entries without number and predecessor, see `dq.schemas.audit`; one part at a time is in memory.
        month: `yyyy-mm`; which file they go to. A clock that was set back does not lead back to an older file.

    Raises:
        DamagedError: The log does not end where its head says.
    """
    make_folder(folder_of(root))
    before = ready(root).at
    name = max(f"{month}.ndjson", before.file)
    size = before.size if name == before.file else 0
    _save(root, Head(before, name))
    link, added = _add(folder_of(root) / name, parts, before.link)
    after = Place(link, name, size + added) if added else before
    _save(root, Head(after))
    return link


def entries(root: Path, *wanted: pl.Expr, naming: Sequence[str] = ()) -> pl.DataFrame:
    """The entries that meet all conditions, in order (AuditEntry contract); up to the head, whatever comes behind it.

    Args:
        root: The snapshots folder.
        wanted: Conditions.
        naming: Only entries in which one of these keys or ids stands are read: the others need no parsing.

    Raises:
        DamagedError: A line cannot be read.
    """
    at = head(root).at
    parts = [pl.LazyFrame(schema=AUDIT_TYPES)]
    try:
        for path in files_of(root):
            held = path.read_bytes() if path.name < at.file else _begin(path, at.size)  # a path would be a pattern
            if held and path.name <= at.file:
                parts.append(_parsed(held, naming).filter(*wanted).collect().lazy())
        return pl.concat(parts).sort("n").collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise damaged("The audit log cannot be read.", str(folder_of(root)), type(error).__name__) from error


def _parsed(held: bytes, naming: Sequence[str]) -> pl.LazyFrame:
    if not naming or not all(_PLAIN.fullmatch(name) for name in naming):
        return pl.scan_ndjson(held, schema=AUDIT_TYPES)
    lines = pl.scan_lines(held, name="line").filter(pl.col("line").str.contains_any(list(naming)))
    entry = pl.col("line").str.json_decode(pl.Struct(dict(AUDIT_TYPES)))
    return lines.select(entry.struct.unnest())


def damaged(what: str, where: str, detail: str = "") -> DamagedError:
    """The error for a log that is not as it was written."""
    why = "Nobody can tell from it any more what dq did."
    fix = "dq audit verify; to go on, move snapshots/audit to another place and keep it: a new log begins"
    return DamagedError(what, where=where, why=f"{detail}. {why}" if detail else why, fix=fix)


def _save(root: Path, new: Head) -> None:
    place = {**asdict(new.at.link), "file": new.at.file, "size": new.at.size}
    data = {"format_version": FORMAT_VERSION, **place, "growing": new.growing}
    write_file(folder_of(root) / HEAD, (json.dumps(data, indent=1) + "\n").encode())


def _cut_back(root: Path, found: Head) -> Head:
    """The head after a crash in the middle of an append: what was appended goes."""
    path, size = folder_of(root) / str(found.growing), found.at.size if found.growing == found.at.file else 0
    if path.exists() and path.stat().st_size > size:
        os.truncate(path, size)
    _save(root, Head(found.at))
    return Head(found.at)


def _ends(root: Path, place: Place) -> bool:
    """Whether the log ends there: no more bytes, and the last line is the one."""
    last = [path for path in files_of(root) if path.stat().st_size][-1:]
    if not place.file or not last:
        return not place.file and not last
    path = last[0]
    if path.name != place.file or path.stat().st_size != place.size:
        return False
    return sha256(_last_line(path)).hexdigest() == place.link.digest


def _last_line(path: Path) -> bytes:
    """The last line of a file, without its end."""
    size, length = path.stat().st_size, 0
    with path.open("rb") as file:
        while True:
            length = min(size, 2 * length + _BLOCK)
            file.seek(size - length)
            tail = file.read(length).removesuffix(b"\n")
            if b"\n" in tail or length == size:
                return tail.rpartition(b"\n")[2]


def _begin(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _add(path: Path, parts: Iterable[pl.DataFrame], link: Link) -> tuple[Link, int]:
    """Append entries; the new end of the chain, and how many bytes it took."""
    is_new, added = not path.exists(), 0
    number = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    with os.fdopen(number, "wb") as file:
        for rows in parts:
            bodies = rows.select(pl.struct(BODY).struct.json_encode()).to_series()
            lines, link = chained(bodies, link)
            added += file.write(lines)
        file.flush()
        os.fsync(number)
    if is_new:
        sync_folder(path.parent)
    return link, added
