"""Features: what is known of rows, each value as a small number, so that equality is a comparison of integers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Hashes = NDArray[np.uint64]

NONE = -1
"""The code of a missing value."""


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """A column of texts, dictionary-encoded.

    Attributes:
        codes: Row → code of its value, or `NONE`.
        values: Code → text; each text once.
        frequency: Code → share of the rows with a value that have this one.
        agreement: How likely two random rows with a value have the same one, where that is known from elsewhere.
    """

    codes: Codes
    values: pl.Series
    frequency: Floats
    agreement: float | None = None

    @property
    def known(self) -> Bools:
        """Rows that have a value."""
        return self.codes >= 0

    def same(self, left: Ints, right: Ints) -> Bools:
        """Which pairs of rows have one value."""
        same: Bools = (self.codes[left] == self.codes[right]) & self.known[left]
        return same

    def bits(self, left: Codes, right: Codes) -> Floats:
        """log2 of the frequency of the commoner of two values; 0 where a side has none."""
        if not len(self.frequency):
            return np.zeros(len(left))
        commoner = np.maximum(self.frequency[left], self.frequency[right])
        return np.where((left >= 0) & (right >= 0), np.log2(np.maximum(commoner, 1e-12)), 0.0)

    def collision(self) -> float:
        """How likely two random rows with a value have the same one."""
        return float((self.frequency**2).sum()) if self.agreement is None else self.agreement


def encoded(column: pl.Series) -> Feature:
    """A column of texts as a feature; null is no value."""
    held = column.cast(pl.String)
    codes, first = numbered(held)
    return _counted(codes, held.gather(first).alias(column.name))


def numbered(held: pl.Series) -> tuple[Codes, Ints]:
    """Equal values by one number, in the order of their first rows, and these rows; null has `NONE`.

    Numbers go by a hash, which a second one confirms: that takes a third of a dictionary's time.
    """
    hashes = _hashed(held, 1)
    dictionary = hashes.to_arrow().dictionary_encode()
    codes = np.asarray(dictionary.indices.fill_null(NONE)).astype(np.int32)
    first = first_rows(codes, len(dictionary.dictionary))
    others = _hashed(held, 2).fill_null(0).to_numpy()
    known = codes >= 0
    if not np.array_equal(others[first][codes[known]], others[known]):
        return _plainly_numbered(held)
    return codes, first


def _hashed(held: pl.Series, seed: int) -> pl.Series:
    return held.hash(seed).set(held.is_null(), None)


def _plainly_numbered(held: pl.Series) -> tuple[Codes, Ints]:
    table = pl.DataFrame({"value": held}).with_row_index("row")
    rows = table.select(pl.col("row").cast(pl.Int64).min().over("value")).to_series()
    first, codes = np.unique(rows.set(held.is_null(), None).drop_nulls().to_numpy(), return_inverse=True)
    every = np.full(len(held), NONE, np.int32)
    every[held.is_not_null().to_numpy()] = codes
    return every, first.astype(np.int64)


def first_rows(codes: Codes | Ints, size: int) -> Ints:
    """The first row of each code from 0 up to the size; `NONE` of one that no row has."""
    first = np.full(size + 1, NONE, np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # what is written last stays
    return first[:-1]


def mapped(feature: Feature, *steps: pl.Expr) -> Feature:
    """A feature of what expressions make of another's values, worked out once for each of them.

    Args:
        feature: The values.
        steps: From the column `value` of texts to other texts, one after the other; null is no value.
    """
    lazy = feature.values.alias("value").to_frame().lazy()  # works out once what a step names twice
    for step in steps:
        lazy = lazy.select(step.alias("value"))
    return carried(feature, encoded(lazy.collect(engine="in-memory").to_series()))


def carried(feature: Feature, made: Feature) -> Feature:
    """The feature of rows whose values each have a value of another feature.

    Args:
        feature: The values of the rows.
        made: Of each of these values.
    """
    codes = np.append(made.codes, np.int32(NONE))[feature.codes]  # a missing value's code is that of the last
    return _counted(codes, made.values)


def _counted(codes: Codes, values: pl.Series) -> Feature:
    counts = np.bincount(codes + 1, minlength=len(values) + 1)[1:]
    return Feature(codes, values, counts / max(1, counts.sum()))


def coalesced(features: Sequence[Feature]) -> Feature:
    """The feature of rows that have the value of the first of several features that has one."""
    every = encoded(pl.concat([one.values.alias("value") for one in features]))
    codes, end = np.full(len(features[0].codes), NONE, np.int32), len(every.codes)
    for one in reversed(features):
        end -= len(one.values)
        codes = np.where(one.known, np.append(every.codes[end:], np.int32(NONE))[one.codes], codes)
    return reordered(_counted(codes, every.values), np.arange(len(codes)))


def reordered(feature: Feature, order: Ints) -> Feature:
    """The feature of the rows in another order, its values numbered by their first rows in it; those of no row go.

    Args:
        feature: The values.
        order: Place of a row → its place before.
    """
    codes = feature.codes[order]
    first = first_rows(codes, len(feature.values))
    is_first = np.zeros(len(codes), np.bool_)
    is_first[first[first >= 0]] = True
    turned = codes[is_first]
    place = np.full(len(feature.values) + 1, NONE, np.int32)  # a missing value's code is that of the last
    place[turned] = np.arange(len(turned))
    return replace(
        feature, codes=place[codes], values=_packed(feature.values.gather(turned)), frequency=feature.frequency[turned]
    )


def _packed(values: pl.Series) -> pl.Series:
    """The same texts, one behind the other in memory: what looks at them in order takes half the time."""
    return pl.Series(values.name, pl.from_arrow(values.to_arrow(compat_level=pl.CompatLevel.oldest())))


def subset(feature: Feature, rows: Ints) -> Feature:
    """The feature of some of the rows; frequencies stay those of all rows."""
    return replace(feature, codes=feature.codes[rows])


def texts(feature: Feature) -> pl.Series:
    """The values of the rows."""
    codes = pl.Series(feature.codes).cast(pl.Int64)
    return (
        feature.values.gather(codes.set(codes < 0, None))
        if len(feature.values)
        else pl.Series([None] * len(codes), dtype=pl.String)
    )


def mixed(numbers: NDArray[Any]) -> Hashes:
    """Numbers scattered over 64 bits, no two of them to the same (the finalizer of SplitMix64)."""
    scattered = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    scattered = (scattered ^ (scattered >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    scattered = (scattered ^ (scattered >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return scattered ^ (scattered >> np.uint64(31))


def distinct(numbers: Ints) -> Ints:
    """The numbers in order, each once; sorting needs less memory than a hash table of as many."""
    ordered = np.sort(numbers)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def unpacked(pairs: Ints) -> tuple[Ints, Ints]:
    """The two ends of pairs that are one number each: left << 32 | right."""
    return pairs >> 32, pairs & 0xFFFFFFFF


def distinct_rows(features: Mapping[str, Feature], within: Ints | None = None) -> tuple[Ints, Ints]:
    """The first row of every combination of values, and for each row the number of its combination.

    Args:
        features: The values.
        within: Row → its group: equal rows of two groups are two combinations.
    """
    held = [feature.codes for feature in features.values()] + ([] if within is None else [within])
    table = pl.DataFrame({str(number): codes for number, codes in enumerate(held)})
    codes, rows = numbered(table.to_struct())
    return rows, codes.astype(np.int64)
