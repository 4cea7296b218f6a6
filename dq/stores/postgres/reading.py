"""Reading PostgreSQL at one moment: rows over ADBC, all else over psycopg, both in one exported snapshot."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import adbc_driver_manager
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_postgresql import StatementOptions, dbapi
from psycopg.rows import dict_row

from dq.cells import Kind
from dq.errors import ConfigurationError, TemporaryError
from dq.manifest import Reference, TableSchema
from dq.schemas.values import Store
from dq.sql import quoted
from dq.stores.postgres import catalog
from dq.stores.postgres.catalog import Query
from dq.stores.postgres.connecting import SESSION, Connection, connected, translated
from dq.stores.postgres.rows import Target, is_alive, rows_by_key, target_of
from dq.stores.postgres.schema import table_schema
from dq.stores.postgres.types import read
from dq.stores.protocol import Row

_TYPES: dict[Kind, pa.DataType] = {"integer": pa.int64(), "boolean": pa.int64(), "number": pa.float64()}
_BATCH_BYTES = 16 * 2**20
_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


def querying(connection: Connection, place: str) -> Query:
    """Runs one statement of few rows on a connection."""

    def query(sql: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
        with translated(place), connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql, parameters).fetchall()

    return query


class PostgresSnapshot:
    """A `Source` over one moment of the database; `opened` makes one.

    Args:
        place: Host and database, for messages.
        connection: A connection in the transaction that is the moment.
        rows: Opens an ADBC connection in the same moment.
        asked: Names that the configuration uses for tables.
    """

    store: Store = "database"
    calls = repeated = 0

    def __init__(
        self, place: str, connection: Connection, rows: Callable[[], dbapi.Connection], asked: Collection[str]
    ) -> None:
        self._place, self._connection, self._rows, self._asked = place, connection, rows, asked
        self._query = querying(connection, place)

    @contextmanager
    def snapshot(self) -> Iterator["PostgresSnapshot"]:
        """This moment itself."""
        yield self

    def describe(self, table: str, columns: Sequence[str], key: str | None = None) -> TableSchema:
        """The table's schema; see `Source.describe`."""
        return table_schema(self._query, table, columns, key, self._asked)

    def references(self, table: str) -> list[Reference]:
        """The foreign keys that point at `table`."""
        found = catalog.references(self._query, (*self._asked, table))
        return [one for one in found if one.parent == table]

    def fetch(self, schema: TableSchema, keys: Sequence[str]) -> dict[str, Row]:
        """The rows with these keys at this moment."""
        target = target_of(self._query, schema)
        with translated(self._place):
            return rows_by_key(self._connection, target, keys, [*target.wanted, *schema.soft_delete])

    def batches(self, schema: TableSchema) -> Iterator[pa.RecordBatch]:
        """All living rows in byte order of their keys.

        Raises:
            ConfigurationError: Keys that are missing or not unique.
        """
        target = target_of(self._query, schema)
        statement = _select(target)
        with _translated(self._place):
            connection = self._rows()
            try:
                with connection.cursor() as cursor:
                    cursor.adbc_statement.set_options(
                        **{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(_BATCH_BYTES)}
                    )
                    cursor.execute(statement)
                    with cursor.fetch_record_batch() as reader:
                        yield from self._checked(reader, schema, target)
            finally:
                connection.close()

    def close(self) -> None:
        """Nothing to give back: `opened` closes the connection."""

    def _checked(self, reader: pa.RecordBatchReader, schema: TableSchema, target: Target) -> Iterator[pa.RecordBatch]:
        fields = pa.schema([pa.field(column.name, _TYPES.get(column.kind, pa.string())) for column in schema.columns])
        last: str | None = None
        seen = False
        for batch in reader:
            rows = batch.cast(fields)
            keys = rows.column(schema.key).cast(pa.string())
            if not _are_good(keys, last):
                raise self._refuse_keys(schema, target)
            last = keys[-1].as_py() if len(keys) else last
            seen = True
            yield rows
        if not seen:
            yield pa.RecordBatch.from_pylist([], schema=fields)

    def _refuse_keys(self, schema: TableSchema, target: Target) -> ConfigurationError:
        key = quoted(schema.key)
        sql = f"SELECT count(*) AS n, count({key}) AS held, count(DISTINCT {key}::text) AS keys FROM {target.sql} AS t WHERE {_alive(target)}"
        row = self._query(sql, ())[0]
        where, fix = f"database table {schema.name}, column {schema.key}", "or name another column as `key:`"
        if row["held"] < row["n"]:
            what, why = (
                f"{row['n'] - row['held']} of {row['n']} rows have no key",
                "A row without a key cannot be told from others.",
            )
            return ConfigurationError(what, where=where, why=why, fix=f"fill the keys, {fix}")
        what = f"{row['held'] - row['keys']} of {row['n']} rows have a key that another row has"
        why = "A write to one of them would hit all of them."
        return ConfigurationError(what, where=where, why=why, fix=f"make the keys unique, {fix}")


@contextmanager
def opened(url: str, place: str, asked: Collection[str]) -> Iterator[PostgresSnapshot]:
    """The database at one moment; others may go on writing it.

    Args:
        url: The database's URL.
        place: Host and database, for errors.
        asked: Names that the configuration uses for tables.
    """
    connection = connected(url, place)
    try:
        with translated(place):
            connection.execute(_MOMENT)
            exported = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert exported is not None  # noqa: S101 -- a function gives one row
        yield PostgresSnapshot(place, connection, lambda: _joined(url, str(exported[0])), asked)
    finally:
        connection.close()


def _joined(url: str, moment: str) -> dbapi.Connection:
    """An ADBC connection that sees the exported moment."""
    connection = dbapi.connect(url, autocommit=True)
    try:
        with connection.cursor() as cursor:
            for statement in (*SESSION, _MOMENT, f"SET TRANSACTION SNAPSHOT '{moment}'"):
                cursor.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _select(target: Target) -> str:
    values = ", ".join(f"{read(target.types[name], quoted(name))} AS {quoted(name)}" for name in target.wanted)
    return f'SELECT {values} FROM {target.sql} AS t WHERE {_alive(target)} ORDER BY t.{quoted(target.key)}::text COLLATE "C"'


def _alive(target: Target) -> str:
    return is_alive("t") if target.can_be_deleted else "true"


def _are_good(keys: pa.StringArray, last: str | None) -> bool:
    """Whether sorted keys are all there and all different, also from the last of the batch before."""
    if not len(keys):
        return True
    if keys.null_count or keys[0].as_py() == last:
        return False
    return not pc.any(pc.equal(keys.slice(1), keys.slice(0, len(keys) - 1))).as_py()


@contextmanager
def _translated(place: str) -> Iterator[None]:
    try:
        yield
    except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
        kind = getattr(error, "sqlstate", None) or type(error).__name__
        raise TemporaryError(
            f"Reading the database failed ({kind}).",
            where=f"database {place}",
            why="The snapshot is not complete, so it does not count.",
            fix="run the command again",
        ) from None
