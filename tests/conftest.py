import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

THREADS = "POLARS_MAX_THREADS"
IS_ONE_OF_MANY = "PYTEST_XDIST_WORKER" in os.environ and THREADS not in os.environ
if IS_ONE_OF_MANY:  # a worker has one core: threads of its own would only wait for those of the others
    os.environ[THREADS] = "1"

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # nothing here multiplies matrices, and idle threads of it spin
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of processes are started: the first one compiles for all

import hypothesis
import polars  # noqa: F401, ICN001 -- it counts its threads as it loads
import postgres_server
from projects import Project, configuration

from dq.leads.generate import sample, write

if IS_ONE_OF_MANY:
    del os.environ[THREADS]  # not for the processes that tests start

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
MEMORY, ROOM = Path("/dev/shm"), 4 << 30
"""A file system in memory, and how many bytes of it must be free."""


hypothesis.settings.register_profile("dq", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("dq")


def pytest_configure() -> None:
    """Work in memory where there is room: dq syncs every file it relies on, and no test cuts the power of the disk."""
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # what it was before is remembered there


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never among the modules and the tests: a tenth of the time went there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _made(root: Path, seed: int, leads: int) -> Project:
    project = Project(root)
    (root / "data").mkdir(parents=True)
    write(sample(seed, leads), project.database, project.airtable)
    project.configure(configuration())
    return project


@pytest.fixture(scope="session", autouse=True)
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The pace and the ledger of tests are not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DQ_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.Server]:
    """A PostgreSQL server of its own; skips where there are no binaries of one."""
    with postgres_server.running() as server:
        yield server


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A generated sample that no command has seen; copy it before you work on it."""
    return _made(tmp_path_factory.mktemp("untouched") / "project", seed=5, leads=60)


@pytest.fixture(scope="session")
def finished(untouched: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same after a whole run: both stores clean and in agreement; copy it before you work on it."""
    project = untouched.copy(tmp_path_factory.mktemp("finished") / "project")
    ended = project.dq("run", "--yes")
    assert ended.code == 0, ended.err
    return project


@pytest.fixture
def fresh(untouched: Project, tmp_path: Path) -> Project:
    """A copy of `untouched`."""
    return untouched.copy(tmp_path / "project")


@pytest.fixture
def settled(finished: Project, tmp_path: Path) -> Project:
    """A copy of `finished`."""
    return finished.copy(tmp_path / "project")


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[int, int], Project]:
    """Make a project of a sample with this seed and this many leads."""
    return lambda seed, leads: _made(tmp_path / f"project-{seed}-{leads}", seed, leads)


@pytest.fixture(scope="session")
def leads_small() -> Path:
    """The shared sample with truth."""
    folder = SHARED / "data" / "leads_small"
    if not folder.is_dir():
        pytest.skip("../shared/data/leads_small is not here")
    return folder
