"""Lockout: after a fault that only a person can judge, no command touches the stores until one has looked."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from dq.apply.files import write_json
from dq.errors import LockedOutError

FILE = "locked.json"


@dataclass(frozen=True)
class Lockout:
    """Why nothing may be done.

    Attributes:
        why: What happened.
        run: The run's snapshot.
        at: When, in ISO format.
    """

    why: str
    run: str
    at: str


def lock_out(root: Path, why: str, run: str, now: datetime) -> None:
    """Lock the project.

    Args:
        root: The snapshots folder.
        why: What happened; no cell values.
        run: The run's snapshot.
        now: When.
    """
    write_json(asdict(Lockout(why, run, now.isoformat())), root / FILE)


def lockout(root: Path) -> Lockout | None:
    """Why the project is locked; None if it is not. A file that cannot be read locks as well."""
    path = root / FILE
    if not path.exists():
        return None
    try:
        return Lockout(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        return Lockout("the file that says why is damaged", "unknown", "unknown")


def demand_unlocked(root: Path) -> None:
    """Refuse to go on while the project is locked.

    Raises:
        LockedOutError: It is.
    """
    held = lockout(root)
    if held is not None:
        raise LockedOutError(
            f"Locked since {held.at}: {held.why}.",
            where=f"run {held.run}",
            why="Going on could make it worse; its journal, its undo and its backup tell what is where.",
            fix="compare the stores with the backup of that run, put right what is wrong, then: dq unlock",
        )


def unlock(root: Path) -> Lockout | None:
    """Take the lock away; what it was, or None if there was none."""
    held = lockout(root)
    (root / FILE).unlink(missing_ok=True)
    return held
