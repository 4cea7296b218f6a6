"""Serving a sandbox in this process: until a signal ends it, or on a thread until a block ends."""

import asyncio
import ipaddress
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from email.utils import format_datetime
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from dq.errors import ConfigurationError, TemporaryError
from dq.sandbox import app, requestlog, serving, storage
from dq.sandbox.clock import VirtualClock
from dq.sandbox.options import STANDARD, Options
from dq.sandbox.wire import TRANSPORT

TICK = 1.0
"""Seconds after which the date of answers is told anew."""
PAUSE = 0.002
"""Seconds between two looks at whether the last answers are sent."""
HEADER_BYTES = 1 << 16  # room for a URL at the limit and its headers


class _Server(uvicorn.Server):
    """A server that says when it answers, and that ends as if by return where a signal ends it.

    It ends at once: uvicorn looks ten times a second whether it is to end, and rests once more before it does, which would
    be a good part of a command that starts one.
    """

    on_ready: Callable[[], None] | None = None

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started and self.on_ready is not None:
            self.on_ready()

    def end(self) -> None:
        """Let it end; from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._told.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.end()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for one in (*self.servers, *(sockets or ())):
            one.close()
        held = self.server_state
        for connection in list(held.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while (held.connections or held.tasks) and not self.force_exit:  # noqa: ASYNC110 -- uvicorn keeps sets, and tells nobody
                    await asyncio.sleep(PAUSE)
        for task in held.tasks:
            task.cancel()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        kinds = (signal.SIGINT, signal.SIGTERM)
        before = {kind: signal.signal(kind, self.handle_exit) for kind in kinds}
        try:
            yield
        finally:
            for kind, action in before.items():
                signal.signal(kind, action)


class _Protocol(H11Protocol):
    """HTTP, with the connection's transport where a fault can find it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


def serve(
    data: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    options: Options = STANDARD,
    log: Path | None = None,
    announced: bool = True,
    ready: Callable[[int], None] | None = None,
) -> None:
    """Serve a sandbox until SIGTERM or SIGINT.

    Args:
        data: The sandbox's file; it is made if it is absent.
        host: A loopback address.
        port: 0 takes a free one.
        options: How it behaves.
        log: A file to which each request is written as a line of JSON.
        announced: Whether the file tells the address, so that other commands find the server by its file.
        ready: Called with the port as soon as the server answers.

    Raises:
        ConfigurationError: The address is not loopback or is taken, or the file is not a sandbox's.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(_bound(host, port))
        connection = stack.enter_context(closing(storage.opened(data, create=True)))
        lines = stack.enter_context(requestlog.opened(log)) if log else None
        served = app.make_app(connection, options=options, log=lines)
        server = _Server(_config(served))
        taken = listener.getsockname()[1]
        if announced:
            stack.enter_context(serving.announced(connection, _address(host, taken)))
        if ready is not None:
            server.on_ready = lambda: ready(taken)
        server.run(sockets=[listener])


@contextmanager
def served(
    data: Path | sqlite3.Connection,
    *,
    options: Options = STANDARD,
    clock: VirtualClock | None = None,
    log: TextIO | None = None,
) -> Iterator[str]:
    """A sandbox on a thread of this process, from its first answer until the block ends.

    Args:
        data: The sandbox's file, or an open connection to it, which stays open.
        options: How it behaves.
        clock: The time of its limits, expiries and records; real time where it is None.
        log: Where each request is written as a line of JSON.

    Yields:
        Its address, `http://127.0.0.1:PORT`.

    Raises:
        TemporaryError: It did not answer within ten seconds.
    """
    with ExitStack() as stack:
        connection = data if isinstance(data, sqlite3.Connection) else storage.opened(data, create=True)
        if connection is not data:
            stack.callback(connection.close)
        clocks: dict[str, Any] = {"clock": clock.monotonic, "now": clock.utc} if clock else {}
        listener = stack.enter_context(_bound("127.0.0.1", 0))
        made = app.make_app(connection, options=options, log=log, **clocks)
        server = _Server(_config(made if clock is None else _dated(made, clock), date_header=clock is None))
        answers = threading.Event()
        server.on_ready = answers.set
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.end)
        if not answers.wait(10):
            raise TemporaryError("The sandbox did not begin to answer.")
        yield _address("127.0.0.1", listener.getsockname()[1])


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bound(host: str, port: int) -> socket.socket:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        version = ipaddress.ip_address(address)
    except ValueError as error:
        raise ConfigurationError(f"{host!r} is not an address.", fix="--host 127.0.0.1") from error
    if not version.is_loopback:
        why = "A sandbox takes any token, so only this machine may reach it."
        raise ConfigurationError(f"{host!r} is not a loopback address.", why=why, fix="--host 127.0.0.1")
    family = socket.AF_INET6 if version.version == 6 else socket.AF_INET
    # asyncio sends small answers at once only where the protocol is named
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        what = f"Port {port} cannot be taken: {error.strerror}."
        raise ConfigurationError(what, where=host, fix="--port 0 takes a free one.") from error
    return listener


def _dated(served: ASGIApp, clock: VirtualClock) -> ASGIApp:
    """Answers that tell the clock's time as their date."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(clock.utc(), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", ()), (b"date", date)]}
            await send(message)

        await served(scope, receive, sent)

    return wrapped


def _config(served: ASGIApp, *, date_header: bool = True) -> uvicorn.Config:
    return uvicorn.Config(
        served,
        loop="asyncio",
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=date_header,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
