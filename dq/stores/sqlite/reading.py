"""Reading a SQLite database at one moment: over ADBC, from a private copy.

ADBC brings a SQLite library of its own. Two such libraries in one process must never have the same file open: when one
closes it, the locks of the other are gone, and the file can be destroyed. So Python's own library copies the database
in one read transaction, and ADBC sees the copy only.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import adbc_driver_manager
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_sqlite import StatementOptions, dbapi

from dq.cells import Kind
from dq.errors import ConfigurationError, DqError
from dq.manifest import Column, Reference, TableSchema
from dq.schemas.values import Store
from dq.sql import quoted
from dq.stores.protocol import Row
from dq.stores.sqlite import schema as shape
from dq.stores.sqlite.copying import copy_database
from dq.stores.sqlite.opening import checked, damaged, error_for, page_problems, uri

_SENTINELS: dict[Kind, str] = {"integer": "0", "boolean": "0", "number": "0.5"}
_TYPES: dict[Kind, pa.DataType] = {"integer": pa.int64(), "boolean": pa.int64(), "number": pa.float64()}
_KEY = "dq key"
_BATCH_BYTES = 32 * 2**20
_BATCH_ROWS = 65_536
_CACHE_KIB = 65_536


class SqliteSnapshot:
    """A `Source` over a private copy of the database; `opened` makes one.

    Args:
        path: The database file, for messages.
        connection: The ADBC connection to the copy.
    """

    store: Store = "database"
    calls = repeated = 0

    def __init__(self, path: Path, connection: dbapi.Connection) -> None:
        self._path, self._connection = path, connection

    @contextmanager
    def snapshot(self) -> Iterator["SqliteSnapshot"]:
        """This moment itself."""
        yield self

    def describe(self, table: str, columns: Sequence[str], key: str | None = None) -> TableSchema:
        """The table's schema; see `Source.describe`."""
        return shape.table_schema(self.query, table, columns, key)

    def references(self, table: str) -> list[Reference]:
        """The foreign keys that point at `table`."""
        return shape.references_to(self.query, table)

    def batches(self, schema: TableSchema) -> Iterator[pa.RecordBatch]:
        """All living rows in text order of their keys.

        Raises:
            ConfigurationError: Keys that are missing or not unique, or text that is not UTF-8.
        """
        size = self._batch_rows(schema)
        statement = _select(schema)
        with _translated(self._path), self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_ROWS.value: str(size)})
            cursor.execute(statement)
            with cursor.fetch_record_batch() as reader:
                last: str | None = None
                for number, batch in enumerate(reader):
                    rows = _valid(batch if number else batch.slice(1), schema)  # the first row only set the types
                    keys = rows.column(schema.key).cast(pa.string())
                    if not _keys_are_good(keys, last):
                        raise self._refuse_keys(schema)
                    last = keys[-1].as_py() if len(keys) else last
                    yield rows

    def fetch(self, schema: TableSchema, keys: Sequence[str]) -> dict[str, Row]:
        """The rows with these keys at this moment."""
        names = {**dict.fromkeys(column.name for column in schema.columns), **dict.fromkeys(schema.soft_delete)}
        key = f"CAST({quoted(schema.key)} AS TEXT)"
        sql = f"""SELECT {key} AS {quoted(_KEY)}, {", ".join(map(quoted, names))} FROM {quoted(schema.name)}
            WHERE {key} IN (SELECT value FROM json_each(?))"""
        rows = self.query(sql, (json.dumps(list(keys)),))
        return {row.pop(_KEY): row for row in rows}

    def query(self, sql: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
        """All rows of a small result."""
        with _translated(self._path), self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetch_arrow_table().to_pylist())

    def close(self) -> None:
        """Nothing to give back: `opened` closes the connection."""

    def check(self) -> None:
        """Let SQLite check the file's pages.

        Raises:
            DamagedError: A page is damaged.
        """
        problems = page_problems(row["quick_check"] for row in self.query("PRAGMA quick_check(1000)", ()))
        if problems:
            raise damaged(self._path, problems[0] + (" …" if len(problems) > 1 else ""))

    def _refuse_keys(self, schema: TableSchema) -> ConfigurationError:
        key = quoted(schema.key)
        sql = f"""SELECT count(*) AS n, count({key}) AS held, count(DISTINCT CAST({key} AS TEXT)) AS keys
            FROM {quoted(schema.name)} WHERE {_alive(schema)}"""
        row = self.query(sql, ())[0]
        where, fix = f"database table {schema.name}, column {schema.key}", "or name another column as `key:`"
        if row["held"] < row["n"]:
            why = "A row without a key cannot be told from others."
            return ConfigurationError(
                f"{row['n'] - row['held']} of {row['n']} rows have no key",
                where=where,
                why=why,
                fix=f"fill the keys, {fix}",
            )
        why = "A write to one of them would hit all of them."
        return ConfigurationError(
            f"{row['held'] - row['keys']} of {row['n']} rows have a key that another row has",
            where=where,
            why=why,
            fix=f"make the keys unique, {fix}",
        )

    def _batch_rows(self, schema: TableSchema) -> int:
        sizes = " + ".join(f"coalesce(octet_length({quoted(column.name)}), 0)" for column in schema.columns)
        row = self.query(f"SELECT count(*) AS n, coalesce(avg({sizes}), 1.0) AS width FROM {quoted(schema.name)}", ())[
            0
        ]
        return max(256, min(_BATCH_ROWS, int(_BATCH_BYTES / max(row["width"], 1))))


