"""Blocking: which pairs of rows are worth comparing, chosen from the columns and their statistics.

Two rows are a candidate pair if they share a key: a value, part of a value, or two of them. Every such key is a possible
one; those are taken, one after the other, that bring the most likely matches for the fewest new pairs.

    features ─► atoms ─► keys ─► a sample of each key's pairs ─► the keys that are worth it ─► all their pairs
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dq.dedupe.features import Bools, Codes, Feature, Floats, Hashes, Ints, distinct, mapped, mixed
from dq.dedupe.linkage import expanded, runs
from dq.rules import Blocking

LARGEST = 50
"""Rows of a key's value that are all compared with each other; larger blocks say too little."""
_SAMPLED = 250
"""Pairs looked at of each key."""
_OFTEN = 0.5
"""What is left of a likely match's worth each time that another key finds it: keys fail, so it pays to have several."""
_PAIRS_A_ROW, _FEWEST_PAIRS, _MOST_PAIRS = 30, 2, 1_300_000
_DIFFERS = 1.5
"""Bits that a value which differs counts against a sampled pair."""
_EASY = 2
"""Bits by which a sampled pair may fall short of a match and count as one with a half."""
_WORTH = 1 / 500
"""Likely matches, found or found again, that a new pair must bring."""

Sizes = NDArray[np.uint8]
CHOSEN = Blocking()
"""All keys are the matcher's own choice."""


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """Part of what is known of rows that a key can be made of.

    Attributes:
        name: For people.
        group: Of what it is a part; a key has one of each group.
        feature: Its values.
        says: What it is evidence of, where it is all that its group says; atoms that say the same count once.
    """

    name: str
    group: str
    feature: Feature
    says: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A blocking key.

    Attributes:
        atoms: The names of its parts.
        pairs: How many pairs of rows share it, in blocks of at most `LARGEST`.
        recall: Estimated share of the likely matches that it and the keys taken before it find; None if nobody estimated it.
    """

    atoms: tuple[str, ...]
    pairs: int
    recall: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Pairs worth comparing.

    Attributes:
        left: Rows.
        right: Rows, left < right.
        keys: What they were found by.
        recall: Estimated share of the likely matches that some key finds.
    """

    left: Ints
    right: Ints
    keys: tuple[Key, ...]
    recall: float


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """A key's blocks over all rows.

    Attributes:
        atoms: Numbers of its parts.
        sizes: Row → rows of its block; 0 where it has no value, or shares it with more than `LARGEST`.
        pairs: Of all blocks that are not too large.
    """

    atoms: tuple[int, ...]
    sizes: Sizes
    pairs: int


def part(name: str, group: str, feature: Feature, values: pl.Expr) -> Atom:
    """An atom of parts of a feature's values.

    Args:
        name: For people.
        group: Of what it is a part.
        feature: The whole values.
        values: From the column `value` of its values to their parts.
    """
    return Atom(name, group, mapped(feature, values))


def candidates(
    atoms: Sequence[Atom],
    rows: int,
    more: Sequence[tuple[Ints, Hashes]] = (),
    asked: Blocking = CHOSEN,
    keys: Sequence[Sequence[str]] | None = None,
) -> Candidates:
    """The candidate pairs of a table.

    Args:
        atoms: What keys can be made of.
        rows: Rows of the table.
        more: Keys that have several values a row, such as rare words: rows and hashes.
        asked: Keys that are to be taken, or not, by the names of their atoms.
        keys: The names of the atoms of each key, where they were chosen before.
    """
    if keys is not None or asked.only:
        return _given(atoms, rows, more, keys if keys is not None else asked.only)
    most = max(_FEWEST_PAIRS * rows, min(_PAIRS_A_ROW * rows, _MOST_PAIRS))
    hashes = _hashes(atoms)
    possible = [
        key for key in _possible(atoms) if {atoms[number].name for number in key} not in map(set, asked.without)
    ]
    blocks = [found for key in possible if (found := _blocks(key, hashes, atoms, rows)).pairs]
    added = [_blocks(key, hashes, atoms, rows) for key in _named(asked.add, atoms)]
    packed, used, recall = _merged(np.empty(0, np.int64), more), 0, 0.0
    by_words = len(packed)
    chosen = [*((one, 0.0) for one in added), *_chosen(blocks, hashes, atoms, rows, most)]
    for key, recall in chosen:  # noqa: B007 (that of the last key taken is told)
        packed = _merged(packed, [(np.flatnonzero(key.sizes > 1), _hash(key.atoms, hashes))])
        used += 1
        if used >= len(added) and len(packed) - by_words >= most:
            break
    taken = tuple(_key(atoms, one, so_far) for one, so_far in chosen[:used])
    return Candidates(packed >> 32, packed & 0xFFFFFFFF, taken, recall if chosen else 1.0)


