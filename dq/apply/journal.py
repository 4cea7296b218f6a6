"""The journal: what apply is about to do, what it sent, and what the stores answered. Written before the wire.

One SQLite file beside the plan, one row a write. A write is `intent` until its store has confirmed it (`written`), or
it was found `moved` (its row no longer held what the plan saw), `refused` by the store, or `skipped` because another
row of its lead was. Every commit is synced to disk before the next step begins.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dq.apply.journalsql import CELLS_SQL, SCHEMA
from dq.apply.seals import COLUMNS, INTENT, add_columns, are_whole, seal
from dq.errors import DamagedError, TemporaryError
from dq.schemas.values import Store
from dq.stores.protocol import Outcome, RowWrite

JOURNAL = "journal.sqlite"
"""Its name beside the plan."""
State = Literal["intent", "written", "moved", "refused", "skipped"]
FAILED: tuple[State, ...] = ("moved", "refused", "skipped")
CELLS = 20_000
"""Cells that are in memory at a time when all of a journal's are asked for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One write in the journal."""

    batch: int
    place: int
    store: Store
    entity: str
    create_id: str | None
    watermark: str | None
    write: RowWrite
    pre_image: Mapping[str, Any] | None
    state: State
    key: str | None
    echo: Mapping[str, Any]
    reason: str | None
    changes: int


def mapping_of(entry: Entry) -> str:
    """The mapping whose plan asked for the write: for a row that a merge re-points, the merge's and not the row's own."""
    return entry.write.group.removesuffix(f" {entry.entity}")


class Journal:
    """An open journal; made by `journal`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def meta(self) -> dict[str, str]:
        """What is noted about the whole run: plan digest, when it began and ended, its backup."""
        return dict(self._connection.execute("SELECT name, value FROM meta").fetchall())

    def note(self, **values: str) -> None:
        """Note something about the whole run."""
        with _saved(self._connection):
            self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(values.items()))

    def begin(self, entries: Sequence[Entry], now: str) -> None:
        """Record a batch before it is sent."""
        with _saved(self._connection):
            self._connection.executemany(
                f"INSERT INTO writes ({', '.join([*INTENT, 'state', 'reason', *COLUMNS])}) VALUES ({','.join('?' * 19)})",
                [_row(entry, now) for entry in entries],
            )

    def settle(self, batch: int, outcomes: Mapping[int, Outcome], now: str) -> None:
        """Record what became of writes of a batch, by their place in it."""
        rows = [
            (batch, place, o.state, o.key, json.dumps(dict(o.echo), ensure_ascii=False), o.reason, now)
            for place, o in outcomes.items()
        ]
        with _saved(self._connection):
            self._connection.executemany(
                "UPDATE writes SET state = ?3, key = ?4, echo = ?5, reason = ?6, settled_at = ?7, outcome_seal = ?8"
                " WHERE batch = ?1 AND place = ?2",
                [(*row, seal(row)) for row in rows],
            )

    def entries(self, batch: int | None = None, *, states: Sequence[State] = ()) -> Iterator[Entry]:
        """Entries in the order they were written, of one batch or of all, in any or only in these states."""
        marks = ",".join("?" * len(states))
        where = [*(["batch = ?"] if batch is not None else []), *([f"state IN ({marks})"] if states else [])]
        values = [*([batch] if batch is not None else []), *states]
        for row in self._connection.execute(
            f"SELECT * FROM writes WHERE {' AND '.join(where) or '1'} ORDER BY batch, place", values
        ):
            yield _entry(row)

    def numbers(self) -> list[int]:
        """The batches that were begun, in order."""
        return [row[0] for row in self._connection.execute("SELECT DISTINCT batch FROM writes ORDER BY batch")]

    def places(self) -> list[tuple[Store, str]]:
        """Store and table of everything that was to be written."""
        rows = self._connection.execute("SELECT DISTINCT store, table_name FROM writes ORDER BY 1, 2")
        return [(row[0], row[1]) for row in rows]

    def cells(self, entity: str | None = None, size: int = CELLS) -> Iterator[list[tuple[Any, ...]]]:
        """One row a written cell or deleted row, of one lead or of all, in the order written; `size` of them at a time.

        store, table, op, entity, planned key (None for an insert whose key the store gave), key, column (None for a
        delete), before and after as JSON text, state, when, reason.
        """
        cursor = self._connection.cursor()
        cursor.row_factory = None
        cursor.execute(CELLS_SQL, (entity,))
        while rows := cursor.fetchmany(size):
            yield rows

    def knows(self, batch: int) -> bool:
        """Whether a batch was begun."""
        return self._connection.execute("SELECT 1 FROM writes WHERE batch = ? LIMIT 1", (batch,)).fetchone() is not None

    def counts(self) -> dict[str, int]:
        """Writes by state."""
        return dict(self._connection.execute("SELECT state, count(*) FROM writes GROUP BY state").fetchall())

    def created(self, ids: Sequence[str] | None = None) -> dict[str, str]:
        """Change id of every confirmed insert, or of those asked for → the key its row got."""
        asked = "" if ids is None else "AND create_id IN (SELECT value FROM json_each(?))"
        rows = self._connection.execute(
            f"SELECT create_id, key FROM writes WHERE create_id IS NOT NULL AND state = 'written' {asked}",
            () if ids is None else (json.dumps(list(ids)),),
        )
        return dict(rows.fetchall())

    def removed(self, store: Store) -> dict[str, list[str]]:
        """Table → keys of the rows that the store confirmed as deleted."""
        rows = self._connection.execute(
            "SELECT table_name, json_group_array(row_key) FROM writes WHERE store = ? AND op = 'delete' AND state = 'written'"
            " GROUP BY table_name",
            (store,),
        )
        return {table: json.loads(keys) for table, keys in rows}

    def refused(self) -> int:
        """How many writes their stores would not take."""
        return int(self._connection.execute("SELECT count(*) FROM writes WHERE state = 'refused'").fetchone()[0])

    def failed(self, store: Store) -> int:
        """How many of a store's writes were not carried out."""
        query = f"SELECT count(*) FROM writes WHERE store = ? AND state IN {FAILED}"
        return int(self._connection.execute(query, (store,)).fetchone()[0])

    def pending(self, ids: Sequence[str]) -> bool:
        """Whether any of these inserts, by change id, is under way."""
        sql = "SELECT 1 FROM writes WHERE state = 'intent' AND create_id IN (SELECT value FROM json_each(?)) LIMIT 1"
        return bool(ids) and self._connection.execute(sql, (json.dumps(list(ids)),)).fetchone() is not None

    def still_linked(self) -> frozenset[str]:
        """Ids of the Airtable records that cells name whose write failed: a delete would take those links along."""
        sql = f"SELECT before FROM writes WHERE store = 'airtable' AND op = 'update' AND state IN {FAILED}"
        cells = (cell for row in self._connection.execute(sql) for cell in json.loads(row[0]).values())
        return frozenset(part for cell in cells if isinstance(cell, list) for part in cell if isinstance(part, str))

    def failed_groups(self) -> set[str]:
        """Groups, a lead's writes each, one of whose rows was not written."""
        rows = self._connection.execute(f"SELECT DISTINCT group_name FROM writes WHERE state IN {FAILED}").fetchall()
        return {row[0] for row in rows}


