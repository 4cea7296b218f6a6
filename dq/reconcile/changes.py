"""The changeset: what each store needs to become the golden record, one row a cell."""

from collections.abc import Sequence

import polars as pl

from dq.cells import is_writable_as, json_of, meaning_of
from dq.side import ENTITY, KEY, Side
from dq.manifest import Column
from dq.reconcile.align import AIRTABLE, DATABASE, VERDICT, WRITABLE_VERDICTS, Terms, at
from dq.reconcile.merge import APART, DEFAULTED, FROM_AIRTABLE, FROM_DATABASE, OPEN, SETTLED, golden, origin, target
from dq.rules import FieldRule
from dq.schemas import Change, Conflict
from dq.schemas.record import raw, rule
from dq.schemas.values import Store

COLUMNS = list(Change.to_schema().columns)
TYPES = {name: pl.Float64() if name == Change.probability else pl.String() for name in COLUMNS}
_NOTHING = pl.lit(None, pl.String)


def other(store: Store) -> Store:
    """The other side."""
    return "airtable" if store == "database" else "database"


def fits(value: pl.Expr, column: Column) -> pl.Expr:
    """Whether a store's column can hold the text: its kind reads it, and a select has the option."""
    fitting = is_writable_as(value, column.kind)
    if not column.choices:
        return fitting
    if column.kind == "list":
        chosen = (
            pl.when(value.str.starts_with("[")).then(value).otherwise(pl.lit("[]")).str.json_decode(pl.List(pl.String))
        )
        return fitting & (value.is_null() | (chosen.list.set_difference(list(column.choices)).list.len() == 0))
    return fitting & (value.is_null() | value.is_in(list(column.choices)))


def kinds_of(field: FieldRule, terms: Terms) -> frozenset[str]:
    """The kinds of a field on both sides."""
    return frozenset(terms.schema(store).column(terms.column(store, field)).kind for store in ("database", "airtable"))


def held(field: FieldRule, store: Store, terms: Terms) -> pl.Expr:
    """What the survivor's cell counts as before the plan: as stored, or its standard form if the plan does not standardize."""
    if "standardize" not in terms.steps:
        return pl.col(at(f"{field.name}_held", store))
    return meaning_of(pl.col(at(raw(field.name), store)), kinds_of(field, terms))


def cell_changes(
    rows: pl.DataFrame, store: Store, sides: dict[Store, Side], conflicts: pl.DataFrame, terms: Terms
) -> pl.DataFrame:
    """Updates of rows that the store has: every cell whose target differs from what it holds and that may be written."""
    parts = [
        _field_changes(rows, field, store, sides, conflicts, terms)
        for field in terms.rules.fields
        if terms.writes(store, field)
    ]
    return pl.concat([pl.DataFrame(schema=TYPES), *parts])


def _field_changes(
    rows: pl.DataFrame, field: FieldRule, store: Store, sides: dict[Store, Side], conflicts: pl.DataFrame, terms: Terms
) -> pl.DataFrame:
    column = terms.schema(store).column(terms.column(store, field))
    wanted = target(field, store, terms)
    row_key, came = at(KEY, store), pl.col(origin(field.name))
    moved = pl.col(row_key).is_not_null() & pl.col(VERDICT).is_in(WRITABLE_VERDICTS) & (came != OPEN)
    differs = rows.filter(moved & wanted.ne_missing(held(field, store, terms)) & fits(wanted, column))
    theirs = FROM_AIRTABLE if store == "database" else FROM_DATABASE
    cells = differs.select(
        ENTITY,
        pl.col(row_key).alias(Change.row_key),
        json_of(pl.col(at(raw(field.name), store)), column.kind).alias(Change.before),
        json_of(wanted, column.kind).alias(Change.after),
        pl.col(at(rule(field.name), store)).alias("own_rule"),
        pl.col(at(KEY, other(store))).alias("other_key"),
        ((came == theirs) & (pl.col(at(f"{field.name}_held", store)).ne_missing(wanted))).alias("is_sync"),
        came.alias("came"),
    )
    named = cells.with_columns(
        pl.lit(store).alias(Change.store),
        pl.lit(terms.schema(store).name).alias(Change.table),
        pl.lit("update").alias(Change.op),
        pl.lit(column.name).alias(Change.field),
    )
    return _explained(named, field, store, sides, conflicts).with_columns(_cell_id()).select(COLUMNS).cast(TYPES)


