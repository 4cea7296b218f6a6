"""A copy of PostgreSQL tables, for a backup: by pg_dump where it fits the server, else by COPY; and putting it back."""

import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from dq.errors import ConfigurationError, DamagedError, DqError, TemporaryError
from dq.sql import quoted
from dq.stores.postgres import archive, catalog
from dq.stores.postgres.catalog import Query, Table
from dq.stores.postgres.connecting import Connection, connected, translated
from dq.stores.postgres.reading import querying
from dq.stores.private import open_file, sync_file

_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
SECRETS = {"password": "PGPASSWORD", "sslpassword": "PGSSLPASSWORD"}
"""Parts of a connection that no process list may show → the variables that libpq reads them from."""
LOCK_SECONDS = 15
"""How long tables are waited for that another program holds."""
_COLUMNS = """SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS names FROM pg_attribute
    WHERE attrelid = $1::int8::oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"""
_GONE = "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL ORDER BY 1"
_NUMBERED = """SELECT attname::text AS name, pg_get_serial_sequence($1::text, attname) AS sequence FROM pg_attribute
    WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND pg_get_serial_sequence($1::text, attname) IS NOT NULL"""
_NAME = "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = $1::int8::oid"
_DEFINITION = """SELECT format('%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END) AS line
    FROM pg_attribute AS a WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid = $1::int8::oid"""


def copy_to(url: str, place: str, asked: Collection[str], folder: Path) -> Path:
    """Copy the mapped tables and all tables that refer to them, as they are at one moment, and check the copy.

    Args:
        url: The database's URL.
        place: Host and database, for errors.
        asked: The mapped tables; none of them is all tables of the database.
        folder: Where to; the file is readable by its owner only.

    Returns:
        The file, `database.dump` or `database.zip`.

    Raises:
        DamagedError: The copy does not hold the rows that the database held at that moment.
        TemporaryError: The database cannot be read.
    """
    connection = connected(url, place)
    try:
        with translated(place):
            connection.execute(_MOMENT)
            query = querying(connection, place)
            tables = _copied(query, asked)
            rows = {_name(query, table): _count(query, table) for table in tables}
            program = _program(connection, tables)
            if program is None:
                path = _by_copy(connection, query, tables, folder / archive.ZIP)
            else:
                moment = query("SELECT pg_export_snapshot() AS id", ())[0]["id"]
                path = _by_pg_dump(program, url, place, moment, tables, folder / archive.DUMP)
    finally:
        connection.close()
    sync_file(path)
    problem = archive.problem_in(path, rows)
    if problem:
        raise DamagedError(
            f"The copy of the database is not good: {problem}",
            where=f"database {place}",
            why="Nothing is written without a good copy.",
            fix="run the command again: it makes a new backup",
        )
    return path


def put_back(url: str, place: str, path: Path) -> dict[str, int]:
    """Give the tables of a copy the rows that they had, in one transaction; definitions stay as they are.

    Args:
        url: The database's URL.
        place: Host and database, for errors.
        path: The copy.

    Returns:
        Rows of every table.

    Raises:
        ConfigurationError: A table is gone, dq's user does not own the tables, or a table outside of the copy refers to
            them.
        TemporaryError: Another program holds the tables for longer than `LOCK_SECONDS`.
        DqError: The server refuses, or the file is not good; nothing was changed.
    """
    rows = archive.count_rows(path)
    connection = connected(url, place)
    try:
        with translated(place):
            query = querying(connection, place)
            _demand_tables(query, rows, place)
            connection.execute("BEGIN")
            connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            names = ", ".join(rows)
            connection.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
            foreign = _foreign_keys(query, rows)
            for table, name, _ in foreign:  # they come back, checked, once all rows are there
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {quoted(name)}")
            for table in rows:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            connection.execute(f"TRUNCATE {names}")
            for held in archive.tables_of(path):
                with connection.cursor().copy(f"COPY {held.table} ({held.columns}) FROM STDIN") as copy:
                    for piece in held.data:
                        copy.write(piece)
            for table, name, definition in foreign:
                connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)} {definition}")
            for table in rows:
                connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
                _advance_sequences(query, table)
            connection.execute("COMMIT")
    finally:
        connection.close()
    return rows


def _demand_tables(query: Query, tables: Collection[str], place: str) -> None:
    gone = [row["name"] for row in query(_GONE, (list(tables),))]
    if gone:
        raise ConfigurationError(
            f"The database lacks tables of the copy: {', '.join(gone)}.",
            where=f"database {place}",
            why="Rows are put back into tables that are there; their definitions are not changed.",
            fix="dq backup restore ID --only database --to FILE, then pg_restore --schema-only FILE (of a .zip: schema.sql), then run it again",
        )


