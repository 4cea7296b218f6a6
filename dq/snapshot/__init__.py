"""Snapshots: what both stores held at one time, as Parquet files that never change."""

from dq.snapshot.catalog import LATEST, list_snapshots, open_snapshot, scan, verify
from dq.snapshot.catalog import read as read_snapshot
from dq.snapshot.chain import Earlier, Schedule, last
from dq.snapshot.take import Progress, TableColumns, columns_of, take

__all__ = [
    "LATEST",
    "Earlier",
    "Progress",
    "Schedule",
    "TableColumns",
    "columns_of",
    "last",
    "list_snapshots",
    "open_snapshot",
    "read_snapshot",
    "scan",
    "take",
    "verify",
]
