"""What a store must be able to do: two small protocols, and the values that cross them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import pyarrow as pa

from dq.manifest import Hook, Reference, TableSchema
from dq.schemas.values import Op, Store

Row = Mapping[str, Any]
"""One row's cells by the store's own column names, values as the store holds them."""


@dataclass(frozen=True, slots=True)
class RowWrite:
    """Everything a plan does to one row: one request carries it whole.

    Attributes:
        table: The store's own table name (Airtable: name or id).
        op: What is done to the row.
        key: The row's key; None for an insert whose key the store gives.
        before: What the touched cells held (a delete: the whole row as the snapshot held it; the mark of a soft delete:
            the mapped cells as well). Guards the write.
        after: What they are to hold; None clears a cell. Empty for a delete.
        group: Writes of one group (an entity's) are done together or not at all, in the order given.
    """

    table: str
    op: Op
    key: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    group: str


class Outcome(NamedTuple):
    """What became of one write; a tuple, as a large apply makes one for every row.

    Attributes:
        state: `written`: the store confirmed it. `moved`: the row no longer held `before`, nothing was written.
            `refused`: the store will not take it (the reason says why, without cell values).
        key: The row's key; for inserts, the one the store gave.
        echo: The touched cells as the store now holds them, and the schema's other columns with them; a database on
            which nothing but the write can have moved them may leave those out.
        reason: Why a write was refused, or which columns moved.
    """

    state: Literal["written", "moved", "refused"]
    key: str | None = None
    echo: Mapping[str, Any] = MappingProxyType({})
    reason: str | None = None


class Source(Protocol):
    """Reads a store. Every read is complete or raises."""

    store: Store

    def snapshot(self) -> "AbstractContextManager[Source]":
        """The store as it is at one moment, as far as the store can: what is read inside belongs together.

        A database checks itself for damage first. Airtable has no such moment: it gives itself.

        Raises:
            DamagedError: The database is corrupt.
        """
        ...

    def describe(self, table: str, columns: Sequence[str], key: str | None = None) -> TableSchema:
        """The table's schema, limited to `columns` and its key.

        Args:
            table: The store's own table name (Airtable: name or id).
            columns: The columns that are wanted.
            key: The column that holds the rows' keys; None for the store's own: the primary key, else `rowid`
                (Airtable: always the record id).

        Raises:
            ConfigurationError: No such table or column; the message names the near miss.
        """
        ...

    def batches(self, schema: TableSchema) -> Iterator[pa.RecordBatch]:
        """All rows, in batches, columns as `schema` lists them (Airtable: and `createdTime`); at least one batch.

        Rows with `deleted_at` set are left out.
        """
        ...

    def fetch(self, schema: TableSchema, keys: Sequence[str]) -> dict[str, Row]:
        """The rows with these keys, read now; keys that are gone are missing from the answer.

        A soft-deleted row is there, with the table's `deleted_at` and `merged_into` beside the schema's columns.
        """
        ...

    def references(self, table: str) -> list[Reference]:
        """The columns, in any table of the store, that hold this table's keys by the store's own word."""
        ...

    @property
    def calls(self) -> int:
        """Requests made so far (0 for a database)."""
        ...

    @property
    def repeated(self) -> int:
        """Those of them that repeated another one, after a failure."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


class Sink(Source, Protocol):
    """Writes a store, and reads back what it wrote."""

    def write(self, schema: TableSchema, writes: Sequence[RowWrite]) -> list[Outcome]:
        """Write one batch; one outcome per write, in order.

        Guards first: a row that no longer holds `before` is `moved` and its whole group with it. A database writes
        the batch in one transaction; Airtable sends requests of at most ten records of one kind.

        Raises:
            TemporaryError: The store cannot be reached; what was sent is unknown, so the caller must settle it.
            LostAnswerError: A write may have been carried out; likewise.
        """
        ...

    def find(
        self,
        schema: TableSchema,
        writes: Sequence[RowWrite],
        since: str | None,
        link: str | None = None,
        taken: Collection[str] = (),
    ) -> list[str | None]:
        """For inserts whose answer was lost: the key of the row each one made, or None if it made none.

        Recognized by its own key, or by the link cell, when the write carries one, else by exact content; Airtable's
        rows, and those told by content, must have been made after `since`. Two equal inserts are never given the same
        row.

        Args:
            schema: The table's schema.
            writes: The inserts.
            since: The store's own watermark from before the inserts, see `watermark`.
            link: The column that holds the other store's key.
            taken: Keys of rows that other inserts are known to have made.
        """
        ...

    def watermark(self, schema: TableSchema) -> str | None:
        """A mark that rows made from now on can be told by: greatest key, or the store's clock (without a call)."""
        ...

    def backup(self, folder: Path) -> list[Path]:
        """A full copy of the store in `folder`; returns the files it wrote."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """What a sink that writes over a slow connection can do besides: several batches under way at once."""

    def write_each(
        self, schema: TableSchema, batches: Iterator[Sequence[RowWrite]]
    ) -> Iterator[tuple[int, Mapping[int, Outcome]]]:
        """Write batches, asking for the next one when it is about to be sent; no group stands in two of them.

        Yields:
            A batch's number in the order given, and its outcomes by place. All of a batch's at once; only when an
            error is going to be raised, those that are known.

        Raises:
            LostAnswerError: What has no outcome may have been carried out; the caller settles it by reading.
            TemporaryError: The store cannot be reached; likewise.
        """
        ...


@runtime_checkable
class Restorable(Protocol):
    """What a database can do besides whose backup can stand in its place as a whole.

    Attributes:
        sets_aside: Whether what is replaced stays somewhere; if not, it takes a backup to get it back.
    """

    sets_aside: bool

    def restore(self, source: Path, rows: Mapping[str, int], now: datetime) -> Path | None:
        """Put a backup's file in the store's place, checked, at one moment; returns where the old one lies, if anywhere.

        Args:
            source: The file that `Sink.backup` made, nobody writing it.
            rows: The rows that each of its tables must have.
            now: The time.

        Raises:
            TemporaryError: Another program has the store open; nothing was changed.
            ConfigurationError: The backup's schema is newer than the store's.
            DamagedError: The backup is not good; nothing was changed.
        """
        ...


@runtime_checkable
class Claimed(Protocol):
    """What a sink can do besides that may have other writers, or take no writes of ours."""

    def claim(self) -> None:
        """See that it takes writes, and become its only writer, where it knows of such, until it is closed or we die.

        Raises:
            TemporaryError: Another writer has it.
            ConfigurationError: It takes no writes at all.
        """
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What a webhook told.

    Attributes:
        hook: Where the next snapshot goes on; None if there is none to go on with.
        touched: Table id → keys of the rows that were made or deleted since.
        why: Why that may not be all; None if it is.
    """

    hook: Hook | None
    touched: Mapping[str, frozenset[str]]
    why: str | None = None


@runtime_checkable
class Following(Protocol):
    """What a source can do besides that knows when its rows were changed."""

    def unfollowed(self, schema: TableSchema, modified: str | None) -> str | None:
        """Why the modified time does not tell every change of the schema's columns; None if it does.

        Args:
            schema: The table's schema.
            modified: The column of the modified time; None if there is none.
        """
        ...

    def watermark(self, schema: TableSchema) -> str | None:
        """The store's clock, ISO text in UTC."""
        ...

    def changed(self, schema: TableSchema, modified: str, since: str) -> Iterator[pa.RecordBatch]:
        """The rows that were modified after a time (ISO text), and those without a modified time; as `batches`."""
        ...

    def stamps(self, schema: TableSchema, modified: str) -> Iterator[pa.RecordBatch]:
        """The keys and modified times of all rows; as `batches`."""
        ...

    def some(self, schema: TableSchema, keys: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows with these keys that are there; as `batches`."""
        ...

    def heard(self, hook: Hook | None, own: str | None) -> Heard:
        """Which rows were made or deleted since an earlier snapshot; makes a new webhook where the old one is no good.

        Args:
            hook: Where the earlier snapshot left off.
            own: Id of the webhook that was made last: it goes when a new one is made.
        """
        ...
