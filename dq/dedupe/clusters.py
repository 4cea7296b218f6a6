"""Clusters: connected components over the linked pairs, with stable ids, confidence and bridges."""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from dq.dedupe.keys import NODE
from dq.dedupe.pairs import LEFT, RIGHT
from dq.schemas import Cluster, Pair, Record

STORE = Cluster.store
MAX_BRIDGE_CHECK = 50
"""Clusters of more rows are not searched for bridges: they are put to people as a whole."""

Ints = NDArray[np.int64]


def clusters(nodes: pl.DataFrame, compared: pl.DataFrame, table: str) -> pl.DataFrame:
    """Every row with its entity, in the Cluster contract (survivor not chosen yet: False everywhere).

    Args:
        nodes: node (0…n-1), store, row_key, known_entity (the base's entity id of the row, or null).
        compared: Pairs with a decision.
        table: The mapping's database table.
    """
    linked = compared.filter(pl.col(Pair.decision) == "link")
    left, right = linked[LEFT].to_numpy(), linked[RIGHT].to_numpy()
    label = components(left, right, nodes.height)
    weakest = _weakest(left, right, linked[Pair.match_probability].to_numpy(), label)
    return (
        nodes.sort(NODE)
        .with_columns(
            pl.Series("label", label),
            pl.Series(Cluster.bridge, bridges(left, right, label)),
            _evidence(linked, nodes.height),
        )
        .with_columns(_entity_id(), pl.Series(Cluster.probability, weakest[label]))
        .select(
            STORE,
            Record.row_key,
            Cluster.entity_id,
            pl.lit(value=False).alias(Cluster.survivor),
            Cluster.probability,
            Cluster.bridge,
            Cluster.decided_by,
            pl.lit(table).alias(Cluster.table),
        )
        .sort(STORE, Record.row_key)
    )


def components(left: Ints, right: Ints, size: int) -> Ints:
    """Component number of each of `size` nodes."""
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def bridges(left: Ints, right: Ints, label: Ints) -> NDArray[np.bool_]:
    """Whether a cluster falls apart without the row: every cluster is copied once per row, with that row cut out.

    The copies of a cluster of k rows have k·k nodes, so clusters over `MAX_BRIDGE_CHECK` rows are left out.
    """
    size = np.bincount(label) if len(label) else np.zeros(0, dtype=np.int64)
    found = np.zeros(len(label), dtype=np.bool_)
    checked = np.flatnonzero((size[label] >= 3) & (size[label] <= MAX_BRIDGE_CHECK)) if len(label) else found
    if not len(checked):
        return found
    order = checked[np.argsort(label[checked], kind="stable")]
    position = np.full(len(label), -1, dtype=np.int64)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(label[order])) + 1))
    count = np.diff(np.append(starts, len(order)))
    position[order] = np.arange(len(order)) - np.repeat(starts, count)
    offset = np.zeros(len(size), dtype=np.int64)
    offset[label[order[starts]]] = np.concatenate(([0], np.cumsum(count**2)[:-1]))
    inside = position[left] >= 0
    l, r = left[inside], right[inside]
    copies = size[label[l]]
    cut = np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
    l, r = np.repeat(l, copies), np.repeat(r, copies)
    kept = (position[l] != cut) & (position[r] != cut)
    at = offset[label[l]] + cut * size[label[l]]
    parts = components((at + position[l])[kept], (at + position[r])[kept], int((count**2).sum()))
    copy_of = np.repeat(np.arange(len(order)), np.repeat(count, count))
    distinct = np.unique(np.stack([copy_of, parts]), axis=1)[0]
    found[order] = np.bincount(distinct, minlength=len(order)) > 2  # the cut row itself, and more than one part
    return found


def _weakest(left: Ints, right: Ints, probability: NDArray[np.float64], label: Ints) -> NDArray[np.float64]:
    """Per component: the least probability on its strongest spanning tree (1 where there is no pair)."""
    result = np.ones(int(label.max()) + 1 if len(label) else 0)
    if len(left):
        doubt = coo_array((2.0 - probability, (left, right)), shape=(len(label), len(label)))
        tree = minimum_spanning_tree(doubt.tocsr()).tocoo()
        np.minimum.at(result, label[tree.row], 2.0 - tree.data)
    return result


def _evidence(linked: pl.DataFrame, size: int) -> pl.Series:
    """The strongest evidence of each row: `base`, then `link`, then its likeliest key."""
    ends = [linked.select(pl.col(side).alias(NODE), Pair.match_key, Pair.match_probability) for side in (LEFT, RIGHT)]
    best = pl.concat(ends).sort(NODE, Pair.match_probability, Pair.match_key, descending=[False, True, False])
    first = best.unique(NODE, keep="first", maintain_order=True)
    key = pl.col(Pair.match_key)
    named = pl.when(key.is_in(["base", "link"])).then(key).otherwise(pl.lit("key:") + key)
    named = pl.when(key.str.contains(r"(^|\+)base($|\+)")).then(pl.lit("base")).otherwise(named)
    named = pl.when(key.str.contains(r"(^|\+)link($|\+)") & (named != "base")).then(pl.lit("link")).otherwise(named)
    everyone = pl.DataFrame({NODE: np.arange(size)}).join(
        first.select(pl.col(NODE).cast(pl.Int64), named.alias(Cluster.decided_by)),
        on=NODE,
        how="left",
        maintain_order="left",
    )
    return everyone[Cluster.decided_by].fill_null("single")


def _entity_id() -> pl.Expr:
    """The base's entity id where a member has one, else the least member: `database:<key>` before `airtable:<id>`."""
    member = pl.col(STORE) + ":" + pl.col(Record.row_key)
    least_database = member.filter(pl.col(STORE) == "database").min()
    own = pl.coalesce(pl.col("known_entity").min(), least_database, member.min())
    return own.over("label").alias(Cluster.entity_id)
