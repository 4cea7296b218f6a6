"""The ledger: how many calls this machine made to a base in each month, kept beside the bucket.

Airtable counts calls by workspace and tells nobody how many are left, so the ledger knows of dq's own calls only.
"""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from dq.stores.airtable.state import change

EVERY = 20
"""Calls that are gathered before they are written down; so many are lost at most when a process is killed."""
_MONTHS = 24


def utc_now() -> datetime:
    """The time by which months are told."""
    return datetime.now(UTC)


class Ledger:
    """Counts calls.

    Args:
        path: The file; None counts nothing.
        now: Tells the time.
    """

    def __init__(self, path: Path | None, now: Callable[[], datetime] = utc_now) -> None:
        self._path, self._now = path, now
        self._waiting: dict[str, int] = {}
        self._lock = threading.Lock()

    def note(self) -> None:
        """Count one call."""
        if self._path is None:
            return
        month = month_of(self._now())
        with self._lock:
            self._waiting[month] = self._waiting.get(month, 0) + 1
            is_due = sum(self._waiting.values()) >= EVERY
        if is_due:
            self.flush()

    def flush(self) -> None:
        """Write down what was counted."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if self._path is not None and waiting:
            change(self._path, lambda text: (_added(text, waiting), None))


def month_of(now: datetime) -> str:
    """A month as the ledger writes it, `2026-06`; Airtable's months are taken to be UTC's."""
    return now.astimezone(UTC).strftime("%Y-%m")


def spent(path: Path, now: datetime) -> int:
    """Calls that this machine made in the month of `now`."""
    if not path.exists():
        return 0
    return _counts(path.read_text(encoding="utf-8")).get(month_of(now), 0)


def _added(text: str, more: dict[str, int]) -> str:
    counts = _counts(text)
    for month, number in more.items():
        counts[month] = counts.get(month, 0) + number
    return json.dumps(dict(sorted(counts.items())[-_MONTHS:]))


def _counts(text: str) -> dict[str, int]:
    try:
        return {str(month): int(number) for month, number in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):  # absent, or not a ledger
        return {}
