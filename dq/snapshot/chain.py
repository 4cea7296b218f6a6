"""Whether a snapshot's table may be read incrementally, going on from the last snapshot, and if not, why."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from dq.errors import ConfigurationError
from dq.manifest import Lineage, Manifest, Reading, TableFile, TableSchema
from dq.snapshot.catalog import open_snapshot
from dq.stores.private import digest_of

Deletes = Literal["none", "sweep", "webhook"]
SETTLED = timedelta(seconds=10)
"""What was modified less than this before a reading began may not have been there for it to see."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When Airtable tables are read in full, and how the readings in between go.

    Attributes:
        full_every: The age of a full reading from which on the next one is due.
        look_back: How long an edit may take to show up in what Airtable tells.
        deletes: How deletions are seen between full readings.
        modified: Airtable table, as configured → its field of last modification.
        forced: Why all tables are to be read in full this time.
        removed: Airtable table by name → ids of the records that dq itself deleted since the last snapshot.
    """

    full_every: timedelta
    look_back: timedelta
    deletes: Deletes
    modified: Mapping[str, str | None]
    forced: str | None = None
    removed: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def modified_of(self, schema: TableSchema) -> str | None:
        """The table's field of last modification."""
        return self.modified.get(schema.name) or self.modified.get(schema.id or "")


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last snapshot, and its folder."""

    manifest: Manifest
    folder: Path


def last(root: Path) -> Earlier | None:
    """The latest snapshot; None if there is none."""
    with suppress(ConfigurationError):
        return Earlier(*open_snapshot(root))
    return None


def broken(
    earlier: Earlier | None, schema: TableSchema, schedule: Schedule, lineage: Lineage, now: datetime
) -> str | None:
    """Why a table must be read in full; None if its reading may go on from the last snapshot.

    Args:
        earlier: The last snapshot.
        schema: The table as it is now.
        schedule: What is asked for.
        lineage: Which stores are read.
        now: The time.
    """
    if schedule.forced or earlier is None:
        return schedule.forced or "there is no earlier snapshot"
    file = table_of(earlier, schema)
    if earlier.manifest.lineage != lineage or file is None:
        return "the last snapshot is of other stores or tables"
    if (file.schema.name, file.schema.columns) != (schema.name, schema.columns):
        return "the table, its fields or the mapping changed since the last snapshot"
    path = earlier.folder / file.file
    if not path.is_file() or digest_of(path) != file.digest:
        return "the last snapshot's file is damaged"
    return _stale(file.reading, schedule, now)


def _stale(reading: Reading, schedule: Schedule, now: datetime) -> str | None:
    """Why nothing can go on from a reading; None if it can."""
    if reading.cursor is None or reading.full_at is None:
        return "the last snapshot does not say up to when it holds all changes"
    age = now - datetime.fromisoformat(reading.full_at)
    if not timedelta() <= age < schedule.full_every:
        return f"the last full reading is of {reading.full_at[:16].replace('T', ' ')}Z"
    if schedule.deletes == "webhook" and not reading.deletes_visible:
        return "deletions before the last snapshot are not known"
    return None


def table_of(earlier: Earlier, schema: TableSchema) -> TableFile | None:
    """The same table in an earlier snapshot."""
    tables = (file for file in earlier.manifest.tables if file.schema.store == schema.store)
    return next((file for file in tables if file.schema.id == schema.id), None)


def cursor_after(greatest: str | None, began: str | None, look_back: timedelta) -> str | None:
    """Up to when a reading holds all changes.

    It is a time that Airtable itself gave to a record, so only its clock counts; but not so late that an edit which
    did not show yet, or came while the table was read, could lie before it. Its own second was over by then.

    Args:
        greatest: The greatest modified time among the rows.
        began: Airtable's clock when the reading began.
        look_back: How long an edit may take to show.
    """
    if greatest is None or began is None:
        return None
    seen = datetime.fromisoformat(began) - max(look_back, SETTLED)
    return _text(min(datetime.fromisoformat(greatest), seen))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
