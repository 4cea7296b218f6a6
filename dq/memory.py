"""Memory: allocators give freed pages back, so that a run's peak is what it needs and not what it had."""

import os
from contextlib import suppress

SETTING = "_RJEM_MALLOC_CONF"
"""Read by the allocator of Polars (jemalloc) when it is loaded."""


def give_back() -> None:
    """Ask the allocator of Polars to return freed pages at once; a setting that is there already stays."""
    os.environ.setdefault(SETTING, "dirty_decay_ms:0,muzzy_decay_ms:0")


def trim() -> None:
    """Return what Python and Arrow have freed to the system, where its C library can (glibc)."""
    import ctypes  # noqa: PLC0415 -- only what reads stores pays for it

    import pyarrow as pa  # noqa: PLC0415

    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
