"""The lead database in PostgreSQL."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from dq.errors import DamagedError
from dq.manifest import Reference, TableSchema
from dq.schemas.values import Store
from dq.settings.places import place_of
from dq.sql import quoted
from dq.stores.meaning import is_same
from dq.stores.postgres import catalog
from dq.stores.postgres.archive import problem_in
from dq.stores.postgres.claiming import claim
from dq.stores.postgres.connecting import Connection, connected, is_alive, translated
from dq.stores.postgres.dump import copy_to, put_back
from dq.stores.postgres.reading import PostgresSnapshot, opened, querying
from dq.stores.postgres.rows import Target, rows_by_key, target_of
from dq.stores.postgres.schema import table_schema
from dq.stores.postgres.types import read
from dq.stores.postgres.writing import targets_of, write_batch
from dq.stores.protocol import Outcome, Row, RowWrite

IDLE_SECONDS = 5.0
"""A connection that rested longer is asked whether it is still there: firewalls and servers cut idle ones."""


class PostgresStore:
    """A PostgreSQL database as `Source` and `Sink`; one connection, made when it is first needed.

    Args:
        url: The database's URL.
        tables: The names that the configuration uses for tables: what a backup copies, with all that refers to them.
    """

    store: Store = "database"
    calls = repeated = 0
    sets_aside = False

    def __init__(self, url: str, *, tables: Collection[str] = ()) -> None:
        self._url, self._tables, self.place = url, tuple(tables), place_of(url)
        self._connection: Connection | None = None
        self._used = 0.0
        self._targets: dict[tuple[TableSchema, str], Target] = {}
        self._is_writer = False

    def snapshot(self) -> AbstractContextManager[PostgresSnapshot]:
        """The database at one moment: a transaction that reads only, and sees no later commit."""
        return opened(self._url, self.place, self._tables)

    def describe(self, table: str, columns: Sequence[str], key: str | None = None) -> TableSchema:
        """The table's schema, limited to `columns` and its key.

        Raises:
            ConfigurationError: No such table or column, or values that dq cannot read.
        """
        with self._open() as connection:
            return table_schema(querying(connection, self.place), table, columns, key, self._tables)

    def references(self, table: str) -> list[Reference]:
        """The foreign keys that the database declares on `table`."""
        with self._open() as connection:
            found = catalog.references(querying(connection, self.place), (*self._tables, table))
        return [one for one in found if one.parent == table]

    def batches(self, schema: TableSchema) -> Iterator[pa.RecordBatch]:
        """All living rows of one moment, in byte order of their keys."""
        with self.snapshot() as moment:
            yield from moment.batches(schema)

    def fetch(self, schema: TableSchema, keys: Sequence[str]) -> dict[str, Row]:
        """The rows with these keys, read now, soft-deleted ones too."""
        with self._open() as connection:
            target = target_of(querying(connection, self.place), schema)
            return rows_by_key(connection, target, keys, [*target.wanted, *schema.soft_delete])

    def claim(self) -> None:
        """Become the database's only writer until `close`; see `dq.stores.protocol.Claimed`."""
        with self._open() as connection:
            if not self._is_writer:
                claim(connection, self.place)
                self._is_writer = True

    def write(self, schema: TableSchema, writes: Sequence[RowWrite]) -> list[Outcome]:
        """Write one batch in one transaction; see `Sink.write`.

        Raises:
            TemporaryError: The server cannot be reached, or another dq writes; nothing was written.
            LostAnswerError: The connection broke in the commit.
            ConfigurationError: A write names a column that its table does not have, or dq's user may not write.
        """
        if not writes:
            return []
        self.claim()
        with self._open() as connection:
            targets = targets_of(querying(connection, self.place), schema, writes, self._targets)
            return write_batch(connection, self.place, targets, writes)

    def find(
        self,
        schema: TableSchema,
        writes: Sequence[RowWrite],
        since: str | None,
        link: str | None = None,
        taken: Collection[str] = (),
    ) -> list[str | None]:
        """The keys of the rows that lost inserts made, or None where nothing was made."""
        with self._open() as connection:
            target, known = target_of(querying(connection, self.place), schema), set(taken)
            found: list[str | None] = []
            for write in writes:
                keys = [key for key in _candidates(connection, target, write, since, link) if key not in known]
                found.append(keys[0] if keys else None)
                known.update(keys[:1])
            return found

    def watermark(self, schema: TableSchema) -> str | None:
        """The greatest key where keys are numbers that the database gives; other rows bring keys of their own."""
        if schema.column(schema.key).kind != "integer":
            return None
        with self._open() as connection:
            target = target_of(querying(connection, self.place), schema)
            row = connection.execute(
                f"SELECT coalesce(max({quoted(target.key)}), 0)::text FROM {target.sql}"
            ).fetchone()
            return None if row is None else str(row[0])

    def backup(self, folder: Path) -> list[Path]:
        """A checked copy of the mapped tables, and of all that refers to them, in `folder`; others may go on writing.

        Raises:
            DamagedError: The copy does not hold the rows of the original.
        """
        return [copy_to(self._url, self.place, self._tables, folder)]

    def restore(self, source: Path, rows: Mapping[str, int], now: datetime) -> None:  # noqa: ARG002 -- nothing is set aside
        """Give the tables of a backup the rows that they had, in one transaction; their definitions stay as they are.

        Raises:
            TemporaryError: Another dq writes, or another program holds the tables.
            ConfigurationError: A table is gone, dq's user does not own the tables, or others refer to them.
            DamagedError: The backup is not good.
        """
        problem = problem_in(source, rows)
        if problem:
            raise DamagedError(f"The copy is not good: {problem}", where=source.name, fix="dq backup verify --all")
        self.claim()
        put_back(self._url, self.place, source)

    def close(self) -> None:
        """Close the connection; the server then lets go of the writer's lock."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._is_writer = None, False
        self._targets.clear()

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        """The store's connection, made anew if it broke; errors come in dq's words."""
        if (
            self._connection is not None
            and time.monotonic() - self._used > IDLE_SECONDS
            and not is_alive(self._connection)
        ):
            self.close()
        if self._connection is None:
            self._connection = connected(self._url, self.place)
        try:
            with translated(self.place):
                yield self._connection
        finally:
            self._used = time.monotonic()
            if self._connection is not None and self._connection.closed:
                self.close()


def _candidates(
    connection: Connection, target: Target, write: RowWrite, since: str | None, link: str | None
) -> list[str]:
    """Keys of rows that an insert may have made: by its own key, its link cell, or its content and a key given since."""
    own = write.key or write.after.get(target.key)
    if own is not None:
        return list(rows_by_key(connection, target, [str(own)], [target.key]))
    if link is not None and write.after.get(link) is not None:
        return _holding(connection, target, {link: write.after[link]}, None)
    return [] if since is None else _holding(connection, target, dict(write.after), since)


def _holding(connection: Connection, target: Target, cells: dict[str, Any], since: str | None) -> list[str]:
    """Keys of the rows that hold cells, by meaning; numbers in order."""
    names = list(cells)
    texts = ", ".join(read(target.types[name], quoted(name)) for name in names)
    key = quoted(target.key)
    after = "true" if since is None else f"{key} > {int(since)}"
    same = [
        f"{read(target.types[name], quoted(name))}::text = ${place}"
        for place, name in enumerate(names, 1)
        if since is None
    ]
    sql = f"SELECT {key}::text, {texts or 'true'} FROM {target.sql} AS t WHERE {' AND '.join([after, *same])} ORDER BY t.{key}"
    rows = connection.execute(sql, [str(cells[name]) for name in names] if since is None else []).fetchall()
    kinds = [target.types[name].kind for name in names]
    return [
        row[0]
        for row in rows
        if all(is_same(held, cells[name], kind) for held, name, kind in zip(row[1:], names, kinds, strict=False))
    ]
