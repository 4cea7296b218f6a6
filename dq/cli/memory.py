"""Memory: the allocator gives freed pages back at once, so that a run's peak is what it needs and not what it had."""

import os

SETTING = "_RJEM_MALLOC_CONF"
"""Read by the allocator of Polars (jemalloc) when it is loaded."""


def give_back() -> None:
    """Ask the allocator to return freed pages at once; a setting that is there already stays."""
    os.environ.setdefault(SETTING, "dirty_decay_ms:0,muzzy_decay_ms:0")
