"""Blocking: which pairs of rows are worth comparing, chosen from the columns and their statistics.

Two rows are a candidate pair if they share a key: a value, part of a value, or two of them. Every such key is a possible
one; those are taken, one after the other, that bring the most likely matches for the fewest new pairs.

    features ─► atoms ─► keys ─► a sample of each key's pairs ─► the keys that are worth it ─► all their pairs
"""

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from dq.dedupe import blocks
from dq.dedupe.atoms import Atom
from dq.dedupe.choice import Choice, chosen
from dq.dedupe.features import Hashes, Ints, distinct, unpacked
from dq.dedupe.nested import nested
from dq.dedupe.room import CORES
from dq.rules import Blocking

_PAIRS_A_ROW, _FEWEST_PAIRS, _MOST_PAIRS = 30, 1.3, 1_300_000

CHOSEN = Blocking()
"""All keys are the matcher's own choice."""


@dataclass(frozen=True, slots=True)
class Key:
    """A blocking key.

    Attributes:
        atoms: The names of its parts.
        pairs: How many pairs of rows share it, in blocks of at most `blocks.LARGEST`.
        recall: Estimated share of the likely matches that it and the keys taken before it find; None if nobody estimated it.
        left_out: How many of its values have larger blocks, of which no pairs are taken.
    """

    atoms: tuple[str, ...]
    pairs: int
    recall: float | None = None
    left_out: int = field(default=0, compare=False)  # of a table, not of what was learned

    @property
    def name(self) -> str:
        """For people."""
        return " and ".join(self.atoms)


@dataclass(slots=True, eq=False)
class _Found:
    """Pairs of the keys so far; those that several found stand there several times until they are settled.

    Attributes:
        settled: Pairs, each once.
        waiting: Keys whose pairs are being worked out.
        taken: The other keys, how many pairs each has, and how many values are left out.
    """

    settled: Ints
    waiting: list[tuple[Choice, Future[blocks.Pairs]]] = field(default_factory=list)
    taken: list[tuple[Choice, int, int]] = field(default_factory=list)

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
        self.taken += [
            (choice, len(part.packed), part.left_out) for (choice, _), part in zip(self.waiting, parts, strict=True)
        ]
        if parts:
            self.settled = distinct(np.concatenate([self.settled, *(part.packed for part in parts)]))
        self.waiting = []


@dataclass(frozen=True, slots=True, eq=False)
class _Keys:
    """Keys whose pairs are worked out beside each other; those of a nested key are some of those of a wider one.

    Attributes:
        held: What keys are made of.
        pool: Where they are worked out.
        nested: Key → a wider one that finds all that it finds.
        wide: The pairs of wider keys, from the first that is in them on until they are asked for themselves.
    """

    held: blocks.Parts
    pool: Executor
    nested: Mapping[blocks.Key, blocks.Key]
    wide: dict[blocks.Key, Future[blocks.Pairs]] = field(default_factory=dict)

    def pairs(self, key: blocks.Key) -> Future[blocks.Pairs]:
        wider = self.nested.get(key)
        if wider is None:
            return self.wide.pop(key, None) or self.pool.submit(blocks.pairs, self.held, key)
        if wider not in self.wide:
            self.wide[wider] = self.pool.submit(blocks.pairs, self.held, wider)
        return self.pool.submit(self._within, key, self.wide[wider])

    def _within(self, key: blocks.Key, wider: Future[blocks.Pairs]) -> blocks.Pairs:
        return blocks.Pairs(blocks.among(self.held, key, wider.result().packed))


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
    with ThreadPoolExecutor(CORES) as pool:
        choices = chosen(possible, held, atoms, rows, most, pool)
        found = _Found(words, [(Choice(key, 0, 0), pool.submit(blocks.pairs, held, key)) for key in added])
        found.settle()
        keyed = _keyed(held, pool, atoms, [choice.key for choice in choices])
        for choice in choices:
            if found.pairs + choice.fresh - len(words) > most or found.held > most:
                found.settle()  # keys find many pairs twice: only now it pays to see how many there are
            if found.pairs + choice.fresh - len(words) <= most:
                found.waiting.append((choice, keyed.pairs(choice.key)))
        found.settle()
    taken = [_key(atoms, choice.key, pairs, left_out, choice.recall) for choice, pairs, left_out in found.taken]
    return _candidates(found.settled, taken)


def _given(atoms: Sequence[Atom], more: Sequence[tuple[Ints, Hashes]], keys: Sequence[Sequence[str]]) -> Candidates:
    held, named = blocks.parts([atom.feature.codes for atom in atoms]), _named(keys, atoms)
    with ThreadPoolExecutor(CORES) as pool:
        keyed = _keyed(held, pool, atoms, named)
        found = [pairs.result() for pairs in [keyed.pairs(key) for key in named]]
    taken = [_key(atoms, key, len(one.packed), one.left_out) for key, one in zip(named, found, strict=True)]
    return _candidates(distinct(np.concatenate([_by_words(more), *(one.packed for one in found)])), taken)


def _keyed(held: blocks.Parts, pool: Executor, atoms: Sequence[Atom], keys: Sequence[blocks.Key]) -> _Keys:
    return _Keys(held, pool, nested(held, [atom.group for atom in atoms], keys))


def _candidates(packed: Ints, keys: Sequence[Key]) -> Candidates:
    told = [key.recall for key in keys if key.recall is not None]
    return Candidates(*unpacked(packed), tuple(keys), told[-1] if told else 1.0)


def _by_words(more: Sequence[tuple[Ints, Hashes]]) -> Ints:
    found = [blocks.pairs_of(rows, hashes) for rows, hashes in more]
    packed: Ints = distinct(np.concatenate([np.empty(0, np.int64), *found]))
    left, right = unpacked(packed)
    apart: Ints = packed[left != right]  # a row may have a word twice
    return apart


def _named(keys: Sequence[Sequence[str]], atoms: Sequence[Atom]) -> list[tuple[int, ...]]:
    """Keys by the numbers of their atoms; those that have no such atoms are left out."""
    place = {atom.name: number for number, atom in enumerate(atoms)}
    return [tuple(place[name] for name in key) for key in keys if all(name in place for name in key)]


def _key(atoms: Sequence[Atom], key: blocks.Key, pairs: int, left_out: int, recall: float | None = None) -> Key:
    return Key(tuple(atoms[number].name for number in key), pairs, recall, left_out)


def _possible(atoms: Sequence[Atom]) -> list[tuple[int, ...]]:
    numbers = range(len(atoms))
    pairs = itertools.combinations(numbers, 2)
    return [(one,) for one in numbers] + [pair for pair in pairs if atoms[pair[0]].group != atoms[pair[1]].group]
