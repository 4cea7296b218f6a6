"""Real servers on real files: one that shares the test's process and clocks, for what a clock decides."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyairtable import Api
from sandbox_world import BASE, PEOPLE, Clock, Server, world

from dq import sandbox
from dq.sandbox import app, storage
from dq.sandbox.server import _bound, _config, _Server


@contextmanager
def _served(data: Path, **options: Any) -> Iterator[Server]:
    connection = storage.opened(data, create=True)
    listener = _bound("127.0.0.1", 0)
    server, answers = _Server(_config(app.make_app(connection, **options))), threading.Event()
    server.on_ready = answers.set
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert answers.wait(10)
        yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        port_open = server.started
        server.should_exit = True
        thread.join(10)
        listener.close()
        connection.close()
        assert port_open
        assert not thread.is_alive()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A sandbox's file that holds the small base."""
    path = tmp_path / "airtable.db"
    sandbox.load(world(), path)
    return path


@pytest.fixture
def serve_with() -> Iterator[Callable[..., Server]]:
    """Start servers with options of the application; all end with the test."""
    with ExitStack() as stack:
        yield lambda data, **options: stack.enter_context(_served(data, **options))


@pytest.fixture
def clock() -> Clock:
    """The monotonic clock of `server`."""
    return Clock()


@pytest.fixture
def server(data: Path, serve_with: Callable[..., Server], clock: Clock) -> Server:
    """A server of the small base without a limit; its wall clock moves with `clock`."""
    start = datetime(2026, 6, 1, tzinfo=UTC)
    return serve_with(data, rps=0, clock=clock, now=lambda: start + timedelta(seconds=clock.time - 1000))


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for requests that change nothing; that they did not is checked at the end."""
    path = tmp_path_factory.mktemp("steady") / "airtable.db"
    sandbox.load(world(), path)
    with _served(path, rps=0) as server:
        yield server
    assert sandbox.dump(path) == world()


@pytest.fixture(scope="module")
def steady_people(steady: Server) -> Any:
    """The table of people on the server that ends as it began, through the real client."""
    return Api("patTest", endpoint_url=steady.url, retry_strategy=None).table(BASE, PEOPLE)


@pytest.fixture
def people(server: Server) -> Any:
    """The table of people, through the real client."""
    return Api("patTest", endpoint_url=server.url, retry_strategy=None).table(BASE, PEOPLE)
