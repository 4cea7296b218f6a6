"""Room for what is known of rows and pairs: memory, or files of a folder where there is more than fits.

A table of ten million rows has tens of millions of values and of candidate pairs, and each pair takes a number for every
comparison. The system keeps of such files in memory what it has room for, and what is at work touches.
"""

import mmap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Any, TypeVar
from weakref import WeakSet, WeakValueDictionary

import numpy as np
import polars as pl
from numpy.typing import DTypeLike, NDArray

from dq.memory import reserve

CORES = 2
"""Pieces of work that are done beside each other: one is the work of one core."""
SLICE = 125_000
"""Pairs that are worked on at a time."""
_SHARE = 64
_VIEW = 16
"""Bytes of a text in memory, with up to twelve of its letters."""

Held = TypeVar("Held")


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """Where arrays and texts are put.

    Attributes:
        folder: For those that are too large; None keeps all in memory.
        megabytes: To stay within, about: what takes more than a sixty-fourth part of it goes into the folder.
        maps: The files, as far as they are still looked at; they have no names, and go with those who look at them.
        held: What is in them, by its identity.
        guard: Of the files, while columns are worked on beside each other.
    """

    folder: Path | None = None
    megabytes: int = 512
    maps: WeakSet[mmap.mmap] = field(default_factory=WeakSet)
    held: WeakValueDictionary[int, Any] = field(default_factory=WeakValueDictionary)
    guard: Lock = field(default_factory=Lock)

    def empty(self, size: int, kind: DTypeLike) -> NDArray[Any]:
        """An array to be filled."""
        type_ = np.dtype(kind)
        if self._fits(size * type_.itemsize):
            return np.empty(size, type_)
        with TemporaryFile(dir=self.folder) as file:
            reserve(file, size * type_.itemsize)
            return self._noted(np.frombuffer(self._mapped(file), type_))

    def kept(self, held: Held) -> Held:
        """An array, texts, or whatever is made of them, with what is large in the folder."""
        kept: Held = held if self.held.get(id(held)) is held else self._kept(held)
        return kept

    def rest(self) -> None:
        """Let go of what is in files: the system has it still, and memory for others if they need it."""
        with self.guard:
            for map_ in self.maps:
                map_.madvise(mmap.MADV_DONTNEED)

    def beside(self, size: int, most: int) -> int:
        """How many things of so many bytes, at most, are worked on beside each other."""
        return most if self.folder is None else min(most, max(1, self.megabytes * 1_000_000 // max(1, size)))

    def _kept(self, held: Any) -> Any:
        if isinstance(held, np.ndarray):
            return held if self._fits(held.nbytes) else self._array(held)
        if isinstance(held, pl.Series):
            return held if self._fits(_VIEW * len(held)) else self._texts(held)
        if isinstance(held, tuple):
            return type(held)(map(self.kept, held))
        if hasattr(held, "indptr"):  # a sparse matrix
            held.data, held.indices, held.indptr = map(self.kept, (held.data, held.indices, held.indptr))
        elif is_dataclass(held) and not isinstance(held, type):
            parts = {one.name: getattr(held, one.name) for one in fields(held)}
            changed = {name: kept for name, part in parts.items() if (kept := self.kept(part)) is not part}
            return replace(held, **changed) if changed else held
        return held

    def _fits(self, size: int) -> bool:
        return self.folder is None or size <= self.megabytes * 1_000_000 // _SHARE

    def _array(self, array: NDArray[Any]) -> NDArray[Any]:
        with TemporaryFile(dir=self.folder) as file:
            file.write(np.ascontiguousarray(array).data)
            file.flush()
            return self._noted(np.frombuffer(self._mapped(file), array.dtype))

    def _texts(self, texts: pl.Series) -> pl.Series:
        import pyarrow as pa  # noqa: PLC0415 -- loads for a tenth of a second

        with TemporaryFile(dir=self.folder) as file:
            frame, way = texts.alias("").to_frame(), pl.CompatLevel.newest()
            frame.write_ipc(file, compat_level=way, record_batch_size=len(texts))  # of many parts it is slow to read
            file.flush()
            table = pa.ipc.open_file(pa.py_buffer(self._mapped(file))).read_all()
        return self._noted(pl.Series(texts.name, table.column(0)))

    def _noted(self, held: Held) -> Held:
        self.held[id(held)] = held
        return held

    def _mapped(self, file: IO[bytes]) -> mmap.mmap:
        self.rest()
        held = mmap.mmap(file.fileno(), 0)
        with self.guard:
            self.maps.add(held)
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
    parts = [slice(start, start + at_once) for start in range(0, size, at_once)]
    if len(parts) == 1:  # a small table is done sooner than a thread is made
        work(parts[0])
        return
    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(work, parts))
