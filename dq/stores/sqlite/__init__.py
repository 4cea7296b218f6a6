"""The lead database in SQLite: read over ADBC in one transaction, written by prepared statements."""

from dq.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
