"""Division: clusters that hold two rows which people told apart fall into parts that do not.

Links are taken in order of trust: what people say, what is known, then by weight; one that would join rows told apart is rejected.
"""

from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dq.dedupe.clusters import components
from dq.dedupe.pairs import LEFT, RIGHT
from dq.schemas import Pair

REJECT = "reject"


def divided(compared: pl.DataFrame, apart: pl.DataFrame, size: int) -> pl.DataFrame:
    """The compared pairs, with links rejected that would join rows told apart.

    Args:
        compared: Pairs with a decision.
        apart: node_l, node_r of rows that are not the same lead.
        size: Number of nodes.
    """
    if apart.is_empty() or compared.is_empty():
        return compared
    left, right = compared[LEFT].to_numpy(), compared[RIGHT].to_numpy()
    linked = (compared[str(Pair.decision)] == "link").to_numpy()
    label = components(left[linked], right[linked], size)
    here, there = apart[LEFT].to_numpy(), apart[RIGHT].to_numpy()
    joined = label[here] == label[there]
    affected = np.isin(label[left], label[here[joined]]) & linked
    rejected = np.zeros(len(compared), dtype=np.bool_)
    rejected[_cut(compared, affected, zip(here[joined].tolist(), there[joined].tolist(), strict=True))] = True
    decision = pl.when(pl.Series(rejected)).then(pl.lit(REJECT)).otherwise(str(Pair.decision))
    return compared.with_columns(decision.alias(str(Pair.decision)))


def _cut(compared: pl.DataFrame, affected: NDArray[np.bool_], enemies: Iterable[tuple[int, int]]) -> list[int]:
    """Numbers of the pairs that are rejected; only those of clusters that people have divided are walked through."""
    words = pl.col(Pair.match_key).str.split("+")
    known = words.list.eval(pl.element().is_in(["base", "link", "merged"])).list.any().cast(pl.Int8)
    trust = pl.when(words.list.contains("decided")).then(2).otherwise(known)
    order = ["_known", str(Pair.match_weight), LEFT, RIGHT]
    walked = (
        compared.with_row_index("_pair")
        .filter(pl.Series(affected))
        .with_columns(trust.alias("_known"))
        .sort(order, descending=[True, True, False, False])
    )
    home: dict[int, int] = {}
    against: dict[int, set[int]] = {}
    for one, other in enemies:
        against.setdefault(one, set()).add(other)
        against.setdefault(other, set()).add(one)
    members: dict[int, set[int]] = {}
    cut: list[int] = []
    ends = zip(*(walked[name].to_list() for name in ("_pair", LEFT, RIGHT)), strict=True)
    for number, one, other in ends:
        first, second = home.setdefault(one, one), home.setdefault(other, other)
        groups = members.setdefault(first, {one}), members.setdefault(second, {other})
        if first == second:
            continue
        if any(against.get(node, set()) & groups[1] for node in groups[0]):
            cut.append(number)
            continue
        groups[0].update(groups[1])
        home.update(dict.fromkeys(groups[1], first))
        del members[second]
    return cut
