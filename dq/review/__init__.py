"""Review: what people decided about rows, which no rule overrules."""

from dq.review.decisions import TYPES, decided_apart, forgotten, load, parted, save

__all__ = ["TYPES", "decided_apart", "forgotten", "load", "parted", "save"]
