"""One writer a database: an advisory lock that dies with its connection, on whatever machine that is."""

import time
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from dq.errors import ConfigurationError, TemporaryError
from dq.stores.postgres.connecting import Connection

NUMBER = int.from_bytes(sha256(b"dq: the writer of this database").digest()[:8], "big", signed=True)
"""The lock's key; PostgreSQL keeps such locks apart by database."""
PAUSES = (0.1, 0.4, 1.0, 1.5)
"""Seconds between tries: the server needs a moment to notice that a writer died."""
_HOLDER = """SELECT a.pid, host(a.client_addr), a.backend_start FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.classid = $1::int8::oid AND l.objid = $2::int8::oid AND l.objsubid = 1"""


def claim(connection: Connection, place: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Become the database's only writer until the connection ends.

    Args:
        connection: The connection that is to write.
        place: Host and database, for errors.
        sleep: Waits for seconds.

    Raises:
        TemporaryError: Another dq writes.
        ConfigurationError: The server takes no writes at all.
    """
    row = connection.execute("SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')").fetchone()
    is_replica, read_only = row or (False, "off")
    if is_replica or read_only == "on":
        what = "is a read replica" if is_replica else "is read-only (default_transaction_read_only)"
        raise ConfigurationError(
            f"The database {what}: it can be read, and nothing can be applied to it.",
            where=f"database {place}",
            why="Nothing was written to either store.",
            fix="name the primary server in `stores.database.url`; the plan is to be made again there",
        )
    for pause in (*PAUSES, None):
        taken = connection.execute("SELECT pg_try_advisory_lock($1)", [NUMBER]).fetchone()
        if taken is not None and taken[0]:
            return
        if pause is not None:
            sleep(pause)
    raise TemporaryError(
        f"Another dq writes to this database{_holder(connection)}.",
        where=f"database {place}, advisory lock {NUMBER}",
        why="Two writers would undo each other's work.",
        fix="wait for it to end, then run the command again",
    )


def _holder(connection: Connection) -> str:
    high, low = divmod(NUMBER % 2**64, 2**32)
    row = connection.execute(_HOLDER, [high, low]).fetchone()
    if row is None:
        return ""
    pid, address, began = row
    since = f" since {began:%Y-%m-%d %H:%M:%S} UTC" if isinstance(began, datetime) else ""
    return f", from {address or 'the server itself'} (process {pid}{since})"
