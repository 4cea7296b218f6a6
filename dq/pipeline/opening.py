"""Opening both stores as the settings name them; the embedded Airtable is started and stopped with them."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout

from dq import sandbox
from dq.errors import ConfigurationError, TemporaryError
from dq.manifest import Lineage
from dq.pipeline.lockout import demand_unlocked
from dq.pipeline.readonly import read_only
from dq.settings import Settings
from dq.settings.places import place_of
from dq.snapshot import TableColumns, columns_of
from dq.stores.airtable import LONGEST, AirtableStore, Patience
from dq.stores.airtable.state import state_folder
from dq.stores.private import disk_errors, make_folder
from dq.stores.protocol import Claimed, Sink
from dq.stores.sqlite import SqliteStore

EMBEDDED_RPS = 5.0


@dataclass(frozen=True)
class Stores:
    """Both stores, open.

    Attributes:
        database: The lead database.
        airtable: The Airtable base.
        base: The Airtable base's id.
        where: The database's location, for the lineage.
        read_only: Whether nothing may be written to either.
    """

    database: Sink
    airtable: Sink
    base: str
    where: str
    read_only: bool = False


@contextmanager
def opened(settings: Settings) -> Iterator[Stores]:
    """Both stores, closed when the block ends.

    Raises:
        ConfigurationError: No base or token is configured, or the sandbox file holds several bases.
    """
    with ExitStack() as stack:
        if settings.airtable.sandbox is not None:
            base, token = _only_base(settings), "embedded"
            pace = settings.limits.requests_per_second
            url = stack.enter_context(
                sandbox.running(settings.airtable.sandbox, rps=EMBEDDED_RPS if 0 < pace < EMBEDDED_RPS else 0)
            )
        else:
            base, url = settings.require_base(), settings.airtable.endpoint_url
            token = settings.require_token().get_secret_value()
        tables = [rules.airtable for rules in settings.tables]
        pace = settings.limits.requests_per_second
        state = None if settings.airtable.sandbox is not None else state_folder(os.environ)
        airtable = AirtableStore(
            base,
            token,
            endpoint_url=url,
            requests_per_second=pace,
            state=state,
            tables=tables,
            patience=_patience(settings),
        )
        stack.callback(airtable.close)
        database = _database(settings)
        stack.callback(database.close)
        yield Stores(database, airtable, base, location(settings), settings.read_only)


def _patience(settings: Settings) -> Patience:
    """How often a call is tried: pauses double from the first one on."""
    limits = settings.limits
    pauses = (limits.retry_delay_seconds * 2**number for number in range(max(limits.max_retries, 1)))
    return Patience(tries=1 + limits.max_retries, pauses=tuple(min(pause, LONGEST) for pause in pauses))


def _database(settings: Settings) -> Sink:
    if not settings.database.is_postgres:
        return SqliteStore(settings.database.path)
    from dq.stores.postgres.store import PostgresStore  # noqa: PLC0415 -- its libraries load for those who use them

    return PostgresStore(settings.database.url, tables=settings.database_tables)


def _only_base(settings: Settings) -> str:
    path = settings.airtable.sandbox
    if path is None or not path.exists():
        raise ConfigurationError(
            "The embedded Airtable has no data yet.",
            where=str(path),
            fix="dq init --sample, or dq sandbox load FILE.json --data PATH",
        )
    bases = sandbox.bases(path)
    if settings.airtable.base is not None:
        return settings.airtable.base
    if len(bases) != 1:
        raise ConfigurationError(
            f"The embedded Airtable holds {len(bases)} bases.",
            where=str(path),
            fix="name one as stores.airtable.base in config/dq.yaml",
        )
    return bases[0][0]


def location(settings: Settings) -> str:
    """The database's place, relative to the project where it lies in it, so that moving the project keeps its lineage.

    A PostgreSQL database is its host, port and name. A copy has the place of what it stands for.
    """
    if settings.database.stands_for is not None:
        return settings.database.stands_for
    if settings.database.is_postgres:
        return place_of(settings.database.url)
    path = settings.database.path
    return str(path.relative_to(settings.root)) if path.is_relative_to(settings.root) else str(path)


def claim(stores: Stores, *, airtable: bool = True) -> None:
    """See that stores take writes, before the first one, and become the only writer of those that several machines share.

    A lock of that kind dies with the connection.

    Args:
        stores: Both stores, open.
        airtable: Whether Airtable will be written; a database says who is the only dq at work.

    Raises:
        TemporaryError: Another dq writes to one of them.
        ConfigurationError: One of them takes no writes, or only reading is allowed.
    """
    if stores.read_only:
        raise read_only("dq apply --resume")
    for store in (stores.database, *([stores.airtable] if airtable else [])):
        if isinstance(store, Claimed):
            store.claim()


def lineage_of(stores: Stores, tables: dict[str, str]) -> Lineage:
    """Which stores these are."""
    return Lineage(database=stores.where, airtable=stores.base, tables=tables)


def plans_of(settings: Settings) -> list[TableColumns]:
    """What a snapshot must read."""
    return [columns_of(rules) for rules in settings.tables]


@contextmanager
def locked(settings: Settings, *, looks: bool = False) -> Iterator[None]:
    """The project's lock: one dq at a time works on these snapshots and stores. It dies with its process.

    Args:
        settings: The settings.
        looks: Whether a person is at work who looks at what locked the project out.

    Raises:
        TemporaryError: Another dq holds it.
        LockedOutError: A run ended so that a person must look.
    """
    path = settings.snapshots / ".lock"
    lock = FileLock(path, timeout=0, mode=0o600)
    with disk_errors(settings.snapshots, "snapshots"):
        make_folder(settings.snapshots)
        is_free = _acquired(lock)
    if not is_free:
        raise TemporaryError(
            "Another dq works on these stores.",
            where=str(path),
            why="Two writers would undo each other's work.",
            fix="wait for it to end, then run the command again",
        )
    try:
        if not looks:
            demand_unlocked(settings.snapshots)
        yield
    finally:
        lock.release()


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except Timeout:
        return False
    return True
