"""Decisions: pairs of rows that a person looked at, by whom, when and why. Keys only, no values."""

from pathlib import Path

import polars as pl

from dq.stores.private import make_folder
from dq.stores.vouched import damaged, read_vouched, write_vouched

FILE = "decisions.parquet"
SAME, DIFFERENT, UNSURE = "same", "different", "unsure"
ENDS = ["store_l", "key_l", "store_r", "key_r"]
TYPES = {
    "table": pl.String(),
    **dict.fromkeys(ENDS, pl.String()),
    "decision": pl.String(),
    "by": pl.String(),
    "at": pl.String(),
    "why": pl.String(),
}
"""table: the mapping's database table; the ends: two rows, in the order of store and key; decision: `same`, `different` or
`unsure`; at: ISO time."""
PAIR = ["table", *ENDS]


def load(root: Path) -> pl.DataFrame:
    """The decisions, one line a pair.

    Args:
        root: The snapshots folder.

    Raises:
        DamagedError: The file cannot be read.
    """
    path = root / "base" / FILE
    if not path.exists():
        return pl.DataFrame(schema=TYPES)
    with damaged(
        "The list of people's decisions cannot be read.",
        where=f"snapshots/base/{FILE}",
        fix="restore snapshots/base from a backup",
        why="Without it rows that people told apart would be merged again.",
    ):
        return _today(read_vouched(path)).select(pl.col(name).cast(dtype) for name, dtype in TYPES.items())


def _today(held: pl.DataFrame) -> pl.DataFrame:
    """The list as it is written now: once both rows were of one store, which was named once."""
    if "store" not in held.columns:
        return held
    return held.with_columns(pl.col("store").alias("store_l"), pl.col("store").alias("store_r"))


def save(root: Path, decisions: pl.DataFrame) -> None:
    """Write the decisions, whole or not at all."""
    write_vouched(decisions.select(list(TYPES)).sort(PAIR), make_folder(root / "base") / FILE)


def decided(decisions: pl.DataFrame, pairs: pl.DataFrame, decision: str, by: str, at: str, why: str) -> pl.DataFrame:
    """The decisions with those on more pairs; what was decided of a pair before gives way.

    Args:
        decisions: As they were.
        pairs: table, store_l, key_l, store_r, key_r, in any order of the two.
        decision: `same`, `different` or `unsure`.
        by: Who decided.
        at: When, in ISO format.
        why: A word for people: which undo, or what they say.
    """
    said = {"decision": decision, "by": by, "at": at, "why": why}
    new = ordered(pairs).select(*PAIR, *(pl.lit(value).alias(name) for name, value in said.items()))
    return pl.concat([decisions, new.select(list(TYPES))]).unique(PAIR, keep="last", maintain_order=True)


def ordered(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with their ends in the order of store and key."""
    one_store = pl.col("store_r") == pl.col("store_l")
    turned = (pl.col("store_r") < pl.col("store_l")) | (one_store & (pl.col("key_r") < pl.col("key_l")))
    swapped = [
        pl.when(turned).then(f"{column}_{other}").otherwise(f"{column}_{side}").alias(f"{column}_{side}")
        for side, other in (("l", "r"), ("r", "l"))
        for column in ("store", "key")
    ]
    return pairs.with_columns(swapped)


def forgotten(decisions: pl.DataFrame, key: str) -> pl.DataFrame:
    """The decisions without those about a row, by its key."""
    return decisions.filter((pl.col("key_l") != key) & (pl.col("key_r") != key))


def pairs_decided(decisions: pl.DataFrame, table: str, decision: str) -> pl.DataFrame:
    """store_l, key_l, store_r, key_r of one mapping's rows of which that was decided."""
    return decisions.filter(table=table, decision=decision).select(ENDS)
