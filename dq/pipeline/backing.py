"""Backups as the settings want them: what goes in, with which keys, which may not be pruned."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import polars as pl

from dq.apply import base as base_state
from dq.apply import quarantine
from dq.apply.journal import JOURNAL, journal, state_of
from dq.apply.undo import unfinished as unfinished_undo
from dq.backup import Backup, Making, Origin, create, list_backups, open_backup
from dq.backup.manifest import MadeBy, Seal
from dq.backup.pruning import Pruned, prune
from dq.backup.retention import Policy
from dq.backup.sealing import (
    Key,
    Lock,
    key_of,
    key_of_passphrase,
    lock_of,
    lock_of_identity,
    lock_of_passphrase,
)
from dq.errors import DamagedError
from dq.pipeline.opening import Stores
from dq.pipeline.restores import unfinished
from dq.schemas import BaseRow
from dq.settings import Settings
from dq.settings.encryption import read
from dq.side import ENTITY
from dq.snapshot import list_snapshots

_TRIED = 2
"""Earlier seals that a passphrase is tried on: each try takes a second or more."""


def back_up(
    settings: Settings, stores: Stores, now: datetime, *, tags: Sequence[str] = (), made_by: MadeBy = "create"
) -> Backup:
    """Back up both stores, the base state and the quarantine.

    Args:
        settings: Where backups go, and how they are encrypted.
        stores: Both stores, open.
        now: The time.
        tags: A person's words for it.
        made_by: What asks for it.

    Raises:
        DqError: There is no good backup, and nothing of a half-made one is left.
    """
    lock = lock_for(settings)
    making = Making(
        tags=tuple(dict.fromkeys(tags)),
        made_by=made_by,
        origin=_origin(settings, stores),
        state=_state(settings),
        lock=lock,
        key=key_for(settings, lock.seal) if lock else None,
        check=settings.backups.verify_integrity,
    )
    return create(settings.backups.directory, stores.database, stores.airtable, now, making)


def lock_for(settings: Settings) -> Lock | None:
    """What encrypts new backups; None if they are plain.

    Raises:
        ConfigurationError: A key cannot be had, or is none.
    """
    wanted = settings.backups.encryption
    if wanted is None:
        return None
    if wanted.recipient is not None:
        return lock_of(read(wanted.recipient, settings.root).get_secret_value())
    if wanted.identity is not None:
        return lock_of_identity(read(wanted.identity, settings.root).get_secret_value())
    assert wanted.passphrase is not None  # noqa: S101 -- the settings hold one of the three
    earlier = [backup.seal for backup in list_backups(settings.backups.directory)[::-1] if backup.seal]
    wrapped = [seal for seal in dict.fromkeys(earlier) if seal.method == "passphrase"]
    return lock_of_passphrase(read(wanted.passphrase, settings.root).get_secret_value(), wrapped[:_TRIED])


def key_for(settings: Settings, seal: Seal | None) -> Key | None:
    """What opens a backup of this seal; None if it is plain, or no private key is configured.

    Raises:
        ConfigurationError: The key cannot be had, or is another one's.
    """
    wanted = settings.backups.encryption
    if seal is None or wanted is None:
        return None
    if seal.method == "passphrase":
        if wanted.passphrase is None:
            return None
        return key_of_passphrase(read(wanted.passphrase, settings.root).get_secret_value(), seal)
    return None if wanted.identity is None else key_of(read(wanted.identity, settings.root).get_secret_value())


def protected(settings: Settings) -> dict[str, str]:
    """Backups that are kept whatever the policy says, and why: of unfinished runs and restores, and of the last apply."""
    kept: dict[str, str] = {}
    for manifest in list_snapshots(settings.snapshots):
        path = settings.snapshots / manifest.id / JOURNAL
        state = state_of(path)
        if state == "none":
            continue
        with journal(path) as opened:
            name = Path(opened.meta().get("backup", "")).name
        if not name:
            continue
        kept = {one: why for one, why in kept.items() if why != _LAST}
        kept[name] = "its run is not finished: dq apply --resume" if state == "open" else _LAST
    undoing = unfinished_undo(settings.snapshots)
    if undoing is not None:
        with journal(undoing.folder / JOURNAL) as opened:
            kept[Path(opened.meta().get("backup", "")).name] = "its undo is not finished: dq undo"
    kept |= {name: f"it is being restored: dq backup restore {name}" for name in unfinished(settings.snapshots)}
    return kept


_LAST = "made by the last apply"


def policy_of(settings: Settings) -> Policy:
    """What the settings keep."""
    return Policy(settings.backups.retention_days, settings.backups.keep_last, settings.backups.keep_tags)


def pruned(settings: Settings, now: datetime, *, dry: bool) -> Pruned:
    """Prune backups by the settings' policy; see `dq.backup.pruning.prune`."""
    directory = settings.backups.directory
    return prune(directory, policy_of(settings), settings.backups.trash_days, now, protected(settings), dry=dry)


def forgotten(settings: Settings) -> list[str]:
    """Backups that could bring back leads whose deletion the base does not remember any more, a warning each.

    A tombstone must outlive every backup that still has the lead. Backups without a base, and encrypted ones, say nothing.
    """
    _, now = base_state.load(settings.snapshots)
    known = set(now[ENTITY])
    warnings = []
    for backup in list_backups(settings.backups.directory)[:1]:
        file = backup.file("base")
        if file is None or file.sealed is not None:
            continue
        then = pl.read_parquet(backup.path / file.name)
        lost = len(set(then.filter(pl.col(BaseRow.state) == "tombstone")[ENTITY]) - known)
        if lost:
            warnings.append(
                f"{backup.id} is older than the tombstones of {lost:,} leads: restoring it brings them back"
            )
    return warnings


def opened_backup(settings: Settings, backup_id: str) -> tuple[Backup, Key | None]:
    """A backup by its id or `latest`, and what opens it.

    Raises:
        DqError: There is none of this id, it cannot be read, or its key cannot be had.
    """
    backup = open_backup(settings.backups.directory, backup_id)
    return backup, key_for(settings, backup.seal)


def _origin(settings: Settings, stores: Stores) -> Origin:
    current = _whole_base(settings)
    tables: Mapping[str, str] = {rules.table: rules.airtable for rules in settings.tables}
    lineage = {"database": stores.where, "airtable": stores.base, "tables": dict(tables)}
    if current is not None:
        lineage["tables"] = current.lineage["tables"]
    pointer = asdict(current) if current else None
    return Origin(lineage, pointer, settings.rules_digest, settings.config_digest, version("dq"))


def _whole_base(settings: Settings) -> base_state.Pointer | None:
    """The pointer to the base; None where there is none, or it is damaged: the stores can be backed up all the same."""
    with suppress(DamagedError):
        base_state.load(settings.snapshots)
        return base_state.pointer(settings.snapshots)
    return None


def _state(settings: Settings) -> dict[str, Path]:
    """The base as it stands and the quarantine: state of dq that no store holds."""
    found = {}
    current = _whole_base(settings)
    if current is not None:
        found["base.parquet"] = settings.snapshots / "base" / current.file
    held = settings.snapshots / "base" / quarantine.FILE
    if held.exists():
        found["quarantine.parquet"] = held
    return found
