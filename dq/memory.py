"""Memory: what a run takes is watched, and allocators give freed pages back, so that its peak is what it needs."""

import gc
import os
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

SETTING = "_RJEM_MALLOC_CONF"
"""Read by the allocator of Polars (jemalloc) when it is loaded."""
SOON = "background_thread:true,dirty_decay_ms:50,muzzy_decay_ms:0"
"""Giving them back within the moment would cost a third of a plan's CPU time: they are asked for again at once."""
_ARENA_MAX = -8
"""`M_ARENA_MAX` of mallopt(3)."""
_NEW_OBJECTS, _YOUNGER = 200_000, 20
"""Objects between two looks at the new ones, and how many looks there are between those at older ones."""
_EVERY_SECONDS = 0.2
_MB = 1_000_000


def give_back() -> None:
    """Ask the allocators to return freed pages soon: that of Polars, unless it has a setting, and the system's (glibc).

    The latter keeps what threads have freed in an arena for each; a fifth of a large plan's peak was in those. With one
    arena nothing is slower: what works on large arrays seldom asks for memory.
    """
    import ctypes  # noqa: PLC0415 -- as in `trim`

    os.environ.setdefault(SETTING, SOON)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def collect_seldom() -> None:
    """Look for cycles of Python objects once in so many new ones: imports alone make hundreds of thousands that stay."""
    gc.set_threshold(_NEW_OBJECTS, _YOUNGER, _YOUNGER)


def trim() -> None:
    """Return what Python and Arrow have freed to the system, where its C library can (glibc)."""
    import ctypes  # noqa: PLC0415 -- only what reads stores pays for it

    import pyarrow as pa  # noqa: PLC0415

    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def reserve(file: IO[bytes], size: int) -> None:
    """Make a file so large, to be mapped: a full disk shows here, where it can be told, and not at some page of the map.

    Raises:
        OSError: The disk is full.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        file.truncate(size)


def resident() -> int:
    """Bytes of this process that are in memory now; where the system does not tell (not Linux), the most so far."""
    with suppress(OSError), Path("/proc/self/statm").open(encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def own() -> int:
    """Bytes of this process that are in memory now and in no file: the system can take those of files when it needs them.

    Where the system does not tell (not Linux), as `resident`.
    """
    with suppress(OSError), Path("/proc/self/statm").open(encoding="ascii") as file:
        _, every, of_files = file.read().split()[:3]
        return (int(every) - int(of_files)) * resource.getpagesize()
    return resident()


@dataclass
class Usage:
    """How much memory each step has taken; `watching` keeps it up to date.

    Attributes:
        limit: MB to stay within.
        tell: Told once when the limit is near, and once when it is passed.
        taken: How many bytes are taken now.
        setting: What the limit is called.
        advice: What to do about it, with a place for a limit that would do.
        near: The share of the limit from which on a warning is due.
        step: The step at work.
        peaks: Step → the most MB that were seen in it.
        warnings: What was told.
    """

    limit: int
    tell: Callable[[str], None]
    taken: Callable[[], int] = resident
    setting: str = "limits.max_memory_usage_mb"
    advice: str = (
        "If the machine has more, set it to {:,} or above; if not, map fewer columns, or do one part at a time (--only)"
    )
    near: float = 0.8
    step: str = "start"
    peaks: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def begin(self, step: str) -> None:
        """Another step begins."""
        if step != self.step:
            self.sample()
            self.step = step
            self.sample()

    def sample(self) -> None:
        """Look how much is taken."""
        now = self.taken() // _MB
        before, self.peaks[self.step] = self.peak, max(now, self.peaks.get(self.step, 0))
        if before <= self.limit < now:
            self._warn(
                f"memory: {now:,} MB in step `{self.step}`, more than {self.setting} ({self.limit:,}) allows; "
                f"the work goes on. {self.advice.format(_rounded(now))}"
            )
        elif before < self.near * self.limit <= now:
            self._warn(f"memory: {now:,} of {self.limit:,} MB ({self.setting}) are taken in step `{self.step}`")

    @property
    def peak(self) -> int:
        """The most MB that were seen."""
        return max(self.peaks.values(), default=0)

    def facts(self) -> dict[str, object]:
        """The limit, the peak, and the steps' own peaks, in MB."""
        return {"limit_mb": self.limit, "peak_mb": self.peak, "steps": dict(self.peaks)}

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        self.tell(text)


def _rounded(mb: int) -> int:
    """A limit that this much fits in with room to spare."""
    return -(-mb * 5 // 4 // 64) * 64


@contextmanager
def watching(usage: Usage, every: float = _EVERY_SECONDS) -> Iterator[Usage]:
    """Watch this process's memory while the block runs.

    Args:
        usage: What to stay within; it tells from another thread.
        every: Seconds between two looks.
    """
    over = threading.Event()
    usage.sample()

    def look() -> None:
        while not over.wait(every):
            usage.sample()

    thread = threading.Thread(target=look, name="memory", daemon=True)
    thread.start()
    try:
        yield usage
    finally:
        over.set()
        thread.join()
        usage.sample()
