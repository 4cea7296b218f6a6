"""A twin: copies of both stores, of the latest plan and of the base, in a scratch folder that is wiped at the end.

The lead database is copied as it stands; the Airtable base is built from the plan's snapshot, so that it costs no call.
Journal, base, audit log, backups and quarantine of whatever runs on the twin are the twin's own.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dq.manifest import Manifest, to_dict
from dq.pipeline.opening import location
from dq.pipeline.rehearsal import rehearse
from dq.settings import DatabaseSettings, Settings
from dq.settings.places import place_of
from dq.settings.values import SQLITE
from dq.snapshot import open_snapshot
from dq.snapshot.catalog import LATEST
from dq.stores.folders import MANIFEST
from dq.stores.private import PLAIN, disk_errors, make_folder, partial_folder, write_file
from dq.stores.sqlite import SqliteStore

_STATE = "base"
_NOT_COPIED = shutil.ignore_patterns("journal.sqlite*", "restore.sqlite*", "undo", ".*", "*.html")


@dataclass(frozen=True)
class Twin:
    """A twin while it lives.

    Attributes:
        settings: The project's settings, pointed at the copies.
        notes: What the copies lack, one sentence each.
    """

    settings: Settings
    notes: tuple[str, ...]


@contextmanager
def twinned(settings: Settings) -> Iterator[Twin]:
    """A twin of both stores and of the latest plan; all of it is gone when the block ends.

    Raises:
        ConfigurationError: There is no snapshot, the database is not there, or its server allows no scratch database.
        DamagedError: The snapshot, or the database, is damaged.
        TemporaryError: The database cannot be read, or the disk is full.
    """
    manifest, folder = open_snapshot(settings.snapshots)
    with (
        disk_errors(settings.snapshots, "snapshots"),
        partial_folder(settings.snapshots, f"twin-{manifest.id}") as partial,
        ExitStack() as stack,
    ):
        scratch = make_folder(partial / PLAIN)
        made = rehearse(settings.snapshots, manifest.id, scratch / "airtable.db")
        url = stack.enter_context(_database(settings, scratch))
        snapshots = _copied(settings.snapshots, manifest, folder, make_folder(scratch / "snapshots"))
        yield Twin(_pointed(settings, made.base, url, scratch, snapshots), made.notes)


def _pointed(settings: Settings, base: str, url: str, scratch: Path, snapshots: Path) -> Settings:
    airtable = {"sandbox": scratch / "airtable.db", "base": base, "incremental": None, "token": None}
    changed = {
        "database": DatabaseSettings(url=url, stands_for=location(settings)),
        "airtable": settings.airtable.model_copy(update=airtable),
        "snapshots": snapshots,
        "backups": settings.backups.model_copy(update={"directory": scratch / "backups"}),
        "limits": settings.limits.model_copy(update={"requests_per_second": 0.0}),
        "approval": settings.approval.model_copy(update={"above": {}}),
        "read_only": False,
    }
    return settings.model_copy(update=changed)


@contextmanager
def _database(settings: Settings, scratch: Path) -> Iterator[str]:
    """The URL of a copy of the lead database."""
    if settings.database.is_postgres:
        from dq.stores.postgres.scratch import scratch_copy  # noqa: PLC0415 -- its libraries load for those who use them

        url = settings.database.url
        with scratch_copy(url, place_of(url), settings.database_tables, scratch) as copy:
            yield copy
        return
    store = SqliteStore(settings.database.path)
    try:
        (path,) = store.backup(make_folder(scratch / "database"))
    finally:
        store.close()
    yield f"{SQLITE}{path}"


def _copied(root: Path, manifest: Manifest, folder: Path, target: Path) -> Path:
    """The latest snapshot with its plan, and the base with all that is kept beside it."""
    shutil.copytree(folder, target / manifest.id, ignore=_NOT_COPIED)
    if (root / _STATE).is_dir():
        shutil.copytree(root / _STATE, target / _STATE)
    write_file(target / manifest.id / MANIFEST, json.dumps(to_dict(_without_unread(manifest))).encode())
    write_file(target / LATEST, manifest.id.encode())
    return target


def _without_unread(manifest: Manifest) -> Manifest:
    """The manifest without the Airtable fields that the snapshot does not hold: the copy does not have them."""
    files = [
        replace(file, schema=replace(file.schema, unread=())) if file.schema.store == "airtable" else file
        for file in manifest.tables
    ]
    return replace(manifest, tables=tuple(files))
