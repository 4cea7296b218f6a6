"""Blocks: the rows that share a key, of the whole table for a key that is taken, of a sample to judge all that could be.

Large tables have more possible keys than can be looked at in full. A key's blocks are judged by those of its values that
a hash picks, so that each block is seen whole or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dq.dedupe.features import NONE, Bools, Codes, Hashes, Ints, mixed, unpacked
from dq.dedupe.linkage import expanded, runs

LARGEST = 50
"""Rows of a key's value that are all compared with each other; larger blocks say too little."""
_LOOKED_AT = 65_536
"""Rows of the sample that keys are judged by."""
_MANY = 20_000
"""Values of a part that are enough for a sample of them to stand for all."""
_FEWEST = 8
"""Blocks of a key, about, whose pairs are looked at however many they are."""
_AT_ONCE = 1 << 16
_MEASURED = 1 << 17
"""Rows of a table that are enough to see how large its blocks are."""
_ALONE, _FEW, _COMMON = 0, 1, 2

Key = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What keys are made of.

    Attributes:
        codes: By part: row → code of its value.
        shared: By part: row → whether its value is another row's (`_FEW`), or that of more than `LARGEST` (`_COMMON`).
        values: By part: how many it has.
        share: Of the values that keys are judged by.
        picked: By part: the rows of the values that are picked; None of a part of few values.
    """

    codes: tuple[Codes, ...]
    shared: tuple[NDArray[np.uint8], ...]
    values: tuple[int, ...]
    share: float
    picked: tuple[Ints | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a sample says of a key.

    Attributes:
        pairs: Estimated pairs of all its blocks that are not too large.
        rate: Share of the blocks in the sample whose pairs are given.
        sample: Keys of one number have their sample in common: if one has not seen a pair, nor have the others.
        left: Rows of these pairs.
        right: The other rows.
    """

    pairs: float
    rate: float
    sample: int
    left: Ints
    right: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The pairs of a key.

    Attributes:
        packed: Each as one number: left << 32 | right.
        left_out: How many of its values more than `LARGEST` rows have: they bring none.
    """

    packed: Ints
    left_out: int = 0


def parts(codes: Sequence[Codes], looked_at: int = _LOOKED_AT) -> Parts:
    """What keys are made of.

    Args:
        codes: By part: row → code of its value.
        looked_at: About as many rows are looked at to judge a key.
    """
    rows = len(codes[0]) if codes else 0
    share = min(1.0, looked_at / max(1, rows))
    shared: list[NDArray[np.uint8]] = []
    values: list[int] = []
    picked: list[Ints | None] = []
    for part in codes:
        counts = np.bincount(part + 1, minlength=1)  # the first is that of missing values
        counts[0] = 0
        kind = (counts > 1).astype(np.uint8) + (counts > LARGEST)
        shared.append(kind[part + 1])
        values.append(len(counts) - 1)
        if share < 1 and len(counts) > _MANY:
            is_picked = (_scattered([np.arange(NONE, len(counts) - 1)], len(shared)) < _limit(share)) & (kind > _ALONE)
            picked.append(np.flatnonzero(is_picked[part + 1]))
        else:
            picked.append(None)
    return Parts(tuple(codes), tuple(shared), tuple(values), share, tuple(picked))


def is_common(held: Parts, part: int) -> bool:
    """Whether a part has a value of more than `LARGEST` rows."""
    return bool((held.shared[part] == _COMMON).any())


def seen(held: Parts, key: Key, most: int) -> Seen:
    """What a sample says of a key, with about so many of its pairs."""
    rows, hashes = _sample(held, key)
    grouped, starts, sizes = _grouped(rows, hashes)
    small = (sizes > 1) & (sizes <= LARGEST)
    starts, sizes = starts[small], sizes[small]
    pairs = sizes * (sizes - 1) // 2
    rate = min(1.0, max(most / max(1, int(pairs.sum())), _FEWEST / max(1, len(pairs))))
    drawn = _scattered([grouped[starts]], _seed(key) + 1) < _limit(rate)
    left, right = expanded(grouped, starts[drawn], sizes[drawn], 2, LARGEST)
    return Seen(float(pairs.sum()) / held.share, rate, _base(held, key), left, right)


def small_enough(held: Parts, key: Key, rows: Ints) -> Bools:
    """Which rows, all with a value, are in blocks of the key that are not too large."""
    is_common: Bools = np.logical_and.reduce([held.shared[part][rows] == _COMMON for part in key])
    if not is_common.any():
        return np.ones(len(rows), np.bool_)
    step = max(1, len(held.shared[0]) // _MEASURED)
    some = np.flatnonzero(np.logical_and.reduce([held.shared[part][::step] == _COMMON for part in key])) * step
    every = np.sort(_hash(held, key, some))
    starts, sizes = runs(every)
    large = every[starts[step * sizes > LARGEST]]
    small: Bools = ~is_common
    small[is_common] = ~np.isin(_hash(held, key, rows[is_common]), large)
    return small


def pairs(held: Parts, key: Key) -> Pairs:
    """All pairs of the key's blocks that are not too large."""
    rows = _rows(held, key, _FEW)
    grouped = _grouped(rows, _hash(held, key, rows))
    return Pairs(_packed(*expanded(*grouped, 2, LARGEST)), int((grouped[2] > LARGEST).sum()))


