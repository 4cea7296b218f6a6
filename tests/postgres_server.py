"""A real PostgreSQL server for tests: the system's own binaries, in a folder of its own, gone at the end.

PostgreSQL refuses to run as root, so there it runs as the user `postgres`, or as `nobody`.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

PASSWORD = "s3cr3t-of-the-tests"
MISSING = "no PostgreSQL server here: neither PATH nor /usr/lib/postgresql has initdb and postgres (apt-get install postgresql)"
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "40",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "America/New_York",  # dq must not depend on the server's own
    "datestyle": "SQL, DMY",
}
_numbers = count(1)


@dataclass(frozen=True)
class Server:
    """A running server; `dq` is its only user, with `PASSWORD`."""

    port: int
    process: "subprocess.Popen[bytes]"

    def url(
        self, database: str = "postgres", *, password: str = PASSWORD, user: str = "dq", host: str = "127.0.0.1"
    ) -> str:
        return f"postgresql://{user}:{password}@{host}:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A person's own connection, beside dq's."""
        return psycopg.connect(self.url(database), autocommit=True)

    def made(self, *statements: str, encoding: str = "UTF8") -> str:
        """The URL of a new database, with these statements carried out in it."""
        name = f"test_{next(_numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'")
        with self.connect(name) as connection:
            for statement in statements:
                connection.execute(statement)
        return self.url(name)

    def put_back(self, url: str, template: str) -> None:
        """Make a database anew as a copy of another one; whoever is connected to it is cut off."""
        name, source = url.rpartition("/")[2], template.rpartition("/")[2]
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}")

    def copied(self, url: str) -> str:
        """The URL of a copy of a database that nobody is connected to."""
        name, source = f"test_{next(_numbers)}", url.rpartition("/")[2]
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
        return self.url(name)


def binaries() -> Path | None:
    """The folder of the newest server's programs; None if there is no server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
    on_path = shutil.which("initdb")
    folders = [*([Path(on_path).resolve().parent] if on_path else []), *reversed(found)]
    return next(
        (folder for folder in folders if all((folder / name).exists() for name in ("initdb", "postgres"))), None
    )


@contextmanager
def running() -> Iterator[Server]:
    """A server on a free loopback port."""
    folder = binaries()
    if folder is None:
        pytest.skip(MISSING)
    user = _user()
    root = Path(tempfile.mkdtemp(prefix="dq-postgres-", dir="/tmp"))
    try:
        root.chmod(0o755)
        (root / "password").write_text(PASSWORD)
        if user is not None:
            for path in (root, root / "password"):
                shutil.chown(path, user)
        initdb = [
            folder / "initdb",
            "-D",
            root / "data",
            "-U",
            "dq",
            "--auth=scram-sha-256",
            f"--pwfile={root / 'password'}",
        ]
        options = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run([*initdb, *options], check=True, capture_output=True, user=user, cwd=root, env=_environment())
        with _started(folder, root, user) as server:
            yield server
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def standby(primary: Server) -> Iterator[Server]:
    """A read replica of a running server."""
    folder, user = binaries(), _user()
    assert folder is not None
    root = Path(tempfile.mkdtemp(prefix="dq-replica-", dir="/tmp"))
    try:
        if user is not None:
            shutil.chown(root, user)
        copy = [folder / "pg_basebackup", "-D", root / "data", "-R", "-X", "stream", "-c", "fast", "-d", primary.url()]
        subprocess.run(copy, check=True, capture_output=True, user=user, cwd=root, env=_environment())
        with _started(folder, root, user) as server:
            yield server
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _started(folder: Path, root: Path, user: str | None) -> Iterator[Server]:
    port = _free_port()
    settings = [part for name, value in {**_SETTINGS, "port": str(port)}.items() for part in ("-c", f"{name}={value}")]
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            [folder / "postgres", "-D", root / "data", *settings],
            stdout=log,
            stderr=log,
            user=user,
            cwd=root,
            env=_environment(),
        )
    try:
        server = Server(port, process)
        _await(server, root / "log")
        yield server
    finally:
        process.send_signal(2)  # fast shutdown: clients are cut off
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(server: Server, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline or server.process.poll() is not None:
                raise AssertionError(f"PostgreSQL does not start: {log.read_text(errors='replace')[-2000:]}") from None
            time.sleep(0.05)
        else:
            return


def _user() -> str | None:
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
