"""What PostgreSQL's errors mean in dq's words. Its messages may hold cells; its codes and names never do."""

import psycopg

from dq.errors import ConfigurationError, DqError, TemporaryError

AGAIN = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the same transaction may pass when it is run again."""
_REFUSALS = ("21", "22", "23", "44", "54", "P0")
"""Classes of what the database has against single rows: values, constraints, limits, and what triggers raise."""
_SINGLE = frozenset({"42804", "428C9"})
"""Likewise: a value of another type, and a value for a generated column."""
_TEMPORARY: dict[str, tuple[str, str]] = {
    "55P03": ("Rows stay locked by another transaction", "let the other program end, then run the command again"),
    "57014": ("A statement took longer than the server's statement_timeout allows", "raise it for dq's user"),
    "53": ("The server is out of disk, memory or connections", "look at the server, then run the command again"),
    "57": ("The server is stopping or starting", "wait for it, then run the command again"),
    "40": ("Other transactions kept getting in the way", "run the command again"),
}
_CONFIGURATION: dict[str, tuple[str, str]] = {
    "42501": (
        "dq's user lacks a privilege",
        "grant it: SELECT, INSERT, UPDATE and DELETE on the mapped tables and their children",
    ),
    "25006": ("The database is read-only", "name the primary server in `stores.database.url`"),
    "42P01": ("A table is gone", "dq snapshot"),
    "42703": ("A column is gone", "dq snapshot"),
}
_STARTING = ("starting up", "shutting down", "too many", "remaining connection slots", "in recovery mode")


def is_refusal(error: psycopg.Error) -> bool:
    """Whether the database has something against the rows, and not against all of dq."""
    code = error.sqlstate or ""
    return code[:2] in _REFUSALS or code in _SINGLE or isinstance(error, psycopg.DataError)


def refusal(error: Exception) -> str:
    """Why the database refused a row: the kind of error, and what in the schema it is about."""
    if not isinstance(error, psycopg.Error):
        return str(error)
    diag = error.diag
    about = [
        f"{word} {name}"
        for word, name in (
            ("constraint", diag.constraint_name),
            ("column", diag.column_name),
            ("table", diag.table_name),
        )
        if name
    ]
    kind = type(error).__name__
    code = f" ({error.sqlstate})" if error.sqlstate else ""
    return f"{kind}{code}{': ' if about else ''}{', '.join(about)}"


def error_for(place: str, error: psycopg.Error) -> DqError:
    """The error of dq that one of an open connection means.

    Args:
        place: Host and database.
        error: PostgreSQL's.
    """
    code = error.sqlstate or ""
    where = f"database {place}" + (f", table {error.diag.table_name}" if error.diag.table_name else "")
    found = _CONFIGURATION.get(code)
    if found:
        return ConfigurationError(f"{found[0]} ({refusal(error)}).", where=where, fix=found[1])
    temporary = _TEMPORARY.get(code) or _TEMPORARY.get(code[:2])
    if temporary:
        return TemporaryError(
            f"{temporary[0]} ({refusal(error)}).",
            where=where,
            why="Nothing of this batch was written.",
            fix=temporary[1],
        )
    if not code or code[:2] == "08" or isinstance(error, psycopg.OperationalError):
        return lost(place)
    return ConfigurationError(f"PostgreSQL refuses: {refusal(error)}.", where=where, fix="dq snapshot")


def lost(place: str) -> TemporaryError:
    """The error of a connection that broke before anything was committed."""
    return TemporaryError(
        "The connection to the database was lost.",
        where=f"database {place}",
        why="What was not committed is rolled back by the server.",
        fix="run the command again",
    )


def unreachable(place: str, error: psycopg.Error) -> DqError:
    """The error of a connection that could not be made; what the server itself says against it is final."""
    text = str(error).strip().splitlines()
    said = text[-1] if "FATAL" in str(error) else text[0] if text else type(error).__name__
    if isinstance(error, psycopg.ProgrammingError):  # libpq quotes the part that it cannot read, a password perhaps
        return ConfigurationError(
            "The database's URL cannot be read.",
            where="stores.database.url",
            why="A character of the user name or password may need percent-encoding.",
            fix="write postgresql://user:password@host:5432/database",
        )
    what = said.partition("FATAL:")[2].strip() or said.removeprefix("connection failed: ")
    if is_final(error):
        return ConfigurationError(
            f"The database does not let dq in: {what}.", where=f"database {place}", fix="correct `stores.database.url`"
        )
    return TemporaryError(
        f"The database cannot be reached: {what}.",
        where=f"database {place}",
        fix="see whether the server runs, then run the command again",
    )


def is_final(error: psycopg.Error) -> bool:
    """Whether another try to connect would end the same way."""
    text = str(error)
    if isinstance(error, psycopg.ProgrammingError):
        return True
    if "FATAL" in text:
        return not any(word in text for word in _STARTING)
    return any(word in text for word in ("no password supplied", "SSL", "sslmode", "invalid"))
