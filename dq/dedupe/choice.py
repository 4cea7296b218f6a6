"""The choice of blocking keys: those that bring the most likely matches for the fewest new pairs, judged by a sample of each."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dq.dedupe import blocks
from dq.dedupe.atoms import Atom
from dq.dedupe.features import Bools, Codes, Floats, Ints, distinct, unpacked

_SAMPLED = 500
"""Pairs looked at of each key."""
_OFTEN = 0.5
"""What is left of a likely match's worth each time that another key finds it: keys fail, so it pays to have several."""
_ROOM = 1.3
"""Keys are estimated to bring at most so many times the pairs that are wanted: most bring fewer than that."""
_DIFFERS = 1.5
"""Bits that a value which differs counts against a sampled pair."""
_EASY = 2
"""Bits by which a sampled pair may fall short of a match and count as one with a half."""
_WORTH = 1 / 1000
"""Likely matches, found or found again, that a new pair must bring."""


@dataclass(frozen=True, slots=True)
class Choice:
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


def chosen(
    keys: Sequence[blocks.Key], held: blocks.Parts, atoms: Sequence[Atom], rows: int, most: int, pool: Executor
) -> list[Choice]:
    """The keys that are worth it, in the order of their worth.

    Args:
        keys: All that could be taken.
        held: What they are made of.
        atoms: What their parts are.
        rows: Rows of the table.
        most: Pairs that are wanted.
        pool: Where keys are looked at beside each other.
    """
    samples = pool.map(lambda key: blocks.seen(held, key, _SAMPLED), keys)
    looked_at = {key: found for key, found in zip(keys, samples, strict=True) if found.pairs}
    if not looked_at:
        return []
    pairs = distinct(np.concatenate([found.left << 32 | found.right for found in looked_at.values()]))
    left, right = unpacked(pairs)
    sizes = np.array([found.pairs for found in looked_at.values()])
    equal = [atom.feature.same(left, right) for atom in atoms]
    covers = np.stack(list(pool.map(lambda key: _covered(held, key, equal, left), looked_at)))
    seen = np.maximum(_seen(list(looked_at.values()), covers, held.share), 1e-9)
    likely = _likely(atoms, equal, left, right, rows) / seen
    likely = np.minimum(likely, np.quantile(likely, 0.999)) if len(likely) else likely
    cover, known = _sparse(covers), list(looked_at)
    taken: dict[int, Choice] = {}
    worth, unmet, total = likely.copy(), 1 / seen, 0.0
    while len(taken) < len(sizes):
        gains, fresh = cover @ worth, np.minimum(cover @ unmet, sizes)
        open_ = (fresh + total <= _ROOM * most) & (sizes <= 3 * most)
        open_[list(taken)] = False
        value = np.where(open_, gains / (fresh + 0.02 * rows + 0.1 * sizes), -1)
        best = int(value.argmax())
        if value[best] <= 0 or gains[best] < _WORTH * fresh[best]:
            break
        total += fresh[best]
        worth[covers[best]] *= 1 - _OFTEN
        unmet[covers[best]] = 0
        recall = 1 - float(likely[unmet > 0].sum() / max(likely.sum(), 1e-9))
        taken[best] = Choice(known[best], float(sizes[best]), float(fresh[best]), recall)
    return list(taken.values())


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