def _given(
    atoms: Sequence[Atom], rows: int, more: Sequence[tuple[Ints, Hashes]], keys: Sequence[Sequence[str]]
) -> Candidates:
    hashes = _hashes(atoms)
    blocks = [_blocks(key, hashes, atoms, rows) for key in _named(keys, atoms)]
    packed = _merged(np.empty(0, np.int64), more)
    for one in blocks:
        packed = _merged(packed, [(np.flatnonzero(one.sizes > 1), _hash(one.atoms, hashes))])
    return Candidates(packed >> 32, packed & 0xFFFFFFFF, tuple(_key(atoms, one) for one in blocks), 1.0)


def _named(keys: Sequence[Sequence[str]], atoms: Sequence[Atom]) -> list[tuple[int, ...]]:
    """Keys by the numbers of their atoms; those that have no such atoms are left out."""
    place = {atom.name: number for number, atom in enumerate(atoms)}
    return [tuple(place[name] for name in key) for key in keys if all(name in place for name in key)]


def _key(atoms: Sequence[Atom], blocks: _Blocks, recall: float | None = None) -> Key:
    return Key(tuple(atoms[number].name for number in blocks.atoms), blocks.pairs, recall)


def _hashes(atoms: Sequence[Atom]) -> list[Hashes]:
    return [mixed(atom.feature.codes.astype(np.int64) + 1 + (number << 40)) for number, atom in enumerate(atoms)]


def _merged(packed: Ints, more: Sequence[tuple[Ints, Hashes]]) -> Ints:
    for row, value in more:
        left, right = _pairs(row, value)
        packed = distinct(np.append(packed, left << 32 | right))
    return packed


def _possible(atoms: Sequence[Atom]) -> list[tuple[int, ...]]:
    numbers = range(len(atoms))
    pairs = itertools.combinations(numbers, 2)
    return [(one,) for one in numbers] + [pair for pair in pairs if atoms[pair[0]].group != atoms[pair[1]].group]


def _hash(key: Sequence[int], hashes: Sequence[Hashes]) -> Hashes:
    joined = hashes[key[0]]
    for number in key[1:]:
        joined = joined * np.uint64(31) + hashes[number]
    return mixed(joined)


def _known(key: Sequence[int], atoms: Sequence[Atom]) -> Bools:
    known: Bools = np.logical_and.reduce([atoms[number].feature.known for number in key])
    return known


