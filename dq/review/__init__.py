"""What people decide about rows, kept beside the base."""

from dq.review.decisions import (
    DIFFERENT,
    ENDS,
    PAIR,
    SAME,
    TYPES,
    UNSURE,
    decided,
    forgotten,
    load,
    ordered,
    pairs_decided,
    save,
)

__all__ = [
    "DIFFERENT", "ENDS", "PAIR", "SAME", "TYPES", "UNSURE", "decided", "forgotten", "load", "ordered", "pairs_decided", "save",
]  # fmt: skip
