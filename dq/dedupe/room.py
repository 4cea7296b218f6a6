"""Room for what is known of pairs: memory, or files of a folder where there are more pairs than fit.

A table of ten million rows has tens of millions of candidate pairs, and each takes a number for every comparison. The
system keeps of such files in memory what it has room for.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

SLICE, _CORES = 125_000, 2
"""Pairs that are worked on at a time, and how many such slices beside each other."""
_SHARE = 32


@dataclass(frozen=True, slots=True)
class Room:
    """Where arrays are put.

    Attributes:
        folder: For those that are too large; None keeps all in memory.
        megabytes: To stay within, about: an array of more than a thirty-second part of it goes into the folder.
    """

    folder: Path | None = None
    megabytes: int = 512

    def empty(self, size: int, kind: DTypeLike) -> NDArray[Any]:
        """An array to be filled."""
        type_ = np.dtype(kind)
        if self.folder is None or size * type_.itemsize <= self.megabytes * 1_000_000 // _SHARE:
            return np.empty(size, type_)
        number = sum(1 for _ in self.folder.iterdir())
        return np.memmap(self.folder / f"{number}.array", dtype=type_, mode="w+", shape=(size,))

    def kept(self, array: NDArray[Any]) -> NDArray[Any]:
        """The array, in the folder if it is large."""
        held = self.empty(len(array), array.dtype)
        if not isinstance(held, np.memmap):
            return array
        held[:] = array
        return held


MEMORY = Room()
"""Everything in memory."""


def in_slices(work: Callable[[slice], None], size: int, at_once: int = SLICE) -> None:
    """Do work on so many pairs at a time: what it needs beside its answer is many times as much.

    Args:
        work: From places of pairs; where the answer goes is its own affair.
        size: How many pairs there are.
        at_once: How many are worked on at a time.
    """
    with ThreadPoolExecutor(_CORES) as pool:
        list(pool.map(work, (slice(start, start + at_once) for start in range(0, size, at_once))))
