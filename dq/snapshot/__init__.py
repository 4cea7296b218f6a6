"""Snapshots: what both stores held at one time, as Parquet files that never change."""

from dq.snapshot.catalog import list_snapshots, open_snapshot, scan, verify
from dq.snapshot.take import Progress, TableColumns, columns_of, take

__all__ = ["Progress", "TableColumns", "columns_of", "list_snapshots", "open_snapshot", "scan", "take", "verify"]
