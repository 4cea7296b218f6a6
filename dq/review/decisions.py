"""Decisions: pairs of rows of one store that are not the same lead, by whom, when and why. Keys only, no values."""

from pathlib import Path

import polars as pl

from dq.errors import DamagedError
from dq.stores.private import make_folder
from dq.stores.vouched import read_vouched, write_vouched

FILE = "decisions.parquet"
TYPES = {
    "table": pl.String(),
    "store": pl.String(),
    "key_l": pl.String(),
    "key_r": pl.String(),
    "decision": pl.String(),
    "by": pl.String(),
    "at": pl.String(),
    "why": pl.String(),
}
"""table: the mapping's database table; key_l < key_r: two rows of the store; decision: `different`; at: ISO time."""
_PAIR = ["table", "store", "key_l", "key_r"]


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
    try:
        return read_vouched(path).select(pl.col(name).cast(dtype) for name, dtype in TYPES.items())
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise DamagedError(
            "The list of people's decisions cannot be read.",
            where=f"snapshots/base/{FILE}",
            why=f"{type(error).__name__}. Without it rows that people told apart would be merged again.",
            fix="restore snapshots/base from a backup",
        ) from error


def save(root: Path, decisions: pl.DataFrame) -> None:
    """Write the decisions, whole or not at all."""
    write_vouched(decisions.select(list(TYPES)).sort(_PAIR), make_folder(root / "base") / FILE)


def parted(decisions: pl.DataFrame, pairs: pl.DataFrame, by: str, at: str, why: str) -> pl.DataFrame:
    """The decisions with pairs that are not the same lead; a pair that is decided already keeps its first line.

    Args:
        decisions: As they were.
        pairs: table, store, key_l, key_r.
        by: Who decided.
        at: When, in ISO format.
        why: A word for people: which undo.
    """
    new = pairs.select(
        *_PAIR,
        pl.lit("different").alias("decision"),
        *(pl.lit(v).alias(n) for n, v in (("by", by), ("at", at), ("why", why))),
    )
    return pl.concat([decisions, new.select(list(TYPES))]).unique(_PAIR, keep="first", maintain_order=True)


def forgotten(decisions: pl.DataFrame, key: str) -> pl.DataFrame:
    """The decisions without those about a row, by its key."""
    return decisions.filter((pl.col("key_l") != key) & (pl.col("key_r") != key))


def decided_apart(decisions: pl.DataFrame, table: str) -> pl.DataFrame:
    """store, key_l, key_r of one mapping's rows that are not the same lead."""
    return decisions.filter((pl.col("table") == table) & (pl.col("decision") == "different")).select(
        "store", "key_l", "key_r"
    )
