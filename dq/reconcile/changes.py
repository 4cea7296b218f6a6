"""The changeset: what each store needs to become the golden record, one row a cell."""

from collections.abc import Mapping, Sequence

import polars as pl

from dq.cells import json_of
from dq.manifest import Column
from dq.reconcile.align import VERDICT, at, is_writable
from dq.reconcile.merge import APART, DEFAULTED, FROM_AIRTABLE, FROM_DATABASE, OPEN, SETTLED, origin, target
from dq.reconcile.referring import CREATED, without_removed
from dq.reconcile.terms import STORES, Terms, fits, meaning, other, written
from dq.rules import FieldRule
from dq.schemas import Change, Conflict
from dq.schemas.conflict import RESOLVED
from dq.schemas.record import raw, rule
from dq.schemas.values import Store
from dq.side import ENTITY, KEY, Side, held_name, is_mute

COLUMNS = list(Change.to_schema().columns)
PROBABILITY = str(Change.probability)
TYPES = pl.Schema({name: pl.Float64() if name == PROBABILITY else pl.String() for name in COLUMNS})
NO_CHANGES = pl.DataFrame(schema=TYPES)
NOTHING = pl.lit(None, pl.String)


def held(field: FieldRule, store: Store, terms: Terms) -> pl.Expr:
    """What the survivor's cell counts as before the plan: as stored, or its standard form if the plan does not standardize."""
    if (
        field.name in terms.references
    ):  # the key of a row that was merged away is written anew, though it means the same
        gone = terms.references[field.name].merged.filter(store=store)[KEY]
        return pl.when(~pl.col(at(raw(field.name), store)).is_in(gone.implode())).then(at(held_name(field.name), store))
    if "standardize" not in terms.steps:
        return pl.col(at(held_name(field.name), store))
    return meaning(pl.col(at(raw(field.name), store)), field, terms)


def cell_changes(
    rows: pl.DataFrame, store: Store, sides: Mapping[Store, Side], conflicts: pl.DataFrame, terms: Terms
) -> pl.DataFrame:
    """Updates of rows that the store has: every cell whose target differs from what it holds and that may be written."""
    parts = [
        _field_changes(rows, field, store, sides, conflicts, terms)
        for field in terms.rules.fields
        if terms.writes(store, field)
    ]
    return pl.concat([NO_CHANGES, *parts])


def _field_changes(
    rows: pl.DataFrame,
    field: FieldRule,
    store: Store,
    sides: Mapping[Store, Side],
    conflicts: pl.DataFrame,
    terms: Terms,
) -> pl.DataFrame:
    column = terms.column(store, field)
    wanted, own = target(field, store, terms), held(field, store, terms)
    came = pl.col(origin(field.name))
    is_here = pl.col(at(KEY, store)).is_not_null() & is_writable(store)
    is_waiting = (came == OPEN) & wanted.eq_missing(pl.col(at(held_name(field.name), store)))
    differs = rows.filter(is_here & ~is_waiting & wanted.ne_missing(own) & fits(wanted, store, field, terms))
    if differs.is_empty():  # as nearly all fields are, nearly always
        return NO_CHANGES
    theirs = FROM_AIRTABLE if store == "database" else FROM_DATABASE
    after, before = written(wanted, store, field, terms), pl.col(at(raw(field.name), store))
    if store == "airtable" and field.name in terms.references:  # written after deletes, which take records out of links
        late = after.str.starts_with("[" + CREATED)
        before = pl.when(late).then(without_removed(before, terms.references[field.name])).otherwise(before)
    is_default = (came == DEFAULTED) | ((came == APART) & pl.col(at(field.name, store)).is_null())
    cells = differs.select(
        ENTITY,
        pl.col(at(KEY, store)).alias(Change.row_key),
        json_of(before, column.kind).alias(Change.before),
        after.alias(Change.after),
        pl.col(at(rule(field.name), store)).alias("own_rule"),
        pl.col(at(KEY, other(store))).alias("other_key"),
        is_default.alias("is_default"),
        (came == SETTLED).alias("is_settled"),
        ((came == theirs) & (pl.col(at(held_name(field.name), store)).ne_missing(wanted))).alias("is_sync"),
    )
    return as_updates(_explained(cells, field, store, sides, conflicts), store, column, terms)


def _explained(
    cells: pl.DataFrame, field: FieldRule, store: Store, sides: Mapping[Store, Side], conflicts: pl.DataFrame
) -> pl.DataFrame:
    """Reason, rule, source and policy of each changed cell."""
    for side in STORES:
        mine = sides[side].sources.filter(pl.col("field") == field.name)
        cells = cells.join(mine.select(ENTITY, pl.col("source").alias(f"_{side}")), on=ENTITY, how="left")
    settled = conflicts.filter((pl.col(Conflict.field) == field.name) & pl.col(RESOLVED))
    policy, winner = pl.col(Conflict.resolved_by).alias("_policy"), pl.col(Conflict.suggested).alias("_side")
    cells = cells.join(settled.select(ENTITY, policy, winner), on=ENTITY, how="left").sort(Change.row_key)
    reason = (
        pl.when("is_default")
        .then(pl.lit("default"))
        .when("is_settled")
        .then(pl.lit("conflict"))
        .when("is_sync")
        .then(pl.lit("sync"))
        .when(pl.col(f"_{store}").is_not_null())
        .then(pl.lit("merge"))
        .otherwise(pl.lit("standardize"))
    )
    return cells.with_columns(reason.alias(Change.reason)).with_columns(
        _source(store),
        pl.when(pl.col(Change.reason) == "standardize").then("own_rule").otherwise(NOTHING).alias(Change.rule),
        pl.when(pl.col(Change.reason) == "conflict").then("_policy").otherwise(NOTHING).alias(Change.policy),
    )


