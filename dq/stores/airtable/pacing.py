"""The pace of one base's calls: first come, first served among threads, one bucket among processes."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dq.stores.airtable import bucket as buckets
from dq.stores.airtable.bucket import LIMIT, WINDOW, Bucket, Sent
from dq.stores.airtable.state import change

POLL = 0.02
"""Seconds between two looks at the bucket while an answer is late."""
Step = Callable[[Bucket], Bucket]


class Pace:
    """Keeps calls so far apart that Airtable's limit is never met; all that share a file keep it together.

    Args:
        rate: Calls a second; 0 sets no pace, and shares nothing.
        path: The bucket's file; None keeps the bucket in this process.
        clock: Seconds of the clock that the processes share.
        sleep: Waits for seconds.
    """

    def __init__(
        self, rate: float, path: Path | None, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self.rate = rate
        self._path = path if rate > 0 else None
        self._gap = 1 / rate if rate > 0 else 0.0
        self._guarded = 0 < rate <= LIMIT / WINDOW
        self._clock, self._sleep = clock, sleep
        self._own = Bucket()
        self._lock = threading.Lock()
        self._line: deque[threading.Event] = deque()

    def take(self, verb: str) -> Sent:
        """Wait for the next free moment; the call is then to be sent at once.

        Args:
            verb: The call's kind; answers of one kind take about the same time.
        """
        with self._turn():
            while True:
                wait, call = self._try(verb)
                if call is not None:
                    return call
                self._sleep(wait)

    def ended(self, call: Sent, *, well: bool) -> None:
        """Note that a call has ended: well, or by a failure."""
        self._change(lambda held: buckets.answered(held, call, self._clock(), well=well))

    def rest(self, call: Sent, seconds: float) -> None:
        """Let all callers rest, for this call was one too many, and go on at half the pace."""
        self._change(lambda held: buckets.rested(held, call, seconds, self._clock()))

    def _try(self, verb: str) -> tuple[float, Sent | None]:
        """Seconds to wait, or the call that may go."""
        found: tuple[float, Sent | None] = (0.0, None)

        def step(held: Bucket) -> Bucket:
            nonlocal found
            now = self._clock()
            earliest = buckets.due(held, now, guarded=self._guarded)
            if earliest > now:
                wait = earliest - now
                found = (min(wait, POLL) if self._guarded and buckets.awaits(held, now) else wait, None)
                return held
            after = buckets.taken(held, self._gap, verb, now)
            found = (0.0, after.sent[-1])
            return after

        self._change(step)
        return found

    def _change(self, step: Step) -> None:
        with self._lock:
            if self._path is None:
                self._own = step(self._own)
                return
            change(self._path, lambda text: self._rewritten(text, step))

    def _rewritten(self, text: str, step: Step) -> tuple[str | None, None]:
        after = buckets.as_text(step(buckets.from_text(text, self._clock())))
        return (None if after == text else after), None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One thread at a time, in the order in which they came."""
        mine = threading.Event()
        with self._lock:
            self._line.append(mine)
            self._line[0].set()
        try:
            mine.wait()
            yield
        finally:
            with self._lock:
                self._line.remove(mine)
                if self._line:
                    self._line[0].set()