@contextmanager
def opened(path: Path, scratch: Path | None, timeout: float) -> Iterator[SqliteSnapshot]:
    """The database at one moment; other programs may go on writing it.

    Args:
        path: The database file.
        scratch: A folder for the copy, which is gone at the end; None for the system's temporary folder.
        timeout: Seconds to wait for a lock.
    """
    checked(path)
    with TemporaryDirectory(prefix="dq-", dir=scratch) as folder:
        copy = Path(folder) / "database.db"
        copy_database(path, copy, timeout)
        with _translated(path):
            connection = dbapi.connect(f"{uri(copy, 'ro')}&immutable=1")
        try:
            found = SqliteSnapshot(path, connection)
            found.query(f"PRAGMA cache_size = -{_CACHE_KIB}", ())
            found.query("SELECT count(*) AS n FROM sqlite_schema", ())
            copy.unlink()  # open, and without a name: not even a crash leaves it behind
            yield found
        finally:
            connection.close()


def _select(schema: TableSchema) -> str:
    sentinels = ", ".join(
        f"{_SENTINELS.get(column.kind, chr(39) * 2)} AS {quoted(column.name)}" for column in schema.columns
    )
    values = ", ".join(_value(column) for column in schema.columns)
    rows = f"SELECT {values} FROM {quoted(schema.name)} WHERE {_alive(schema)} ORDER BY {_value(schema.column(schema.key), as_text=True)} COLLATE BINARY"
    return f"SELECT {sentinels} UNION ALL SELECT * FROM ({rows})"


def _value(column: Column, *, as_text: bool = False) -> str:
    """The column as SQL; what is declared text but may hold numbers is cast, for ADBC's own form of a float is lossy."""
    name = quoted(column.name)
    is_text = column.kind not in _SENTINELS
    holds_text_only = is_text and any(word in column.type.upper() for word in ("CHAR", "CLOB", "TEXT"))
    cast = not holds_text_only and (is_text or as_text)
    return f"CAST({name} AS TEXT)" if cast else name


def _alive(schema: TableSchema) -> str:
    """Rows that are not soft-deleted."""
    return "coalesce(deleted_at, '') = ''" if shape.SOFT_DELETE[0] in schema.soft_delete else "1"


def _keys_are_good(keys: pa.StringArray, last: str | None) -> bool:
    """Whether sorted keys are all there and all different, also from the last of the batch before."""
    if not len(keys):
        return True
    if keys.null_count or keys[0].as_py() == last:
        return False
    return not pc.any(pc.equal(keys.slice(1), keys.slice(0, len(keys) - 1))).as_py()


def _valid(batch: pa.RecordBatch, schema: TableSchema) -> pa.RecordBatch:
    """The batch with the types its kinds ask for, if all its text is UTF-8."""
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        raise _not_utf8(batch, schema) from error
    fields = [pa.field(column.name, _TYPES.get(column.kind, pa.string())) for column in schema.columns]
    return batch.cast(pa.schema(fields))


def _not_utf8(batch: pa.RecordBatch, schema: TableSchema) -> ConfigurationError:
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        if not pa.types.is_string(values.type):
            continue
        try:
            values.validate(full=True)
        except pa.ArrowInvalid:
            raw = values.cast(pa.binary()).to_pylist()
            row = next(number for number, value in enumerate(raw) if value is not None and not _is_utf8(value))
            key = pc.cast(batch.column(schema.key), pa.binary() if name == schema.key else pa.string())[row].as_py()
            at = f"row {row} of a batch" if name == schema.key else f"row {key}"
            where = f"database table {schema.name}, column {name}, {at}"
            return ConfigurationError(
                "A text in the database is not UTF-8",
                where=where,
                why="Nobody can tell which characters were meant.",
                fix="correct the cell (often it was written as Latin-1)",
            )
    return ConfigurationError(
        "A text in the database is not UTF-8", where=f"database table {schema.name}", fix="correct the cell"
    )


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except DqError:
        raise
    except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
        raise error_for(path, str(error)) from error
