"""How Airtable is to be read for the next snapshot: what the settings say, and what dq itself did since the last one."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from dq.apply.journal import JOURNAL, journal
from dq.apply.undo import undos
from dq.settings import Settings
from dq.snapshot import Schedule, last

ASKED = "a full one was asked for"
RESTORED = "restored.json"
"""In the folder of the snapshot that was the latest when a backup was restored."""


def schedule_of(settings: Settings, *, full: bool) -> Schedule | None:
    """When tables are read in full, and how otherwise; None where all are, always.

    Args:
        settings: The settings.
        full: Whether this snapshot is to be full in any case.
    """
    wanted = settings.airtable.incremental
    if wanted is None:
        return None
    forced: str | None = ASKED if full else None
    removed: Mapping[str, list[str]] = {}
    restored = last(settings.snapshots)
    if forced is None and restored is not None and (restored.folder / RESTORED).exists():
        forced = "a backup was restored since the last snapshot"
    if wanted.deletes == "none" and forced is None:
        forced, removed = _since_last(settings.snapshots)
    return Schedule(
        full_every=timedelta(hours=wanted.full_every_hours),
        look_back=timedelta(minutes=wanted.look_back_minutes),
        deletes="sweep"
        if settings.read_only and wanted.deletes == "webhook"
        else wanted.deletes,  # one is made and kept
        modified={rules.airtable: rules.modified_airtable for rules in settings.tables},
        forced=forced,
        removed=removed,
    )


def _since_last(root: Path) -> tuple[str | None, Mapping[str, list[str]]]:
    """What dq did to Airtable's records since the last snapshot, where nobody else would tell.

    The records that it deleted are gone. Where a write was not carried out, the record may be gone as well; an undo
    made some anew.

    Returns:
        Why the next snapshot must be full, if it must, and the deleted records by table.
    """
    earlier = last(root)
    path = None if earlier is None else earlier.folder / JOURNAL
    if path is None or not path.is_file():
        return None, {}
    if undos(path.parent):
        return "the last plan was undone", {}
    with journal(path) as done:
        failed, removed = done.failed("airtable"), done.removed("airtable")
    if failed:
        return f"{failed} writes of the last plan to Airtable were not carried out", {}
    return None, removed
