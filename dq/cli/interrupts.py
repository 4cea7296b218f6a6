"""Signals: while apply writes, the first asks it to stop after the batch at hand; else, and the second, end at once.

Whatever they end, the journal has it all.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class InterruptedBySignal(BaseException):
    """A signal ended the command at once; no `except Exception` on the way up takes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@dataclass
class Interrupts:
    """Which signal came, if any, and whether anybody looks.

    Attributes:
        number: The first signal.
        is_watched: Whether a step is under way that looks between its batches.
    """

    number: int | None = None
    is_watched: bool = False

    def asked(self) -> bool:
        """Whether a signal asked to stop; who asks once is taken to ask again."""
        self.is_watched = True
        return self.number is not None

    @property
    def exit_code(self) -> int:
        """130 for an interrupt, 143 for a termination."""
        return 128 + (self.number or signal.SIGINT)


@contextmanager
def heard() -> Iterator[Interrupts]:
    """Hear SIGINT and SIGTERM while the block runs."""
    interrupts = Interrupts()

    def hear(number: int, frame: FrameType | None) -> None:
        del frame
        if interrupts.number is not None or not interrupts.is_watched:
            raise InterruptedBySignal(number)
        interrupts.number = number
        print("stopping after this batch; once more stops at once", file=sys.stderr)

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
