"""Restore: a backup back into the stores, and the base made such that nothing is deleted for it.

verify ─► base emptied ─► database swapped ─► backup of what Airtable holds ─► Airtable put back ─► base, as far as it holds
"""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply import quarantine
from dq.apply.journal import JOURNAL, journal, state_of
from dq.backup import Backup, unpacked
from dq.backup.sealing import Key
from dq.errors import ConfigurationError, DamagedError, DqError
from dq.pipeline.allowing import demand_allowed
from dq.pipeline.applying import Watch
from dq.pipeline.backing import back_up
from dq.pipeline.opening import Stores
from dq.pipeline.permitting import Permission
from dq.pipeline.readonly import demand_writable
from dq.pipeline.refilling import Refill, Refilled, Refilling, begin, has_begun, planned, refill
from dq.pipeline.restores import end, folder_of, note, noted
from dq.pipeline.scheduling import RESTORED
from dq.pipeline.vouching import NOTHING, forget, forgetting, remember
from dq.schemas.values import Store
from dq.settings import Settings
from dq.snapshot import list_snapshots
from dq.stores.airtable.exported import exported
from dq.stores.private import copy_file, disk_errors, write_file
from dq.stores.protocol import Claimed, Restorable

BOTH: tuple[Store, Store] = ("database", "airtable")
BEFORE = "before-restore"
"""Tag of the backup that is made before records of Airtable are changed back."""


@dataclass(frozen=True)
class Wanted:
    """What is to be restored.

    Attributes:
        backup: The backup.
        key: What opens it, if it is encrypted.
        stores: Which of the two stores.
        delete_extra: Whether Airtable's records that the backup does not have are deleted.
        permission: What a person allowed.
        confirm: Told what Airtable's part will change (None where it has none, or goes on); raises to stop.
        dry: Only tell.
    """

    backup: Backup
    key: Key | None
    stores: tuple[Store, ...]
    delete_extra: bool
    permission: Permission
    confirm: Callable[[Refill | None], None]
    dry: bool = False


@dataclass(frozen=True)
class Restored:
    """What a restore did.

    Attributes:
        backup: Id of the backup.
        database: Rows of each table that was put back; None if the database was left alone.
        aside: Where the database lies that was replaced.
        airtable: What was done to Airtable; None if it was left alone.
        before: Id of the backup that was made before Airtable was changed.
        serial: The base's serial afterwards.
        known: Leads that the base knows again.
        unknown: Leads of the backup's base that it does not: one of the stores lacks them.
        notes: What else a person should know.
    """

    backup: str
    database: Mapping[str, int] | None = None
    aside: Path | None = None
    airtable: Refilled | None = None
    before: str | None = None
    serial: int = 0
    known: int = 0
    unknown: int = 0
    notes: tuple[str, ...] = field(default=())


