"""Serving a sandbox in this process until a signal ends it."""

import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from dq.errors import ConfigurationError
from dq.sandbox import app, storage

HEADER_BYTES = 1 << 16  # room for a URL at the limit and its headers


class _Server(uvicorn.Server):
    """A server that says when it answers, and that ends as if by return where a signal ends it."""

    on_ready: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.on_ready is not None:
            self.on_ready()

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


def serve(
    data: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    rps: float = 5.0,
    penalty: float = 30.0,
    token: str | None = None,
    ready: Callable[[int], None] | None = None,
) -> None:
    """Serve a sandbox until SIGTERM or SIGINT.

    Args:
        data: The sandbox's file; it is made if it is absent.
        host: A loopback address.
        port: 0 takes a free one.
        rps: Requests a second that each base takes; 0 means no limit.
        penalty: Seconds for which a base is locked after one request too many.
        token: The only token to take; any, where it is None.
        ready: Called with the port as soon as the server answers.

    Raises:
        ConfigurationError: The address is not loopback or is taken, or the file is not a sandbox's.
    """
    with _bound(host, port) as listener:
        connection = storage.opened(data, create=True)
        try:
            served = app.make_app(connection, rps=rps, penalty=penalty, token=token)
            server = _Server(_config(served))
            if ready is not None:
                taken = listener.getsockname()[1]
                server.on_ready = lambda: ready(taken)
            server.run(sockets=[listener])
        finally:
            connection.close()


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


def _config(served: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        served,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
