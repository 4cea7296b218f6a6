"""The command line in a process that kills itself at a numbered moment of an apply. Run by tests only.

Environment: `DYING_AT` is the number of the moment (0 = never), `DYING_TRACE` a file to write the moments' names to;
with `DYING_EVERYWHERE`, each commit of SQLite and each renamed file is a moment as well.
"""

import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import requests

from dq import audit
from dq.apply import base, commit, execute
from dq.apply.journal import Journal
from dq.cli import main
from dq.pipeline import applying, restoring
from dq.stores.airtable import AirtableStore
from dq.stores.postgres import writing
from dq.stores.postgres.store import PostgresStore
from dq.stores.sqlite import SqliteStore, replacing

passed: list[str] = []
one_at_a_time = threading.Lock()


def moment(name: str) -> None:
    with one_at_a_time:
        passed.append(name)
        if len(passed) == int(os.environ["DYING_AT"]):
            os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str, label: str, only: Callable[..., bool] = lambda *_args: True) -> None:
    """Let moments pass before and after a function."""
    inner = getattr(owner, name)

    @wraps(inner)
    def outer(*args: Any, **options: Any) -> Any:
        if not only(*args):
            return inner(*args, **options)
        moment(f"before {label}")
        found = inner(*args, **options)
        moment(f"after {label}")
        return found

    setattr(owner, name, outer)


def is_write(_session: Any, request: requests.PreparedRequest) -> bool:
    return request.method in ("PATCH", "DELETE") or (request.method == "POST" and "listRecords" not in request.url)


def committing(*args: Any, **options: Any) -> sqlite3.Connection:
    """A connection that lets a moment pass when a statement that ends a transaction is about to run."""
    connection: sqlite3.Connection = connected(*args, **options)
    name = Path(str(args[0]).partition("?")[0]).name

    def told(statement: str) -> None:
        if statement.startswith("COMMIT"):
            moment(f"before commit of {name}")

    connection.set_trace_callback(told)
    return connection


def renaming(path: Path, target: Any) -> Path:
    """A rename that lets moments pass before and after it."""
    moment(f"before rename to {Path(target).suffix}")
    found: Path = renamed(path, target)
    moment(f"after rename to {Path(target).suffix}")
    return found


if os.environ.get("DYING_EVERYWHERE"):
    connected, renamed = sqlite3.connect, Path.replace
    sqlite3.connect, Path.replace = committing, renaming  # type: ignore[assignment,method-assign]
around(applying, "back_up", "backup")
around(restoring, "back_up", "backup")
around(restoring, "note", "restore note")
around(SqliteStore, "restore", "database swap")
around(replacing, "_aside", "database aside")
around(Journal, "note", "journal note")
around(Journal, "begin", "journal begin")
around(Journal, "settle", "journal settle")
around(AirtableStore, "write", "airtable write")
around(SqliteStore, "write", "database write")
around(PostgresStore, "write", "database write")
around(writing, "_commit", "database commit")
around(requests.Session, "send", "airtable request", is_write)
around(commit, "settled", "settling")
around(execute, "mismatches", "verify")
around(base, "write_parquet", "base file")
around(base, "write_json", "base pointer")
around(audit, "append", "audit append")
try:
    main()
finally:
    if os.environ.get("DYING_TRACE"):
        Path(os.environ["DYING_TRACE"]).write_text("\n".join(passed), encoding="utf-8")
