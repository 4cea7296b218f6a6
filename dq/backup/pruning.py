"""Pruning: backups that the policy does not keep go to the trash, and from there, some days later, for good."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dq.backup.catalog import survey
from dq.backup.checking import last_finding
from dq.backup.manifest import Backup
from dq.backup.retention import Candidate, Decision, Policy, decide
from dq.errors import ConfigurationError
from dq.stores import trash
from dq.stores.private import disk_errors


@dataclass(frozen=True)
class Pruned:
    """What pruning did, or would do.

    Attributes:
        decisions: What becomes of each backup, oldest first.
        removed: Ids of those that left the trash for good.
    """

    decisions: tuple[Decision, ...]
    removed: tuple[str, ...]


def decisions(root: Path, policy: Policy, now: datetime, protected: Mapping[str, str]) -> tuple[Decision, ...]:
    """What the policy says about each backup that can be read, oldest first; nothing is changed."""
    return tuple(decide([_candidate(backup) for backup in survey(root).backups], policy, now, protected))


def prune(
    root: Path, policy: Policy, trash_days: int, now: datetime, protected: Mapping[str, str], *, dry: bool = False
) -> Pruned:
    """Move what the policy does not keep to the trash, and remove what has lain there long enough.

    A backup whose manifest cannot be read is left to a person.

    Args:
        root: The backups folder.
        policy: What is kept.
        trash_days: Days that a backup lies in the trash.
        now: The time.
        protected: Backups that are kept whatever the policy says, and why.
        dry: Only tell.

    Raises:
        ConfigurationError: The policy would leave no good backup; nothing was removed.
        DqError: The folder cannot be written.
    """
    if policy.is_empty:
        raise _refused("The policy keeps no backup at all.")
    made = decisions(root, policy, now, protected)
    good = {backup.id for backup in survey(root).backups if _candidate(backup).is_good}
    if made and not any(one.kept and one.id in good for one in made):
        raise _refused(f"The policy would leave no good backup of {len(made)}.")
    gone = trash.due(root, trash_days, now)
    if not dry:
        with disk_errors(root, "backups.directory"):
            for name in gone:
                trash.remove(root, name)
            for one in made:
                if not one.kept:
                    trash.put(root, root / one.id, now)
    return Pruned(made, tuple(gone))


def _candidate(backup: Backup) -> Candidate:
    found = last_finding(backup)
    return Candidate(backup.id, backup.taken_at, backup.tags, is_good=found is None or found.good)


def _refused(what: str) -> ConfigurationError:
    return ConfigurationError(
        what,
        where="backups",
        why="Nothing was removed: without a backup nothing can be brought back.",
        fix="raise backups.keep_last or backups.retention_days",
    )
