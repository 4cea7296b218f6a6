"""One scorer for every matcher: what clusters and scored pairs are worth against the truth.

Clusters are counted in cells, the records that an entity and a cluster have in common, so that no pair is ever written down:
a cell of n records is n(n-1)/2 pairs. Nothing out of nothing counts as right (precision 1 where nothing was found).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

RECORD, ENTITY, CLUSTER = "record_id", "entity_id", "cluster"
EDGES = (0.0, 0.01, 0.05, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)
"""Bins of predicted probability: finer where matchers put their pairs."""
LADDER = (0.05, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999, 0.99999, 0.999999)
"""Thresholds that are tried for the best one."""


@dataclass(frozen=True)
class Share:
    """How much of what was found is right, and how much of what is right was found."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True)
class Scores:
    """What clusters are worth.

    Attributes:
        pairs: Over all pairs of records that clusters imply.
        b_cubed: Over records: of each record's cluster, of each record's entity.
        exact: Over clusters and entities of two and more records that are the same to the last record.
        largest: Records in the largest cluster.
        largest_entity: Records in the largest entity.
    """

    pairs: Share
    b_cubed: Share
    exact: Share
    largest: int
    largest_entity: int


def scores(
    truth: pl.DataFrame, found: pl.DataFrame, *, pairs: pl.DataFrame | None = None, apart: pl.DataFrame | None = None
) -> Scores:
    """Score clusters.

    Args:
        truth: record_id, entity_id: every record once.
        found: record_id, cluster; a record that is not in it is a cluster of its own.
        pairs: id_a, id_b: where the truth is a list of pairs, these are the right ones (and `truth` is `entities_of` them).
        apart: record_id, source: where two sources were linked, only pairs across them count as pairs.

    Raises:
        ValueError: A record is found twice, or was never there.
    """
    cells = _cells(truth, found)
    sizes = {side: _sizes(cells, side) for side in (ENTITY, CLUSTER)}
    shared = cells.join(sizes[ENTITY], on=ENTITY).join(sizes[CLUSTER], on=CLUSTER)
    same = (pl.col("n") == pl.col(f"n_{ENTITY}")) & (pl.col("n") == pl.col(f"n_{CLUSTER}")) & (pl.col("n") > 1)
    right = shared.filter(same).height
    several = {side: sizes[side].filter(pl.col(f"n_{side}") > 1).height for side in sizes}
    return Scores(
        pairs=_pairs(truth, found, pairs, apart),
        b_cubed=Share(_b_cubed(shared, CLUSTER), _b_cubed(shared, ENTITY)),
        exact=Share(_of(right, several[CLUSTER]), _of(right, several[ENTITY])),
        largest=int(sizes[CLUSTER][f"n_{CLUSTER}"].max() or 0),
        largest_entity=int(sizes[ENTITY][f"n_{ENTITY}"].max() or 0),
    )


