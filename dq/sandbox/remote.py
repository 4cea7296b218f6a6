"""Talking to a running sandbox's own pages, those under `/_sandbox/`; nothing here imports the server."""

import json
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from dq.errors import ConfigurationError, TemporaryError


def ask(
    address: str, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The JSON answer of one of the sandbox's own pages.

    Args:
        address: Where the sandbox answers, `http://127.0.0.1:PORT`.
        method: HTTP verb.
        path: `/_sandbox/…`.
        body: What to send as JSON.
        query: Parameters.

    Raises:
        ConfigurationError: The sandbox refused what was sent.
        TemporaryError: No sandbox answers there.
    """
    parts = urlsplit(address)
    if parts.scheme != "http" or not parts.netloc:
        raise ConfigurationError("The address of a sandbox is http://127.0.0.1:PORT.", where=address)
    target = f"{path}?{urlencode(query)}" if query else path
    text = None if body is None else json.dumps(body)
    try:
        with closing(HTTPConnection(parts.netloc, timeout=30)) as connection:
            connection.request(method, target, text, {"Content-Type": "application/json"})
            response = connection.getresponse()
            status, answer = response.status, json.load(response)
    except (OSError, HTTPException, ValueError) as error:
        raise TemporaryError("No sandbox answers at this address.", where=address, fix="dq sandbox serve") from error
    if status != 200:
        said = answer.get("error")
        why = said.get("message") if isinstance(said, dict) else str(said)
        raise ConfigurationError(f"The sandbox refused {method} {path} with {status}.", where=address, why=why)
    found: dict[str, Any] = answer
    return found
