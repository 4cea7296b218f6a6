"""The HTTP face: the application that serves one sandbox, made of its routes."""

import os
import sqlite3
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dq.sandbox import journal, ownpages, refusals, routes, schemapages
from dq.sandbox.answering import Answering, answering, own_page
from dq.sandbox.endpoints import Call, Sandbox
from dq.sandbox.iterators import Iterators
from dq.sandbox.limits import Limiter
from dq.sandbox.options import STANDARD, Options
from dq.sandbox.requestlog import RequestLog
from dq.sandbox.routes import Way


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def make_app(
    connection: sqlite3.Connection,
    *,
    options: Options = STANDARD,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = utc_now,
    log: TextIO | None = None,
) -> ASGIApp:
    """The application that serves one sandbox.

    Args:
        connection: The sandbox's file, opened; the application does not close it.
        options: How it behaves.
        clock: A monotonic clock in seconds, for limits and expiry.
        now: The wall clock, for created and modified times.
        log: Where each request is written as a line of JSON, too.
    """
    journal.set_up(connection)
    under_way = Iterators(clock, os.urandom(16), options.iterator_seconds, options.iterator_pages)
    sandbox = Sandbox(
        connection,
        Limiter(options.rps, options.penalty, clock, options.mode, options.user_rps),
        under_way,
        RequestLog(file=log),
        options.tokens,
        now,
        options.switches,
        options.plan,
        latency=options.latency,
        body_limit=options.body_limit,
    )
    found = [Route(way.path, answering(sandbox, way), methods=[way.method]) for way in routes.WAYS]
    found += [
        Route(path, own_page(sandbox, page), methods=[method])
        for method, path, page in ownpages.PAGES + schemapages.PAGES
    ]
    missing = _other(answering(sandbox, Way("", "", _no_route, "")))
    # Airtable has no 405: a method that a route does not have is an unknown route
    application = Starlette(routes=found, exception_handlers={404: missing, 405: missing})
    application.router.redirect_slashes = False
    return _undecoded(application)


def _no_route(_sandbox: Sandbox, _call: Call) -> dict[str, Any]:
    raise refusals.not_found()


def _other(answer: Answering) -> Callable[[Request, Exception], Awaitable[Any]]:
    async def handler(request: Request, _error: Exception) -> ASGIApp:
        return await answer(request)

    return handler


def _undecoded(app: ASGIApp) -> ASGIApp:
    """Match routes on the path as it was sent, so that a table's name may hold an encoded slash.

    A slash at the end counts for nothing: the official client sends one when it creates records.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["raw_path"].decode("ascii")
        await app({**scope, "path": path.rstrip("/") or "/"}, receive, send)

    return wrapped
