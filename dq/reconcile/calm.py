"""Calm leads: those for which every answer is known before any question is asked. In a settled project nearly all are.

A lead is calm if both sides hold, in standard form, what the base says they agreed on; or if only the database has it, in
standard form, and it is out of scope. Nothing changes for it, so that its golden record and its place in the next base are
what they were. The others go through all steps, which would say the same of the calm ones, only slower.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from dq.reconcile.align import DATABASE, at, has_word
from dq.reconcile.links import link_column
from dq.reconcile.scope import inside
from dq.reconcile.terms import STORES, Terms, meaning, other
from dq.reconcile.world import World
from dq.rules import ALL_STEPS
from dq.schemas import BaseRow, Record
from dq.schemas.base import agreed, base_types
from dq.schemas.record import raw
from dq.schemas.values import Store
from dq.side import ENTITY, KEY, MODIFIED, Side, held_name

_PLACE: dict[Store, str] = {"database": "_database", "airtable": "_airtable"}
Picked = Callable[[pl.Series], pl.Series]
"""A column's cells at some places."""


@dataclass(frozen=True)
class Calm:
    """Which leads are calm.

    Attributes:
        world: The world with all leads.
        linked: The `linked` rows of its base.
        places: Where each calm lead stands: in the database's rows, and in Airtable's and in `linked` if it is a pair.
    """

    world: World
    linked: pl.DataFrame
    places: pl.DataFrame


def without_calm(world: World, terms: Terms) -> tuple[World, Calm | None]:
    """The world without its calm leads, and which those are; None where all leads must be asked.

    Args:
        world: What reconcile is handed.
        terms: What the plan may do.
    """
    linked = world.base.filter(pl.col(BaseRow.state) == "linked")
    has_none = linked.is_empty() and terms.rules.scope is None
    if terms.steps != ALL_STEPS or terms.references or not terms.rules.fields or has_none:
        return world, None
    places = _places(world, linked)
    plain = {store: _is_plain(world.sides[store], store, terms) for store in STORES}
    in_scope = _in_scope(world, terms)
    pairs = places.drop_nulls(["_airtable", "_base"])
    pairs = pairs.filter(_agrees(pairs, world, linked, plain, in_scope, terms))
    lonely = places.filter(pl.col("_airtable").is_null() & pl.col("_base").is_null())
    lonely = lonely.filter(_is_outside(lonely, world, plain, in_scope, terms))
    return _busy(world, linked, pairs, lonely), Calm(world, linked, pl.concat([pairs, lonely]).sort("_database"))


