"""Backups: full, checked copies of both stores, made before anything is written."""

from dq.backup.catalog import Broken, Survey, list_backups, open_backup, survey
from dq.backup.checking import Finding, last_finding, note_finding, unpacked, verify
from dq.backup.create import Making, create
from dq.backup.manifest import Backup, BackupFile, Origin

__all__ = [
    "Backup",
    "BackupFile",
    "Broken",
    "Finding",
    "Making",
    "Origin",
    "Survey",
    "create",
    "last_finding",
    "list_backups",
    "note_finding",
    "open_backup",
    "survey",
    "unpacked",
    "verify",
]
