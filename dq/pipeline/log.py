"""The log of one command: JSON lines with times, counts and error categories. No cell value ever stands in it.

A line that a full disk does not take is left out: the work that it tells of has a journal of its own.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dq.errors import DqError
from dq.stores.private import disk_errors, full_disk_errors, make_folder

FOLDER = "logs"


@dataclass
class Log:
    """An open log; made by `logged`.

    Attributes:
        file: The descriptor of its file.
        clock: What time it is.
        last: The step under way.
        exit_code: What the command ends with, if nothing is raised.
    """

    file: int
    clock: Callable[[], datetime]
    last: str = field(default="")
    exit_code: int = 0

    def event(self, kind: str, **facts: Any) -> None:
        """Write one line: when, what kind of event, and its counts."""
        line = json.dumps({"time": self.clock().isoformat(), "event": kind, **facts}, default=str) + "\n"
        with suppress(OSError):
            os.write(self.file, line.encode())

    def step(self, name: str, done: int) -> None:
        """Note that a step began; its progress is not logged."""
        if name != self.last:
            self.last = name
            self.event("step", step=name, done=done)


@contextmanager
def logged(root: Path, command: str, clock: Callable[[], datetime]) -> Iterator[Log]:
    """A log in `root/logs`, with how the command ended as its last line."""
    with _opened(root, command, clock) as log:
        log.event("began", command=command, version=version("dq"), process=os.getpid())
        try:
            with full_disk_errors():
                yield log
        except DqError as error:
            log.event("ended", exit_code=error.exit_code, category=error.category, error=type(error).__name__)
            raise
        except BaseException as error:
            code = getattr(error, "exit_code", 70)  # an interrupt has one
            category = "critical" if code == 70 else "recoverable"
            log.event("ended", exit_code=code, category=category, error=type(error).__name__)
            raise
        log.event("ended", exit_code=log.exit_code)


@contextmanager
def _opened(root: Path, command: str, clock: Callable[[], datetime]) -> Iterator[Log]:
    with disk_errors(root, "snapshots"):
        folder = make_folder(root / FOLDER)
        path = folder / f"{clock().strftime('%Y%m%dT%H%M%S.%fZ')}-{command}.jsonl"
        file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        yield Log(file, clock)
    finally:
        os.close(file)
