"""Features: what is known of rows, each value as a small number, so that equality is a comparison of integers."""

from collections.abc import Mapping
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
    dictionary = column.cast(pl.String).rechunk().to_arrow().dictionary_encode()
    codes = np.asarray(dictionary.indices.fill_null(NONE)).astype(np.int32)
    return _counted(codes, pl.Series(column.name, dictionary.dictionary, dtype=pl.String))


def mapped(feature: Feature, values: pl.Expr) -> Feature:
    """A feature of what an expression makes of another's values, worked out once for each of them.

    Args:
        feature: The values.
        values: From the column `value` of texts to other texts; null is no value.
    """
    lazy = feature.values.alias("value").to_frame().lazy().select(values)  # works out once what is named twice
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


def distinct_rows(features: Mapping[str, Feature], within: Ints | None = None) -> tuple[Ints, Ints]:
    """The first row of every combination of values, and for each row the number of its combination.

    Args:
        features: The values.
        within: Row → its group: equal rows of two groups are two combinations.
    """
    held = [feature.codes for feature in features.values()] + ([] if within is None else [within])
    table = pl.DataFrame({str(number): codes for number, codes in enumerate(held)})
    numbered = table.with_columns(pl.int_range(pl.len()).alias("row"))
    first = numbered.select(pl.col("row").min().over(*table.columns)).to_series().to_numpy()
    rows, number = np.unique(first, return_inverse=True)
    return rows.astype(np.int64), number.astype(np.int64)
