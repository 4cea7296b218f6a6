"""The matcher: from what is known of rows to which of them are the same, without a rule and without a label.

respects ─► candidate pairs ─► levels ─► evidence ─► weights ─► components ─► every pair inside ─► average linkage
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from dq.dedupe import blocking, evidence, ruled
from dq.dedupe.blocking import CHOSEN, Candidates
from dq.dedupe.comparison import Compared
from dq.dedupe.evidence import Evidence
from dq.dedupe.features import Bools, Floats, Ints
from dq.dedupe.linkage import Grown, grown, inside, linked
from dq.dedupe.model import Model, Values, values_of
from dq.dedupe.respects import Respects, compared
from dq.dedupe.room import MEMORY, Room, in_slices
from dq.rules import Blocking, Role

LINK, CUT = 0.0, -5.0
"""Bits at which a pair is a link (likelier than not), and the least mean weight between the parts of a cluster."""
_BELOW = 6.0
"""Bits by which the parts of a cluster may on average fall short of a link, where links are asked to be sure."""
MISSING = -8.0
"""Bits of a pair inside a cluster that no key brought together, where there are too many to score them all."""
MOST_INSIDE = 100
"""Rows of a component whose pairs are all scored."""
ALONE = 4.0
"""The least weight of rows with an equal address or profile that nothing contradicts: a small table cannot show it."""
_RANDOM = 200_000
_SLICE = 500_000
"""Pairs inside components that are weighed at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What the matcher found.

    Attributes:
        grown: Clusters.
        candidates: The pairs that were compared.
        compared: Those pairs, a comparison each.
        weight: Their match weights, in bits.
        evidence: What was learned.
        own: By row: the match weight of two rows that both say what it says.
        reached: Rows of which it was asked where they belong.
        always: Which of the pairs are one because rules say so.
    """

    grown: Grown
    candidates: Candidates
    compared: tuple[Compared, ...]
    weight: Floats
    evidence: Evidence
    own: Floats
    reached: Bools
    always: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What is known of rows beside what they say.

    Attributes:
        source: The source of each row, for tables each of which has nobody twice; None to look within as well.
        apart: Pairs of rows that are not the same, whatever they say.
        joined: Row → first row of those that it is one with, whatever they say.
        fresh: New rows: only where they belong is asked, and of those that they may be one with. None asks of all.
        answers: Pairs of rows of which people said whether they are the same, and what they said: who learns hears them.
    """

    source: Ints | None = None
    apart: tuple[Ints, Ints] | None = None
    joined: Ints | None = None
    fresh: Bools | None = None
    answers: tuple[Ints, Ints, Bools] | None = None


NOTHING = Given()


def cut_of(link: float) -> float:
    """The least mean weight between the parts of a cluster that suits a link of so many bits: surer links, closer clusters."""
    return max(CUT, link - _BELOW)


def matched(
    respects: Respects,
    known: Given = NOTHING,
    *,
    link: float = LINK,
    cut: float = CUT,
    asked: Blocking = CHOSEN,
    model: Model | None = None,
    room: Room = MEMORY,
) -> Matched:
    """Find the rows that are the same.

    Args:
        respects: The table.
        known: What is known of its rows.
        link: Match weight, in bits, at which a pair is a link.
        cut: The least mean weight between the parts of a cluster.
        asked: Blocking keys that are to be taken, or not.
        model: What was learned before, of a table with the same comparisons; None to learn from this one.
        room: Where the pairs are put.
    """
    rows = len(respects.counts)
    keys = None if model is None else [key.atoms for key in model.keys]
    found = blocking.candidates(respects.atoms, rows, respects.words, asked, keys)
    if known.source is not None:
        found = _among(found, known.source[found.left] != known.source[found.right])
    sure, reached = _always(respects, known), np.ones(rows, np.bool_)
    if known.fresh is not None and model is not None:
        found, reached = _reached(respects, model.evidence, found, replace(known, joined=sure), link)
    found = replace(found, left=room.kept(found.left), right=room.kept(found.right))
    pairs = compared(respects, found.left, found.right, room)
    own = compared(respects, np.arange(rows), np.arange(rows), room)
    evidence = _learned(respects, found, pairs, own, known.answers, room) if model is None else model.evidence
    weight = _weights(respects, evidence, pairs)
    every = _inside(respects, evidence, found, weight, link, sure, room)
    clusters = _grown(respects, every, cut, MISSING, known, sure)
    alone = _weights(respects, evidence, own)
    alone[ruled.named(respects.always, len(alone))] = np.inf
    always = ruled.met(respects.always, clusters.label, found.left, found.right)
    return Matched(clusters, found, pairs, weight, evidence, alone, reached, always)


def _always(respects: Respects, known: Given) -> Ints | None:
    """Row → first row of those that are known to be one, or because rules say so and nothing tells them apart."""
    if not respects.always:
        return known.joined
    pairs = ruled.one(respects.always, [respects.comparisons[number] for number in respects.never])
    return _grown(respects, pairs, ruled.ANY, 0.0, known, known.joined).label


