"""Clusters: connected components over the linked pairs, with stable ids, confidence and bridges."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dq.dedupe.features import distinct
from dq.dedupe.keys import NODE
from dq.dedupe.pairs import LEFT, RIGHT
from dq.schemas import Cluster, Pair, Record
from dq.schemas.pair import ALWAYS, MATCH

STORE = Cluster.store
MAX_BRIDGE_CHECK = 50
"""Clusters of more rows are not searched for bridges: they are put to people as a whole."""
_TRUSTED = ("decided", "base", "link")
"""Evidence that is known, in order of trust."""
_RENAMES = 3
"""How often the row that names an entity may leave it and be given a name of its own."""

Ints = NDArray[np.int64]


def clusters(nodes: pl.DataFrame, compared: pl.DataFrame, table: str, taken: Sequence[str] = ()) -> pl.DataFrame:
    """Every row with its entity, in the Cluster contract (survivor not chosen yet: False everywhere).

    Args:
        nodes: node (0…n-1), store, row_key, known_entity (the base's entity id of the row, or null).
        compared: Pairs with a decision.
        table: The mapping's database table.
        taken: Entity ids that the base uses: a new entity must not be given one of them.
    """
    linked = compared.filter(pl.col(Pair.decision) == "link")
    left, right = linked[LEFT].to_numpy(), linked[RIGHT].to_numpy()
    label = components(left, right, nodes.height)
    weakest = _weakest(left, right, linked[str(Pair.match_probability)].to_numpy(), label)
    return (
        nodes.sort(NODE)
        .with_columns(
            pl.Series("label", label),
            pl.Series(str(Cluster.bridge), bridges(left, right, label)),
            _evidence(linked, nodes.height),
        )
        .with_columns(_entity_id(taken), pl.Series(str(Cluster.probability), weakest[label]))
        .select(
            STORE,
            Record.row_key,
            Cluster.entity_id,
            pl.lit(value=False).alias(str(Cluster.survivor)),
            str(Cluster.probability),
            str(Cluster.bridge),
            Cluster.decided_by,
            pl.lit(table).alias(Cluster.table),
        )
        .sort(STORE, Record.row_key)
    )


def components(left: Ints, right: Ints, size: int) -> Ints:
    """Component number of each of `size` nodes."""
    from scipy.sparse import coo_array  # noqa: PLC0415 -- loads for a fifth of a second, and only plans need it
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def bridges(left: Ints, right: Ints, label: Ints) -> NDArray[np.bool_]:
    """Whether a cluster falls apart without the row: every cluster is copied once per row, with that row cut out.

    Links between clusters, which a cut has parted, do not count.

    The copies of a cluster of k rows have k·k nodes, so clusters over `MAX_BRIDGE_CHECK` rows are left out.
    """
    found = np.zeros(len(label), dtype=np.bool_)
    size = np.bincount(label)
    checked = np.flatnonzero((size[label] >= 3) & (size[label] <= MAX_BRIDGE_CHECK)) if len(label) else label
    if not len(checked):
        return found
    order = checked[np.argsort(label[checked], kind="stable")]  # a cluster's rows stand together
    starts = np.concatenate(([0], np.flatnonzero(np.diff(label[order])) + 1))
    count = np.diff(np.append(starts, len(order)))
    position = np.full(len(label), -1, dtype=np.int64)  # of a row in its cluster
    position[order] = np.arange(len(order)) - np.repeat(starts, count)
    offset = np.zeros(len(size), dtype=np.int64)  # of a cluster's first copy among all copies
    offset[label[order[starts]]] = np.concatenate(([0], np.cumsum(count**2)[:-1]))
    within = label[left] == label[right]
    parts = _cut(left[within], right[within], size[label], position, offset[label])
    copy_of = np.repeat(np.arange(len(order)), np.repeat(count, count))
    several = distinct(copy_of << 32 | parts) >> 32
    found[order] = np.bincount(several, minlength=len(order)) > 2  # the cut row itself, and more than one part
    return found


def _cut(left: Ints, right: Ints, size: Ints, position: Ints, offset: Ints) -> Ints:
    """Component of every node of every copy; copy i of a cluster lacks the links of its row i."""
    inside = position[left] >= 0
    ends = left[inside], right[inside]
    copies = size[ends[0]]
    cut = np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
    from_, to = np.repeat(ends[0], copies), np.repeat(ends[1], copies)
    kept = (position[from_] != cut) & (position[to] != cut)
    at = offset[from_] + cut * size[from_]
    rows = np.flatnonzero(position >= 0)
    return components((at + position[from_])[kept], (at + position[to])[kept], int(size[rows].sum()))


def _weakest(left: Ints, right: Ints, probability: NDArray[np.float64], label: Ints) -> NDArray[np.float64]:
    """Per component: the least probability on its strongest spanning tree (1 where there is no pair)."""
    from scipy.sparse import coo_array  # noqa: PLC0415 -- as in `components`
    from scipy.sparse.csgraph import minimum_spanning_tree  # noqa: PLC0415

    result = np.ones(int(label.max()) + 1 if len(label) else 0)
    if len(left):
        doubt = coo_array((2.0 - probability, (left, right)), shape=(len(label), len(label)))
        tree = minimum_spanning_tree(doubt.tocsr()).tocoo()
        np.minimum.at(result, label[tree.row], 2.0 - tree.data)
    return result


def _evidence(linked: pl.DataFrame, size: int) -> pl.Series:
    """The strongest evidence of each row: people's word, the base, a link, then its likeliest key."""
    words = pl.col(Pair.match_key).str.split("+")
    trust = pl.lit(len(_TRUSTED))
    for place, word in reversed(list(enumerate(_TRUSTED))):
        trust = pl.when(words.list.contains(word)).then(place).otherwise(trust)
    named = (
        pl.when(trust < len(_TRUSTED))
        .then(trust.replace_strict(dict(enumerate(_TRUSTED)), default=None, return_dtype=pl.String))
        .when(pl.col(Pair.match_key).is_in([MATCH, ALWAYS]))
        .then(pl.col(Pair.match_key))
        .otherwise(pl.lit("key:") + pl.col(Pair.match_key))
    )
    likely = -pl.col(str(Pair.match_probability))
    ends = pl.concat(
        linked.select(pl.col(side).alias(NODE), trust.alias("trust"), likely.alias("doubt"), named.alias("named"))
        for side in (LEFT, RIGHT)
    )
    best = ends.sort(NODE, "trust", "doubt", "named").unique(NODE, keep="first", maintain_order=True)
    everyone = pl.DataFrame({NODE: np.arange(size)}).join(best, on=NODE, how="left", maintain_order="left")
    return everyone["named"].fill_null("single").alias(Cluster.decided_by)


def _entity_id(taken: Sequence[str]) -> pl.Expr:
    """The base's entity id where a member has one, else the least member: `database:<key>` before `airtable:<id>`.

    The row that a known entity is named after may have left it: then it needs another name of its own.
    """
    member = pl.col(STORE) + ":" + pl.col(Record.row_key)
    least = pl.coalesce(member.filter(pl.col(STORE) == "database").min(), member.min())
    for _ in range(_RENAMES):
        least = pl.when(least.is_in(list(taken))).then(least + "~").otherwise(least)
    return pl.coalesce(pl.col("known_entity").min(), least).over("label").alias(Cluster.entity_id)
