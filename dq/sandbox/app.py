"""The HTTP face: routes, authentication, limits, and one place that turns a request into an answer."""

import hmac
import json
import logging
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dq.errors import TemporaryError
from dq.sandbox import endpoints, limits, records, refusals, requestlog
from dq.sandbox.endpoints import Call, Endpoint, Sandbox
from dq.sandbox.iterators import Iterators
from dq.sandbox.limits import Limiter
from dq.sandbox.refusals import RefusalError
from dq.sandbox.requestlog import RequestLog

MAX_URL = 16_000

Answer: TypeAlias = Callable[[Request], Awaitable[Response]]
logger = logging.getLogger(__name__)

_ROUTES: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/v0/meta/whoami", endpoints.whoami),
    ("GET", "/v0/meta/bases", endpoints.list_bases),
    ("GET", "/v0/meta/bases/{base}/tables", endpoints.list_tables),
    ("POST", "/v0/{base}/{table}/listRecords", endpoints.list_by_body),
    ("GET", "/v0/{base}/{table}/{record}", endpoints.get_record),
    ("PATCH", "/v0/{base}/{table}/{record}", endpoints.update_record),
    ("PUT", "/v0/{base}/{table}/{record}", endpoints.update_record),
    ("DELETE", "/v0/{base}/{table}/{record}", endpoints.delete_record),
    ("GET", "/v0/{base}/{table}", endpoints.list_by_query),
    ("POST", "/v0/{base}/{table}", endpoints.create_records),
    ("PATCH", "/v0/{base}/{table}", endpoints.update_records),
    ("PUT", "/v0/{base}/{table}", endpoints.update_records),
    ("DELETE", "/v0/{base}/{table}", endpoints.delete_records),
)


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def make_app(
    connection: sqlite3.Connection,
    *,
    rps: float = 5.0,
    penalty: float = 30.0,
    token: str | None = None,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = utc_now,
) -> ASGIApp:
    """The application that serves one sandbox.

    Args:
        connection: The sandbox's file, opened; the application does not close it.
        rps: Requests a second that each base takes; 0 means no limit.
        penalty: Seconds for which a base is locked after one request too many.
        token: The only token to take; any, where it is None.
        clock: A monotonic clock in seconds, for limits and expiry.
        now: The wall clock, for created and modified times.
    """
    under_way = Iterators(clock, os.urandom(16))
    sandbox = Sandbox(connection, Limiter(rps, penalty, clock), under_way, RequestLog(), token, now)
    routes = [Route(path, _answering(sandbox, endpoint), methods=[method]) for method, path, endpoint in _ROUTES]
    routes.append(Route(requestlog.LOG_PATH, _answering(sandbox, endpoints.show_log, own=True)))
    missing = _answering(sandbox, _no_route)
    # Airtable has no 405: a method that a route does not have is an unknown route
    return _undecoded(Starlette(routes=routes, exception_handlers={404: _other(missing), 405: _other(missing)}))


def _no_route(_sandbox: Sandbox, _call: Call) -> dict[str, Any]:
    raise refusals.not_found()


def _other(answer: Answer) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, _error: Exception) -> Response:
        return await answer(request)

    return handler


def _undecoded(app: ASGIApp) -> ASGIApp:
    """Match routes on the path as it was sent, so that a table's name may hold an encoded slash."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "path": scope["raw_path"].decode("ascii")}, receive, send)

    return wrapped


def _answering(sandbox: Sandbox, endpoint: Endpoint, *, own: bool = False) -> Answer:
    """The route's function: checks that hold for all routes, the endpoint, the error's envelope, the log."""

    async def answer(request: Request) -> Response:
        path = {key: unquote(value) for key, value in request.path_params.items()}
        raw = await request.body()
        try:
            _check(sandbox, request, path, own=own)
            query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
            payload = endpoint(sandbox, Call(request.method, path, query, _parsed(request.method, raw)))
            status = 200
        except RefusalError as refusal:
            status, payload = refusal.status, refusal.payload
        except TemporaryError:  # the file stayed locked, so nothing was done
            busy = refusals.retriable()
            status, payload = busy.status, busy.payload
        except Exception:
            logger.exception("The sandbox failed on %s.", request.method)
            failure = refusals.server_error()
            status, payload = failure.status, failure.payload
        if not own:
            _note(sandbox, request, path.get("base"), status, payload)
        return Response(records.as_json(payload), status, media_type="application/json; charset=utf-8")

    return answer


def _check(sandbox: Sandbox, request: Request, path: dict[str, str], *, own: bool) -> None:
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if own:
        return
    if scheme.lower() != "bearer" or not sent.strip():
        raise refusals.unauthenticated()
    if sandbox.token is not None and not hmac.compare_digest(sent.strip().encode(), sandbox.token.encode()):
        raise refusals.unauthenticated()
    if (length := _url_length(request)) >= MAX_URL:
        raise refusals.url_too_long(length)
    if "base" in path:
        limits.admit(sandbox.limiter, path["base"])


def _url_length(request: Request) -> int:
    """The characters of the URL as it was sent, from the scheme on."""
    query: bytes = request.scope["query_string"]
    path: bytes = request.scope["raw_path"]
    return len("http://") + len(request.headers.get("host", "")) + len(path) + len(query) + bool(query)


def _parsed(method: str, raw: bytes) -> dict[str, Any]:
    if method in ("GET", "HEAD", "DELETE") or not raw:
        return {}
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise refusals.unparsable() from error
    if not isinstance(body, dict):
        raise refusals.invalid_request()
    return body


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _note(sandbox: Sandbox, request: Request, base_id: str | None, status: int, payload: dict[str, Any]) -> None:
    count = len(payload.get("records", ())) or int("id" in payload and "base" in request.path_params)
    time_text = sandbox.now().isoformat(timespec="milliseconds")
    entry = requestlog.Request(time_text, request.method, request.scope["path"], status, count)
    requestlog.note(sandbox.log, base_id, entry)
