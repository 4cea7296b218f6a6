"""The base state on disk: `base/<serial>.parquet` and a pointer, advanced by folding a plan's receipts into it.

A fold is idempotent: a plan advances the base it was made on by one serial, once.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply.files import write_json, write_parquet
from dq.apply.journal import FAILED, Entry
from dq.digests import sealed, unsealed
from dq.errors import DamagedError
from dq.rules import TableRules
from dq.schemas import BaseRow
from dq.schemas.base import AGREED, BASE_TYPES, agreed, base_types
from dq.schemas.values import Store
from dq.side import ENTITY
from dq.standardize.times import parse
from dq.stores.private import digest_of

POINTER = "current.json"
Cell = tuple[str, str, str]
"""store, entity, the store's own column."""
KEPT = 10
"""Base files that stay after they were superseded."""


@dataclass(frozen=True)
class Pointer:
    """Which base is current.

    Attributes:
        serial: 0 when there was never one.
        file: Its file's name.
        digest: SHA-256 of the file.
        lineage: Which stores it belongs to.
        plan: Digest of the plan that made it.
        rules: Digest of the rules it was made under.
        meaning: Digest of what gives its cells their meaning: mapping, links, standardizers, matching, scope. Empty where
            an older dq made it.
    """

    serial: int
    file: str
    digest: str
    lineage: dict[str, Any]
    plan: str
    rules: str
    meaning: str = ""


def pointer(root: Path) -> Pointer | None:
    """The pointer to the current base, or None when no plan was ever applied.

    Raises:
        DamagedError: The pointer cannot be read.
    """
    path = root / "base" / POINTER
    if not path.exists():
        return None
    try:
        return Pointer(**unsealed(json.loads(path.read_text(encoding="utf-8"))))
    except (ValueError, TypeError) as error:
        raise _damaged("The pointer of the base state cannot be read", type(error).__name__) from None


def load(root: Path) -> tuple[int, pl.DataFrame]:
    """Serial and rows of the current base; serial 0 and no rows when there is none.

    Raises:
        DamagedError: The base does not match its digest.
    """
    current = pointer(root)
    if current is None:
        return 0, pl.DataFrame(schema=BASE_TYPES)
    path = root / "base" / current.file
    if not path.exists() or digest_of(path) != current.digest:
        raise _damaged(f"The base state {current.file} is missing or damaged", "It does not match its digest.")
    return current.serial, pl.read_parquet(path)


def at(root: Path, serial: int) -> pl.DataFrame:
    """The base as it was at a serial; no rows at 0.

    Raises:
        DamagedError: It is no longer kept.
    """
    path = root / "base" / _name(serial)
    if serial == 0:
        return pl.DataFrame(schema=BASE_TYPES)
    if not path.exists():
        raise _damaged(f"The base state {path.name} is no longer kept", f"The last {KEPT} are.")
    return pl.read_parquet(path)


def is_kept(root: Path, serial: int) -> bool:
    """Whether the base of a serial is still there; the one before the first run always is."""
    return serial == 0 or (root / "base" / _name(serial)).exists()


def _name(serial: int) -> str:
    return f"{serial:08d}.parquet"


def of_table(base: pl.DataFrame, table: str, names: Sequence[str]) -> pl.DataFrame:
    """The base of one mapping, with all its fields' columns."""
    types = base_types(names)
    missing = [pl.lit(None, types[name]).alias(name) for name in types if name not in base.columns]
    return base.filter(pl.col(BaseRow.table) == table).with_columns(missing).select(types.names())


def field_names(table: TableRules) -> dict[Store, dict[str, str]]:
    """Store → its column's name → the field's name."""
    return {
        "database": {name: name for name in table.names},
        "airtable": {field.airtable: field.name for field in table.fields},
    }


def modified_columns(table: TableRules) -> dict[Store, str | None]:
    """Store → the column of the row's modified time, as echoes name it."""
    return {"database": table.modified_database, "airtable": table.modified_airtable}


def pruned(rows: pl.DataFrame, now: datetime, rules: Sequence[TableRules]) -> pl.DataFrame:
    """The base without tombstones that were kept long enough: no backup that may be restored is older.

    Args:
        rows: The base.
        now: The time.
        rules: The mappings, for how long each keeps its tombstones; others keep theirs.
    """
    days = {table.table: table.sync.tombstone_days for table in rules}
    age = (pl.lit(now.astimezone(UTC)) - pl.col(str(BaseRow.since))).dt.total_seconds() / 86_400
    kept = pl.col(BaseRow.table).replace_strict(days, default=None, return_dtype=pl.Float64)
    is_old = pl.col(BaseRow.state).is_in(["tombstone", "left"]) & (age > kept)
    return rows.filter(~is_old.fill_null(value=False))


def save(
    root: Path, rows: pl.DataFrame, *, serial: int, lineage: dict[str, Any], plan: str, rules: str, meaning: str = ""
) -> Pointer:
    """Write a base and point at it."""
    folder = root / "base"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = _name(serial)
    digest = write_parquet(rows, folder / name)
    current = Pointer(serial, name, digest, lineage, plan, rules, meaning)
    write_json(sealed(asdict(current)), folder / POINTER)
    for old in sorted(folder.glob("[0-9]*.parquet"))[:-KEPT]:
        old.unlink()
    return current


def renamed(rows: pl.DataFrame, new_ids: Mapping[str, str]) -> pl.DataFrame:
    """The base once records were made anew: their new ids in place of the old ones, in links too."""
    if not new_ids:
        return rows
    named = {f"airtable:{old}": f"airtable:{new}" for old, new in new_ids.items()}
    cells = [pl.col(name).replace(named) for name in rows.columns if name.endswith(AGREED)]
    return rows.with_columns(pl.col(BaseRow.airtable_key).replace(dict(new_ids)), *cells)


