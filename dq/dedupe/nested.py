"""Nested keys: those that find nothing which another key does not find as well need not be looked for.

A value that many rows have is left out, so a wider key finds less of it than a narrower one; but a key with a part of which
no value is common has no such blocks.
"""

from collections.abc import Sequence

import numpy as np

from dq.dedupe.blocks import Key, Parts, is_common
from dq.dedupe.features import Codes, first_rows


def nested(held: Parts, groups: Sequence[str], keys: Sequence[Key]) -> dict[Key, Key]:
    """Keys, and the key that finds all that each of them finds; it is in no other one itself.

    Args:
        held: What keys are made of.
        groups: By part: of what it is a part. Only parts of one thing can tell each other.
        keys: Keys, each once.
    """
    used = sorted({part for key in keys for part in key})
    tells = {
        (one, other)
        for one in used
        for other in used
        if one == other or (groups[one] == groups[other] and _tells(held.codes[one], held.codes[other]))
    }
    never_common = {part for part in used if not is_common(held, part)}
    inside: dict[Key, Key] = {}
    for key in keys:
        wider = (
            other
            for other in keys
            if other != key
            and other not in inside
            and not never_common.isdisjoint(other)
            and all(any((one, part) in tells for one in key) for part in other)
        )
        found = next(wider, None)
        if found is not None:
            inside = {one: found if other == key else other for one, other in inside.items()} | {key: found}
    return inside


def _tells(one: Codes, other: Codes) -> bool:
    """Whether all rows of a value of one part have a value of the other, the same one."""
    known = one >= 0
    told, first = other[known], first_rows(one, int(one.max(initial=-1)) + 1)
    return bool((told >= 0).all() and np.array_equal(other[first][one[known]], told))
