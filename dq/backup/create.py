"""Make a backup of both stores, checked before it counts.

.partial-…/  database.db  airtable.json  base.parquet … ─► counted ─► shared with an earlier backup, or encrypted
             ─► manifest.json ─► read again ─► rename to <id>/
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from dq.backup.catalog import list_backups
from dq.backup.checking import verify
from dq.backup.contents import count_rows
from dq.backup.manifest import Backup, BackupFile, MadeBy, Origin, Stored, to_dict
from dq.backup.sealing import ENDING, Key, Lock, seal
from dq.stores.folders import MANIFEST
from dq.stores.private import (
    PLAIN,
    copy_file,
    digest_of,
    disk_errors,
    make_folder,
    partial_folder,
    sync_folder,
    wipe,
    write_file,
)
from dq.stores.protocol import Sink


@dataclass(frozen=True)
class Making:
    """What a backup is to be besides a copy of both stores.

    Attributes:
        tags: A person's words for it.
        made_by: What asks for it.
        origin: What it is of.
        state: Files of dq's own that belong in it (the base state, the quarantine), by their names in it.
        lock: What encrypts it; None leaves it plain.
        key: What reads an encrypted one back; None holds it against digests only.
        check: Whether it is read back.
    """

    tags: Sequence[str] = ()
    made_by: MadeBy = "create"
    origin: Origin = field(default_factory=Origin)
    state: Mapping[str, Path] = field(default_factory=dict)
    lock: Lock | None = None
    key: Key | None = None
    check: bool = True


AS_IT_IS = Making()


def create(root: Path, database: Sink, airtable: Sink, now: datetime, making: Making = AS_IT_IS) -> Backup:
    """Back up both stores into `root/<id>/`.

    A file that equals one of an earlier backup shares its place on the disk (a hard link): it goes when the last backup
    that has it goes.

    Args:
        root: The backups folder.
        database: The lead database.
        airtable: The Airtable base.
        now: The time, for the id.
        making: What else goes into it, and how it is kept.

    Returns:
        The backup, its files read again from the disk, parsed, counted and found good.

    Raises:
        DamagedError: What was written is not good; nothing of it stays, and other backups are left alone.
        DqError: A store cannot be read, the folder cannot be written, or the disk is full.
    """
    taken = now.astimezone(UTC)
    stamp = taken.strftime("%Y%m%dT%H%M%SZ")
    with disk_errors(root, "backups.directory"), partial_folder(root, stamp) as folder:
        files = _files(folder, root, (database, airtable), making)
        lock = making.lock
        told = "".join([*(file.digest for file in files), *sorted(making.tags), lock.seal.name if lock else ""])
        backup = Backup(
            f"{stamp}-{sha256(told.encode()).hexdigest()[:6]}",
            folder,
            taken,
            files,
            tags=tuple(making.tags),
            made_by=making.made_by,
            origin=making.origin,
            seal=lock.seal if lock else None,
            checked=making.check,
        )
        write_file(folder / MANIFEST, json.dumps(to_dict(backup), ensure_ascii=False, indent=1).encode())
        if making.check:
            verify(folder, making.key)
        return _published(backup, root)


def _published(backup: Backup, root: Path) -> Backup:
    place = root / backup.id
    if not (place / MANIFEST).exists():  # else the same stores were backed up at the same second
        sync_folder(backup.path)
        backup.path.rename(place)
        sync_folder(root)
    return replace(backup, path=place)


def _files(folder: Path, root: Path, stores: tuple[Sink, Sink], making: Making) -> tuple[BackupFile, ...]:
    work = make_folder(folder / PLAIN) if making.lock else folder
    paths = [path for store in stores for path in store.backup(work)]
    paths += [copy_file(source, work / name) for name, source in making.state.items()]
    files = [BackupFile(path.name, path.stat().st_size, digest_of(path), count_rows(path)) for path in paths]
    earlier = list_backups(root)[::-1]
    kept = tuple(_kept(file, path, folder, earlier, making.lock) for file, path in zip(files, paths, strict=True))
    if making.lock:
        work.rmdir()
    return kept


def _kept(file: BackupFile, path: Path, folder: Path, earlier: Sequence[Backup], lock: Lock | None) -> BackupFile:
    """The file in its place in the folder: an earlier backup's where one has the same, else itself or its cipher."""
    same = _shared(file, folder, earlier, lock)
    if same is not None:
        if lock:
            wipe(path)
        return same
    if lock is None:
        return file
    target = folder / f"{file.name}{ENDING}"
    digest = seal(path, target, lock)
    wipe(path)
    return replace(file, sealed=Stored(target.name, target.stat().st_size, digest))


def _shared(file: BackupFile, folder: Path, earlier: Sequence[Backup], lock: Lock | None) -> BackupFile | None:
    """The same file of an earlier backup under the same keys, linked into the folder if it is good still."""
    name = lock.seal.name if lock else None
    for backup in earlier:
        if (backup.seal.name if backup.seal else None) != name:
            continue
        twin = next((one for one in backup.files if (one.name, one.digest) == (file.name, file.digest)), None)
        if twin is not None and _linked(backup.path / twin.stored.name, folder, twin.stored):
            return replace(file, sealed=twin.sealed)
    return None


def _linked(source: Path, folder: Path, stored: Stored) -> bool:
    """Link an earlier file over the new one; False where it is not good, or the disk knows no links."""
    beside = folder / f".{stored.name}.link"
    try:
        if source.stat().st_size != stored.size or digest_of(source) != stored.digest:
            return False
        beside.hardlink_to(source)
    except OSError:
        return False
    beside.replace(folder / stored.name)
    return True
