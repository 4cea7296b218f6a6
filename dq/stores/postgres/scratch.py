"""A scratch database beside a PostgreSQL database: all its definitions, the rows of the mapped tables, gone at the end.

It is made by pg_dump and pg_restore on the same server. One that a killed process left behind goes with the next one.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from dq.errors import ConfigurationError, DqError, TemporaryError
from dq.sql import quoted
from dq.stores.postgres import catalog
from dq.stores.postgres.catalog import Query
from dq.stores.postgres.connecting import Connection, connected, translated
from dq.stores.postgres.dump import SECRETS, fitting_program
from dq.stores.postgres.reading import querying
from dq.stores.private import open_file

PREFIX = "dq_twin_"
_OUTWARD = ("dblink", "postgres_fdw", "http", "pg_net", "aws_lambda", "plpython3u", "plperlu", "pltclu", "plsh")
"""Extensions by which a trigger could act outside of its database."""
_REACHING = """SELECT 'extension ' || extname AS name FROM pg_extension WHERE extname = ANY($1::text[])
    UNION ALL SELECT 'foreign server ' || srvname FROM pg_foreign_server ORDER BY 1"""
_OTHERS = """WITH RECURSIVE needed(id) AS (
        SELECT unnest($1::int8[])::oid
        UNION SELECT n.other FROM needed JOIN (
            SELECT conrelid AS own, confrelid AS other FROM pg_constraint WHERE contype = 'f'
            UNION ALL SELECT inhparent, inhrelid FROM pg_inherits) AS n ON n.own = needed.id)
    SELECT n.nspname::text AS schema, c.relname::text AS name
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        AND c.oid NOT IN (SELECT id FROM needed) ORDER BY 1, 2"""
_LIKE = "SELECT pg_encoding_to_char(encoding)::text AS encoding, datcollate::text AS collate, datctype::text AS ctype FROM pg_database WHERE datname = current_database()"
_LEFT = """SELECT datname::text AS name FROM pg_database AS d WHERE starts_with(datname, $1)
    AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datid = d.oid)"""


@contextmanager
def scratch_copy(url: str, place: str, asked: Collection[str], folder: Path) -> Iterator[str]:
    """A copy of a database on the same server, for its user only as far as the server's rules say; dropped at the end.

    Args:
        url: The database's URL.
        place: Host and database, for errors.
        asked: The mapped tables and their children: their rows are copied, with those that they refer to.
        folder: Where the dump lies meanwhile.

    Yields:
        The copy's URL.

    Raises:
        ConfigurationError: The user may make no database, the client programs are missing, or the database could act
            outside of itself.
        TemporaryError: The database cannot be read or copied.
    """
    with closing(connected(url, place)) as connection:
        query = querying(connection, place)
        _demand_closed(query, place)
        program = _demand_program(connection, place)
        start = f"{PREFIX}{sha256(place.encode()).hexdigest()[:8]}_"
        for row in query(_LEFT, (start,)):
            _drop(connection, row["name"])
        name = f"{start}{secrets.token_hex(4)}"
        _make(connection, query, name, place)
        try:
            copy = renamed(url, name)
            with closing(connected(copy, place)):  # whoever looks for leftovers sees that it is in use
                _fill(program, url, copy, place, _others(query, asked), folder / "scratch.dump")
                yield copy
        finally:
            _drop(connection, name)


def renamed(url: str, database: str) -> str:
    """The URL of another database on the same server."""
    parts = urlsplit(url)
    options = [(name, value) for name, value in parse_qsl(parts.query) if name != "dbname"]
    return urlunsplit((parts.scheme, parts.netloc, f"/{quote(database)}", urlencode(options), ""))


def _demand_closed(query: Query, place: str) -> None:
    reaching = [row["name"] for row in query(_REACHING, (list(_OUTWARD),))]
    if reaching:
        raise ConfigurationError(
            f"This database cannot be rehearsed on a copy: it has {', '.join(reaching)}.",
            where=f"database {place}",
            why="A trigger of the copy could reach out of it by them, and act on what is real.",
            fix="rehearse on a restored backup on another server; `dq diff` shows what would be written",
        )


def _demand_program(connection: Connection, place: str) -> str:
    program = fitting_program(connection)
    if program is None:
        raise ConfigurationError(
            "A copy of a PostgreSQL database needs pg_dump and pg_restore.",
            where=f"database {place}",
            fix="install PostgreSQL's client programs, of the server's version or a newer one",
        )
    return program


def _make(connection: Connection, query: Query, name: str, place: str) -> None:
    (like,) = query(_LIKE, ())
    encoding, collate, ctype = (_text(like[key]) for key in ("encoding", "collate", "ctype"))
    made = (
        f"CREATE DATABASE {quoted(name)} TEMPLATE template0 ENCODING {encoding} LC_COLLATE {collate} LC_CTYPE {ctype}"
    )
    try:
        with translated(place):
            connection.execute(made)
    except ConfigurationError as error:
        raise ConfigurationError(
            "The server lets dq's user make no scratch database.",
            where=f"database {place}",
            why=f"A rehearsal writes to a copy. {error.what}",
            fix="ALTER ROLE … CREATEDB for dq's user, or rehearse on a server where it may",
        ) from error


def _drop(connection: Connection, name: str) -> None:
    force = " WITH (FORCE)" if connection.info.server_version >= 130_000 else ""
    with suppress(psycopg.Error):  # one that stays is dropped by the next rehearsal
        connection.execute(f"DROP DATABASE IF EXISTS {quoted(name)}{force}")


def _others(query: Query, asked: Collection[str]) -> list[str]:
    """The tables whose rows are not copied."""
    known = catalog.tables(query, asked)
    parents = {table.name for table in known if table.name in asked}
    children = {one.table for one in catalog.references(query, asked) if one.parent in parents}
    ids = [table.id for table in known if table.name in parents | children]
    return [f"{quoted(row['schema'])}.{quoted(row['name'])}" for row in query(_OTHERS, (ids,))]


def _fill(program: str, url: str, copy: str, place: str, others: Sequence[str], dump: Path) -> None:
    bare = [
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        "--no-publications",
        "--no-subscriptions",
        "--no-password",
    ]
    source, environment = _reached(url)
    with open_file(dump) as number, os.fdopen(os.dup(number), "wb") as file:
        excluded = [f"--exclude-table-data={name}" for name in others]
        _called([program, "--format=custom", *bare, f"--dbname={source}", *excluded], environment, place, file.fileno())
    target, environment = _reached(copy)
    restore = shutil.which("pg_restore") or "pg_restore"
    _called(
        [restore, "--exit-on-error", *bare, f"--dbname={target}", str(dump)], environment, place, subprocess.DEVNULL
    )


def _reached(url: str) -> tuple[str, dict[str, str]]:
    """How libpq's programs reach a database: the connection, and what no process list may show."""
    known = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    hidden = {SECRETS[name]: known.pop(name) for name in tuple(SECRETS) if name in known}
    return make_conninfo(**known), {**os.environ, **hidden}


def _called(command: Sequence[str], environment: dict[str, str], place: str, output: int) -> None:
    done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, check=False, env=environment)  # noqa: S603 -- a program found on PATH
    if done.returncode:
        raise _failed(command[0], place, done.stderr.decode(errors="replace"))


def _failed(program: str, place: str, said: str) -> DqError:
    """The error of a client program; of a restore only what it was about, as its messages may hold cells."""
    about = [line.partition(";")[2].split(maxsplit=2)[-1] for line in said.splitlines() if "from TOC entry" in line]
    denied = [line.partition("error:")[2].strip() for line in said.splitlines() if "permission denied" in line]
    what = f"The database cannot be copied: {Path(program).name} failed"
    if about or denied:
        return ConfigurationError(
            f"{what} at {(about or denied)[0]}.",
            where=f"database {place}",
            why="The copy needs every definition that the tables may rest on.",
            fix="give dq's user what it lacks, or rehearse on a restored backup on another server",
        )
    return TemporaryError(f"{what}.", where=f"database {place}", fix="look at the server, then run the command again")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
