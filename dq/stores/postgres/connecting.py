"""Connecting to PostgreSQL: three tries, and a session that reads and writes the same whatever the server's settings."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from dq.errors import ConfigurationError
from dq.stores.postgres.failures import error_for, is_final, unreachable

Connection = psycopg.Connection[TupleRow]
CONNECT_SECONDS = 5
"""How long one try may take."""
PAUSES = (1.5, 3.0)
"""Seconds before the second and the third try; with `CONNECT_SECONDS` that is less than 20 s in all."""
SESSION = (
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO, YMD'",
    "SET IntervalStyle = 'postgres'",
    "SET bytea_output = 'hex'",
    "SET extra_float_digits = 1",
    "SET xmloption = 'content'",
    "SET client_encoding = 'UTF8'",
    "SET idle_in_transaction_session_timeout = 0",
)
"""What makes text of values, and values of text, the same in every session."""
_OPTIONS: dict[str, str | int] = {
    "connect_timeout": CONNECT_SECONDS,
    "fallback_application_name": "dq",
    "keepalives_idle": "60",
    "keepalives_interval": "15",
    "keepalives_count": "4",
}
"""A connection rests while Airtable is written."""
_DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"


def connected(url: str, place: str, sleep: Callable[[float], None] = time.sleep) -> Connection:
    """A connection that commits each statement unless told otherwise, its session set up.

    Args:
        url: The database's URL.
        place: Host and database, for errors.
        sleep: Waits for seconds.

    Raises:
        TemporaryError: The server cannot be reached.
        ConfigurationError: The server refuses the user or the database, or cannot tell characters apart.
    """
    connection = _dialed(url, place, sleep)
    try:
        _set_up(connection, place)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: Connection, place: str) -> None:
    connection.cursor_factory = psycopg.RawCursor  # $1 for parameters: names may hold any other sign
    connection.prepare_threshold = None  # what stands between dq and the server may not keep prepared statements
    with translated(place):
        connection.execute("; ".join(SESSION))
        connection.execute(_DURABLE)
    if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
        raise ConfigurationError(
            "The database does not know in which encoding its text is (SQL_ASCII).",
            where=f"database {place}",
            why="Nobody can tell which characters were meant.",
            fix="load it into a database with ENCODING 'UTF8'",
        )


def _dialed(url: str, place: str, sleep: Callable[[float], None]) -> Connection:
    for pause in (*PAUSES, None):
        try:
            return psycopg.connect(make_conninfo(url, **_OPTIONS), autocommit=True)
        except psycopg.Error as error:
            if pause is None or is_final(error):
                raise unreachable(place, error) from None  # the cause would show the URL's parts
        sleep(pause)
    raise AssertionError("the last try returns or raises")


def is_alive(connection: Connection) -> bool:
    """Whether the server still answers on a connection."""
    try:
        connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise PostgreSQL's errors as dq's own."""
    try:
        yield
    except psycopg.Error as error:
        raise error_for(place, error) from None  # its text may hold cells
