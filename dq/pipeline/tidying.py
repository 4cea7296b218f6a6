"""Pruning dq's own files by policy: snapshots with their plans and journals, restores, logs, what killed runs left.

decide, with a reason for each ─► to the trash, by one rename each ─► days later, for good
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from dq.apply import quarantine
from dq.backup.retention import Candidate, Decision, Policy, decide
from dq.pipeline.auditing import event
from dq.pipeline.keeping import needed, pasts
from dq.pipeline.log import FOLDER as LOGS
from dq.pipeline.restores import ENDED, NOTES, RESTORES
from dq.settings import Settings
from dq.stores import trash
from dq.stores.private import abandoned, disk_errors, sweep

Kind = Literal["snapshot", "restore", "log", "quarantine", "scratch", "trash"]
_QUIET = timedelta(hours=1)
_STAMP = "%Y%m%dT%H%M%S"
_LEFT = (".*.partial", "*/.*.partial", "[0-9]*/*/.*.partial")
"""Files that were being written when their process was killed: pruning holds the project's lock, so nobody writes now."""


@dataclass(frozen=True)
class Item:
    """Something that pruning looked at.

    Attributes:
        kind: What it is.
        path: Where.
        fate: `keep`, `trash`, or `remove` for good.
        reason: Why.
        size: Its bytes.
    """

    kind: Kind
    path: Path
    fate: Literal["keep", "trash", "remove"]
    reason: str
    size: int

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name


def tidied(settings: Settings, now: datetime, *, dry: bool) -> tuple[Item, ...]:
    """Prune what the policy does not keep and nothing needs; the caller holds the project's lock.

    What is killed half-way is done again: each step is a rename or a removal of its own.

    Args:
        settings: The settings.
        now: The time.
        dry: Only tell.

    Raises:
        DqError: The folder cannot be read or written.
    """
    root = settings.snapshots
    with disk_errors(root, "snapshots"):
        items = (
            *_snapshots(settings, now),
            *_restores(settings, now),
            *_logs(settings, now),
            *_quarantine(root),
            *_scratch(settings),
            *_trashed(settings, now),
        )
        if not dry:
            _carry_out(settings, items, now)
    return items


def _carry_out(settings: Settings, items: tuple[Item, ...], now: datetime) -> None:
    root, stamp = settings.snapshots, now.astimezone(UTC).strftime(_STAMP)
    gone = {kind: [item.path for item in items if (item.kind, item.fate) == (kind, "trash")] for kind in _KINDS}
    for path in [item.path for item in items if item.kind == "trash"]:
        trash.remove(root, path.name)
    for path in gone["snapshot"]:
        trash.put(root, path, now)
    for path in gone["restore"]:
        trash.put(root, path, now, f"{RESTORES}-{path.name}-{stamp}")
    trash.put_files(root, gone["log"], now, f"{LOGS}-{stamp}")
    sweep(root)  # overwrites what must not stay in plain
    sweep(settings.backups.directory)
    for path in [item.path for item in items if item.kind in ("scratch", "quarantine") and item.fate == "remove"]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    counts = {kind: len(paths) for kind, paths in gone.items() if paths}
    if counts:
        event(settings, "pruned", {"counts": counts, "snapshots": [path.name for path in gone["snapshot"]]}, now)


_KINDS: tuple[Kind, ...] = ("snapshot", "restore", "log")


def _snapshots(settings: Settings, now: datetime) -> Iterator[Item]:
    held, wanted = pasts(settings.snapshots), settings.retention
    candidates = [
        Candidate(past.id, past.taken_at, past.tags, is_good=past.manifest is not None and past.problem is None)
        for past in held
    ]
    policy = Policy(wanted.retention_days, wanted.keep_last, wanted.keep_tags)
    yield from _items("snapshot", settings.snapshots, decide(candidates, policy, now, needed(settings, held)))


def _restores(settings: Settings, now: datetime) -> Iterator[Item]:
    """Folders of restores; each holds the cells that it wrote."""
    root = settings.snapshots / RESTORES
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    candidates, kept = [], {}
    for folder in folders:
        ended = folder / ENDED
        if not ended.exists():
            kept[folder.name] = "the restore is not finished: dq backup restore" if (folder / NOTES).exists() else _NEW
        touched = (ended if ended.exists() else folder).stat().st_mtime
        candidates.append(Candidate(folder.name, datetime.fromtimestamp(touched, UTC)))
    policy = Policy(settings.retention.retention_days, 0)
    yield from _items("restore", root, decide(candidates, policy, now, kept))


_NEW = "nothing of the restore is noted yet"


def _logs(settings: Settings, now: datetime) -> Iterator[Item]:
    root = settings.snapshots / LOGS
    candidates, kept = [], {}
    for path in sorted(root.glob("[0-9]*.jsonl")):
        with suppress(ValueError):  # a file that is no log of a command is somebody else's
            taken = datetime.strptime(path.name[:15], _STAMP).replace(tzinfo=UTC)
            candidates.append(Candidate(path.name, taken))
        if now - datetime.fromtimestamp(path.stat().st_mtime, UTC) < _QUIET:
            kept[path.name] = "written to within the hour"  # by this command, for one
    yield from _items("log", root, decide(candidates, Policy(settings.retention.logs_days, 0), now, kept))


def _items(kind: Kind, root: Path, decisions: list[Decision]) -> Iterator[Item]:
    for one in decisions:
        path = root / one.id
        yield Item(kind, path, "keep" if one.kept else "trash", one.reason, _size(path))


def _quarantine(root: Path) -> Iterator[Item]:
    """The list of leads that wait: it is state, and goes only when nobody is in it."""
    path = root / "base" / quarantine.FILE
    if path.exists():
        leads = quarantine.load(root)["entity_id"].n_unique()
        why = f"{leads:,} leads wait in it: dq quarantine list" if leads else "no lead waits in it"
        yield Item("quarantine", path, "keep" if leads else "remove", why, _size(path))


def _scratch(settings: Settings) -> Iterator[Item]:
    root = settings.snapshots
    folders = [*abandoned(root), *abandoned(settings.backups.directory), *root.glob("[0-9]*/.parked-*")]
    files = [path for pattern in _LEFT for path in root.glob(pattern) if path.is_file()]
    for path in sorted({*folders, *files}):
        yield Item("scratch", path, "remove", "a process that was killed left it", _size(path))


def _trashed(settings: Settings, now: datetime) -> Iterator[Item]:
    for name in trash.due(settings.snapshots, settings.retention.trash_days, now):
        path = settings.snapshots / trash.TRASH / name
        yield Item(
            "trash", path, "remove", f"has lain in the trash for {settings.retention.trash_days} days", _size(path)
        )


def _size(path: Path) -> int:
    return sum(one.stat().st_size for one in ([path] if path.is_file() else path.rglob("*")) if one.is_file())
