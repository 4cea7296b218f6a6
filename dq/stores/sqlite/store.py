"""The lead database in a SQLite file."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from dq.manifest import Reference, TableSchema
from dq.schemas.values import Store
from dq.sql import quoted
from dq.stores.protocol import Outcome, Row, RowWrite
from dq.stores.sqlite import schema as shape
from dq.stores.sqlite.copying import copy_checked
from dq.stores.sqlite.opening import connected
from dq.stores.sqlite.reading import SqliteSnapshot, opened
from dq.stores.sqlite.replacing import replace_database
from dq.stores.sqlite.rows import Target, bound, rows_by_key, target_of
from dq.stores.sqlite.writing import write_batch


class SqliteStore:
    """A SQLite file as `Source` and `Sink`; a connection is opened for each call and closed with it.

    Args:
        path: The database file; it must exist.
        timeout: Seconds to wait for another program's lock.
        scratch: A folder for the copy that a snapshot reads; None for the system's temporary folder.
    """

    store: Store = "database"
    calls = repeated = 0
    sets_aside = True

    def __init__(self, path: Path, *, timeout: float = 10.0, scratch: Path | None = None) -> None:
        self.path = path
        self._timeout, self._scratch = timeout, scratch

    @contextmanager
    def snapshot(self) -> Iterator[SqliteSnapshot]:
        """The database at one moment, after a check of its pages; others may go on writing.

        Raises:
            DamagedError: A page is damaged.
        """
        with opened(self.path, self._scratch, self._timeout) as moment:
            moment.check()
            yield moment

    def describe(self, table: str, columns: Sequence[str], key: str | None = None) -> TableSchema:
        """The table's schema, limited to `columns` and its key.

        Raises:
            ConfigurationError: No such file, table or column, or values that dq cannot read.
        """
        with self._connected("ro") as connection:
            return shape.table_schema(_query(connection), table, columns, key)

    def references(self, table: str) -> list[Reference]:
        """The foreign keys that the database declares on `table`."""
        with self._connected("ro") as connection:
            return shape.references_to(_query(connection), table)

    def batches(self, schema: TableSchema) -> Iterator[pa.RecordBatch]:
        """All living rows of one moment, in text order of their keys."""
        with self.snapshot() as moment:
            yield from moment.batches(schema)

    def fetch(self, schema: TableSchema, keys: Sequence[str]) -> dict[str, Row]:
        """The rows with these keys, read now, soft-deleted ones too."""
        with self._connected("ro") as connection:
            target = target_of(schema)
            return rows_by_key(connection, target, keys, [*target.kinds, *schema.soft_delete])

    def write(self, schema: TableSchema, writes: Sequence[RowWrite]) -> list[Outcome]:
        """Write one batch in one transaction; see `Sink.write`.

        Raises:
            TemporaryError: The database stayed locked; nothing was written.
            ConfigurationError: A write names a column that its table does not have.
        """
        if not writes:
            return []
        with self._connected("rw") as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            return write_batch(connection, schema, writes)

    def find(
        self,
        schema: TableSchema,
        writes: Sequence[RowWrite],
        since: str | None,
        link: str | None = None,
        taken: Collection[str] = (),
    ) -> list[str | None]:
        """The keys of the rows that lost inserts made, or None where nothing was made."""
        with self._connected("ro") as connection:
            target, known = target_of(schema), set(taken)
            found: list[str | None] = []
            for write in writes:
                keys = [key for key in _candidates(connection, target, write, since, link) if key not in known]
                found.append(keys[0] if keys else None)
                known.update(keys[:1])
            return found

    def watermark(self, schema: TableSchema) -> str | None:
        """The greatest rowid; None for a table without rowids, whose rows have keys of their own anyway."""
        with self._connected("ro") as connection:
            listed = connection.execute(
                "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", (schema.name,)
            )
            if listed.fetchone()["wr"]:
                return None
            return str(connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {quoted(schema.name)}").fetchone()[0])

    def backup(self, folder: Path) -> list[Path]:
        """A checked copy as `database.db` in `folder`, taken while others may write.

        Raises:
            DamagedError: The copy fails its integrity check or lacks rows.
        """
        return [copy_checked(self.path, folder / "database.db", self._timeout)]

    def restore(self, source: Path, rows: Mapping[str, int], now: datetime) -> Path | None:
        """Put a backup's database in the place of this one, see `replace_database`; returns where the old one lies.

        Raises:
            TemporaryError: Another program has the database open.
            ConfigurationError: The backup's schema is newer.
            DamagedError: The backup is not good.
        """
        return replace_database(source, rows, self.path, now, self._timeout)

    def close(self) -> None:
        """Nothing is kept open between calls."""

    def _connected(self, mode: Any) -> AbstractContextManager[sqlite3.Connection]:
        return connected(self.path, mode, self._timeout)


def _query(connection: sqlite3.Connection) -> shape.Query:
    def query(sql: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(sql, parameters)]

    return query


def _candidates(
    connection: sqlite3.Connection, target: Target, write: RowWrite, since: str | None, link: str | None
) -> list[str]:
    key = f"CAST({quoted(target.key)} AS TEXT)"
    own = write.key or write.after.get(target.key)
    if own is not None:
        wanted = {target.key: str(own)}
    elif link is not None and write.after.get(link) is not None:
        wanted = {link: write.after[link]}
    else:
        if since is None:
            return []
        wanted = dict(write.after)
    same = " AND ".join([f"{quoted(name)} IS ?" for name in wanted])
    after = "" if own is not None or link in wanted else f" AND rowid > {int(since or 0)}"
    values = [bound(value) for value in wanted.values()]
    return [
        row[0]
        for row in connection.execute(f"SELECT {key} FROM {quoted(target.name)} WHERE {same}{after} ORDER BY 1", values)
    ]
