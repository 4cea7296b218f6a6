"""Comparisons: how alike two rows are in one respect, in levels; -1 where a side says nothing.

Texts are compared once for every pair of distinct values. Each comparison also says how common that is on which the
rows agree: to share a rare name says more than to share a common one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from dq.dedupe.features import Bools, Codes, Feature, Floats, Ints, unpacked

Levels = NDArray[np.int8]
MISSING = -1
_LEAST = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Pairs in one respect.

    Attributes:
        level: From 0, nothing alike, up; `MISSING` where a side has no value.
        rarity: Bits by which agreement on these very values says more than on average ones; 0 where they do not agree.
    """

    level: Levels
    rarity: Floats | NDArray[np.float32]


class Comparison(Protocol):
    """One respect in which rows are compared."""

    @property
    def name(self) -> str:
        """Of the column, or of what several columns say together."""

    @property
    def levels(self) -> tuple[str, ...]:
        """What each level is called, from 0 up."""

    def compare(self, left: Ints, right: Ints) -> Compared:
        """Compare pairs of rows."""

    def chance(self) -> dict[int, float]:
        """Levels whose share among random pairs is known from the frequencies of values, and that share."""


@dataclass(frozen=True, slots=True, eq=False)
class Similar:
    """Texts by the similarity of their letters (Jaro-Winkler)."""

    name: str
    feature: Feature
    near: tuple[float, ...] = (0.92, 0.80)

    @property
    def levels(self) -> tuple[str, ...]:  # noqa: D102 (as the protocol says)
        return ("differs", *(f"similarity ≥ {least}" for least in reversed(self.near)), "equal")

    def compare(self, left: Ints, right: Ints) -> Compared:  # noqa: D102
        def alike(one: Codes, other: Codes) -> Levels:
            return graded(similarity(JaroWinkler.normalized_similarity, self.feature, one, other), self.near)

        return compared(self.feature, left, right, len(self.near) + 1, alike, least=1)

    def chance(self) -> dict[int, float]:  # noqa: D102
        return {len(self.near) + 1: self.feature.collision()}


@dataclass(frozen=True, slots=True, eq=False)
class Equal:
    """Values of a short list: equal or not."""

    name: str
    feature: Feature
    levels: tuple[str, ...] = ("differs", "equal")

    def compare(self, left: Ints, right: Ints) -> Compared:  # noqa: D102
        return compared(self.feature, left, right, 1, lambda one, _: np.zeros(len(one), np.int8), least=1)

    def chance(self) -> dict[int, float]:  # noqa: D102
        return {1: self.feature.collision()}


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """Numbers and codes: equal, or one slip of the keys apart."""

    name: str
    feature: Feature
    levels: tuple[str, ...] = ("differs", "one slip", "equal")

    def compare(self, left: Ints, right: Ints) -> Compared:  # noqa: D102
        def alike(one: Codes, other: Codes) -> Levels:
            return (similarity(OSA.distance, self.feature, one, other) <= 1).astype(np.int8)

        return compared(self.feature, left, right, 2, alike, least=1)

    def chance(self) -> dict[int, float]:  # noqa: D102
        return {2: self.feature.collision()}


@dataclass(frozen=True, slots=True, eq=False)
class Dates:
    """Days, written as eight digits: equal, one slip or a swap of day and month apart, of one year or of one day in the year.

    Attributes:
        name: Of the column.
        feature: The days.
        years: By code: the year, as a number.
        days: By code: the day in the year, as a number.
        swapped: By code: the number of the day in the year with day and month in the other order.
    """

    name: str
    feature: Feature
    years: Ints
    days: Ints
    swapped: Ints
    levels: tuple[str, ...] = ("differs", "same year or day", "one slip", "equal")

    def compare(self, left: Ints, right: Ints) -> Compared:  # noqa: D102
        def alike(one: Codes, other: Codes) -> Levels:
            slip = similarity(OSA.distance, self.feature, one, other) <= 1
            year = self.years[one] == self.years[other]
            slip |= year & (self.swapped[one] == self.days[other])
            partly = year | (self.days[one] == self.days[other])
            return np.where(slip, 2, partly).astype(np.int8)

        return compared(self.feature, left, right, 3, alike, least=1)

    def chance(self) -> dict[int, float]:  # noqa: D102
        return {3: self.feature.collision()}


def similarity(scorer: Callable[..., Any], feature: Feature, left: Codes, right: Codes) -> Floats:
    """A scorer's answers for pairs of values, asked once for every distinct pair.

    Args:
        scorer: One of RapidFuzz.
        feature: Whose values.
        left: Codes.
        right: Codes.
    """
    low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right).astype(np.int64)
    distinct, line = np.unique(low << 32 | high, return_inverse=True)
    ones, others = (feature.values.gather(codes).to_list() for codes in unpacked(distinct))
    answers: Floats = process.cpdist(ones, others, scorer=scorer, dtype=np.float32, workers=2)[line]
    return answers


def near(feature: Feature, left: Ints, right: Ints, asked: Bools, least: float) -> Bools:
    """Which of the asked pairs of rows have values of at least a Jaro-Winkler similarity."""
    alike = np.zeros(len(left), dtype=np.bool_)
    pairs = np.flatnonzero(asked)
    if len(pairs):
        one, other = feature.codes[left[pairs]], feature.codes[right[pairs]]
        alike[pairs] = similarity(JaroWinkler.normalized_similarity, feature, one, other) >= least
    return alike


def graded(alike: Floats, least: Sequence[float]) -> Levels:
    """Similarities as levels: how many of the thresholds they reach."""
    return np.searchsorted(np.sort(np.asarray(least)), alike + 1e-9, side="right").astype(np.int8)


def rarity(feature: Feature, left: Codes, right: Codes) -> Floats:
    """How much rarer than an average agreement one on these values is, in bits."""
    average = np.log2(max(feature.collision(), _LEAST))
    return np.where((left >= 0) & (right >= 0), average - feature.bits(left, right), 0.0)


def compared(
    feature: Feature,
    left: Ints,
    right: Ints,
    equal: int,
    alike: Callable[[Codes, Codes], Levels],
    least: int,
) -> Compared:
    """Levels of one feature; the dear comparison only where values differ and both are present."""
    one, other = feature.codes[left], feature.codes[right]
    known: Bools = (one >= 0) & (other >= 0)
    level = np.where(known & (one == other), equal, 0).astype(np.int8)
    asked = np.flatnonzero(known & (one != other))
    if len(asked):
        level[asked] = alike(one[asked], other[asked])
    level[~known] = MISSING
    return Compared(level, np.where(level >= least, rarity(feature, one, other), 0.0))
