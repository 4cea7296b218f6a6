"""A changeset as batches, in an order that never leaves a row pointing at nothing.

    0  database   children re-pointed, duplicates removed, survivors and others updated: an entity's rows together
    1  database   rows that are gone on the other side removed
    2  database   inserts
    3  database   cells that name rows of phase 2
    4  airtable   updates
    5  airtable   deletes
    6  airtable   creates
    7  airtable   links to records of phase 6
    8  database   link cells of records that phase 6 created

Mappings whose rows others name go first, but where rows are removed: there they go last.
Batches follow from the changeset alone, so that a resumed run cuts the same ones. Each holds rows of one mapping.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dq.cells import value_of
from dq.changeset import REPOINT, is_removal
from dq.schemas import Change
from dq.schemas.values import Op, Store
from dq.stores.protocol import RowWrite

CREATED = "$created"
AIRTABLE_UPDATES, AIRTABLE_DELETES, AIRTABLE_LINKS = 4, 5, 7
"""Phases that write to records which are there, or take them away."""
LAST_FIRST = (1, AIRTABLE_DELETES)
"""Phases in which the rows that name others go before those that are named."""
CANARY = 10
"""Rows of the first batch: a systematic mistake shows before it is everywhere."""
PHASE, ORDER, ROW, BATCH, MAPPING, RANK = "phase", "order", "row", "batch", "mapping", "rank"
SEEN, SEEN_BEFORE = "seen", "seen_before"
"""Fields beside the written ones that guard a write, and what the plan saw in them, as JSON texts (`removals`)."""
Mappings = Mapping[tuple[Store, str], str]
"""By store and table: the mapping that the table belongs to, by its database table's name; children are their parents'.

Mappings whose rows others name stand before those. A change that re-points a row belongs to the merge that asks for it."""
_ROW_KEYS = [PHASE, RANK, MAPPING, Change.entity_id, ORDER, Change.store, Change.table, Change.op, Change.row_key]


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One row's write as planned, its references to created rows still open.

    Attributes:
        write: What the store is handed.
        store: Which store.
        entity: The entity the row belongs to.
        create_id: For inserts: the change id that `{"$created": …}` cells refer to.
        changes: How many changes of the plan it carries.
    """

    write: RowWrite
    store: Store
    entity: str
    create_id: str | None
    changes: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One journal batch: one phase, one store."""

    number: int
    phase: int
    store: Store
    writes: tuple[PlannedWrite, ...]


def numbered(
    changes: pl.DataFrame | pl.LazyFrame,
    size: int,
    mappings: Mappings,
    cells: Sequence[str] = (Change.field, Change.before, Change.after),
) -> pl.DataFrame:
    """The rows to write: one row each, its cells as lists, with phase and batch number; sorted as they are written.

    Args:
        changes: Change contract.
        size: Rows a batch; a group of rows that belong together is not cut.
        mappings: Which mapping each table belongs to.
        cells: What is carried of each cell, as lists; a price needs nothing.
    """
    places = pl.DataFrame(
        [(store, table, mapping) for (store, table), mapping in mappings.items()],
        schema={Change.store: pl.String, Change.table: pl.String, MAPPING: pl.String},
        orient="row",
    )
    rows = (
        changes.lazy()
        .join(places.lazy(), on=[Change.store, Change.table], how="left", maintain_order="left")
        .with_columns(_merging().alias(MAPPING))
        .with_columns(_phase().alias(PHASE), _order().alias(ORDER))
        .with_columns(_rank(mappings).alias(RANK))
        .group_by(_ROW_KEYS, maintain_order=bool(cells))  # sorted by change id, and so are each row's cells
        .agg(*cells, pl.col(Change.change_id).min())
        .sort(_ROW_KEYS)
        .collect()
        .with_row_index(ROW)
    )
    first = pl.col(ROW).min().over(PHASE, MAPPING, Change.entity_id)
    start = pl.col(ROW).min().over(PHASE, MAPPING)
    is_first_phase = pl.col(PHASE) == pl.col(PHASE).min()
    place = (first - start).cast(pl.Int64)
    canary = min(CANARY, size)
    slot = (
        pl.when(is_first_phase)
        .then(pl.when(place < canary).then(0).otherwise(1 + (place - canary) // size))
        .otherwise(place // size)
    )
    return rows.with_columns(pl.struct(PHASE, RANK, MAPPING, slot).rank("dense").cast(pl.Int64).alias(BATCH) - 1)


def _merging() -> pl.Expr:
    """The mapping that a change belongs to: its table's, or the one whose merge re-points it in the database."""
    return pl.when(_is_repoint()).then(pl.col(Change.rule).str.strip_prefix(REPOINT)).otherwise(MAPPING)


