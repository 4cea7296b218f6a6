"""Make a backup of both stores, checked before it counts.

.partial-…/  database.db  airtable.json  ─► read again and counted ─► manifest.json ─► rename to <id>/
"""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from dq.backup.catalog import MANIFEST, Backup, BackupFile, to_dict, verify
from dq.backup.contents import count_rows
from dq.stores.private import digest_of, disk_errors, partial_folder, sync_folder, write_file
from dq.stores.protocol import Sink


def create(root: Path, database: Sink, airtable: Sink, now: datetime) -> Backup:
    """Back up both stores into `root/<id>/`.

    Args:
        root: The backups folder.
        database: The lead database.
        airtable: The Airtable base.
        now: The time, for the id.

    Returns:
        The backup, its files read again from the disk, parsed, counted and found good.

    Raises:
        DamagedError: What was written is not good; nothing of it stays, and other backups are left alone.
        DqError: A store cannot be read, the folder cannot be written, or the disk is full.
    """
    taken = now.astimezone(UTC)
    stamp = taken.strftime("%Y%m%dT%H%M%SZ")
    with disk_errors(root, "backups.directory"), partial_folder(root, stamp) as folder:
        files = tuple(_described(path) for store in (database, airtable) for path in store.backup(folder))
        number = sha256("".join(file.digest for file in files).encode()).hexdigest()[:6]
        backup = Backup(f"{stamp}-{number}", folder, taken, files)
        write_file(folder / MANIFEST, json.dumps(to_dict(backup), ensure_ascii=False, indent=1).encode())
        verify(folder)
        place = root / backup.id
        if not (place / MANIFEST).exists():  # else the same stores were backed up at the same second
            folder.rename(place)
            sync_folder(root)
        return Backup(backup.id, place, taken, files)


def _described(path: Path) -> BackupFile:
    return BackupFile(path.name, path.stat().st_size, digest_of(path), count_rows(path))
