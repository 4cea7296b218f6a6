"""Signals: the first asks apply to stop after the batch at hand, the second ends it at once; the journal has it all."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Interrupts:
    """Which signal came, if any."""

    number: int | None = None

    def asked(self) -> bool:
        """Whether a signal asked to stop."""
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
        if interrupts.asked():
            raise KeyboardInterrupt
        interrupts.number = number
        print("stopping after this batch; once more stops at once", file=sys.stderr)

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
