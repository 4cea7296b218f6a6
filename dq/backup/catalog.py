"""The backups that are there, and whether they are still good."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dq.backup.contents import problem_in
from dq.errors import ConfigurationError, DamagedError
from dq.stores.private import digest_of

MANIFEST = "manifest.json"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup: its name, size in bytes, SHA-256, and the rows of each table in it."""

    name: str
    size: int
    digest: str
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup of both stores.

    Attributes:
        id: Its time and a short digest; the name of its folder.
        path: Its folder.
        taken_at: When it was begun, in UTC.
        files: Its files, the manifest not among them.
    """

    id: str
    path: Path
    taken_at: datetime
    files: tuple[BackupFile, ...]

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 by file name."""
        return {file.name: file.digest for file in self.files}


def to_dict(backup: Backup) -> dict[str, Any]:
    """The backup's manifest as JSON-ready values."""
    files = [asdict(file) for file in backup.files]
    return {"format_version": FORMAT_VERSION, "id": backup.id, "taken_at": backup.taken_at.isoformat(), "files": files}


def list_backups(root: Path) -> list[Backup]:
    """The complete backups in `root`, oldest first."""
    return [_read(root / name) for name in _ids(root)]


def open_backup(root: Path, backup_id: str) -> Backup:
    """A backup by its id.

    Raises:
        ConfigurationError: There is none of this id.
        DamagedError: Its manifest cannot be read.
    """
    ids = _ids(root)
    if backup_id not in ids:
        near = get_close_matches(backup_id, ids, n=1, cutoff=0.5)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ConfigurationError(
            f"There is no backup {backup_id!r}{hint}", where=str(root), fix="look into the backups folder for its ids"
        )
    return _read(root / backup_id)


def verify(path: Path) -> Backup:
    """Read a backup's files again: sizes and digests, SQLite's integrity check, JSON parsed, rows counted.

    Raises:
        DamagedError: Something is gone, cut off or changed.
    """
    backup = _read(path)
    for file in backup.files:
        problem = _problem(path / file.name, file)
        if problem:
            why = "It cannot bring back what it was made to keep."
            what = f"The backup {backup.id} is damaged: {file.name} {problem}"
            raise DamagedError(
                what, where=str(path / file.name), why=why, fix="run the command again: it makes a new backup"
            )
    return backup


def _problem(path: Path, file: BackupFile) -> str | None:
    if not path.is_file():
        return "is gone"
    if path.stat().st_size != file.size:
        return f"has {path.stat().st_size} bytes, not {file.size}"
    if digest_of(path) != file.digest:
        return "does not match its digest"
    found = problem_in(path, file.rows)
    return f"is not good: {found}" if found else None


def _ids(root: Path) -> list[str]:
    if not root.is_dir():
        return []
    return sorted(entry.name for entry in root.iterdir() if entry.name[:8].isdigit() and (entry / MANIFEST).is_file())


def _read(path: Path) -> Backup:
    try:
        data = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        files = tuple(_file(file) for file in data["files"])
        return Backup(data["id"], path, datetime.fromisoformat(data["taken_at"]), files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = "Nobody can tell what the backup holds."
        raise DamagedError(
            f"The manifest of backup {path.name} cannot be read",
            where=str(path / MANIFEST),
            why=why,
            fix="run the command again: it makes a new backup",
        ) from error


def _file(data: Mapping[str, Any]) -> BackupFile:
    file = BackupFile(**data)
    if Path(file.name).name != file.name:  # it would lie outside the backup
        raise ValueError(file.name)
    return file
