"""What the server was asked: a counter for each base and the last requests, in memory, and in a file if one is named.

Neither a query's values nor a token is kept: a filter holds personal data.
"""

import json
import os
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from dq.errors import ConfigurationError
from dq.sandbox import remote

KEPT = 10_000
LOG_PATH = "/_sandbox/log"


@dataclass(frozen=True, slots=True)
class Request:
    """One answered request.

    Args:
        time: When it came, ISO text in UTC.
        method: HTTP verb.
        path: The path as it was sent, without the query.
        status: What was answered; 0 where nothing was.
        records: How many records the answer held.
        base: The base that it went to.
        kind: list, get, create, update, delete, schema, meta, webhooks, comments; empty for an unknown route.
        token: Id of the token, never the token.
        query: Names of the parameters in the URL, without their values.
        error: Type of the error.
        size: Bytes of the answer's body.
        seconds: From the request's arrival to its answer's leaving.
        fault: The fault that was injected, as `before reset`.
    """

    time: str
    method: str
    path: str
    status: int
    records: int
    base: str | None = None
    kind: str = ""
    token: str | None = None
    query: tuple[str, ...] = ()
    error: str | None = None
    size: int = 0
    seconds: float = 0.0
    fault: str | None = None


@dataclass
class RequestLog:
    """Requests since the server started.

    Args:
        calls: How many went to each base.
        recent: The last ones, oldest first.
        file: Where each is written as a line of JSON, too.
    """

    calls: Counter[str] = field(default_factory=Counter)
    recent: deque[Request] = field(default_factory=lambda: deque(maxlen=KEPT))
    file: TextIO | None = None


def opened(path: Path) -> TextIO:
    """A file for the log that only its owner reads; what it holds stays.

    Args:
        path: The file; it is made if it is absent.

    Raises:
        ConfigurationError: It cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise ConfigurationError(f"The log cannot be written: {error.strerror}.", where=str(path)) from error
    return open(descriptor, "w", encoding="utf-8", buffering=1)  # noqa: PTH123 - opened with its mode above


def note(log: RequestLog, request: Request) -> None:
    """Add one request.

    Args:
        log: The log.
        request: The request.
    """
    log.recent.append(request)
    if request.base is not None:
        log.calls[request.base] += 1
    if log.file is not None:
        log.file.write(json.dumps(asdict(request), separators=(",", ":")) + "\n")


def summary(log: RequestLog, query: Mapping[str, str]) -> dict[str, Any]:
    """The log as JSON: `calls` by base and the last `requests`, oldest first.

    Args:
        log: The log.
        query: `base` and `status` keep the requests that have them, `last` keeps so many.

    Raises:
        ValueError: A number is not one.
    """
    base, status = query.get("base"), query.get("status")
    kept = [
        request
        for request in log.recent
        if base in (None, request.base) and (status is None or request.status == int(status))
    ]
    last = int(query.get("last", KEPT))
    return {"calls": dict(log.calls), "requests": [asdict(request) for request in (kept[-last:] if last else [])]}


def fetched(address: str, **query: str) -> dict[str, Any]:
    """The log of a running sandbox: `calls` by base and the last `requests`, oldest first.

    Args:
        address: Where it answers.
        **query: `base`, `status`, `last`.
    """
    return remote.ask(address, "GET", LOG_PATH, query=query)