def restore(settings: Settings, stores: Stores, wanted: Wanted, watch: Watch) -> Restored:
    """Restore a backup; one that was interrupted goes on where it stands.

    Raises:
        DamagedError: The backup is not good; nothing was changed.
        ConfigurationError: It is of another base, of a newer format or schema, or no key opens it; nothing was changed.
        TemporaryError: Another program has the database open (nothing was changed), or a store cannot be reached: the
            same command goes on.
        BrakeError: It would delete too many records, or make too many calls; nothing was changed.
    """
    backup = wanted.backup
    with ExitStack() as stack:
        watch.progress("verify", 0, 1)
        files = {name: _file(stack, wanted, name) for name in ("database", "airtable", "base", "quarantine")}
        rows = NOTHING if files["base"] is None else pl.read_parquet(files["base"])
        _demand_restorable(stores, wanted)
        work = folder_of(settings.snapshots, backup.id, dry=wanted.dry)
        refilling = _refilling(settings, stores, wanted, files["airtable"], work)
        made = None if refilling is None or has_begun(work) else _allowed(refilling, wanted)
        wanted.confirm(made)
        if wanted.dry:
            return Restored(backup.id)
        demand_writable(settings, f"dq backup restore {backup.id}")
        if made is not None and not made.changes.is_empty():
            if isinstance(stores.airtable, Claimed):
                stores.airtable.claim()
            _keep_before(settings, stores, wanted, work, watch)
        elif _overwrites(stores, wanted) and "rows" not in noted(work):
            _keep_before(settings, stores, wanted, work, watch)
        _swap(settings, stores, wanted, files["database"], work, watch)
        airtable = _refilled(refilling, made, wanted, watch)
        done = noted(work)
        if airtable is None or airtable.finished:
            done = _ended(settings, stores, wanted, files["quarantine"], rows, airtable, work, watch)
    notes = (*(made.notes if made else ()), *done.get("notes", ()))
    serial, known, unknown = done.get("base", (0, 0, 0))
    return Restored(
        backup.id,
        database=done.get("rows"),
        aside=Path(done["aside"]) if done.get("aside") else None,
        airtable=airtable,
        before=done.get("before"),
        serial=serial,
        known=known,
        unknown=unknown,
        notes=notes,
    )


def _ended(
    settings: Settings,
    stores: Stores,
    wanted: Wanted,
    held: Path | None,
    rows: pl.DataFrame,
    airtable: Refilled | None,
    work: Path,
    watch: Watch,
) -> dict[str, Any]:
    """Put back what is dq's own, and note that the restore is over."""
    if held is not None and wanted.stores == BOTH:
        quarantine.save(settings.snapshots, pl.read_parquet(held))
    *base, notes = _remembered(settings, stores, wanted.backup, rows, airtable.new_ids if airtable else {})
    done = note(work, base=base, notes=notes)
    end(work, watch.clock().isoformat())
    return done


def extract(wanted: Wanted, store: Store, target: Path) -> Mapping[str, int]:
    """Write one store's file of a backup, checked and in plain, to a new place; nothing else is touched.

    Raises:
        ConfigurationError: The target exists, or the backup does not have the store.
        DamagedError: The backup is not good.
    """
    if target.exists():
        raise ConfigurationError(f"There is a file already: {target.name}", where=str(target), fix="name a new file")
    file = wanted.backup.file(store)
    with ExitStack() as stack:
        source = _file(stack, wanted, store)
        if file is None or source is None:
            raise _lacking(wanted.backup, store)
        with disk_errors(target.parent, "--to"):
            copy_file(source, target)
        return file.rows


def _file(stack: ExitStack, wanted: Wanted, name: str) -> Path | None:
    """A file of the backup in plain, checked; None where it has none, or it is not wanted."""
    file = wanted.backup.file(name)
    if name in BOTH and name not in wanted.stores:
        return None
    if file is None:
        if name in BOTH:
            raise _lacking(wanted.backup, name)
        return None
    return stack.enter_context(unpacked(wanted.backup, file, wanted.key))


def _demand_restorable(stores: Stores, wanted: Wanted) -> None:
    file = wanted.backup.file("database")
    if "database" in wanted.stores and not isinstance(stores.database, Restorable):
        raise ConfigurationError(
            "This database cannot be put back by dq.",
            where=file.name if file else wanted.backup.id,
            fix="write the copy beside it (--to FILE) and use the database's own tools; --only airtable does the rest",
        )


def _overwrites(stores: Stores, wanted: Wanted) -> bool:
    """Whether the database's rows are gone once it is put back, but for a backup."""
    database = stores.database
    return "database" in wanted.stores and isinstance(database, Restorable) and not database.sets_aside


def _refilling(settings: Settings, stores: Stores, wanted: Wanted, source: Path | None, work: Path) -> Refilling | None:
    if source is None:
        return None
    base, tables = exported(source)
    if base != stores.base:
        why = "Its record ids are those of the base that it was made of."
        fix = f"dq sandbox load {source.name} --data FILE, or name that base as stores.airtable.base"
        raise ConfigurationError(f"The backup is of the Airtable base {base}, not {stores.base}.", why=why, fix=fix)
    delete_extra = noted(work).get("delete_extra", wanted.delete_extra)
    return Refilling(settings, stores, tables, work, delete_extra)