def _source(store: Store) -> pl.Expr:
    """Where each value came from: another row of the store or of the other one, or the default."""
    reason, there = pl.col(Change.reason), other(store)
    from_there = pl.concat_str(pl.lit(f"{there}:"), pl.coalesce(f"_{there}", "other_key"))
    from_here = pl.concat_str(pl.lit(f"{store}:"), f"_{store}")
    is_theirs = (reason == "sync") | ((reason == "conflict") & pl.col("_side").is_in([there, "merge"]))
    source = pl.when(reason == "default").then(pl.lit("default")).when(is_theirs).then(from_there).otherwise(from_here)
    return source.alias(Change.source)


def kept_changes(side: Side, store: Store, terms: Terms) -> pl.DataFrame:
    """Standard forms and defaults for the duplicates that stay beside the survivor: nothing else is done to them."""
    parts = [NO_CHANGES]
    for field in terms.rules.fields if "standardize" in terms.steps and not side.kept.is_empty() else ():
        if not terms.writes(store, field) or field.name in terms.references:
            continue
        column, own, stored = terms.column(store, field), pl.col(field.name), pl.col(raw(field.name))
        wanted = own if field.default is None else own.fill_null(field.default)
        differs = side.kept.filter(wanted.ne_missing(meaning(stored, field, terms)) & fits(wanted, store, field, terms))
        is_default = own.is_null()
        cells = differs.select(
            ENTITY,
            Change.row_key,
            json_of(stored, column.kind).alias(Change.before),
            json_of(wanted, column.kind).alias(Change.after),
            pl.when(is_default).then(pl.lit("default")).otherwise(pl.lit("standardize")).alias(Change.reason),
            pl.when(~is_default).then(rule(field.name)).alias(Change.rule),
            pl.when(is_default).then(pl.lit("default")).alias(Change.source),
            NOTHING.alias(Change.policy),
        )
        parts.append(as_updates(cells, store, column, terms))
    return pl.concat(parts)


def as_updates(cells: pl.DataFrame, store: Store, column: Column, terms: Terms) -> pl.DataFrame:
    """Cells of one column with row key, before, after, reason, rule, source and policy as changes."""
    named = cells.with_columns(
        pl.lit(store).alias(Change.store),
        pl.lit(terms.schema(store).name).alias(Change.table),
        pl.lit("update").alias(Change.op),
        pl.lit(column.name).alias(Change.field),
        pl.lit(None, pl.Float64).alias(PROBABILITY),
    )
    change_id = pl.concat_str(Change.store, Change.table, Change.row_key, Change.field, separator="/")
    return named.with_columns(change_id.alias(Change.change_id)).select(COLUMNS).cast(TYPES).sort(Change.change_id)


def with_probability(changes: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """The changes with their cluster's probability where another row's value or being is concerned."""
    several = clusters.filter(pl.col("probability") < 1).group_by(ENTITY).agg(pl.col("probability").min())
    likely = pl.col(ENTITY).replace_strict(
        several[ENTITY], several["probability"], default=1.0, return_dtype=pl.Float64
    )
    concerns = pl.col(Change.reason).is_in(["merge", "sync", "conflict", "link"])
    return changes.with_columns(pl.when(concerns).then(likely).alias(PROBABILITY)).sort(Change.change_id)


def unfit(rows: pl.DataFrame, terms: Terms) -> Sequence[tuple[Store, FieldRule, pl.DataFrame]]:
    """Per store and field: entity_id, both row keys and value of the cells that the store's column cannot hold."""
    found = []
    for store in STORES:
        for field in terms.rules.fields:
            if not terms.writes(store, field):
                continue
            wanted = target(field, store, terms)
            inserted = pl.col(VERDICT).is_in([f"insert_{store}", f"revive_{store}"])
            concerned = inserted | (pl.col(at(KEY, store)).is_not_null() & wanted.ne_missing(held(field, store, terms)))
            is_open = pl.col(origin(field.name)) == OPEN
            told = is_open | (is_mute(wanted) if field.name in terms.references else False)
            unfit = ~fits(wanted, store, field, terms)
            cells = rows.filter(is_writable(store) & ~told & concerned & unfit)
            if not cells.is_empty():
                found.append(
                    (store, field, cells.select(ENTITY, at(KEY, store), at(KEY, other(store)), wanted.alias("value")))
                )
    return found