def _is_repoint() -> pl.Expr:
    is_asked = pl.col(Change.rule).str.starts_with(REPOINT).fill_null(value=False)
    return (pl.col(Change.store) == "database") & is_asked


def _rank(mappings: Mappings) -> pl.Expr:
    order = dict.fromkeys(mapping for (store, _), mapping in mappings.items() if store == "airtable")
    places = {mapping: place for place, mapping in enumerate(order | dict.fromkeys(mappings.values()))}
    rank = pl.col(MAPPING).replace_strict(places, default=None, return_dtype=pl.Int32)
    return pl.when(pl.col(PHASE).is_in(LAST_FIRST)).then(-rank).otherwise(rank)


def _phase() -> pl.Expr:
    in_database = pl.col(Change.store) == "database"
    insert, delete = pl.col(Change.op) == "insert", pl.col(Change.op) == "delete"
    after = pl.col(Change.after).str.strip_prefix("[")
    of_database, of_airtable = (
        after.str.starts_with(f'{{"{CREATED}": "{store}/').fill_null(value=False) for store in ("database", "airtable")
    )
    gone = is_removal() & (pl.col(Change.reason) == "delete")
    database = (
        pl.when(insert).then(2).when(of_airtable).then(8).when(of_database).then(3).when(gone).then(1).otherwise(0)
    )
    airtable = pl.when(insert).then(6).when(delete).then(AIRTABLE_DELETES).when(of_airtable).then(AIRTABLE_LINKS)
    return pl.when(in_database).then(database).otherwise(airtable.otherwise(AIRTABLE_UPDATES)).cast(pl.Int8)


def _order() -> pl.Expr:
    """Inside a database group: children first, then removals, then updates of the survivor."""
    removes = (pl.col(Change.op) == "delete") | (
        pl.col(Change.field).is_in(["deleted_at", "merged_into"]) & pl.col(Change.reason).is_in(["merge", "delete"])
    ).fill_null(value=False)
    is_child = (pl.col(Change.store) == "database") & (pl.col(Change.table) != pl.col(MAPPING))
    is_child |= _is_repoint()  # leads may point at leads
    return pl.when(is_child).then(0).when(removes).then(1).otherwise(2).cast(pl.Int8)


def batches(rows: pl.DataFrame) -> Iterator[Batch]:
    """The batches of `numbered` rows, in order."""
    for (number,), part in rows.group_by(BATCH, maintain_order=True):
        writes = tuple(_planned(row) for row in part.iter_rows(named=True))  # one batch: bounded by its size
        first = part.row(0, named=True)
        yield Batch(int(str(number)), first[PHASE], first[Change.store], writes)


def _planned(row: dict[str, object]) -> PlannedWrite:
    op: Op = row[Change.op]  # type: ignore[assignment]
    fields, before, after = row[Change.field], row[Change.before], row[Change.after]
    assert isinstance(fields, list) and isinstance(before, list) and isinstance(after, list)  # noqa: S101, PT018
    if op == "delete":
        held, wanted = value_of(before[0]) or {}, {}
    else:
        seen = zip(row.get(SEEN) or (), row.get(SEEN_BEFORE) or (), strict=True)  # type: ignore[call-overload]
        own = zip(fields, before, strict=True) if op == "update" else ()
        held = {name: value_of(text) for name, text in (*seen, *own)}
        wanted = {name: value_of(text) for name, text in zip(fields, after, strict=True)}
    entity, key = str(row[Change.entity_id]), row[Change.row_key]
    write = RowWrite(
        table=str(row[Change.table]),
        op=op,
        key=None if key is None else str(key),
        before=held,
        after=wanted,
        group=f"{row[MAPPING]} {entity}",
    )
    create_id = str(row[Change.change_id]) if op == "insert" else None
    return PlannedWrite(write, row[Change.store], entity, create_id, len(fields))  # type: ignore[arg-type]
