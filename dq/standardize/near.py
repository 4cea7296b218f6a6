"""Typing mistakes: the one known word that a misspelled one can only mean."""

import re
from collections.abc import Mapping

from rapidfuzz.distance import OSA

_SHORTEST = 5


def nearest(word: str, known: Mapping[str, str], most: int) -> str | None:
    """What the nearest known word means; None when none is near enough or two that mean different things are as near.

    A word may differ in letters only, and not in its first one: `uncontacted` is no misspelled `contacted`, and
    `stage_2` no `stage_3`.

    Args:
        word: The misspelled word.
        known: Known word → what it means.
        most: Letters that may be wrong, missing, too many or exchanged with the next.
    """
    if len(word) < _SHORTEST:
        return None
    near: dict[int, set[str]] = {}
    for other, meaning in known.items():
        distance = OSA.distance(word, other, score_cutoff=most)
        if distance <= most and len(other) >= _SHORTEST:
            near.setdefault(distance, set()).add(meaning if _is_alike(word, other) else "")
    meanings = near[min(near)] if near else set()
    return next(iter(meanings)) or None if len(meanings) == 1 else None


def _is_alike(word: str, other: str) -> bool:
    return word[0] == other[0] and re.sub(r"\D", "", word) == re.sub(r"\D", "", other)