def _allowed(refilling: Refilling, wanted: Wanted) -> Refill:
    made = planned(refilling)
    demand_allowed(refilling.settings, made, wanted.permission, wanted.backup.id)
    return made


def _swap(settings: Settings, stores: Stores, wanted: Wanted, source: Path | None, work: Path, watch: Watch) -> None:
    """Put the database back; not twice where the rest of a restore goes on: people may have written it since."""
    file = wanted.backup.file("database")
    if source is None or file is None or not isinstance(stores.database, Restorable):
        return
    if "airtable" in wanted.stores and "rows" in noted(work):
        return
    watch.progress("restore database", 0, 1)
    with forgetting(settings, stores, wanted.backup):
        aside = stores.database.restore(source, file.rows, watch.clock())
    _close_journals(settings, wanted.backup, watch)
    note(work, rows=dict(file.rows), aside=str(aside) if aside else None)
    _mark(settings, wanted.backup)


def _keep_before(
    settings: Settings, stores: Stores, wanted: Wanted, work: Path, watch: Watch, *, last: bool = False
) -> None:
    """Back up what is there now. A database that is gone or damaged is put back first: then it is tried once more."""
    watch.progress("backup", 0, 1)
    try:
        before = back_up(settings, stores, watch.clock(), tags=(BEFORE,), made_by="restore")
    except (DamagedError, ConfigurationError):
        if last or "database" not in wanted.stores or _overwrites(stores, wanted):
            raise
        return
    note(work, before=before.id)


def _refilled(refilling: Refilling | None, made: Refill | None, wanted: Wanted, watch: Watch) -> Refilled | None:
    """Put Airtable back, after a backup of what it holds."""
    if refilling is None:
        return None
    if made is not None:
        if made.changes.is_empty():
            return Refilled()
        settings, stores = refilling.settings, refilling.stores
        if "before" not in noted(refilling.work):
            _keep_before(settings, stores, wanted, refilling.work, watch, last=True)
        forget(settings, stores, wanted.backup)
        _close_journals(settings, wanted.backup, watch)
        _mark(settings, wanted.backup)
        note(refilling.work, delete_extra=refilling.delete_extra)
        begin(refilling, made.changes)
    return refill(refilling, watch)


def _remembered(
    settings: Settings, stores: Stores, backup: Backup, rows: pl.DataFrame, ids: Mapping[str, str]
) -> tuple[int, int, int, tuple[str, ...]]:
    try:
        return *remember(settings, stores, backup, rows, ids), ()
    except DqError as error:
        note = f"the base stays empty, as a store cannot be read ({error.what}): the next run compares both stores anew"
        return 0, 0, rows.height, (note,)


def _close_journals(settings: Settings, backup: Backup, watch: Watch) -> None:
    """End an apply that was cut off: what it had still to write belongs to stores that are no more."""
    for manifest in list_snapshots(settings.snapshots)[-1:]:
        path = settings.snapshots / manifest.id / JOURNAL
        if state_of(path) == "open":
            with journal(path) as opened:
                opened.note(ended=watch.clock().isoformat(), restored=backup.id)


def _mark(settings: Settings, backup: Backup) -> None:
    """Tell the next snapshot that what the last one says of Airtable does not hold any more."""
    for manifest in list_snapshots(settings.snapshots)[-1:]:
        write_file(settings.snapshots / manifest.id / RESTORED, json.dumps({"backup": backup.id}).encode())


def _lacking(backup: Backup, name: str) -> ConfigurationError:
    return ConfigurationError(
        f"The backup {backup.id} holds no {name}.", where=str(backup.path), fix="dq backup list, and take another one"
    )
