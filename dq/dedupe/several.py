"""Several columns of one kind, such as a private and a work telephone number, compared as a set: any of one row with any of the other."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from dq.dedupe.comparison import Compared, Comparison
from dq.dedupe.features import Feature, Hashes, Ints, encoded, mixed, texts

_MOST = 0.5
"""The most that chance can be."""


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    """The best that any column of one row and any of the other show.

    Attributes:
        inner: The comparison of the columns, one below the other.
        name: Of the columns together.
        rows: Of the table.
        columns: How many there are.
        held: How many values a row that has any has on average.
    """

    inner: Comparison
    name: str
    rows: int
    columns: int
    held: float

    @property
    def levels(self) -> tuple[str, ...]:
        """Those of one column."""
        return self.inner.levels

    def compare(self, left: Ints, right: Ints) -> Compared:
        """Compare pairs of rows."""
        best = self.inner.compare(left, right)
        for one, other in itertools.product(range(self.columns), repeat=2):
            if one or other:
                found = self.inner.compare(left + one * self.rows, right + other * self.rows)
                better = (found.level > best.level) | ((found.level == best.level) & (found.rarity > best.rarity))
                best = Compared(np.where(better, found.level, best.level), np.where(better, found.rarity, best.rarity))
        return best

    def chance(self) -> dict[int, float]:
        """That of one column, for each two values of two rows."""
        chances = self.inner.chance().items()
        return {level: share if share == 1 else min(share * self.held**2, _MOST) for level, share in chances}


def below(features: Sequence[Feature]) -> Feature:
    """The values of several columns as one column, one below the other."""
    return encoded(pl.concat([texts(feature).rename("") for feature in features]))


def repeated(feature: Feature, times: int) -> Feature:
    """A column beside so many columns that stand one below the other."""
    return replace(feature, codes=np.tile(feature.codes, times))


def held(feature: Feature, rows: int) -> float:
    """How many values a row that has any has on average."""
    known = feature.known.reshape(-1, rows).sum(axis=0)
    return float(known[known > 0].mean()) if known.any() else 1.0


def keys(feature: Feature, rows: int, place: int) -> tuple[Ints, Hashes]:
    """The values of columns that stand one below the other as blocking keys: rows and hashes.

    Args:
        feature: The columns.
        rows: Of the table.
        place: Of the columns among all: values of other columns are other keys.
    """
    at = np.flatnonzero(feature.known)
    codes = feature.codes[at].astype(np.int64)
    return at % rows, mixed(codes + 1 + ((place + 1) << 48))
