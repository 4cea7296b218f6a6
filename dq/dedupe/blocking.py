"""Blocking: which pairs of rows are worth comparing, chosen from the columns and their statistics.

Two rows are a candidate pair if they share a key: a value, part of a value, or two of them. Every such key is a possible
one; those are taken, one after the other, that bring the most likely matches for the fewest new pairs.

    features ─► atoms ─► keys ─► a sample of each key's pairs ─► the keys that are worth it ─► all their pairs
"""

import itertools
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dq.dedupe import blocks
from dq.dedupe.features import Bools, Codes, Feature, Floats, Hashes, Ints, distinct, mapped
from dq.rules import Blocking

_SAMPLED = 500
"""Pairs looked at of each key."""
_OFTEN = 0.5
"""What is left of a likely match's worth each time that another key finds it: keys fail, so it pays to have several."""
_PAIRS_A_ROW, _FEWEST_PAIRS, _MOST_PAIRS = 30, 1.3, 1_300_000
_ROOM = 1.3
"""Keys are estimated to bring at most so many times the pairs that are wanted: most bring fewer than that."""
_DIFFERS = 1.5
"""Bits that a value which differs counts against a sampled pair."""
_EASY = 2
"""Bits by which a sampled pair may fall short of a match and count as one with a half."""
_WORTH = 1 / 1000
"""Likely matches, found or found again, that a new pair must bring."""
_AT_ONCE = 2
"""Keys that are worked out beside each other."""

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
        pairs: How many pairs of rows share it, in blocks of at most `blocks.LARGEST`.
        recall: Estimated share of the likely matches that it and the keys taken before it find; None if nobody estimated it.
    """

    atoms: tuple[str, ...]
    pairs: int
    recall: float | None = None


@dataclass(frozen=True, slots=True)
class _Choice:
    """A key that is worth its pairs, after those that were chosen before it.

    Attributes:
        key: Its atoms.
        pairs: About how many it has.
        fresh: About how many of them are new.
        recall: Estimated share of the likely matches found by then.
    """

    key: blocks.Key
    pairs: float
    fresh: float
    recall: float | None = None


@dataclass(slots=True, eq=False)
class _Found:
    """Pairs of the keys so far; those that several found stand there several times until they are settled.

    Attributes:
        settled: Pairs, each once.
        waiting: Keys whose pairs are being worked out.
        taken: The other keys, and how many pairs each has.
    """

    settled: Ints
    waiting: list[tuple[_Choice, Future[Ints]]] = field(default_factory=list)
    taken: list[tuple[_Choice, int]] = field(default_factory=list)

    @property
    def pairs(self) -> float:
        """About how many there are."""
        return len(self.settled) + sum(choice.fresh for choice, _ in self.waiting)

    @property
    def held(self) -> float:
        """About how many wait."""
        return sum(choice.pairs for choice, _ in self.waiting)

    def settle(self) -> None:
        parts = [pairs.result() for _, pairs in self.waiting]
        self.taken += [(choice, len(part)) for (choice, _), part in zip(self.waiting, parts, strict=True)]
        self.settled = distinct(np.concatenate([self.settled, *parts])) if parts else self.settled
        self.waiting = []


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
        return _given(atoms, more, keys if keys is not None else asked.only)
    most = max(int(_FEWEST_PAIRS * rows), min(_PAIRS_A_ROW * rows, _MOST_PAIRS))
    possible = [
        key for key in _possible(atoms) if {atoms[number].name for number in key} not in map(set, asked.without)
    ]
    held = blocks.parts([atom.feature.codes for atom in atoms])
    added = _named(asked.add, atoms)
    words = _by_words(more)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        chosen = _chosen(possible, held, atoms, rows, most, pool)
        found = _Found(words, [(_Choice(key, 0, 0), pool.submit(blocks.pairs, held, key)) for key in added])
        found.settle()
        for choice in chosen:
            if found.pairs + choice.fresh - len(words) > most or found.held > most:
                found.settle()  # keys find many pairs twice: only now it pays to see how many there are
            if found.pairs + choice.fresh - len(words) <= most:
                found.waiting.append((choice, pool.submit(blocks.pairs, held, choice.key)))
        found.settle()
    taken = [_key(atoms, choice.key, pairs, choice.recall) for choice, pairs in found.taken]
    return _candidates(found.settled, taken)


def _given(atoms: Sequence[Atom], more: Sequence[tuple[Ints, Hashes]], keys: Sequence[Sequence[str]]) -> Candidates:
    held, named = blocks.parts([atom.feature.codes for atom in atoms]), _named(keys, atoms)
    found = [blocks.pairs(held, key) for key in named]
    taken = [_key(atoms, key, len(pairs)) for key, pairs in zip(named, found, strict=True)]
    return _candidates(distinct(np.concatenate([_by_words(more), *found])), taken)


def _candidates(packed: Ints, keys: Sequence[Key]) -> Candidates:
    told = [key.recall for key in keys if key.recall is not None]
    return Candidates(packed >> 32, packed & 0xFFFFFFFF, tuple(keys), told[-1] if told else 1.0)


def _by_words(more: Sequence[tuple[Ints, Hashes]]) -> Ints:
    found = [blocks.pairs_of(rows, hashes) for rows, hashes in more]
    packed: Ints = distinct(np.concatenate([np.empty(0, np.int64), *found]))
    apart: Ints = packed[packed >> 32 != packed & 0xFFFFFFFF]  # a row may have a word twice
    return apart


def _named(keys: Sequence[Sequence[str]], atoms: Sequence[Atom]) -> list[tuple[int, ...]]:
    """Keys by the numbers of their atoms; those that have no such atoms are left out."""
    place = {atom.name: number for number, atom in enumerate(atoms)}
    return [tuple(place[name] for name in key) for key in keys if all(name in place for name in key)]


def _key(atoms: Sequence[Atom], key: blocks.Key, pairs: int, recall: float | None = None) -> Key:
    return Key(tuple(atoms[number].name for number in key), pairs, recall)


def _possible(atoms: Sequence[Atom]) -> list[tuple[int, ...]]:
    numbers = range(len(atoms))
    pairs = itertools.combinations(numbers, 2)
    return [(one,) for one in numbers] + [pair for pair in pairs if atoms[pair[0]].group != atoms[pair[1]].group]


def _chosen(
    keys: Sequence[blocks.Key], held: blocks.Parts, atoms: Sequence[Atom], rows: int, most: int, pool: Executor
) -> list[_Choice]:
    """The keys that are worth it, in the order of their worth."""
    samples = pool.map(lambda key: blocks.seen(held, key, _SAMPLED), keys)
    looked_at = {key: found for key, found in zip(keys, samples, strict=True) if found.pairs}
    if not looked_at:
        return []
    pairs = distinct(np.concatenate([found.left << 32 | found.right for found in looked_at.values()]))
    left, right = pairs >> 32, pairs & 0xFFFFFFFF
    sizes = np.array([found.pairs for found in looked_at.values()])
    equal = [atom.feature.same(left, right) for atom in atoms]
    covers = np.stack(list(pool.map(lambda key: _covered(held, key, equal, left), looked_at)))
    seen = np.maximum(_seen(list(looked_at.values()), covers, held.share), 1e-9)
    likely = _likely(atoms, equal, left, right, rows) / seen
    likely = np.minimum(likely, np.quantile(likely, 0.999)) if len(likely) else likely
    cover, known = _sparse(covers), list(looked_at)
    chosen: dict[int, _Choice] = {}
    worth, unmet, total = likely.copy(), 1 / seen, 0.0
    while len(chosen) < len(sizes):
        gains, fresh = cover @ worth, np.minimum(cover @ unmet, sizes)
        open_ = (fresh + total <= _ROOM * most) & (sizes <= 3 * most)
        open_[list(chosen)] = False
        value = np.where(open_, gains / (fresh + 0.02 * rows + 0.1 * sizes), -1)
        best = int(value.argmax())
        if value[best] <= 0 or gains[best] < _WORTH * fresh[best]:
            break
        total += fresh[best]
        worth[covers[best]] *= 1 - _OFTEN
        unmet[covers[best]] = 0
        recall = 1 - float(likely[unmet > 0].sum() / max(likely.sum(), 1e-9))
        chosen[best] = _Choice(known[best], float(sizes[best]), float(fresh[best]), recall)
    return list(chosen.values())


def _sparse(covers: NDArray[np.bool_]) -> Any:
    """The same matrix, as one of few numbers."""
    from scipy.sparse import csr_array  # noqa: PLC0415 -- loads for a fifth of a second

    place = np.append(0, np.cumsum(np.count_nonzero(covers, axis=1)))
    column = np.flatnonzero(covers) % covers.shape[1]
    return csr_array((np.ones(len(column)), column, place), shape=covers.shape)


def _seen(looked_at: Sequence[blocks.Seen], covers: NDArray[np.bool_], share: float) -> Floats:
    """How likely each sampled pair was to be sampled."""
    missed: Floats = np.ones(covers.shape[1])
    for sample in {found.sample: None for found in looked_at}:
        drawn = [
            1 - found.rate * cover for found, cover in zip(looked_at, covers, strict=True) if found.sample == sample
        ]
        missed *= 1 - share * (1 - np.prod(drawn, axis=0))
    return 1 - missed


def _covered(held: blocks.Parts, key: blocks.Key, equal: Sequence[Bools], left: Ints) -> Bools:
    """Which sampled pairs the key finds."""
    found: Bools = np.logical_and.reduce([equal[number] for number in key])
    at = np.flatnonzero(found)
    found[at] = blocks.small_enough(held, key, left[at])
    return found


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
