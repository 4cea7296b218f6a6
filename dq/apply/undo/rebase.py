"""The base state after an undo: what the stores no longer agree on goes back to what they agreed on before the run.

rows    that the undo brought back or took away stand as they did before the run, under their new Airtable ids
cells   that it took back hold what was agreed on before; null, never agreed, where that is not known
others  stay as they are, whatever later runs did to them
"""

from collections.abc import Mapping, Sequence

import polars as pl

from dq.apply.base import renamed, with_times
from dq.apply.journal import Entry
from dq.apply.undo.inverse import UNDO
from dq.schemas import BaseRow
from dq.schemas.base import AGREED, agreed
from dq.schemas.values import Store
from dq.side import ENTITY

STORES: tuple[Store, Store] = ("database", "airtable")
_PLACE = {"store": pl.String(), "row_key": pl.String()}
_LINKED = pl.col(BaseRow.state) == "linked"


def rebased(
    current: pl.DataFrame,
    before: pl.DataFrame,
    undone: Sequence[Entry],
    names: Mapping[Store, Mapping[str, str]],
    times: Mapping[Store, str | None],
) -> pl.DataFrame:
    """One mapping's base once the undo's writes are confirmed.

    Args:
        current: The base as it is.
        before: The base that the undone run was made on; empty when it is no longer known.
        undone: What the undo wrote to the mapping's own two tables.
        names: Store → its column's name → the field's name.
        times: Store → the column of the row's modified time.
    """
    places = touched(undone)
    known = _renamed(before, new_ids(undone))
    back = _at(known, places)
    gone = _at(current, pl.concat([places, _places(back)]))
    back = _at(known, pl.concat([places, _places(gone)]))
    gone = _at(current, pl.concat([places, _places(back)]))
    cells = _cells(undone, names)
    restored = _with_current(back, gone, cells)
    others = _without_cells(current.join(gone, on=current.columns, how="anti", nulls_equal=True), known, cells)
    rows = pl.concat([restored.select(current.columns), others.select(current.columns)])
    return with_times(rows, undone, times).sort(BaseRow.table, BaseRow.state, ENTITY, "store", "row_key")


def new_ids(undone: Sequence[Entry]) -> dict[str, str]:
    """Airtable ids of deleted records → ids of the records made in their place."""
    made = {str(entry.create_id).removeprefix(UNDO): str(entry.key) for entry in undone if entry.create_id}
    return {old: new for old, new in made.items() if old != new}


def touched(undone: Sequence[Entry]) -> pl.DataFrame:
    """store, row_key of the rows that came back or went away, under their old keys and their new ones."""
    rows = [entry for entry in undone if entry.write.op != "update" or "deleted_at" in entry.write.after]
    old = [str(entry.create_id).removeprefix(UNDO) if entry.create_id else entry.key for entry in rows]
    keys = [(entry.store, key) for entry, key in zip(rows, old, strict=True)]
    keys += [(entry.store, entry.key) for entry in rows]
    return pl.DataFrame(keys, schema=_PLACE, orient="row").unique().sort("store", "row_key")


def parted(current: pl.DataFrame, undone: Sequence[Entry]) -> pl.DataFrame:
    """store, key_l, key_r of rows that had been merged and are rows of their own again: not the same lead.

    Args:
        current: The base before the undo, one mapping's.
        undone: What the undo wrote.
    """
    losers = current.filter(pl.col(BaseRow.state) == "loser").join(touched(undone), on=["store", "row_key"], how="semi")
    homes = current.filter(_LINKED)
    survivors = pl.concat(
        homes.select(ENTITY, pl.lit(store).alias("store"), pl.col(f"{store}_key").alias("row_key")) for store in STORES
    ).drop_nulls()
    members = pl.concat([losers.select(ENTITY, "store", "row_key"), survivors]).with_columns(
        pl.col("row_key").replace(new_ids(undone))
    )
    pairs = losers.select(ENTITY, "store", pl.col("row_key").replace(new_ids(undone)).alias("key_r")).join(
        members.rename({"row_key": "key_l"}), on=[ENTITY, "store"]
    )
    keys = [pl.min_horizontal("key_l", "key_r").alias("key_l"), pl.max_horizontal("key_l", "key_r").alias("key_r")]
    return (
        pairs.filter(pl.col("key_l") != pl.col("key_r")).select("store", *keys).unique().sort("store", "key_l", "key_r")
    )