def _advance_sequences(query: Query, table: str) -> None:
    """Let no sequence give a key anew that a row has; one that is ahead stays, and no rollback takes it back."""
    for column in query(_NUMBERED, (table,)):
        name = quoted(column["name"])
        query(
            f"SELECT setval($1::text::regclass, max({name})) FROM {table} HAVING max({name}) > (SELECT last_value FROM {column['sequence']})",
            (column["sequence"],),
        )


def _foreign_keys(query: Query, tables: Collection[str]) -> list[tuple[str, str, str]]:
    """Table, name and definition of the foreign keys between tables."""
    sql = """SELECT format('%I.%I', n.nspname, r.relname) AS table, c.conname::text AS name, pg_get_constraintdef(c.oid) AS definition
        FROM pg_constraint AS c JOIN pg_class AS r ON r.oid = c.conrelid JOIN pg_namespace AS n ON n.oid = r.relnamespace
        WHERE c.contype = 'f' AND c.confrelid = ANY($1::text[]::regclass[]) AND c.conrelid = ANY($1::text[]::regclass[]) ORDER BY 1, 2"""
    return [(row["table"], row["name"], row["definition"]) for row in query(sql, (list(tables),))]


def _copied(query: Query, asked: Collection[str]) -> list[Table]:
    known = [table for table in catalog.tables(query, asked) if table.kind in ("r", "p")]
    if not asked:
        return known
    wanted = set(asked) | {one.table for one in catalog.references(query, asked) if one.parent in set(asked)}
    return [table for table in known if table.name in wanted]


def _name(query: Query, table: Table) -> str:
    return str(query(_NAME, (table.id,))[0]["name"])


def _count(query: Query, table: Table) -> int:
    return int(query(f"SELECT count(*) AS n FROM {table.sql}", ())[0]["n"])


def _program(connection: Connection, tables: Sequence[Table]) -> str | None:
    """pg_dump, if it fits the server and would copy whole tables; None if not."""
    return fitting_program(connection) if tables and all(table.kind != "p" for table in tables) else None


def fitting_program(connection: Connection) -> str | None:
    """pg_dump, if it is here with pg_restore, of the server's version or newer; None if not."""
    program = shutil.which("pg_dump")
    if program is None or shutil.which("pg_restore") is None:
        return None
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 -- a program found on PATH
    version = re.search(r"(\d+)(?:\.\d+)*", told.stdout)
    fits = version is not None and int(version[1]) >= connection.info.server_version // 10_000
    return program if fits else None


def _by_pg_dump(program: str, url: str, place: str, moment: str, tables: Sequence[Table], path: Path) -> Path:
    known = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    secrets = {SECRETS[name]: known.pop(name) for name in tuple(SECRETS) if name in known}
    names = [f"--table={table.sql}" for table in tables]
    command = [
        program,
        "--format=custom",
        "--no-password",
        f"--snapshot={moment}",
        f"--dbname={make_conninfo(**known)}",
        *names,
    ]
    with open_file(path) as number, os.fdopen(os.dup(number), "wb") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, check=False, env={**os.environ, **secrets})  # noqa: S603 -- a program found on PATH
    if done.returncode:
        raise _failed(place, done.stderr)
    return path


def _failed(place: str, said: bytes) -> DqError:
    lines = [line for line in said.decode(errors="replace").splitlines() if "error:" in line]
    return TemporaryError(
        f"pg_dump failed: {lines[0].partition('error:')[2].strip() if lines else 'it says no more'}",
        where=f"database {place}",
        why="Nothing is written without a good copy.",
        fix="see whether dq's user may read all mapped tables and their children, then run the command again",
    )


def _by_copy(connection: Connection, query: Query, tables: Sequence[Table], path: Path) -> Path:
    contents = []
    with (
        open_file(path) as number,
        os.fdopen(os.dup(number), "wb") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
    ):
        for place, table in enumerate(tables):
            member, columns = f"{place}.copy", str(query(_COLUMNS, (table.id,))[0]["names"] or "")
            selected = f"SELECT {columns} FROM {table.sql}"  # a partitioned table has no rows of its own
            with (
                made.open(member, "w", force_zip64=True) as entry,
                connection.cursor().copy(f"COPY ({selected}) TO STDOUT") as copy,
            ):
                for piece in copy:  # what the protocol hands over at a time
                    entry.write(piece)
            contents.append({"table": _name(query, table), "columns": columns, "member": member})
        made.writestr(archive.DEFINITIONS, "\n".join(_definition(query, table) for table in tables))
        made.writestr(archive.CONTENTS, json.dumps(contents, ensure_ascii=False, indent=1))
    return path


def _definition(query: Query, table: Table) -> str:
    lines = ",\n  ".join(row["line"] for row in query(_DEFINITION, (table.id,)))
    return f"CREATE TABLE {_name(query, table)} (\n  {lines}\n);\n"
