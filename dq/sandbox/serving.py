"""Which addresses a sandbox's file is served at, told in the file itself, so that a command finds a server by its file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from dq.errors import ConfigurationError, TemporaryError
from dq.sandbox import remote, requestlog, storage


@contextmanager
def announced(connection: sqlite3.Connection, address: str) -> Iterator[None]:
    """Tell an address in the file while the block runs.

    Args:
        connection: An open sandbox.
        address: Where its server answers.
    """
    with storage.writing(connection):
        since = datetime.now(UTC).isoformat()
        connection.execute("INSERT OR REPLACE INTO serving VALUES (?, ?)", (address, since))
    try:
        yield
    finally:
        with suppress(TemporaryError), storage.writing(connection):
            connection.execute("DELETE FROM serving WHERE address = ?", (address,))


def address_of(data: Path) -> str:
    """Where the server of a sandbox's file answers; the latest one, where there are several.

    Args:
        data: The sandbox's file.

    Raises:
        ConfigurationError: The file is absent or is not a sandbox's, or no server of it answers.
    """
    with closing(storage.opened(data, create=False)) as connection:
        found: list[str] = [row[0] for row in connection.execute("SELECT address FROM serving ORDER BY since DESC")]
    for address in found:
        with suppress(TemporaryError, ConfigurationError):  # a server that was killed left its address
            remote.ask(address, "GET", requestlog.LOG_PATH, query={"last": "0"})
            return address
    raise ConfigurationError(
        "No server of this sandbox is running.", where=str(data), fix=f"dq sandbox serve --data {data}"
    )
