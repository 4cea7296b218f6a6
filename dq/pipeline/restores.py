"""The folder of a restore: what it wrote, and how far it came, so that one which was interrupted goes on.

snapshots/restores/<backup id>/  restore.json  changes-<n>.parquet  journal-<n>.sqlite  ended
"""

import json
from pathlib import Path
from typing import Any

from dq.apply.files import write_json
from dq.stores.private import make_folder, write_file

RESTORES, NOTES, ENDED = "restores", "restore.json", "ended"


def folder_of(snapshots: Path, backup_id: str, *, dry: bool) -> Path:
    """The folder of a restore of this backup; that of one which ended is kept under another name.

    Args:
        snapshots: The snapshots folder.
        backup_id: Which backup.
        dry: Whether nothing is to be written: then it is a folder that does not exist, if the last one ended.
    """
    work = snapshots / RESTORES / backup_id
    if (work / ENDED).exists():
        earlier = [path.suffix[1:] for path in work.parent.glob(f"{work.name}.*")]  # some may have been pruned
        number = 1 + max((int(one) for one in earlier if one.isdigit()), default=0)
        kept = work.with_name(f"{work.name}.{number}")
        if dry:
            return kept
        work.rename(kept)
    return work


def noted(work: Path) -> dict[str, Any]:
    """What is noted about a restore; nothing before its first step."""
    path = work / NOTES
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def note(work: Path, **values: Any) -> dict[str, Any]:
    """Note something about a restore; returns all that is noted."""
    make_folder(work)
    all_noted = {**noted(work), **values}
    write_json(all_noted, work / NOTES)
    return all_noted


def end(work: Path, at: str) -> None:
    """Note that a restore is over."""
    write_file(make_folder(work) / ENDED, at.encode())


def unfinished(snapshots: Path) -> list[str]:
    """Ids of the backups whose restore was begun and not ended."""
    begun = sorted(path.parent for path in (snapshots / RESTORES).glob(f"*/{NOTES}"))
    return [work.name for work in begun if not (work / ENDED).exists()]
