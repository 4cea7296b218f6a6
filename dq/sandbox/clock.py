"""A clock that moves only when somebody sleeps, so that thirty seconds of penalty take no time."""

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 6, 1, tzinfo=UTC)


class VirtualClock:
    """One time for a server and its clients; any thread may read and move it.

    Args:
        start: The wall clock's time at the beginning, with its zone.
    """

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Let time pass at once.

        Args:
            seconds: How much; nothing happens below zero.
        """
        with self._lock:
            self._elapsed += max(seconds, 0.0)

    def utc(self) -> datetime:
        """The wall clock's time."""
        return self._start + timedelta(seconds=self.monotonic())
