"""The memory of cells that go back and forth: beside each base, the last three values that such a cell was agreed on.

A cell counts when the stores agreed on another value than before and a write of dq brought that about. The memory holds
digests; it is advanced with the base, and a memory that is lost only means that a flap is noticed later.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from dq.apply.journal import Entry
from dq.reconcile import digests
from dq.reconcile.flaps import FLAP, FLAP_TYPES
from dq.rules import TableRules
from dq.schemas import BaseRow, Conflict
from dq.schemas.base import agreed
from dq.schemas.values import Store
from dq.side import ENTITY
from dq.stores.vouched import read_vouched, write_vouched

SUFFIX = ".flaps"
TYPES = {
    "table": pl.String(),
    "database_key": pl.String(),
    "field": pl.String(),
    "older": pl.String(),
    "old": pl.String(),
    "now": pl.String(),
    "since": pl.Int64(),
    "moved": pl.Int64(),
    "frozen": pl.Boolean(),
}
"""older, old, now: digests of what the cell was agreed on; since, moved: serials of the bases that took it from the first
to the second, and to the third; frozen: whether the last plan left it to a person."""
_CELL = ["table", "database_key", "field"]


def load(root: Path, serial: int) -> pl.DataFrame:
    """The memory beside a base; empty if there is none or it cannot be read.

    Args:
        root: The snapshots folder.
        serial: The base's.
    """
    try:
        return read_vouched(_path(root, serial)).select(pl.col(name).cast(dtype) for name, dtype in TYPES.items())
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return pl.DataFrame(schema=TYPES)


def save(root: Path, serial: int, memory: pl.DataFrame, kept: int) -> None:
    """Write the memory of a base, and remove those older than the last `kept`."""
    folder = root / "base"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_vouched(memory.sort(_CELL), _path(root, serial))
    for old in sorted(folder.glob(f"*{SUFFIX}"))[:-kept]:
        old.unlink()


def _path(root: Path, serial: int) -> Path:
    return root / "base" / f"{serial:08d}{SUFFIX}"


def candidates(memory: pl.DataFrame, rules: TableRules, serial: int) -> pl.DataFrame:
    """Cells of a mapping that went from one value to another and back, for `dq.reconcile`.

    Args:
        memory: The memory beside the base.
        rules: The mapping.
        serial: The base's serial.
    """
    plans = rules.sync.flap_plans
    recent = pl.col("frozen") | (pl.lit(serial) - pl.col("since") < plans)
    there_and_back = (pl.col("older") == pl.col("now")) & recent & (pl.col("table") == rules.table)
    return memory.filter(there_and_back & pl.lit(plans > 0)).select(list(FLAP_TYPES))


def advanced(
    memory: pl.DataFrame,
    before: pl.DataFrame,
    after: pl.DataFrame,
    written: Sequence[tuple[str, Store, Entry]],
    rules: Sequence[TableRules],
    serial: int,
) -> pl.DataFrame:
    """The memory after a plan.

    Args:
        memory: The memory before.
        before: The base before.
        after: The base that the receipts confirm.
        written: Mapping, store and journal entry of every confirmed update of a mapped row.
        rules: The mappings.
        serial: The serial of the base after.
    """
    moved = pl.concat([pl.DataFrame(schema=_MOVED), *(_moved(before, after, written, table) for table in rules)])
    told = moved.join(memory, on=_CELL, how="left")
    goes_on = pl.col("now") == pl.col("from")
    new = told.select(
        *_CELL,
        pl.when(goes_on).then("old").alias("older"),
        pl.col("from").alias("old"),
        pl.col("to").alias("now"),
        pl.when(goes_on).then("moved").alias("since"),
        pl.lit(serial, pl.Int64).alias("moved"),
        pl.lit(value=False).alias("frozen"),
    )
    longest = max((table.sync.flap_plans for table in rules), default=0)
    rest = memory.join(new, on=_CELL, how="anti")
    return pl.concat([new, rest.filter(pl.col("frozen") | (pl.lit(serial) - pl.col("moved") < longest))])


def marked(memory: pl.DataFrame, conflicts: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The memory with those cells frozen that a plan left to a person, and no others.

    Args:
        memory: The memory.
        conflicts: The plan's conflicts.
        after: The base after the plan, for the keys of leads.
    """
    linked = after.filter(pl.col(BaseRow.state) == "linked").select(BaseRow.table, ENTITY, BaseRow.database_key)
    waiting = conflicts.filter(pl.col(Conflict.resolved_by) == FLAP).join(linked, on=[Conflict.table, ENTITY])
    cells = waiting.select(*_CELL, pl.lit(value=True).alias("_frozen")).unique()
    frozen = pl.col("_frozen").fill_null(value=False).alias("frozen")
    return memory.join(cells, on=_CELL, how="left").with_columns(frozen).drop("_frozen")


_MOVED = {**dict.fromkeys(_CELL, pl.String), "from": pl.String, "to": pl.String}


def _moved(
    before: pl.DataFrame, after: pl.DataFrame, written: Sequence[tuple[str, Store, Entry]], rules: TableRules
) -> pl.DataFrame:
    """Cells of one mapping whose agreed value another one took the place of, by a write: with digests of both."""
    parts = [pl.DataFrame(schema=_MOVED)]
    entities = _written(written, rules)
    key = str(BaseRow.database_key)
    old, new = (
        base.filter((pl.col(BaseRow.table) == rules.table) & (pl.col(BaseRow.state) == "linked")).drop_nulls(key)
        for base in (before, after)
    )
    for field in rules.fields if rules.sync.flap_plans else ():
        name = agreed(field.name)
        if field.refers or field.name not in entities or name not in old.columns:
            continue
        theirs = new.filter(pl.col(ENTITY).is_in(entities[field.name])).select(key, pl.col(name).alias("to"))
        pairs = theirs.join(old.select(key, pl.col(name).alias("from")), on=key)
        cells = pairs.filter(pl.col("from") != pl.col("to")).sort(key)
        parts.append(
            cells.select(
                pl.lit(rules.table).alias("table"),
                pl.col(key),
                pl.lit(field.name).alias("field"),
                digests(cells["from"]).alias("from"),
                digests(cells["to"]).alias("to"),
            )
        )
    return pl.concat(parts)


def _written(written: Sequence[tuple[str, Store, Entry]], rules: TableRules) -> Mapping[str, list[str]]:
    """Field → entities of which dq wrote it."""
    names = {"airtable": {field.airtable: field.name for field in rules.fields}}
    names["database"] = {name: name for name in rules.names}
    found: dict[str, set[str]] = {}
    for table, store, entry in written:
        for column in entry.write.after if table == rules.table else ():
            if column in names[store]:
                found.setdefault(names[store][column], set()).add(entry.entity)
    return {field: sorted(entities) for field, entities in found.items()}
