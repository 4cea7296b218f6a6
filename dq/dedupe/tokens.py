"""Words: texts of several words are alike by the rare words that they share."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from rapidfuzz import fuzz

from dq.dedupe.comparison import Compared, Levels, compared, graded, similarity
from dq.dedupe.features import Codes, Feature, Floats, Ints, encoded

_SLICE = 200_000
_LEAST_RATIO, _STEEPNESS = 0.5, 1.9


@dataclass(frozen=True, slots=True, eq=False)
class Worded:
    """Texts by the cosine of their words, each weighted by its rarity, or by their sorted letters where those are nearer.

    Attributes:
        name: Of the column.
        feature: The texts, words apart by single spaces.
        word: Every word of every text; how common it is: the share of texts that have it.
        text: The texts, by their codes, that those words are of.
        words: Sparse matrix, one row of unit length a value.
        near: Least similarities of the levels below equality.
    """

    name: str
    feature: Feature
    word: Feature
    text: Ints
    words: Any = None
    near: tuple[float, ...] = (0.9, 0.7, 0.5, 0.3)

    @property
    def levels(self) -> tuple[str, ...]:  # noqa: D102 (as the protocol says)
        return ("differs", *(f"words shared ≥ {least}" for least in reversed(self.near)), "equal")

    def compare(self, left: Ints, right: Ints) -> Compared:  # noqa: D102
        equal = len(self.near) + 1

        def alike(one: Codes, other: Codes) -> Levels:
            shared = self._cosine(one, other)
            low = np.flatnonzero(shared < max(self.near))
            ratio = similarity(fuzz.token_sort_ratio, self.feature, one[low], other[low]) / 100
            shared[low] = np.maximum(shared[low], np.clip((ratio - _LEAST_RATIO) * _STEEPNESS, 0, 1))
            return graded(shared, self.near)

        return compared(self.feature, left, right, equal, alike, least=equal - 1)

    def chance(self) -> dict[int, float]:  # noqa: D102
        return {len(self.near) + 1: self.feature.collision()}

    def weighed(self) -> "Worded":
        """The same, with its words weighed by how rare they are."""
        from scipy.sparse import csr_array, diags_array  # noqa: PLC0415 -- loads for a fifth of a second

        weight = np.log2(1 + 1 / self.word.frequency)
        shape = (len(self.feature.values), len(self.word.values))
        matrix = csr_array((weight[self.word.codes], (self.text, self.word.codes)), shape=shape)
        length = np.sqrt(matrix.multiply(matrix).sum(axis=1))
        return replace(self, words=(diags_array(1 / np.maximum(length, 1e-9)) @ matrix).tocsr())

    def _cosine(self, left: Codes, right: Codes) -> Floats:
        shared = np.empty(len(left))
        for start in range(0, len(left), _SLICE):
            part = slice(start, start + _SLICE)
            shared[part] = self.words[left[part]].multiply(self.words[right[part]]).sum(axis=1)
        return shared


def worded(name: str, feature: Feature) -> Worded:
    """A comparison of texts by their words."""
    lists = feature.values.str.split(" ")
    word = encoded(lists.explode(empty_as_null=True))
    text = np.repeat(np.arange(len(feature.values)), np.maximum(lists.list.len().to_numpy(), 1))
    spread = np.bincount(word.codes, minlength=len(word.values))
    share = np.maximum(spread, 1) / max(1, len(feature.values))
    return Worded(name, feature, replace(word, frequency=share), text).weighed()


def rare_words(feature: Feature, most: int) -> pl.DataFrame:
    """The rarest words of each value: `code`, `word`, `rows` with that word.

    Args:
        feature: Texts, words apart by single spaces.
        most: Words a value.
    """
    texts = pl.DataFrame({"code": np.arange(len(feature.values)), "word": feature.values.str.split(" ")})
    rows = np.bincount(feature.codes[feature.codes >= 0], minlength=len(feature.values))
    words = (
        texts.explode("word", empty_as_null=True).unique(["code", "word"]).filter(pl.col("word").str.len_chars() > 0)
    )
    counted = words.join(pl.DataFrame({"code": np.arange(len(rows)), "n": rows}), on="code")
    spread = counted.with_columns(pl.col("n").sum().over("word").alias("rows"))
    rank = pl.struct("rows", "word").rank("ordinal").over("code")
    return spread.filter(rank <= most).select("code", "word", "rows").sort("code", "rows", "word")
