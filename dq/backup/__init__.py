"""Backups: full, checked copies of both stores, made before anything is written."""

from dq.backup.catalog import Backup, BackupFile, list_backups, open_backup, verify
from dq.backup.create import create

__all__ = ["Backup", "BackupFile", "create", "list_backups", "open_backup", "verify"]
