"""The names people have, as often as people have them.

`lists/surnames.csv`: the 10,000 most frequent surnames of the United States in 2010 with their bearers, and
`lists/given_names.csv`: given names in 1990 by sex with their share; both United States Census Bureau, public domain.
Rarer surnames are put together from syllables: a census has more than a hundred thousand of them, each with few bearers.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from dq.leads.texts import Codes, plain, weighed
from dq.leads.words import GIVEN_MARKED, MIDDLES, ONSETS, SURNAME_ENDINGS, SURNAMES_MARKED

SHARE_MARKED_GIVEN, SHARE_MARKED_SURNAMES, SHARE_RARE_SURNAMES = 0.1, 0.08, 0.3
_LISTS = Path(__file__).parent / "lists"


@dataclass(frozen=True)
class Vocabulary:
    """Names by number.

    Attributes:
        texts: As they are written.
        plain: As they stand in addresses: lower-case ASCII letters.
        weights: How often each is drawn; they need not sum to 1.
    """

    texts: pl.Series
    plain: pl.Series
    weights: npt.NDArray[np.float64]

    def draw(self, rng: np.random.Generator, count: int) -> Codes:
        """`count` names by number, each as often as it should be."""
        return weighed(rng, self.weights, count)


@dataclass(frozen=True)
class Nicknames:
    """Short forms of given names: those of name `n` begin at `start[n]` and are `count[n]`, the usual ones first."""

    texts: pl.Series
    start: Codes
    count: Codes

    def of(self, names: Codes, rng: np.random.Generator) -> Codes:
        """A short form by number for each of these names, more often a usual one; -1 where there is none."""
        far = rng.random(len(names)) ** 2
        chosen = self.start[names] + (far * self.count[names]).astype(np.int64)
        return np.where(self.count[names] > 0, chosen, -1)


@lru_cache(maxsize=1)
def given_names() -> Vocabulary:
    """Given names of both sexes, some with accents."""
    listed = pl.read_csv(_LISTS / "given_names.csv")
    share = listed["per_100k"] / listed.select(pl.col("per_100k").sum().over("sex")).to_series() / 2
    return _joined([(listed["name"], share, 1 - SHARE_MARKED_GIVEN), (*_marked(GIVEN_MARKED), SHARE_MARKED_GIVEN)])


@lru_cache(maxsize=1)
def surnames() -> Vocabulary:
    """Surnames: those of the census, some with accents, and hundreds of thousands of rare ones."""
    listed = pl.read_csv(_LISTS / "surnames.csv")
    rare = _rare()
    falling = pl.Series((np.arange(len(rare)) + 500.0) ** -0.6)
    census = 1 - SHARE_MARKED_SURNAMES - SHARE_RARE_SURNAMES
    return _joined(
        [
            (listed["name"], listed["count"].cast(pl.Float64), census),
            (*_marked(SURNAMES_MARKED), SHARE_MARKED_SURNAMES),
            (rare, falling, SHARE_RARE_SURNAMES),
        ]
    )


@lru_cache(maxsize=1)
def nicknames() -> Nicknames:
    """The shipped short forms of the given names, whatever a project has made of its own list."""
    package = Path(__file__).parents[1]
    shipped = package / "defaults" if (package / "defaults").is_dir() else package.parent
    pairs = pl.read_csv(shipped / "rules" / "lists" / "nicknames.csv").with_row_index("order")
    names = given_names().texts.to_frame("formal").with_row_index("code")
    found = (
        names.with_columns(pl.col("formal").str.to_lowercase())
        .join(pairs.with_columns(pl.col("formal").str.to_lowercase()), on="formal")
        .sort("code", "order")
    )
    count = np.bincount(found["code"].to_numpy(), minlength=len(names)).astype(np.int64)
    return Nicknames(found["nickname"], np.cumsum(count) - count, count)


def _joined(parts: list[tuple[pl.Series, pl.Series, float]]) -> Vocabulary:
    """One vocabulary of several, each with its share; a name that stands twice is the first one's."""
    table = pl.concat(
        pl.DataFrame({"text": texts, "weight": weights.to_numpy() / weights.to_numpy().sum() * share})
        for texts, weights, share in parts
    ).unique("text", keep="first", maintain_order=True)
    spelled = table.select(plain(pl.col("text"))).to_series()
    return Vocabulary(table["text"], spelled, table["weight"].to_numpy())


def _marked(names: tuple[str, ...]) -> tuple[pl.Series, pl.Series]:
    return pl.Series(names), pl.Series((np.arange(len(names)) + 3.0) ** -0.7)


def _rare() -> pl.Series:
    """Every onset, middle and ending once, in an order that looks like none."""
    parts = (ONSETS, MIDDLES, SURNAME_ENDINGS)
    total = len(ONSETS) * len(MIDDLES) * len(SURNAME_ENDINGS)
    numbers = np.random.default_rng(0).permutation(total)
    spelled = pl.Series([""]).gather(np.zeros(total, dtype=np.int64))
    for part in parts:
        spelled = spelled + pl.Series(part).gather(numbers % len(part))
        numbers //= len(part)
    return spelled
