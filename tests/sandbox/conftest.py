"""Real servers on real files: one that shares the test's process and clocks, for what a clock decides."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyairtable import Api
from sandbox_world import BASE, PEOPLE, Server, world

from dq import sandbox
from dq.sandbox.clock import VirtualClock
from dq.sandbox.options import Options
from dq.sandbox.server import served


@contextmanager
def _served(data: Path, *, clock: VirtualClock | None = None, **options: Any) -> Iterator[Server]:
    with served(data, options=Options(**options), clock=clock) as address:
        yield Server(address)


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
def clock() -> VirtualClock:
    """The clock of `server`."""
    return VirtualClock()


@pytest.fixture
def server(data: Path, serve_with: Callable[..., Server], clock: VirtualClock) -> Server:
    """A server of the small base without a limit, in virtual time."""
    return serve_with(data, rps=0, clock=clock)


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