def among(held: Parts, key: Key, packed: Ints) -> Ints:
    """Those of some pairs that share a key, whatever the size of its blocks."""
    left, right = unpacked(packed)
    shared = [(held.codes[part][left], held.codes[part][right]) for part in key]
    return packed[np.logical_and.reduce([(one == other) & (one >= 0) for one, other in shared])]


def pairs_of(rows: Ints, hashes: Hashes) -> Ints:
    """All pairs of rows of equal hash in blocks that are not too large, each as one number; each row has one hash."""
    return _packed(*expanded(*_grouped(rows, hashes), 2, LARGEST))


def _packed(left: Ints, right: Ints) -> Ints:
    left <<= 32
    left |= right
    return left


def small(rows: Ints, hashes: Hashes) -> Ints:
    """The rows of blocks that are not too large; each row has one hash."""
    _, block, sizes = np.unique(hashes, return_inverse=True, return_counts=True)
    return rows[sizes[block] <= LARGEST]


def _rows(held: Parts, key: Key, least: int) -> Ints:
    return np.flatnonzero(np.logical_and.reduce([held.shared[part] >= least for part in key]))


def _sample(held: Parts, key: Key) -> tuple[Ints, Hashes]:
    """Rows of some of the key's blocks, with their hashes."""
    base = _base(held, key)
    rows = held.picked[base] if base >= 0 else None
    if rows is not None:
        rows = rows[np.logical_and.reduce([held.shared[part][rows] > _ALONE for part in key])]
        return rows, _hash(held, key, rows)
    rows = _rows(held, key, _FEW)
    hashes = _hash(held, key, rows)
    if held.share < 1:
        picked = np.flatnonzero(hashes < _limit(held.share))
        rows, hashes = rows[picked], hashes[picked]
    return rows, hashes


def _base(held: Parts, key: Key) -> int:
    """The part by whose values the key is sampled; a negative number of its own for a key without."""
    base = max(key, key=lambda part: held.values[part])
    return base if held.picked[base] is not None else -1 - _seed(key)


def _hash(held: Parts, key: Key, rows: Ints) -> Hashes:
    hashes = np.empty(len(rows), np.uint64)
    for start in range(0, len(rows), _AT_ONCE):  # what fits into a core's cache
        at = slice(start, start + _AT_ONCE)
        hashes[at] = _scattered([held.codes[part][rows[at]] for part in key], _seed(key))
    return hashes


def _seed(key: Key) -> int:
    """Draws of one key must say nothing of another's."""
    return sum((part + 1) << (20 * place) for place, part in enumerate(key)) << 20


def _scattered(codes: Sequence[NDArray[np.signedinteger]], seed: int) -> Hashes:
    joined = codes[0].astype(np.uint64) + np.uint64(mixed(np.array([seed]))[0])
    for other in codes[1:]:
        joined *= np.uint64(0xD6E8FEB86659FD93)
        joined += other.astype(np.uint64) + np.uint64(1)
        joined ^= joined >> np.uint64(32)
    return mixed(joined)


def _limit(share: float) -> np.uint64:
    return np.uint64(share * (2**64 - 2**12))


def _grouped(rows: Ints, hashes: Hashes) -> tuple[Ints, Ints, Ints]:
    """The rows of equal hash together, in order, and where they begin and how many they are.

    A row's place stands in the low bits of its hash, so that one sort of plain numbers does.
    """
    low = np.uint64(max(1, len(rows)).bit_length())
    packed = (hashes >> low) << low | np.arange(len(rows), dtype=np.uint64)
    packed.sort()
    place = (packed & ((np.uint64(1) << low) - np.uint64(1))).astype(np.int64)
    packed >>= low
    return rows[place], *runs(packed)