def known(calm: Calm, part: int, parts: int, terms: Terms) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Golden records, rows of the next base, and tally of a part of the calm leads.

    Args:
        calm: Which leads are calm.
        part: Which part, from 0.
        parts: How many there are.
        terms: What the plan may do.
    """
    size = max(-(-calm.places.height // parts), 1)
    places = calm.places.slice(part * size, size)
    lonely = places["_airtable"].null_count()
    told = [("out of scope", lonely)] if lonely else []
    tally = pl.DataFrame(told, schema={"what": pl.String, "rows": pl.Int64}, orient="row")
    pairs = places.drop_nulls("_airtable")
    return _golden(calm.world, places, terms), _base(calm.world, calm.linked, pairs, terms), tally


def _places(world: World, linked: pl.DataFrame) -> pl.DataFrame:
    """Where each lead of the database stands in the database's rows, in Airtable's, and in the base.

    Leads with more to them than one row a side (duplicates, tombstones, lent values) are left out. Entities are joined
    by their hashes, so that a place found is to be compared; a lead without a place has none.
    """
    more = [world.base.filter(pl.col(BaseRow.state) != "linked").select(ENTITY)]
    more += [part.select(ENTITY) for side in world.sides.values() for part in (side.merged, side.kept, side.sources)]
    apart = pl.concat(more).unique()
    rows = world.sides["database"].rows.lazy().select(ENTITY).with_row_index(_PLACE["database"])
    if not apart.is_empty():
        rows = rows.join(apart.lazy(), on=ENTITY, how="anti")
    there = {_PLACE["airtable"]: world.sides["airtable"].rows, "_base": linked}
    hashed = pl.col(ENTITY).hash()
    places = rows.with_columns(hashed)
    for name, frame in there.items():
        places = places.join(frame.lazy().select(hashed).with_row_index(name), on=ENTITY, how="left")
    return places.drop(ENTITY).sort("_database").collect(engine="streaming")


def _is_plain(side: Side, store: Store, terms: Terms) -> pl.Series:
    """Whether each row holds its own values, in standard form, with no default to be filled in."""
    tests = [pl.lit(value=True)]
    for field in terms.rules.fields:
        value = pl.col(field.name)
        tests += [
            value.eq_missing(pl.col(held_name(field.name))),
            value.eq_missing(meaning(pl.col(raw(field.name)), field, terms)),
            *([] if field.default is None else [value.is_not_null()]),
        ]
    return side.rows.select(pl.all_horizontal(tests).alias(store)).to_series()


def _in_scope(world: World, terms: Terms) -> pl.Series | None:
    """Whether each row of the database is in scope; None where all are."""
    scope = terms.rules.scope
    if scope is None:
        return None
    rows = world.sides["database"].rows
    names = [name for name in scope.columns if name in terms.rules.names]
    words = {name: pl.col(name) for name in names}
    return inside(rows.select(pl.col(KEY).alias(DATABASE), *names), words, world.scoped, scope, terms)


def _agrees(
    pairs: pl.DataFrame,
    world: World,
    linked: pl.DataFrame,
    plain: dict[Store, pl.Series],
    in_scope: pl.Series | None,
    terms: Terms,
) -> pl.Series:
    """Whether both rows of each pair hold what the base says; a field at a time, so that two are never in memory at once."""
    at_base = picked(pairs["_base"])
    at: dict[Store, Picked] = {store: picked(pairs[_PLACE[store]]) for store in STORES}
    rows = {store: world.sides[store].rows for store in STORES}
    entity = at["database"](rows["database"][ENTITY])
    told = (entity == at["airtable"](rows["airtable"][ENTITY])) & (entity == at_base(linked[ENTITY]))
    told &= at["database"](plain["database"]) & at["airtable"](plain["airtable"])
    if in_scope is not None:
        told &= at["database"](in_scope)
    for store in STORES:
        told &= at[store](rows[store][KEY]).eq_missing(at_base(linked[f"{store}_key"]))
        if link_column(store, terms) is not None and terms.may_write(store):
            there = at[other(store)](rows[other(store)][KEY])
            told &= at[store](rows[store][Record.link]).eq_missing(there)
    for name in terms.rules.names:
        value = at["database"](rows["database"][name])
        told &= value.eq_missing(at["airtable"](rows["airtable"][name]))
        told &= value.fill_null("").eq_missing(at_base(linked[agreed(name)]))
    return told


def _is_outside(
    lonely: pl.DataFrame, world: World, plain: dict[Store, pl.Series], in_scope: pl.Series | None, terms: Terms
) -> pl.Series:
    """Whether each lead that only the database has is out of scope, and would be inserted if it were not."""
    if in_scope is None or not terms.may_write("airtable"):
        return pl.Series([False] * lonely.height, dtype=pl.Boolean)
    rows = world.sides["database"].rows
    named = rows.select(pl.col(name).alias(at(name, "database")) for name in terms.rules.names)
    worth = named.select(has_word("database", terms).alias("worth")).to_series()
    return (plain["database"] & ~in_scope & worth).gather(lonely["_database"])


def _golden(world: World, calm: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    rows, records = world.sides["database"].rows, world.sides["airtable"].rows
    here = picked(calm["_database"])
    keys = [
        here(rows[ENTITY]),
        here(rows[KEY]).alias("database_key"),
        records[KEY].gather(calm["_airtable"]).alias("airtable_key"),
    ]
    return pl.DataFrame([*keys, *(here(rows[name]) for name in terms.rules.names)])


def _base(world: World, linked: pl.DataFrame, pairs: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The rows of the base as they were, with the times that the rows have now."""
    types, here = base_types(terms.rules.names), picked(pairs["_base"])
    cells = {name: here(linked[name]) for name in types.names()}
    for store in STORES:
        cells[f"{store}_human"] = picked(pairs[_PLACE[store]])(world.sides[store].rows[MODIFIED])
    return pl.DataFrame(cells).cast(types)


def _busy(world: World, linked: pl.DataFrame, pairs: pl.DataFrame, lonely: pl.DataFrame) -> World:
    """The world of the other leads."""
    sides: dict[Store, Side] = {}
    for store in STORES:
        places = [part[_PLACE[store]].drop_nulls() for part in (pairs, lonely)]
        sides[store] = replace(world.sides[store], rows=_others(world.sides[store].rows, pl.concat(places)))
    rest = world.base.filter(pl.col(BaseRow.state) != "linked")
    return replace(world, sides=sides, base=pl.concat([_others(linked, pairs["_base"]), rest]))


def _others(rows: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """The rows that stand at none of these places."""
    stays = pl.Series([True]).new_from_index(0, rows.height)
    return rows.filter(stays.scatter(places, values=False))


def picked(places: pl.Series) -> Picked:
    """What takes a column's cells at these places: by a mask where they ascend, which is cheaper by far.

    Args:
        places: No place is null.
    """
    first, last = places.min(), places.max()
    if not isinstance(first, int) or not isinstance(last, int) or not places.is_sorted():
        return lambda column: column.gather(places)
    size = last - first + 1
    mask = pl.Series([False]).new_from_index(0, size).scatter(places - first, values=True)
    if mask.sum() != places.len():  # a place is taken twice
        return lambda column: column.gather(places)
    if size == places.len():
        return lambda column: column.slice(first, size)
    return lambda column: column.slice(first, size).filter(mask)
