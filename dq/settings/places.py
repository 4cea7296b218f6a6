"""Where a PostgreSQL database is, told without a secret."""

import os
from urllib.parse import parse_qs, unquote, urlsplit

POSTGRES = ("postgresql://", "postgres://")
"""How URLs of PostgreSQL begin."""
_PORT = "5432"


def place_of(url: str) -> str:
    """Hosts with ports, and the database of a PostgreSQL URL: `db.example.com:5432/crm`.

    The same database reached by another host name is another place: nobody can tell that they are one.
    """
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    port = options.get("port") or os.environ.get("PGPORT") or _PORT
    named = unquote(parts.netloc.rpartition("@")[2]) or options.get("host") or options.get("hostaddr")
    hosts = (named or os.environ.get("PGHOST") or "localhost").split(",")
    return f"{','.join(_with_port(host, port) for host in hosts)}/{database_of(url)}"


def database_of(url: str) -> str:
    """The database that a PostgreSQL URL names; empty if it names none."""
    parts = urlsplit(url)
    return unquote(parts.path.lstrip("/")) or parse_qs(parts.query).get("dbname", [""])[-1]


def _with_port(host: str, port: str) -> str:
    has_port = host.rpartition(":")[2].isdigit() and (host.count(":") == 1 or "]:" in host)
    return host if has_port else f"{host}:{port}"
