"""What a page about matching tells: counts, what was learned, and a few pairs; keys of rows, and no cell's value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from dq.dedupe.blocking import Key
from dq.dedupe.evidence import Evidence
from dq.dedupe.features import Floats
from dq.masking import masked_key
from dq.report.charts import Bin, FoundBy, Mark
from dq.report.waterfall import Waterfall, waterfall
from dq.schemas import Cluster, Pair
from dq.schemas.pair import MATCH

_MOST_BINS = 70
_SIZES = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (11, 20), (21, 50), (51, 100), (101, None))


@dataclass(frozen=True)
class Example:
    """A pair of rows, taken apart.

    Attributes:
        title: What it is an example of, and which rows they are.
        fall: Its weights.
    """

    title: str
    fall: Waterfall


@dataclass(frozen=True)
class Matching:
    """What matching found.

    Attributes:
        headline: What was found, in a line.
        sizes: Classes of cluster sizes and how many clusters each has.
        compared: Which pairs have the match weights, in a sentence or two.
        weights: How many pairs have which match weight.
        link: Match weight at which a pair is a link.
        marks: The thresholds.
        evidence: What was learned; None where nothing was.
        keys: What pairs were found by.
        counted: When their pairs were counted, in a sentence, where that was not now.
        examples: Some pairs.
        roles: Columns and what they were taken for.
        decided: What put rows into their clusters, and how many.
    """

    headline: str
    sizes: Sequence[tuple[str, int]]
    compared: str
    weights: Sequence[Bin]
    link: float
    marks: Sequence[Mark]
    evidence: Evidence | None = None
    keys: Sequence[FoundBy] = ()
    counted: str = ""
    examples: Sequence[Example] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    decided: Sequence[tuple[str, int]] = ()


def keys_of(keys: Sequence[Key]) -> tuple[FoundBy, ...]:
    """Blocking keys in the order in which they were taken."""
    return tuple(FoundBy(key.name, key.pairs, key.recall) for key in keys)


def bins_of(weights: Floats) -> tuple[Bin, ...]:
    """Match weights counted by whole bits, or by several where they are far apart."""
    known = weights[np.isfinite(weights)]
    if not len(known):
        return ()
    low, high = np.floor(known.min()), np.floor(known.max()) + 1
    wide = max(1.0, np.ceil((high - low) / _MOST_BINS))
    number = (
        np.searchsorted(wide * np.arange(low // wide, high // wide + 2), known, side="right") - 1 + int(low // wide)
    )
    first = int(number.min())
    return tuple(
        Bin(float(wide * place), float(wide * (place + 1)), int(count))
        for place, count in enumerate(np.bincount(number - first), first)
    )


def sizes_of(clusters: pl.DataFrame) -> tuple[tuple[str, int], ...]:
    """Clusters by how many rows they have, in classes, up to the largest there are.

    Args:
        clusters: Cluster contract.
    """
    sizes = clusters.group_by(Cluster.table, Cluster.entity_id).agg(pl.len().alias("rows"))["rows"]
    largest = sizes.max() or 0
    return tuple(
        (_size(low, high), int(sizes.is_between(low, high or largest).sum()))
        for low, high in _SIZES
        if isinstance(largest, int) and low <= largest
    )


def examples_of(
    evidence: Evidence, pairs: pl.DataFrame, link: float, stores: Mapping[str, str], gamma: str = "gamma_"
) -> tuple[Example, ...]:
    """The surest, a usual and the least sure match, the likeliest pair that is none, and one that was kept apart.

    Args:
        evidence: What was learned.
        pairs: Pair contract, with the level of every comparison as a column.
        link: Match weight at which a pair is a link.
        stores: What rows of each store are called.
        gamma: What these columns' names begin with.
    """
    gammas = [f"{gamma}{respect.name}" for respect in evidence.respects]
    if any(name not in pairs.columns for name in gammas):
        return ()
    weight = pl.col(str(Pair.match_weight))
    by = [weight.abs(), Pair.key_l, Pair.key_r]
    own = pairs.filter(pl.col(Pair.match_key) == MATCH, weight.is_finite()).sort(by, descending=[True, False, False])
    linked = own.filter(pl.col(Pair.decision) == "link", weight >= link)
    apart = own.filter(pl.col(Pair.decision) == "reject", weight >= link)
    below = own.filter(pl.col(Pair.decision) != "link", weight < link).sort(
        weight, Pair.key_l, Pair.key_r, descending=[True, False, False]
    )
    wanted = {
        "The surest match": linked.head(1),
        "A usual match": linked.slice(linked.height // 2, 1) if linked.height > 2 else linked.head(0),
        "The least sure match": linked.tail(1) if linked.height > 1 else linked.head(0),
        "The likeliest pair that is no match": below.head(1),
        "Alike, yet kept apart": apart.head(1),
    }
    return tuple(
        _example(evidence, gammas, title, found, stores) for title, found in wanted.items() if not found.is_empty()
    )


def _size(low: int, high: int | None) -> str:
    return f"{low}" if low == high else f"over {low - 1}" if high is None else f"{low} to {high}"


def _example(
    evidence: Evidence, gammas: Sequence[str], title: str, found: pl.DataFrame, stores: Mapping[str, str]
) -> Example:
    row = found.with_columns(masked_key(pl.col(name)) for name in (str(Pair.key_l), str(Pair.key_r))).row(0, named=True)
    left, right = (f"{stores[row[f'store_{side}']]} {row[f'key_{side}']}" for side in "lr")
    fall = waterfall(evidence, [row[name] for name in gammas], row[str(Pair.match_weight)])
    return Example(f"{title}: {left} and {right}", fall)