def entities_of(pairs: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The entities that a list of true pairs implies: record_id, entity_id.

    Args:
        pairs: id_a, id_b.
        records: record_id: every record there is.
    """
    return linked(records[RECORD], pairs["id_a"], pairs["id_b"]).rename({CLUSTER: ENTITY})


def linked(records: pl.Series, left: pl.Series, right: pl.Series) -> pl.DataFrame:
    """Connected components: record_id, cluster.

    Args:
        records: Every record's id, each once.
        left: One end of each link; an id of `records`.
        right: The other end.
    """
    nodes = pl.DataFrame({RECORD: records}).with_row_index("node")
    ends = [_nodes(nodes, side) for side in (left, right)]
    links = coo_array((np.ones(len(left), dtype=np.int8), tuple(ends)), shape=(nodes.height, nodes.height))
    _, labels = connected_components(links, directed=False)
    return nodes.select(RECORD).with_columns(pl.Series(CLUSTER, labels))


def best(truth: pl.DataFrame, scored: pl.DataFrame, **against: pl.DataFrame | None) -> tuple[float, float]:
    """The best pairwise F1 of components over the thresholds of `LADDER`, and its threshold.

    Args:
        truth: record_id, entity_id.
        scored: left, right, probability.
        **against: `pairs` and `apart`, as `scores` takes them.
    """
    tried = []
    for threshold in LADDER:
        kept = scored.filter(pl.col("probability") >= threshold)
        found = linked(truth[RECORD], kept["left"], kept["right"])
        tried.append((_pairs(truth, found, against.get("pairs"), against.get("apart")).f1, threshold))
    return max(tried)


def reliability(truth: pl.DataFrame, scored: pl.DataFrame, edges: tuple[float, ...] = EDGES) -> pl.DataFrame:
    """How often pairs of a predicted probability are right: bin, pairs, predicted (mean), right (share); empty bins left out.

    Args:
        truth: record_id, entity_id.
        scored: left, right, probability.
        edges: Borders of the bins, ascending; a bin has its lower border, the last one both.
    """
    inner = list(edges[1:-1])
    names = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    number = pl.Series("number", np.searchsorted(inner, scored["probability"].to_numpy(), side="right"))
    judged = _judged(truth, scored).with_columns(number)
    rows = judged.group_by("number").agg(
        pl.len().alias("pairs"), pl.col("probability").mean().alias("predicted"), pl.col("right").mean().alias("right")
    )
    named = pl.DataFrame({"number": range(len(names)), "bin": names}, schema_overrides={"number": pl.Int64})
    return named.join(rows, on="number").sort("number").select("bin", "pairs", "predicted", "right")


def calibration_error(bins: pl.DataFrame) -> float:
    """The mean distance of predicted and right share over all pairs of `reliability`."""
    away = (bins["predicted"] - bins["right"]).abs() * bins["pairs"]
    return float(away.sum() / bins["pairs"].sum()) if bins.height else 0.0


def _judged(truth: pl.DataFrame, scored: pl.DataFrame) -> pl.DataFrame:
    entities = [
        scored.select(pl.col(side).alias(RECORD)).join(truth, on=RECORD, how="left", maintain_order="left")[ENTITY]
        for side in ("left", "right")
    ]
    return scored.select("probability").with_columns((entities[0] == entities[1]).alias("right"))


def _cells(truth: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    return _joined(truth, found).group_by(ENTITY, CLUSTER).agg(pl.len().cast(pl.Int64).alias("n"))


def _joined(truth: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Every record with its entity and its cluster, both numbers; a record that was not found has a number of its own."""
    if found[RECORD].n_unique() != found.height:
        raise ValueError("A record stands in the clusters twice.")
    strange = found.join(truth, on=RECORD, how="anti").height
    if strange:
        raise ValueError(f"{strange} records of the clusters are not in the data.")
    numbered = found.select(RECORD, pl.col(CLUSTER).rank("dense").cast(pl.Int64).alias(CLUSTER))
    alone = -1 - pl.int_range(pl.len(), dtype=pl.Int64)
    return (
        truth.select(RECORD, ENTITY)
        .join(numbered, on=RECORD, how="left")
        .with_columns(pl.col(CLUSTER).fill_null(alone))
    )


def _sizes(cells: pl.DataFrame, side: str) -> pl.DataFrame:
    return cells.group_by(side).agg(pl.col("n").sum().alias(f"n_{side}"))


def _b_cubed(shared: pl.DataFrame, side: str) -> float:
    records = int(shared["n"].sum())
    return float((shared["n"] ** 2 / shared[f"n_{side}"]).sum() / records) if records else 1.0


def _pairs(truth: pl.DataFrame, found: pl.DataFrame, pairs: pl.DataFrame | None, apart: pl.DataFrame | None) -> Share:
    joined = _joined(truth, found)
    counted = [CLUSTER] if apart is None else [CLUSTER, "source"]
    if apart is not None:
        joined = joined.join(apart.select(RECORD, "source"), on=RECORD)
    claimed = _implied(joined, counted)
    if pairs is None:
        within = [ENTITY] if apart is None else [ENTITY, "source"]
        true, both = _implied(joined, within), _implied(joined, [ENTITY, *counted])
    else:
        clusters = joined.select(RECORD, CLUSTER)
        ends = [
            pairs.select(pl.col(side).alias(RECORD)).join(clusters, on=RECORD, how="left", maintain_order="left")[
                CLUSTER
            ]
            for side in ("id_a", "id_b")
        ]
        true, both = pairs.height, int((ends[0] == ends[1]).sum())
    return Share(_of(both, claimed), _of(both, true))


def _implied(joined: pl.DataFrame, columns: list[str]) -> int:
    """Pairs of records in one group; with a source among the columns, without those of one source."""
    groups = [name for name in columns if name != "source"]
    every = _choose_two(joined, groups)
    return every - _choose_two(joined, columns) if "source" in columns else every


def _choose_two(joined: pl.DataFrame, columns: list[str]) -> int:
    sizes = joined.group_by(columns).agg(pl.len().cast(pl.Int64).alias("n"))["n"]
    return int((sizes * (sizes - 1) // 2).sum())


def _of(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _nodes(nodes: pl.DataFrame, ends: pl.Series) -> np.ndarray:
    numbers = pl.DataFrame({RECORD: ends}).join(nodes, on=RECORD, how="left", maintain_order="left")["node"]
    if numbers.null_count():
        raise ValueError(f"{numbers.null_count()} ends of links are no records.")
    return numbers.to_numpy()
