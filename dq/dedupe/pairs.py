"""Candidate pairs: rows that share a key or a link, what their comparison says, and the decision.

A pair is linked when its match probability reaches the threshold, else it is put to review: a shared address between
two profiles with different names is not one person.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dq.dedupe import keys, weights
from dq.rules import DedupeRules
from dq.schemas import Pair

LEFT, RIGHT = "node_l", "node_r"
_SURNAME_GAMMA = "gamma_surname"
MAX_BLOCK = 100
"""Rows of one key value that are all compared with each other; in larger blocks each row meets the first only."""


@dataclass(frozen=True)
class Pairs:
    """Compared pairs and the key values that were not used.

    Attributes:
        compared: node_l < node_r, match_key, gamma_ columns, match_weight, match_probability, decision.
        shared: match_key, value, surnames: values that too many surnames carry.
    """

    compared: pl.DataFrame
    shared: pl.DataFrame


def pairs(nodes: pl.DataFrame, known: pl.DataFrame, rules: DedupeRules, kinds: Mapping[str, str]) -> Pairs:
    """Every candidate pair, compared and decided.

    Args:
        nodes: node (row number), surname, and `<field>_form` per key field.
        known: node_l, node_r, match_key of links that are known already.
        rules: Keys, threshold and lists.
        kinds: Field → its standardizer family.
    """
    usable, shared = keys.key_values(nodes, rules, kinds)
    found = pl.concat([_ordered(known), _blocked(usable)])
    candidates = (
        found.group_by(LEFT, RIGHT)
        .agg(pl.col(Pair.match_key).unique().sort().str.join("+"), pl.col("certain").any())
        .sort(LEFT, RIGHT)
    )
    return Pairs(compared=_decided(_compared(candidates, nodes, rules, kinds), rules), shared=shared)


def _ordered(known: pl.DataFrame) -> pl.DataFrame:
    return known.select(
        pl.min_horizontal(LEFT, RIGHT).alias(LEFT),
        pl.max_horizontal(LEFT, RIGHT).alias(RIGHT),
        Pair.match_key,
        pl.lit(value=True).alias("certain"),
    )


def _blocked(usable: pl.DataFrame) -> pl.DataFrame:
    on = [keys.MATCH_KEY, keys.VALUE]
    size = pl.len().over(on)
    blocks = usable.with_columns(size.alias("size"), pl.col(keys.NODE).min().over(on).alias("first")).filter(
        pl.col("size") > 1
    )
    large = pl.col("size") > MAX_BLOCK
    small = blocks.filter(~large)
    met = small.join(small.select(*on, pl.col(keys.NODE).alias(RIGHT)), on=on).rename({keys.NODE: LEFT})
    hub = blocks.filter(large).select(*on, pl.col("first").alias(LEFT), pl.col(keys.NODE).alias(RIGHT))
    return (
        pl.concat([met.select(*on, LEFT, RIGHT), hub])
        .filter(pl.col(LEFT) < pl.col(RIGHT))
        .select(LEFT, RIGHT, Pair.match_key, pl.lit(value=False).alias("certain"))
    )


def _compared(
    candidates: pl.DataFrame, nodes: pl.DataFrame, rules: DedupeRules, kinds: Mapping[str, str]
) -> pl.DataFrame:
    columns = {f"gamma_{key.field}": keys.form(key.field) for key in rules.keys}
    by_name = _SURNAME_GAMMA not in columns  # else the names are compared as a key of their own
    if by_name:
        columns[_SURNAME_GAMMA] = keys.SURNAME
    sides = [
        candidates.select(side).join(nodes, left_on=side, right_on=keys.NODE, how="left", maintain_order="left")
        for side in (LEFT, RIGHT)
    ]
    gammas = [_gamma(sides[0][column], sides[1][column]).alias(gamma) for gamma, column in columns.items()]
    bits = [
        weights.weight(pl.col(f"gamma_{key.field}"), kinds.get(key.field, "text"), identifying=key.identifying)
        for key in rules.keys
    ]
    if by_name:
        bits.append(weights.weight(pl.col(_SURNAME_GAMMA), "name", identifying=False))
    total = pl.sum_horizontal(*bits)
    certain = pl.when("certain").then(pl.max_horizontal(total, pl.lit(weights.CERTAIN))).otherwise(total)
    return candidates.with_columns(gammas).with_columns(certain.alias(str(Pair.match_weight)))


def _gamma(left: pl.Series, right: pl.Series) -> pl.Series:
    return (left == right).cast(pl.Int8).fill_null(-1)


def _decided(compared: pl.DataFrame, rules: DedupeRules) -> pl.DataFrame:
    """A known link needs no threshold."""
    probability = weights.probability(pl.col(str(Pair.match_weight))).alias(str(Pair.match_probability))
    is_link = pl.col("certain") | (pl.col(str(Pair.match_probability)) >= rules.threshold)
    decision = pl.when(is_link).then(pl.lit("link")).otherwise(pl.lit("review"))
    return compared.with_columns(probability).with_columns(decision.alias(Pair.decision)).drop("certain")