def _renamed(before: pl.DataFrame, ids: Mapping[str, str]) -> pl.DataFrame:
    """The base under new ids, the keys of merged rows included."""
    own = pl.when(pl.col("store") == "airtable").then(pl.col("row_key").replace(dict(ids))).otherwise("row_key")
    return renamed(before, ids).with_columns(own.alias("row_key")) if ids else before


def _places(rows: pl.DataFrame) -> pl.DataFrame:
    """store, row_key of every row that lines of the base speak of."""
    linked = rows.filter(pl.col(BaseRow.state) != "loser")
    parts = [linked.select(pl.lit(store).alias("store"), pl.col(f"{store}_key").alias("row_key")) for store in STORES]
    return pl.concat([*parts, rows.select("store", "row_key")]).drop_nulls().unique()


def _at(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The lines of the base that speak of one of the places."""
    keys = {store: places.filter(pl.col("store") == store)["row_key"].to_list() for store in STORES}
    is_loser = pl.col(BaseRow.state) == "loser"
    linked = pl.any_horizontal(pl.col(f"{store}_key").is_in(keys[store]).fill_null(value=False) for store in STORES)
    own = pl.any_horizontal((pl.col("store") == store) & pl.col("row_key").is_in(keys[store]) for store in STORES)
    return rows.filter(pl.when(is_loser).then(own.fill_null(value=False)).otherwise(linked))


def _cells(undone: Sequence[Entry], names: Mapping[Store, Mapping[str, str]]) -> dict[str, dict[str, list[str]]]:
    """Field → store → keys of the rows whose cell was taken back."""
    cells: dict[str, dict[str, list[str]]] = {}
    for entry in undone:
        for name in entry.write.after if entry.write.op == "update" else ():
            if field := names[entry.store].get(name):
                cells.setdefault(field, {"database": [], "airtable": []})[entry.store].append(str(entry.key))
    return cells


def _taken_back(keys: Mapping[str, list[str]]) -> pl.Expr:
    held = [pl.col(f"{store}_key").is_in(keys[store]).fill_null(value=False) for store in STORES]
    return _LINKED & pl.any_horizontal(held)


def _with_current(back: pl.DataFrame, gone: pl.DataFrame, cells: Mapping[str, dict[str, list[str]]]) -> pl.DataFrame:
    """Lines of before with today's agreement in the cells that were not taken back."""
    fields = [name for name in back.columns if name.endswith(AGREED)]
    today = gone.filter(_LINKED & pl.col("database_key").is_not_null()).unique("database_key").select(
        "database_key", pl.lit(value=True).alias("_here"), *(pl.col(name).alias(f"_{name}") for name in fields)
    )  # fmt: skip
    both = back.join(today, on="database_key", how="left", maintain_order="left")
    is_same = _LINKED & pl.col("_here").fill_null(value=False)
    none: dict[str, list[str]] = {"database": [], "airtable": []}
    return both.with_columns(
        pl.when(is_same & ~_taken_back(cells.get(name.removesuffix(AGREED), none)))
        .then(f"_{name}")
        .otherwise(name)
        .alias(name)
        for name in fields
    ).select(back.columns)


def _without_cells(rows: pl.DataFrame, known: pl.DataFrame, cells: Mapping[str, dict[str, list[str]]]) -> pl.DataFrame:
    """Lines of today with the cells that were taken back as they were agreed on before."""
    linked = known.filter(_LINKED)
    for field, keys in cells.items():
        name = agreed(field)
        for store in STORES:
            old = linked.select(f"{store}_key", pl.col(name).alias(f"_{store}")).drop_nulls(f"{store}_key")
            rows = rows.join(old.unique(f"{store}_key"), on=f"{store}_key", how="left", maintain_order="left")
        was = pl.coalesce("_database", "_airtable")
        rows = rows.with_columns(pl.when(_taken_back(keys)).then(was).otherwise(name).alias(name)).drop(
            "_database", "_airtable"
        )
    return rows
