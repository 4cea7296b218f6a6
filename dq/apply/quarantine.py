"""Quarantine: leads of which a store refused a row. They are left as they are until something about them changes.

One row a source row of such a lead, with a digest of what it held: when all rows of the lead hold the same still, under
the same rules and schema, the refusal would only be repeated.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from dq.apply.journal import Entry, mapping_of
from dq.schemas import Cluster
from dq.schemas.values import Store
from dq.side import ENTITY, KEY
from dq.stores.vouched import damaged, read_vouched, write_vouched

FILE = "quarantine.parquet"
TYPES = {
    "mapping": pl.String(),
    "entity_id": pl.String(),
    "store": pl.String(),
    "row_key": pl.String(),
    "content": pl.String(),
    "made": pl.String(),
    "refused": pl.String(),
    "reason": pl.String(),
    "snapshot": pl.String(),
}
"""mapping, entity_id, store and row_key of the row; content: digest of its cells; made: digest of rules and schema;
refused: `store table key` of the write; reason: the store's, without values; snapshot: whose plan it was."""
_ROW = [Cluster.store, KEY]


def load(root: Path) -> pl.DataFrame:
    """The quarantined rows.

    Args:
        root: The snapshots folder.

    Raises:
        DamagedError: The file cannot be read.
    """
    path = root / "base" / FILE
    if not path.exists():
        return pl.DataFrame(schema=TYPES)
    with damaged(
        "The list of quarantined rows cannot be read.",
        where=f"snapshots/base/{FILE}",
        fix="move the file away: the rows in it are then tried again",
    ):
        return read_vouched(path).select(pl.col(name).cast(dtype) for name, dtype in TYPES.items())


def save(root: Path, rows: pl.DataFrame) -> None:
    """Keep these rows and no others."""
    (root / "base").mkdir(mode=0o700, parents=True, exist_ok=True)
    write_vouched(rows.sort("mapping", ENTITY, *_ROW), root / "base" / FILE)


def in_force(held: pl.DataFrame, contents: pl.DataFrame, made: str) -> pl.DataFrame:
    """Those of one mapping's quarantined rows whose leads are as they were.

    Args:
        held: The mapping's rows of the quarantine.
        contents: store, row_key, content of the same rows as the stores hold them now; those gone are missing.
        made: Digest of the rules and schema that hold now.
    """
    same = contents.select(*_ROW, "content", pl.lit(value=True).alias("same"))
    now = held.join(same, on=[*_ROW, "content"], how="left", maintain_order="left")
    is_same = pl.col("same").fill_null(value=False) & (pl.col("made") == made)
    return now.filter(is_same.all().over(ENTITY)).select(held.columns)


def contents_of(raw: pl.LazyFrame, key: str, store: Store, keys: Sequence[str]) -> pl.DataFrame:
    """store, row_key, content of a few rows of a snapshot table.

    Args:
        raw: The table's rows.
        key: Its key column.
        store: Whose table.
        keys: Which rows.
    """
    whole = pl.struct(pl.all()).struct.json_encode().alias("whole")
    rows = (
        raw.filter(pl.col(key).cast(pl.String).is_in(list(keys))).select(pl.col(key).cast(pl.String), whole).collect()
    )
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in rows["whole"]]  # a row each that was refused
    return pl.DataFrame(
        {"store": [store] * rows.height, KEY: rows[key], "content": digests},
        schema={"store": pl.String, KEY: pl.String, "content": pl.String},
    )


def refused(entries: Sequence[Entry], clusters: pl.DataFrame, mapping: str) -> pl.DataFrame:
    """entity_id, store, row_key, refused, reason: the rows of the leads of one mapping that a store refused.

    Args:
        entries: The journal's failed writes.
        clusters: The plan's clusters.
        mapping: The mapping's database table.
    """
    mine = [e for e in entries if e.state == "refused" and mapping_of(e) == mapping]
    leads = pl.DataFrame(
        [(e.entity, f"{e.store} {e.write.table} {e.write.key or 'new row'}", e.reason) for e in mine],
        schema={ENTITY: pl.String, "refused": pl.String, "reason": pl.String},
        orient="row",
    ).unique(ENTITY, keep="first", maintain_order=True)
    return clusters.filter(table=mapping).join(leads, on=ENTITY).select(ENTITY, *_ROW, "refused", "reason")
