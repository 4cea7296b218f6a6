"""Progress on stderr: one line that moves on a terminal, else a line every 30 seconds. Silent when nothing takes long."""

import sys
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

EVERY_SECONDS = 30.0
REDRAW_SECONDS = 0.1
PATIENCE_SECONDS = 0.5


@dataclass
class Progress:
    """Tells how far a long step is. Used as a context; call it with (step, done, total), total 0 = unknown."""

    began: float = field(default_factory=time.monotonic)
    _shown: float = 0.0
    _drawn: bool = False

    def __call__(self, step: str, done: int, total: int) -> None:
        """Say how far a step is."""
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if now - self.began < PATIENCE_SECONDS or now - self._shown < (REDRAW_SECONDS if terminal else EVERY_SECONDS):
            return
        self._shown = now
        far = f" {done:,} of {total:,}" if total else f" {done:,}" if done else ""
        if terminal:
            self._drawn = True
            print(f"\r\033[K{step}{far}", end="", file=sys.stderr, flush=True)
        else:
            print(f"{step}{far} ({now - self.began:.0f} s)", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the moving line."""
        if self._drawn:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
