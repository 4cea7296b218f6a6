"""People's names: given name and family name judged together.

Apart they would count twice what a swap, an initial or a nickname is once.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from dq.dedupe.comparison import MISSING, Compared, Levels, near, rarity
from dq.dedupe.features import Bools, Feature, Floats, Ints

_NEAR, _SWAPPED = 0.88, 0.95
_BEGINNING = 3
"""Letters of a name that may be its short form."""
(
    _NOTHING, _OTHER_FAMILY, _OTHER_GIVEN, _GIVEN, _FAMILY, _BOTH_NEAR, _OTHER_MIDDLE, _SWAP, _GIVEN_NEAR_FAMILY,
    _FAMILY_NEAR_GIVEN, _SAME_WORDS, _SAME,
) = range(12)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Persons:
    """Names in twelve levels.

    A part that differs says more than one that is not there: relatives have one family name and given names of their own.

    Attributes:
        name: Of the comparison.
        given: First given names.
        middle: Names between the two, initials or whole.
        family: Family names.
        words: All words of the name, sorted.
        formal: The formal name that a given name is short for.
        generation: Jr., Sr. and the like: those that differ tell two people apart.
        initials: Whether a row's given name is an initial.
        first: The first letter of the given name, as a number.
        latin: Whether a row's name is in Latin letters: names in two scripts cannot be compared by their letters.
    """

    name: str
    given: Feature
    middle: Feature
    family: Feature
    words: Feature
    formal: Feature
    generation: Feature
    initials: Bools
    first: Ints
    latin: Bools
    levels: tuple[str, ...] = (
        "differs", "given name, other family", "family name, other given", "given name alone", "family name alone",
        "both near", "other middle name", "swapped", "given name, family near", "family name, given near", "same words",
        "equal",
    )  # fmt: skip

    def compare(self, left: Ints, right: Ints) -> Compared:
        """Compare pairs of rows."""
        given, families = (feature.known[left] & feature.known[right] for feature in (self.given, self.family))
        same_given = given & self.given.same(left, right)
        same_family = families & self.family.same(left, right)
        near_given = self._short_for(left, right, given & ~same_given)
        near_given |= near(self.given, left, right, given & ~same_given & ~near_given, _NEAR)
        near_family = near(self.family, left, right, families & ~same_family, _NEAR)
        unlike = given & families & ~same_given & ~same_family & ~(near_given & near_family)
        words = given & families & self.words.same(left, right)
        rules = (
            (_OTHER_MIDDLE, same_given & same_family & self._other_middle(left, right)),
            (_SAME, same_given & same_family),
            (_SAME_WORDS, words),
            (_FAMILY_NEAR_GIVEN, same_family & near_given),
            (_GIVEN_NEAR_FAMILY, same_given & near_family),
            (_SWAP, near(self.words, left, right, unlike & ~words, _SWAPPED)),
            (_BOTH_NEAR, near_given & near_family),
            (_FAMILY, (same_family | near_family) & ~given),
            (_GIVEN, (same_given | near_given) & ~families),
            (_OTHER_GIVEN, same_family | near_family),
            (_OTHER_FAMILY, same_given),
        )
        level = np.select([rule for _, rule in rules], [number for number, _ in rules], _NOTHING).astype(np.int8)
        level[(~given & ~families) | (self.latin[left] != self.latin[right])] = MISSING
        generations = self.generation.known[left] & self.generation.known[right]
        level[generations & ~self.generation.same(left, right)] = _NOTHING
        return Compared(level, self._rarity(level, left, right))

    def chance(self) -> dict[int, float]:
        """How often random rows have the same given and family name."""
        both = float((self.given.known & self.family.known).mean()) if len(self.first) else 0.0
        return {_SAME: self.given.collision() * self.family.collision() * both}

    def _short_for(self, left: Ints, right: Ints, asked: Bools) -> Bools:
        """Nicknames of one name, initials that fit, and beginnings of names: `Zeb` of `Zebulon`."""
        begins = self.first[left] == self.first[right]
        short: Bools = asked & (self.formal.same(left, right) | (begins & (self.initials[left] | self.initials[right])))
        at = np.flatnonzero(asked & begins & ~short)
        one, other = (self.given.values.gather(self.given.codes[side[at]]) for side in (left, right))
        names = pl.DataFrame([one.alias("one"), other.alias("other")]).select(
            (pl.col("one").str.starts_with(pl.col("other")) | pl.col("other").str.starts_with(pl.col("one")))
            & (pl.min_horizontal(pl.all().str.len_chars()) >= _BEGINNING)
        )
        short[at] = names.to_series().to_numpy()
        return short

    def _other_middle(self, left: Ints, right: Ints) -> Bools:
        """Middle names that begin with different letters: an initial fits its name, and slips do."""
        known = self.middle.known[left] & self.middle.known[right]
        letters = self.middle.values.str.slice(0, 1).rank("dense").to_numpy()
        other = known & ~self.middle.same(left, right)
        pairs = np.flatnonzero(other)
        one, two = (self.middle.codes[side[pairs]] for side in (left, right))
        other[pairs] = letters[one] != letters[two]
        return other

    def _rarity(self, level: Levels, left: Ints, right: Ints) -> Floats:
        given = rarity(self.given, self.given.codes[left], self.given.codes[right])
        family = rarity(self.family, self.family.codes[left], self.family.codes[right])
        both = (_OTHER_MIDDLE, _SWAP, _SAME_WORDS, _SAME)
        with_given = np.isin(level, (_GIVEN, _OTHER_FAMILY, _GIVEN_NEAR_FAMILY, *both))
        with_family = np.isin(level, (_FAMILY, _OTHER_GIVEN, _FAMILY_NEAR_GIVEN, *both))
        return np.where(with_given, given, 0.0) + np.where(with_family, family, 0.0)
