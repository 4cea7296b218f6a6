"""A restore rehearsed: a backup into a scratch folder, both stores opened there, a snapshot and a plan made of them.

Neither store is written, and the scratch folder is wiped at the end. A backup of a PostgreSQL database is put into a scratch
database on its server, whose definitions and referred rows are the live database's; it is dropped at the end.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dq import sandbox
from dq.apply import base as base_state
from dq.backup import Backup, unpacked
from dq.backup.closing import closed
from dq.backup.sealing import Key
from dq.errors import ConfigurationError, DamagedError
from dq.gate import Report
from dq.pipeline.applying import Watch
from dq.pipeline.judging import judged
from dq.pipeline.opening import opened
from dq.pipeline.planning import clean
from dq.pipeline.running import snapshot
from dq.rules import Step
from dq.settings import DatabaseSettings, Settings
from dq.settings.places import place_of
from dq.settings.values import SQLITE
from dq.stores.private import PLAIN, copy_file, disk_errors, make_folder, partial_folder


@dataclass(frozen=True)
class Drill:
    """How a rehearsal went.

    Attributes:
        backup: Id of the backup.
        seconds: How long restoring took, and with snapshot, plan and checks, all of it.
        rows: Store and table → rows of the restored stores, as a snapshot read them.
        changes: Changes that a plan on them would make.
        brakes: Brakes that would hold it.
        reports: What the quality rules say about the planned result, a mapping each.
    """

    backup: str
    seconds: Mapping[str, float]
    rows: Mapping[str, int]
    changes: int
    brakes: tuple[str, ...]
    reports: tuple[Report, ...]

    @property
    def passed(self) -> bool:
        """Whether no quality rule of severity `error` fails."""
        return all(report.passed for report in self.reports)


def drill(
    settings: Settings,
    backup: Backup,
    key: Key | None,
    steps: frozenset[Step],
    watch: Watch,
    ticks: Callable[[], float],
) -> Drill:
    """Rehearse the restore of a backup.

    Args:
        settings: The project's settings.
        backup: The backup.
        key: What opens it, if it is encrypted.
        steps: What the plan on the restored stores is for.
        watch: Clock and progress.
        ticks: Monotonic seconds.

    Raises:
        DamagedError: The backup cannot be restored.
        ConfigurationError: It is of a PostgreSQL database and none is configured, its server allows no scratch
            database, or no key opens it.
    """
    began = ticks()
    root = settings.backups.directory
    with (
        disk_errors(root, "backups.directory"),
        partial_folder(root, f"rehearse-{backup.id}") as folder,
        ExitStack() as stack,
    ):
        scratch = make_folder(folder / PLAIN)
        made = _restored(settings, backup, key, scratch, stack, watch)
        restored = ticks()
        with opened(made) as stores:
            manifest = snapshot(made, stores, watch, full=True)
        plan = clean(made, watch.clock(), steps, lambda step: watch.progress(step, 0, 0)).plan
        reports = tuple(judged(made, manifest.id))
        rows = {f"{file.schema.store} {file.schema.name}": file.rows for file in manifest.tables}
        seconds = {"restore": round(restored - began, 3), "total": round(ticks() - began, 3)}
        brakes = tuple(brake.message for brake in plan.brakes)
        return Drill(backup.id, seconds, rows, plan.changes, brakes, reports)


def _restored(
    settings: Settings, backup: Backup, key: Key | None, scratch: Path, stack: ExitStack, watch: Watch
) -> Settings:
    """The backup's files laid out as a project of their own until the stack ends; the settings of that project."""
    paths: dict[str, Path] = {}
    for name in ("database", "airtable", "base"):
        file = backup.file(name)
        if file is not None:
            watch.progress(f"restore {name}", 0, file.size)
            with unpacked(backup, file, key) as plain:
                paths[name] = copy_file(plain, scratch / file.name)
    if {"database", "airtable"} - set(paths):
        raise DamagedError(f"The backup {backup.id} does not hold both stores.", where=str(backup.path))
    url = stack.enter_context(_database(settings, paths["database"], scratch))
    data = scratch / "airtable.db"
    sandbox.load(closed(json.loads(paths["airtable"].read_text(encoding="utf-8"))), data)
    airtable = settings.airtable.model_copy(update={"sandbox": data, "base": None, "incremental": None, "token": None})
    made = {
        "root": scratch,
        "database": DatabaseSettings(url=url),
        "airtable": airtable,
        "snapshots": make_folder(scratch / "snapshots"),
        "backups": settings.backups.model_copy(update={"directory": scratch / "backups"}),
        "limits": settings.limits.model_copy(update={"requests_per_second": 0.0}),
    }
    project = settings.model_copy(update=made)
    pointer = backup.origin.base
    if "base" in paths and pointer is not None:
        base_state.save(
            project.snapshots,
            pl.read_parquet(paths["base"]),
            serial=pointer["serial"],
            lineage=pointer["lineage"],
            plan=pointer["plan"],
            rules=pointer["rules"],
        )
    return project


@contextmanager
def _database(settings: Settings, path: Path, scratch: Path) -> Iterator[str]:
    """The URL of a database that holds what the backup's file does; one on a server is gone when the block ends."""
    if path.suffix == ".db":
        yield f"{SQLITE}{path}"
        return
    url = settings.database.url
    if not settings.database.is_postgres:
        raise ConfigurationError(
            "A backup of a PostgreSQL database is rehearsed on its server.",
            where=path.name,
            fix="name the server in stores.database.url; `dq backup verify` needs none",
        )
    from dq.stores.postgres.dump import put_back  # noqa: PLC0415 -- its libraries load for those who use them
    from dq.stores.postgres.scratch import scratch_copy  # noqa: PLC0415

    with scratch_copy(url, place_of(url), settings.database_tables, scratch) as copy:
        put_back(copy, place_of(copy), path)
        yield copy
