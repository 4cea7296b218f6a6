"""Snapshots: what both stores held at one time, as Parquet files that never change."""

from dq.snapshot.catalog import list_snapshots, open_snapshot, scan, verify
from dq.snapshot.chain import Earlier, Schedule, last
from dq.snapshot.take import Progress, TableColumns, columns_of, take

__all__ = [
    "Earlier",
    "Progress",
    "Schedule",
    "TableColumns",
    "columns_of",
    "last",
    "list_snapshots",
    "open_snapshot",
    "scan",
    "take",
    "verify",
]
