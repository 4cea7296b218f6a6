"""Whether a backup is still good: digests, then what is inside; and when that was last found out."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from dq.backup.catalog import read
from dq.backup.contents import problem_in
from dq.backup.manifest import Backup, BackupFile
from dq.backup.sealing import Key, unseal
from dq.errors import ConfigurationError, DamagedError
from dq.stores.private import PLAIN, digest_of, make_folder, partial_folder, wipe, write_file

VERIFIED = "verified.json"


@dataclass(frozen=True)
class Finding:
    """What the last check of a backup found.

    Attributes:
        at: When, ISO text in UTC.
        good: Whether it was whole.
        opened: Whether its contents were read, too; else, as it is encrypted, its digests only.
        problem: What was wrong.
    """

    at: str
    good: bool
    opened: bool = True
    problem: str | None = None


def verify(path: Path, key: Key | None = None) -> Backup:
    """Read a backup's files again: sizes and digests; SQLite's integrity check, JSON and Parquet parsed, rows counted.

    Args:
        path: The backup's folder.
        key: What opens it; without one, of an encrypted backup only sizes and digests are held against the manifest.

    Raises:
        DamagedError: Something is gone, cut off or changed.
        ConfigurationError: The key is another one's.
    """
    backup = read(path)
    for file in backup.files:
        if file.sealed is not None and key is None:
            _demand(backup, file, _stored_problem(path, file))
            continue
        with unpacked(backup, file, key):
            pass
    return backup


@contextmanager
def unpacked(backup: Backup, file: BackupFile, key: Key | None) -> Iterator[Path]:
    """A file of a backup in plain, held against its digest and looked into; what was decrypted is wiped at the end.

    Args:
        backup: The backup.
        file: Which of its files.
        key: What opens an encrypted one.

    Raises:
        DamagedError: It is gone, cut off or changed.
        ConfigurationError: The key is another one's, or there is none.
    """
    _demand(backup, file, _stored_problem(backup.path, file))
    stored = backup.path / file.stored.name
    if file.sealed is None:
        _demand(backup, file, problem_in(stored, file.rows))
        yield stored
        return
    if key is None:
        fix = "set backups.encryption.identity_file (or the passphrase) to what belongs to it"
        raise ConfigurationError(f"The backup {backup.id} is encrypted, and no key is configured.", fix=fix)
    with partial_folder(backup.path.parent, f"open-{backup.id}-{file.name}") as folder:
        plain = make_folder(folder / PLAIN) / file.name
        try:
            unseal(stored, plain, key)
            _demand(backup, file, _problem(plain, file.size, file.digest) or problem_in(plain, file.rows))
            yield plain
        finally:
            wipe(plain)


def last_finding(backup: Backup) -> Finding | None:
    """What the last check found: the one that is noted, else that of its making; None if it was never checked."""
    with suppress(OSError, ValueError, TypeError):
        return Finding(**json.loads((backup.path / VERIFIED).read_text(encoding="utf-8")))
    return Finding(backup.taken_at.isoformat(), good=True) if backup.checked else None


def note_finding(path: Path, now: datetime, *, opened: bool, problem: str | None) -> Finding:
    """Note what a check found beside the backup; a disk that takes no writes does not make the check fail."""
    found = Finding(now.isoformat(), problem is None, opened, problem)
    with suppress(OSError):
        write_file(path / VERIFIED, json.dumps(asdict(found)).encode())
    return found


def _stored_problem(folder: Path, file: BackupFile) -> str | None:
    stored = file.stored
    return _problem(folder / stored.name, stored.size, stored.digest)


def _problem(path: Path, size: int, digest: str) -> str | None:
    if not path.is_file():
        return "is gone"
    if path.stat().st_size != size:
        return f"has {path.stat().st_size} bytes, not {size}"
    return None if digest_of(path) == digest else "does not match its digest"


def _demand(backup: Backup, file: BackupFile, problem: str | None) -> None:
    if problem:
        raise DamagedError(
            f"The backup {backup.id} is damaged: {file.stored.name} {problem}",
            where=str(backup.path / file.stored.name),
            why="It cannot bring back what it was made to keep.",
            fix="make another one: dq backup create",
        )
