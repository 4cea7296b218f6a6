"""Respects: a table as the matcher sees it, and its pairs of rows in each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from dq.dedupe.atoms import Atom
from dq.dedupe.comparison import MISSING, Compared, Comparison
from dq.dedupe.features import Hashes, Ints
from dq.dedupe.room import MEMORY, SLICE, Room, in_slices
from dq.dedupe.usual import Usual

_ALIKE = 3
"""The level from which on addresses agree: most of their words are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Respects:
    """A table, as the matcher sees it.

    Attributes:
        comparisons: The respects in which rows are compared.
        atoms: What blocking keys can be made of.
        words: Keys that have several values a row: rows and hashes.
        counts: How many equal rows each row stands for.
        identifying: Comparisons, by number, of what one person has alone.
        naming: Comparisons, by number, of what things are called: those that share nothing in it are two.
        offices: By column: digests of the mailboxes and numbers that are nobody's own.
        never: Comparisons, by number, in which rows that are the same never differ.
        always: What only rows that are the same share, a rule each: rows that have it and hashes of it.
        addresses: Comparisons, by number, of whole addresses.
        places: Comparisons, by number, of parts of addresses, such as towns: said by addresses that agree.
        usual: What is known before of matches in each comparison; nothing without.
    """

    comparisons: tuple[Comparison, ...]
    atoms: tuple[Atom, ...]
    words: tuple[tuple[Ints, Hashes], ...]
    counts: Ints
    identifying: tuple[int, ...] = ()
    naming: tuple[int, ...] = ()
    offices: Mapping[str, Hashes] = field(default_factory=dict)
    never: tuple[int, ...] = ()
    always: tuple[tuple[Ints, Hashes], ...] = ()
    addresses: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    usual: tuple[Usual, ...] = ()


def compared(
    respects: Respects, left: Ints, right: Ints, room: Room = MEMORY, at_once: int = SLICE
) -> tuple[Compared, ...]:
    """Pairs in every respect.

    Args:
        respects: The table.
        left: Rows.
        right: The other rows.
        room: Where the answers are put, and what is known of rows.
        at_once: Pairs that are compared at a time.
    """
    answers = [
        Compared(room.empty(len(left), np.int8), room.empty(len(left), np.float32)) for _ in respects.comparisons
    ]

    def compare(one: Comparison, answer: Compared, part: slice) -> None:
        told = one.compare(left[part], right[part])
        answer.level[part], answer.rarity[part] = told.level, told.rarity

    for one, answer in zip(respects.comparisons, answers, strict=True):
        in_slices(partial(compare, one, answer), len(left), at_once)
        room.rest()
    _say_once(respects, answers)
    return tuple(answers)


def _say_once(respects: Respects, answers: Sequence[Compared]) -> None:
    """Addresses that agree say the town and the postal code as well: that these agree says nothing more."""
    if not respects.addresses or not respects.places:
        return
    alike = np.logical_or.reduce([answers[number].level >= _ALIKE for number in respects.addresses])
    for number in respects.places:
        said = alike & (answers[number].level > 0)
        answers[number].level[said] = MISSING
        answers[number].rarity[said] = 0