def folded(
    planned: pl.DataFrame,
    before: pl.DataFrame,
    entries: Sequence[Entry],
    names: Mapping[Store, Mapping[str, str]],
    times: Mapping[Store, str | None],
    own: Collection[Cell] = (),
) -> pl.DataFrame:
    """The next base as far as the receipts confirm it.

    Args:
        planned: The base that the plan leads to when every write succeeds.
        before: The base that the plan was made on.
        entries: The journal's entries of this mapping's own two tables.
        names: Store → its column's name → the field's name.
        times: Store → the column of the row's modified time, as echoes name it.
        own: Cells that were only to be written in their standard form. What they meant is what the plan goes by, whether
            that was done or not: who changes such a cell meanwhile edits what the stores agree on.
    """
    failed = [entry for entry in entries if entry.state in FAILED or entry.state == "intent"]
    rows = _with_created(
        planned, [entry for entry in entries if entry.state == "written" and entry.write.op == "insert"]
    )
    rows = with_times(rows, [entry for entry in entries if entry.state == "written"], times)
    rows = _without_rows(rows, before, failed)
    return _without_cells(rows, before, failed, names, own).sort(
        BaseRow.table, BaseRow.state, ENTITY, "store", "row_key"
    )


def _with_created(rows: pl.DataFrame, inserts: Sequence[Entry]) -> pl.DataFrame:
    for store in ("database", "airtable"):
        mine = [entry for entry in inserts if entry.store == store]
        keys = pl.DataFrame(
            {ENTITY: [e.entity for e in mine], "_key": [e.key for e in mine]},
            schema={ENTITY: pl.String, "_key": pl.String},
        )
        column = f"{store}_key"
        is_linked = pl.col(BaseRow.state) == "linked"
        old = pl.when(pl.col(column).is_in(keys["_key"].drop_nulls().to_list()).not_()).then(column)
        rows = (  # a store may give the number of a row that is gone again: it names the new row only
            rows.join(keys, on=ENTITY, how="left", maintain_order="left")
            .with_columns(pl.when(is_linked).then(pl.coalesce("_key", old)).otherwise(column).alias(column))
            .drop("_key")
        )
    return rows


def with_times(rows: pl.DataFrame, written: Sequence[Entry], times: Mapping[Store, str | None]) -> pl.DataFrame:
    """The modified time that dq's own write left on each row, as its receipt tells."""
    for store in ("database", "airtable"):
        told = [
            (str(entry.key), str(entry.echo[column]))
            for entry in written
            if entry.store == store and (column := times[entry.store]) and entry.echo.get(column) is not None
        ]
        frame = pl.DataFrame(told, schema={f"{store}_key": pl.String, "_text": pl.String}, orient="row")
        last = (
            frame.unique(f"{store}_key", keep="last", maintain_order=True)
            .with_columns(parse(pl.col("_text"), pl.String()).alias("_time"))
            .drop("_text")
        )
        column = f"{store}_written"
        rows = (
            rows.join(last, on=f"{store}_key", how="left", maintain_order="left")
            .with_columns(pl.coalesce("_time", column).alias(column))
            .drop("_time")
        )
    return rows


def _without_rows(rows: pl.DataFrame, before: pl.DataFrame, failed: Sequence[Entry]) -> pl.DataFrame:
    """Leads whose insert or delete failed keep what the base said before."""
    inserts = sorted({entry.entity for entry in failed if entry.write.op == "insert"})
    removals = sorted(
        {entry.entity for entry in failed if entry.write.op == "delete" or "deleted_at" in entry.write.after}
    )
    state = pl.col(BaseRow.state)
    unmade = (pl.col(ENTITY).is_in(inserts) & (state == "linked")) | (
        pl.col(ENTITY).is_in(removals) & state.is_in(["tombstone", "left"])
    )
    kept = before.join(rows.filter(unmade).select(ENTITY), on=ENTITY, how="semi").filter(state == "linked")
    return pl.concat([rows.filter(~unmade), kept.select(rows.columns)])


def _without_cells(
    rows: pl.DataFrame,
    before: pl.DataFrame,
    failed: Sequence[Entry],
    names: Mapping[Store, Mapping[str, str]],
    own: Collection[Cell],
) -> pl.DataFrame:
    """Cells whose write failed keep what the base said before: they were not agreed on."""
    written = [(e, name) for e in failed for name in e.write.after if (e.store, e.entity, name) not in own]
    cells = [(e.entity, field) for e, name in written if (field := names[e.store].get(name))]
    for field in sorted({field for _, field in cells}):
        entities = sorted({entity for entity, name in cells if name == field})
        old = before.filter((pl.col(BaseRow.state) == "linked") & pl.col(ENTITY).is_in(entities)).select(
            ENTITY, pl.col(agreed(field)).alias("_old")
        )
        is_theirs = pl.col(ENTITY).is_in(entities) & (pl.col(BaseRow.state) == "linked")
        rows = (
            rows.join(old, on=ENTITY, how="left", maintain_order="left")
            .with_columns(pl.when(is_theirs).then("_old").otherwise(agreed(field)).alias(agreed(field)))
            .drop("_old")
        )
    return rows


def _damaged(what: str, why: str) -> DamagedError:
    return DamagedError(
        f"{what}.",
        where="snapshots/base",
        why=f"{why} Without a base dq cannot tell an edit from a deletion.",
        fix="Restore snapshots/base from a backup, or move it away: the next run then deletes nothing and asks about what differs.",
    )
