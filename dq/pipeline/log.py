"""The log of one command: JSON lines with times, counts and error categories. No cell value ever stands in it."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from dq.errors import DqError
from dq.stores.private import make_folder

FOLDER = "logs"


@dataclass
class Log:
    """An open log; made by `logged`."""

    file: TextIO
    clock: Callable[[], datetime]
    last: str = field(default="")
    exit_code: int = 0

    def event(self, kind: str, **facts: Any) -> None:
        """Write one line: when, what kind of event, and its counts."""
        self.file.write(json.dumps({"time": self.clock().isoformat(), "event": kind, **facts}, default=str) + "\n")
        self.file.flush()

    def step(self, name: str, done: int) -> None:
        """Note that a step began; its progress is not logged."""
        if name != self.last:
            self.last = name
            self.event("step", step=name, done=done)


@contextmanager
def logged(root: Path, command: str, clock: Callable[[], datetime]) -> Iterator[Log]:
    """A log in `root/logs`, with how the command ended as its last line."""
    folder = make_folder(root / FOLDER)
    path = folder / f"{clock().strftime('%Y%m%dT%H%M%S.%fZ')}-{command}.jsonl"
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
        log = Log(file, clock)
        log.event("began", command=command, version=version("dq"), process=os.getpid())
        try:
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
