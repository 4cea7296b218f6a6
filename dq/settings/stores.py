"""Where the two stores are, and who they are for a plan."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from dq.settings.document import Document
from dq.settings.mistakes import Key
from dq.settings.places import POSTGRES, database_of, place_of
from dq.settings.secrets import resolve
from dq.settings.shape import AirtableShape
from dq.settings.values import SQLITE, UNKNOWN_SCHEME, AirtableSettings, DatabaseSettings, IncrementalSettings

DEFAULT_DATABASE = "data/leads.db"
_DATABASE: Key = ("stores", "database")
_AIRTABLE: Key = ("stores", "airtable")
_URL: Key = (*_DATABASE, "url")


def database_settings(document: Document, root: Path, env: Mapping[str, str], *, lenient: bool) -> DatabaseSettings:
    """The lead database; without a configured one, `LEAD_DATABASE_PATH` or `data/leads.db`."""
    url = resolve(document, _DATABASE, "url", root, lenient=lenient)
    if url is None:
        path = Path(env.get("LEAD_DATABASE_PATH") or DEFAULT_DATABASE).expanduser()
        return DatabaseSettings(url=f"{SQLITE}{root / path}")
    text = url.get_secret_value()
    problem = _problem(text)
    if problem and not lenient:
        document.mistakes.append(document.mistake(_URL, problem))
    if problem or text.startswith(POSTGRES):
        return DatabaseSettings(url=text)
    return DatabaseSettings(url=f"{SQLITE}{root / Path(text.removeprefix(SQLITE)).expanduser()}")


def _problem(url: str) -> str | None:
    if "${" in url:
        return "names a variable that is not set"
    if "://" not in url:
        return "is no URL; write sqlite:/// before the path"
    if url.startswith(POSTGRES):
        return _postgres_problem(url)
    if not url.startswith(SQLITE):
        return _scheme_problem(url)
    path = url.removeprefix(SQLITE)
    if not path or path == ":memory:":
        return "names no file; a database must outlive the run"
    return "takes no options after `?`" if "?" in path else None


def _scheme_problem(url: str) -> str:
    if url.startswith("sqlite://"):
        return "needs three slashes: sqlite:///path"
    scheme = url.partition("://")[0]
    return (
        "names a driver; write postgresql:// alone"
        if scheme.startswith(("postgresql+", "postgres+"))
        else UNKNOWN_SCHEME
    )


def _postgres_problem(url: str) -> str | None:
    try:
        named = database_of(url)
    except ValueError:
        return "cannot be read; write postgresql://user:password@host:5432/database"
    return None if named else "names no database; write postgresql://user:password@host:5432/database"


def airtable_settings(
    document: Document, shape: AirtableShape, root: Path, env: Mapping[str, str], *, lenient: bool
) -> AirtableSettings:
    """The Airtable base; without a configured one, `AIRTABLE_BASE_ID`, `AIRTABLE_API_KEY`, `AIRTABLE_ENDPOINT_URL`."""
    sandbox = None if not shape.sandbox else root / Path(shape.sandbox).expanduser()
    given = shape.model_fields_set
    token = resolve(document, _AIRTABLE, "token", root, lenient=lenient or sandbox is not None)
    if (
        token is None
        and not given & {"token", "token_file", "token_command", "sandbox"}
        and env.get("AIRTABLE_API_KEY")
    ):
        token = SecretStr(env["AIRTABLE_API_KEY"])
    if token is not None and "${" in token.get_secret_value():
        token = None
    endpoint = shape.endpoint_url if "endpoint_url" in given else env.get("AIRTABLE_ENDPOINT_URL") or shape.endpoint_url
    if urlsplit(endpoint).scheme not in {"http", "https"} and "${" not in endpoint:
        document.mistakes.append(document.mistake((*_AIRTABLE, "endpoint_url"), "must begin with https:// or http://"))
    base = shape.base if "base" in given or "sandbox" in given else env.get("AIRTABLE_BASE_ID")
    incremental = shape.incremental and IncrementalSettings.model_validate(shape.incremental.model_dump())
    return AirtableSettings(
        base=base or None, token=token, endpoint_url=endpoint.rstrip("/"), sandbox=sandbox, incremental=incremental
    )


def database_identity(database: DatabaseSettings, root: Path) -> str:
    """The database for a plan: its path, relative to the project where it lies in it, or its host, port and name."""
    if database.is_postgres:
        return place_of(database.url)
    if not database.url.startswith(SQLITE):
        return ""
    return _relative(Path(database.url.removeprefix(SQLITE)), root)


def airtable_identity(airtable: AirtableSettings, root: Path) -> str:
    """The base for a plan: its id, with the sandbox's path when there is one."""
    sandbox = "" if airtable.sandbox is None else _relative(airtable.sandbox, root)
    return f"{sandbox}#{airtable.base or ''}"


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
