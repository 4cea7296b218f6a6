from collections.abc import Iterator
from pathlib import Path

import pytest
from store_worlds import World, airtable_world, memory_world, postgres_world, sqlite_world

from dq import sandbox


@pytest.fixture(scope="session")
def airtable_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    data = tmp_path_factory.mktemp("airtable") / "airtable.db"
    sandbox.load({"bases": []}, data)
    with sandbox.running(data, rps=0) as url:
        yield data, url


@pytest.fixture(params=["sqlite", "postgres", "airtable", "memory-database", "memory-airtable"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        made = sqlite_world(tmp_path)
    elif request.param == "postgres":
        made = postgres_world(request.getfixturevalue("postgres"))
    elif request.param == "airtable":
        made = airtable_world(*request.getfixturevalue("airtable_server"))
    else:
        made = memory_world(request.param.removeprefix("memory-"))
    yield made
    made.store.close()