def _explained(
    cells: pl.DataFrame, field: FieldRule, store: Store, sides: dict[Store, Side], conflicts: pl.DataFrame
) -> pl.DataFrame:
    """Reason, rule, source and policy of each changed cell."""
    for side in (store, other(store)):
        found = (
            sides[side].sources.filter(pl.col("field") == field.name).select(ENTITY, pl.col("source").alias(f"_{side}"))
        )
        cells = cells.join(found, on=ENTITY, how="left")
    settled = conflicts.filter((pl.col(Conflict.field) == field.name) & pl.col(Conflict.resolved))
    by = settled.select(
        ENTITY, pl.col(Conflict.resolved_by).alias("_policy"), pl.col(Conflict.suggested).alias("_side")
    )
    cells = cells.join(by, on=ENTITY, how="left").sort(Change.row_key)
    came, own, theirs = pl.col("came"), pl.col(f"_{store}"), pl.col(f"_{other(store)}")
    reason = (
        pl.when(
            (came == DEFAULTED)
            | ((came == APART) & (pl.col(Change.after) == _default_json(field)) & pl.col("own_rule").is_null())
        )
        .then(pl.lit("default"))
        .when(came == SETTLED)
        .then(pl.lit("conflict"))
        .when("is_sync")
        .then(pl.lit("sync"))
        .when(own.is_not_null())
        .then(pl.lit("merge"))
        .otherwise(pl.lit("standardize"))
    )
    from_other = pl.concat_str(pl.lit(f"{other(store)}:"), pl.coalesce(theirs, "other_key"))
    from_own = pl.concat_str(pl.lit(f"{store}:"), own)
    chosen_other = pl.col("_side") == other(store)
    source = (
        pl.when(pl.col(Change.reason) == "default")
        .then(pl.lit("default"))
        .when((pl.col(Change.reason) == "sync") | ((pl.col(Change.reason) == "conflict") & chosen_other))
        .then(from_other)
        .otherwise(from_own)
    )
    return cells.with_columns(reason.alias(Change.reason)).with_columns(
        source.alias(Change.source),
        pl.when(pl.col(Change.reason) == "standardize").then("own_rule").otherwise(_NOTHING).alias(Change.rule),
        pl.when(pl.col(Change.reason) == "conflict").then("_policy").otherwise(_NOTHING).alias(Change.policy),
        pl.lit(None, pl.Float64).alias(Change.probability),
    )


def _default_json(field: FieldRule) -> pl.Expr:
    return json_of(pl.lit(field.default, pl.String), "text")


def _cell_id() -> pl.Expr:
    return pl.concat_str(Change.store, Change.table, Change.row_key, Change.field, separator="/").alias(
        Change.change_id
    )


def link_changes(rows: pl.DataFrame, store: Store, new_keys: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Link cells that do not hold the other row's key.

    Args:
        rows: Aligned rows.
        store: Whose link cells.
        new_keys: entity_id, key (JSON text) of rows that this plan inserts into the other store.
        terms: What may be done.
    """
    name = terms.rules.link_database if store == "database" else terms.rules.link_airtable
    if (
        name is None
        or "sync" not in terms.steps
        or not terms.may_write(store)
        or not terms.schema(store).column(name).writable
    ):
        return pl.DataFrame(schema=TYPES)
    kind = terms.schema(store).column(name).kind
    link = pl.col(at("link", store))
    there = json_of(pl.col(AIRTABLE if store == "database" else DATABASE), kind)
    linked = (
        rows.filter(pl.col(at(KEY, store)).is_not_null() & pl.col(VERDICT).is_in(WRITABLE_VERDICTS))
        .join(new_keys, on=ENTITY, how="left")
        .with_columns(pl.coalesce(there, "key").alias(Change.after), json_of(link, kind).alias(Change.before))
        .filter(pl.col(Change.after).is_not_null() & pl.col(Change.after).ne_missing(pl.col(Change.before)))
    )
    return (
        linked.select(
            pl.lit(store).alias(Change.store),
            pl.lit(terms.schema(store).name).alias(Change.table),
            pl.lit("update").alias(Change.op),
            pl.col(ENTITY),
            pl.col(at(KEY, store)).alias(Change.row_key),
            pl.lit(name).alias(Change.field),
            Change.before,
            Change.after,
            pl.lit("link").alias(Change.reason),
            *(_NOTHING.alias(c) for c in (Change.rule, Change.source, Change.policy)),
            pl.lit(None, pl.Float64).alias(Change.probability),
        )
        .with_columns(_cell_id())
        .select(COLUMNS)
        .cast(TYPES)
        .sort(Change.change_id)
    )


def with_probability(changes: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """The changes with their cluster's probability where another row's value or being is concerned."""
    likely = clusters.group_by(ENTITY).agg(pl.col("probability").min().alias("_likely"))
    concerns = pl.col(Change.reason).is_in(["merge", "sync", "conflict", "link"])
    return (
        changes.join(likely, on=ENTITY, how="left")
        .with_columns(pl.when(concerns).then("_likely").alias(Change.probability))
        .drop("_likely")
        .sort(Change.change_id)
    )


def unfit(rows: pl.DataFrame, terms: Terms) -> Sequence[tuple[Store, FieldRule, pl.DataFrame]]:
    """Per store and field: entity_id, row_key, value of cells that the store's column cannot hold."""
    found = []
    stores: tuple[Store, Store] = ("database", "airtable")
    for store in stores:
        for field in terms.rules.fields:
            if not terms.writes(store, field):
                continue
            column, wanted = terms.schema(store).column(terms.column(store, field)), target(field, store, terms)
            inserted = pl.col(VERDICT).is_in([f"insert_{store}", f"revive_{store}"])
            concerned = inserted | (pl.col(at(KEY, store)).is_not_null() & wanted.ne_missing(held(field, store, terms)))
            is_open = pl.col(origin(field.name)) == OPEN
            cells = rows.filter(pl.col(VERDICT).is_in(WRITABLE_VERDICTS) & ~is_open & concerned & ~fits(wanted, column))
            if not cells.is_empty():
                found.append(
                    (store, field, cells.select(ENTITY, at(KEY, store), at(KEY, other(store)), wanted.alias("value")))
                )
    return found