def _blocks(key: tuple[int, ...], hashes: Sequence[Hashes], atoms: Sequence[Atom], rows: int) -> _Blocks:
    bits = int(min(22, max(12, np.ceil(np.log2(4 * rows + 1)))))
    known = _known(key, atoms)
    bucket = (_hash(key, hashes) >> np.uint64(64 - bits)).astype(np.int64)
    count = np.bincount(bucket[known], minlength=1 << bits)
    small = count[(count > 1) & (count <= LARGEST)]
    sizes = np.where(known & (count[bucket] <= LARGEST), count[bucket], 0).astype(np.uint8)
    return _Blocks(key, sizes, int((small * (small - 1) // 2).sum()))


def _chosen(
    blocks: Sequence[_Blocks], hashes: Sequence[Hashes], atoms: Sequence[Atom], rows: int, most: int
) -> list[tuple[_Blocks, float]]:
    """The keys in the order of their worth, each with the share of likely matches that it and those before it find."""
    if not blocks:
        return []
    left, right, rates = _sampled(blocks, hashes)
    equal = [atom.feature.same(left, right) for atom in atoms]
    covers = np.stack(
        [np.logical_and.reduce([equal[number] for number in key.atoms]) & (key.sizes[left] > 1) for key in blocks]
    )
    seen = np.maximum(1 - np.prod(1 - covers * rates[:, None], axis=0), 1e-9)
    likely = _likely(atoms, equal, left, right, rows) / seen
    likely = np.minimum(likely, np.quantile(likely, 0.999)) if len(likely) else likely
    chosen: list[int] = []
    recalls: list[float] = []
    worth, unmet, total = likely.copy(), np.ones(len(left)), 0.0
    cover, sizes = covers.astype(np.float64), np.array([key.pairs for key in blocks], np.float64)
    while len(chosen) < len(blocks):
        gains, fresh = cover @ worth, np.minimum(cover @ (unmet / seen), sizes)
        open_ = (fresh + total <= most) & (sizes <= 3 * most)
        open_[chosen] = False
        value = np.where(open_, gains / (fresh + 0.02 * rows + 0.1 * sizes), -1)
        best = int(value.argmax())
        if value[best] <= 0 or gains[best] < _WORTH * fresh[best]:
            break
        chosen.append(best)
        total += fresh[best]
        worth, unmet = worth * (1 - _OFTEN * cover[best]), unmet * (1 - cover[best])
        recalls.append(1 - float((likely * unmet).sum() / max(likely.sum(), 1e-9)))
    return [(blocks[number], recall) for number, recall in zip(chosen, recalls, strict=True)]


def _sampled(blocks: Sequence[_Blocks], hashes: Sequence[Hashes]) -> tuple[Ints, Ints, Floats]:
    """Some pairs of every key, each once, and the share of its blocks that were drawn."""
    packed: list[Ints] = []
    rates = np.zeros(len(blocks))
    for number, key in enumerate(blocks):
        rates[number] = rate = min(1.0, _SAMPLED / key.pairs)
        value = _hash(key.atoms, hashes)
        drawn = np.flatnonzero((key.sizes > 1) & (mixed(value + np.uint64(number)) < np.uint64(rate * (2**64 - 2**12))))
        left, right = _pairs(drawn, value)
        packed.append(left << 32 | right)
    pairs = distinct(np.concatenate(packed))
    return pairs >> 32, pairs & 0xFFFFFFFF, rates


def _pairs(rows: Ints, hashes: Hashes) -> tuple[Ints, Ints]:
    """All pairs of rows of equal hash; `hashes` is by row, or as long as `rows`."""
    values = hashes if len(hashes) == len(rows) else hashes[rows]
    order = np.argsort(values, kind="stable")
    starts, sizes = runs(values[order])
    left, right = expanded(rows[order], starts, sizes, 2, LARGEST)
    different = left != right
    return left[different], right[different]


def _likely(atoms: Sequence[Atom], equal: Sequence[Bools], left: Ints, right: Ints, rows: int) -> Floats:
    """How likely sampled pairs are matches, by what they share and how rare that is."""
    said: dict[str, Floats] = {}
    for atom, same in zip(atoms, equal, strict=True):
        if atom.says is not None:
            codes: Codes = atom.feature.codes
            both = atom.feature.known[left] & atom.feature.known[right]
            bits = np.where(same, -atom.feature.bits(codes[left], codes[right]), np.where(both, -_DIFFERS, -np.inf))
            said[atom.says] = np.maximum(said.get(atom.says, bits), bits)
    total = np.sum([np.where(np.isinf(bits), 0.0, bits) for bits in said.values()] or [np.zeros(len(left))], axis=0)
    likely: Floats = 1 / (1 + np.exp2(np.clip(np.log2(max(rows, 2)) - _EASY - total, -40, 40)))
    return likely