def _grown(
    respects: Respects, pairs: tuple[Ints, Ints, Floats], cut: float, missing: float, known: Given, joined: Ints | None
) -> Grown:
    """Clusters in which nothing that is known of rows, or ruled, is contradicted."""

    def grow(apart: ruled.Pairs) -> Grown:
        return grown(*pairs, cut, missing, respects.counts, known.source, apart, joined)

    never = [respects.comparisons[number] for number in respects.never]
    return ruled.never_differing(grow, known.apart, never, known.joined)


def weighed(respects: Respects, evidence: Evidence, left: Ints, right: Ints) -> tuple[tuple[Compared, ...], Floats]:
    """Pairs of rows, a comparison each, and their match weights in bits."""
    pairs = compared(respects, left, right)
    return pairs, _weights(respects, evidence, pairs)


def _reached(
    respects: Respects, learned: Evidence, found: Candidates, known: Given, link: float
) -> tuple[Candidates, Bools]:
    """The candidate pairs of all components that new rows are in, and the rows of those components."""
    reached = np.array(known.fresh)
    first = np.arange(len(reached)) if known.joined is None else known.joined
    asked_of = np.zeros(len(found.left), np.bool_)
    while True:
        touched = np.zeros(len(reached), np.bool_)
        touched[first[reached]] = True  # those that are known to be one are reached together
        reached = touched[first]
        asked = np.flatnonzero(~asked_of & (reached[found.left] | reached[found.right]))
        if not len(asked):
            return _among(found, asked_of), reached
        asked_of[asked] = True
        left, right = found.left[asked], found.right[asked]
        links = _weights(respects, learned, compared(respects, left, right)) >= link
        reached[left[links]] = reached[right[links]] = True


def _among(found: Candidates, which: Bools) -> Candidates:
    return Candidates(found.left[which], found.right[which], found.keys, found.recall)


def _learned(
    respects: Respects,
    found: Candidates,
    pairs: Sequence[Compared],
    own: Sequence[Compared],
    answers: tuple[Ints, Ints, Bools] | None,
    room: Room,
) -> Evidence:
    """Evidence of all rows: a pair of rows that stand for many counts as many, and equal rows are pairs as well."""
    told = None if answers is None else (compared(respects, *answers[:2]), answers[2])
    counts = respects.counts.astype(np.float64)
    repeated = np.flatnonzero(counts > 1)
    both = tuple(
        Compared(np.append(pair.level, same.level[repeated]), np.empty(0))
        for pair, same in zip(pairs, own, strict=True)
    )
    times = np.append(counts[found.left] * counts[found.right], (counts * (counts - 1) / 2)[repeated])
    left, right = evidence.random_pairs(len(counts), _RANDOM)
    chance = compared(respects, left, right, room)
    sure = [(min(pair), max(pair)) for pair in product(respects.naming, respects.addresses)]
    known = respects.identifying, sure, told, respects.usual
    return evidence.learned(respects.comparisons, both, chance, times, int(counts.sum()), *known)


def _inside(
    respects: Respects,
    learned: Evidence,
    found: Candidates,
    weight: Floats,
    link: float,
    joined: Ints | None,
    room: Room,
) -> tuple[Ints, Ints, Floats]:
    """Every pair within the components over the links; of large components those that are candidates."""
    label = linked(found.left, found.right, weight, link, len(respects.counts), joined)
    size = np.bincount(label, minlength=1)
    left, right = inside(label, MOST_INSIDE)
    scored = [np.empty(0)]
    for start in range(0, len(left), _SLICE):
        part = slice(start, start + _SLICE)
        scored.append(_weights(respects, learned, compared(respects, left[part], right[part], room)))
    together = label[found.left] == label[found.right]
    known = together & ((size[label[found.left]] > MOST_INSIDE) | (size[label[found.left]] == 2))
    scored.append(weight[known])
    return np.append(left, found.left[known]), np.append(right, found.right[known]), np.concatenate(scored)


def _weights(respects: Respects, learned: Evidence, pairs: Sequence[Compared]) -> Floats:
    weight = np.empty(len(pairs[0].level) if pairs else 0)

    def weigh(part: slice) -> None:
        weight[part] = _weighed(respects, learned, [Compared(one.level[part], one.rarity[part]) for one in pairs])

    in_slices(weigh, len(weight))
    return weight


def _weighed(respects: Respects, learned: Evidence, pairs: Sequence[Compared]) -> Floats:
    weight = evidence.weights(learned, pairs)
    contradicted = np.sum([pair.level == 0 for pair in pairs], axis=0) > 0
    for number in respects.identifying:
        equal = pairs[number].level == len(respects.comparisons[number].levels) - 1
        weight = np.where(equal & ~contradicted, np.maximum(weight, ALONE), weight)
    for number in respects.naming:
        weight = np.where(pairs[number].level == 0, np.minimum(weight, CUT), weight)
    for number in respects.never:
        weight = np.where(pairs[number].level == 0, -np.inf, weight)
    return weight


def model_of(
    respects: Respects, roles: Mapping[str, Role], found: Matched, values: Mapping[str, Values] | None = None
) -> Model:
    """What was learned, to be kept.

    Args:
        respects: The table.
        roles: The columns that counted.
        found: What the matcher learned and found.
        values: How common values are, where the comparisons went by that already; None asks the comparisons.
    """
    rows = int(respects.counts.sum())
    common = values_of(respects.comparisons) if values is None else values
    return Model(rows, dict(roles), found.candidates.keys, found.evidence, common, respects.offices)
