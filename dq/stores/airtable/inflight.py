"""Calls in flight: a few threads that take jobs in the order given, and one place where their results are met."""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Generic, TypeVar

Tag = TypeVar("Tag")
Job = Callable[[], Any]


class InFlight(Generic[Tag]):
    """Runs jobs on threads of its own; after the first failure no further job is begun.

    Threads are made when jobs need them. They do not keep the program from ending.

    Args:
        lanes: How many jobs may run at once, asked anew for each job.
    """

    def __init__(self, lanes: Callable[[], int]) -> None:
        self._lanes = lanes
        self._waiting: deque[tuple[Tag, Job]] = deque()
        self._met: SimpleQueue[tuple[Tag, Any, BaseException | None]] = SimpleQueue()
        self._changed = threading.Condition()
        self._threads = self._running = 0
        self._is_closed = False
        self._failure: BaseException | None = None

    def __enter__(self) -> "InFlight[Tag]":
        """Itself; its threads end with the block."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """Jobs that were not begun yet."""
        return len(self._waiting)

    @property
    def failure(self) -> BaseException | None:
        """What the first job that failed raised."""
        return self._failure

    def add(self, tag: Tag, job: Job, *, first: bool = False) -> None:
        """Hand over a job.

        Args:
            tag: What its result is known by.
            job: What to do.
            first: Whether it goes before those that wait.
        """
        with self._changed:
            if self._failure is not None:
                return
            (self._waiting.appendleft if first else self._waiting.append)((tag, job))
            if self._threads < self._lanes():
                self._threads += 1
                threading.Thread(target=self._work, name="dq-airtable", daemon=True).start()
            self._changed.notify()

    def meet(self) -> tuple[Tag, Any] | None:
        """The next result, as soon as there is one; None once no job is left or running.

        A job that failed has no result; see `failure`.
        """
        while True:
            with self._changed:
                if self._met.empty() and not self._running and not self._waiting:
                    return None
            tag, result, error = self._met.get()
            if error is None:
                return tag, result

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if not self._waiting:
                    return
                tag, job = self._waiting.popleft()
                self._running += 1
            result, error = None, None
            try:
                result = job()
            except BaseException as raised:  # noqa: BLE001 -- it is raised where the results are met
                error = raised
            with self._changed:
                if error is not None and self._failure is None:
                    self._failure = error
                    self._waiting.clear()
                self._met.put((tag, result, error))
                self._running -= 1
