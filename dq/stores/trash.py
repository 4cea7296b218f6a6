"""A trash beside what is pruned: things go there by one rename, and from there, some days later, for good."""

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dq.stores.folders import MANIFEST
from dq.stores.private import make_folder, sync_folder, write_file

TRASH = ".trash"
_TRASHED = "trashed.json"


def put(root: Path, folder: Path, now: datetime, name: str | None = None) -> None:
    """Move a folder to the trash of `root`; a `mv` by hand brings it back.

    Args:
        root: Whose trash.
        folder: The folder.
        now: The time.
        name: Its name in the trash; None keeps its own.
    """
    write_file(folder / _TRASHED, json.dumps({"at": now.isoformat()}).encode())
    folder.rename(make_folder(root / TRASH) / (name or folder.name))
    sync_folder(root / TRASH)
    sync_folder(folder.parent)


def put_files(root: Path, paths: Sequence[Path], now: datetime, name: str) -> None:
    """Move files of one folder to the trash of `root`, together in a folder of this name."""
    if not paths:
        return
    folder = make_folder(root / TRASH / name)
    write_file(folder / _TRASHED, json.dumps({"at": now.isoformat()}).encode())
    for path in paths:
        path.rename(folder / path.name)
    sync_folder(folder)
    sync_folder(paths[0].parent)


def due(root: Path, days: int, now: datetime) -> list[str]:
    """Names of what has lain in the trash for so many days."""
    return [name for name, since in _trashed(root) if now - since >= timedelta(days=days)]


def remove(root: Path, name: str) -> None:
    """Remove something from the trash for good: its manifest first, so that what is half gone is nothing."""
    folder = root / TRASH / name
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder)


def _trashed(root: Path) -> list[tuple[str, datetime]]:
    """What lies in the trash, and since when; what does not say when has lain there since it was last touched."""
    folder = root / TRASH
    found = []
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        since = datetime.fromtimestamp(entry.stat().st_mtime, UTC)
        with suppress(OSError, ValueError, KeyError, TypeError):
            since = datetime.fromisoformat(json.loads((entry / _TRASHED).read_text(encoding="utf-8"))["at"])
        found.append((entry.name, since))
    return found