@contextmanager
def _saved(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that is on the disk when the block ends."""
    try:
        with connection:
            yield
    except sqlite3.OperationalError as error:
        raise _unwritable(error, "the snapshot's journal.sqlite") from error


def _unwritable(error: sqlite3.OperationalError, where: str) -> TemporaryError:
    return TemporaryError(
        "The journal cannot be written.",
        where=where,
        why=f"{error}. Nothing is sent to a store without a journal.",
        fix="look at the disk, then run the command again",
    )


@contextmanager
def journal(path: Path) -> Iterator[Journal]:
    """The journal at `path`, made if it is not there; readable by its owner only.

    Raises:
        DamagedError: The file is no journal.
        TemporaryError: It cannot be written.
    """
    connection = _opened(path)
    try:
        yield Journal(connection)
    finally:
        connection.close()


def _opened(path: Path) -> sqlite3.Connection:
    try:
        with ExitStack() as stack:
            connection = stack.enter_context(closing(sqlite3.connect(path)))
            path.chmod(0o600)
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.executescript(SCHEMA)
            add_columns(connection)
            connection.row_factory = sqlite3.Row
            stack.pop_all()
            return connection
    except sqlite3.OperationalError as error:
        raise _unwritable(error, str(path)) from error
    except (sqlite3.DatabaseError, UnicodeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> DamagedError:
    return DamagedError(
        "The journal of an apply is damaged.",
        where=str(path),
        why="It alone knows what was sent to the stores.",
        fix="compare the stores with the backup that was made before it (`dq status`), then move the snapshot's folder away",
    )


def demand_whole(path: Path) -> None:
    """Refuse a journal that is not as it was written.

    Raises:
        DamagedError: It is not.
    """
    with closing(_opened(path)) as connection:
        try:
            is_whole = are_whole(connection)
        except (sqlite3.DatabaseError, UnicodeError) as error:
            raise _damaged(path) from error
    if not is_whole:
        raise _damaged(path)


def state_of(path: Path) -> Literal["none", "open", "finished"]:
    """Whether a plan's journal was begun, and ended."""
    if not path.exists():
        return "none"
    with journal(path) as opened:
        try:
            noted = opened.meta()
        except (sqlite3.DatabaseError, UnicodeError) as error:
            raise _damaged(path) from error
    if "began" not in noted:
        return "none"
    return "finished" if "ended" in noted else "open"


def _row(entry: Entry, now: str) -> tuple[Any, ...]:
    write = entry.write
    intent = (
        entry.batch, entry.place, entry.store, write.table, write.op, write.key, entry.entity, write.group, entry.create_id,
        entry.watermark, _text(write.before), _text(write.after), None if entry.pre_image is None else _text(entry.pre_image),
        now, entry.changes,
    )  # fmt: skip
    outcome = (entry.batch, entry.place, entry.state, None, None, entry.reason, None)
    return *intent, entry.state, entry.reason, seal(intent), seal(outcome)


def _text(cells: Mapping[str, Any]) -> str:
    return json.dumps(dict(cells), ensure_ascii=False)


def _entry(row: sqlite3.Row) -> Entry:
    write = RowWrite(
        row["table_name"],
        row["op"],
        row["row_key"],
        json.loads(row["before"]),
        json.loads(row["after"]),
        row["group_name"],
    )
    return Entry(
        row["batch"], row["place"], row["store"], row["entity"], row["create_id"], row["watermark"], write,
        json.loads(row["pre_image"]) if row["pre_image"] else None,
        row["state"], row["key"], json.loads(row["echo"] or "{}"), row["reason"], row["changes"],
    )  # fmt: skip
