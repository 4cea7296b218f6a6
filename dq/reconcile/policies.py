"""Conflicts: both stores changed a cell to different values. A chain of policies settles it, or it waits for a person.

A policy that cannot tell (times missing, equal or within the skew; equal quality) hands over to the next in its chain.
"""

from collections.abc import Iterator
from functools import reduce
from typing import get_args

import polars as pl

from dq.cells import is_texts, json_of, texts_json, texts_of
from dq.reconcile.align import VERDICT, at
from dq.reconcile.merge import OPEN, SETTLED, golden, origin
from dq.reconcile.terms import STORES, Terms
from dq.rules import FieldRule, Policy
from dq.schemas import Conflict
from dq.schemas.conflict import RESOLVED
from dq.side import ATOMIC, ENTITY, MODIFIED, QUALITY, keeps_lines, own_value

DATABASE, AIRTABLE, MERGE = pl.lit("database"), pl.lit("airtable"), pl.lit("merge")
_COLUMNS = list(Conflict.to_schema().columns)
_TIME = pl.Datetime("us", "UTC")
_TYPES = {RESOLVED: pl.Boolean, str(Conflict.modified_database): _TIME, str(Conflict.modified_airtable): _TIME}
CONFLICT_TYPES = pl.Schema({name: _TYPES.get(name, pl.String) for name in _COLUMNS})
POLICIES: tuple[Policy, ...] = get_args(Policy)
CHOICE_TYPES = {Conflict.conflict_id: pl.String, "policy": pl.String, "side": pl.String}
"""What each policy alone would decide for each conflict; no side where it would wait for a person."""


def settled(
    rows: pl.DataFrame, sources: pl.DataFrame, known: pl.DataFrame, terms: Terms
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Conflicts settled by policy.

    Args:
        rows: Merged rows, conflicts marked `SETTLED` with no value yet.
        sources: entity_id, field, store, time: when a cell's value was written, where that is not the row's own time.
        known: conflict_id, side, by of conflicts that a policy settles once the rest of this plan is carried out.
        terms: Policies, per field.

    Returns:
        The rows with golden values where a policy chose and `OPEN` where none did, the conflicts (Conflict contract),
        and what each policy alone would choose for each.
    """
    tables, choices = [], [pl.DataFrame(schema=CHOICE_TYPES)]
    for field in terms.rules.fields:
        cells = rows.filter(pl.col(origin(field.name)) == SETTLED)
        if cells.is_empty():
            continue
        decided = _decided(timed(cells, field, sources, terms), known, field, terms)
        rows = _written_back(rows, decided, field)
        tables.append(as_conflicts(decided, field, terms))
        choices.append(_choices(decided, field, terms))
    lost = _delete_edits(rows, terms)
    return rows, pl.concat([*tables, lost]).sort(Conflict.conflict_id), pl.concat(choices).sort(list(CHOICE_TYPES))


def _choices(cells: pl.DataFrame, field: FieldRule, terms: Terms) -> pl.DataFrame:
    each = {
        policy: pl.lit(None, pl.String) if policy == "manual" else _choice(policy, field, terms) for policy in POLICIES
    }
    told = cells.select(Conflict.conflict_id, **each)
    return told.unpivot(index=Conflict.conflict_id, variable_name="policy", value_name="side").cast(
        pl.Schema(CHOICE_TYPES)
    )


def timed(cells: pl.DataFrame, field: FieldRule, sources: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The field's cells with plain names: conflict_id, base, database, airtable, and each side's time and quality."""
    plain = cells.select(
        ENTITY,
        _conflict_id(field, terms),
        *(pl.col(at(field.name, side)).alias(side) for side in ("base", "database", "airtable")),
        *(pl.col(at(MODIFIED, side)).alias(f"modified_{side}") for side in ("database", "airtable")),
        *(pl.col(at(QUALITY, side)).alias(f"quality_{side}") for side in ("database", "airtable")),
    )
    for side in ("database", "airtable"):
        own = sources.filter((pl.col("field") == field.name) & (pl.col("store") == side)).select(
            ENTITY, "time", pl.lit(value=True).alias("_lent")
        )
        modified = f"modified_{side}"
        plain = (
            plain.join(own, on=ENTITY, how="left")
            .with_columns(pl.when("_lent").then("time").otherwise(modified).alias(modified))
            .drop("time", "_lent")
        )
    return plain.sort(ENTITY)


def chain(field: FieldRule) -> tuple[Policy, ...]:
    """The field's policies up to the first `manual`."""
    stop = field.conflict.index("manual") if "manual" in field.conflict else len(field.conflict)
    return field.conflict[:stop]


def _decided(cells: pl.DataFrame, known: pl.DataFrame, field: FieldRule, terms: Terms) -> pl.DataFrame:
    choices = [(policy, _choice(policy, field, terms)) for policy in chain(field)]
    side = pl.coalesce([choice for _, choice in choices]) if choices else pl.lit(None, pl.String)
    by = reduce(
        lambda rest, step: pl.when(step[1].is_not_null()).then(pl.lit(step[0])).otherwise(rest),
        reversed(choices),
        pl.lit(None, pl.String),
    )
    hints = known.rename({"side": "_side", "by": "_by"})
    cells = cells.join(hints, on=Conflict.conflict_id, how="left").sort(ENTITY)
    side, by = pl.coalesce(side, "_side"), pl.coalesce(by, "_by")
    value = (
        pl.when(side == "database")
        .then("database")
        .when(side == "airtable")
        .then("airtable")
        .when(side == "merge")
        .then(_union(field, terms))
    )
    return cells.with_columns(side.alias("side"), by.alias("by"), value.alias("value"))


def _conflict_id(field: FieldRule, terms: Terms) -> pl.Expr:
    named = pl.concat_str(pl.lit(f"{terms.rules.table}/"), ENTITY, pl.lit(f"/{field.name}"))
    return named.alias(Conflict.conflict_id)


def _choice(policy: Policy, field: FieldRule, terms: Terms) -> pl.Expr:
    """The side a policy chooses, null where it cannot tell."""
    match policy:
        case "database_wins":
            return DATABASE
        case "airtable_wins":
            return AIRTABLE
        case "most_recent":
            return _most_recent(terms.rules.sync.skew_seconds)
        case "highest_quality":
            return _higher(_cell_quality(field, "database"), _cell_quality(field, "airtable"))
        case _:  # merge: `chain` ends before manual
            return pl.coalesce([*_survivors(field, terms), pl.lit(None, pl.String)])


def _most_recent(skew_seconds: float) -> pl.Expr:
    ahead = (pl.col("modified_database") - pl.col("modified_airtable")).dt.total_microseconds() / 1e6
    return pl.when(ahead > skew_seconds).then(DATABASE).when(ahead < -skew_seconds).then(AIRTABLE)


def _higher(database: pl.Expr, airtable: pl.Expr) -> pl.Expr:
    return pl.when(database > airtable).then(DATABASE).when(database < airtable).then(AIRTABLE)


def _presence(field: FieldRule, side: str) -> pl.Expr:
    """2 for a value of its own, 1 for a default, 0 for nothing."""
    value = pl.col(side)
    own = value.is_not_null() & own_value(value, field)
    return own.cast(pl.Int8) + value.is_not_null().cast(pl.Int8)


def _cell_quality(field: FieldRule, side: str) -> pl.Expr:
    """A value of one's own beats a default, a default beats nothing; then the fuller row counts."""
    return _presence(field, side).cast(pl.Float64) * 2 + pl.col(f"quality_{side}")


def _survivors(field: FieldRule, terms: Terms) -> Iterator[pl.Expr]:
    """What each survivorship rule of the field chooses between two values."""
    present = _higher(_presence(field, "database"), _presence(field, "airtable"))
    yield present
    for name in field.survivorship:
        match name:
            case "most_recent":
                yield _most_recent(terms.rules.sync.skew_seconds)
            case "highest_quality" | "most_complete":
                yield _higher(_cell_quality(field, "database"), _cell_quality(field, "airtable"))
            case "longest":
                yield _higher(pl.col("database").str.len_chars(), pl.col("airtable").str.len_chars())
            case "source_priority":
                yield pl.lit(next(iter(terms.rules.dedupe.survivorship_priority), None), pl.String)
            case "union":
                yield pl.when(_union(field, terms).is_not_null()).then(MERGE)
            case _:  # most_frequent: two values, once each, say nothing
                continue


def _union(field: FieldRule, terms: Terms) -> pl.Expr:
    """Both values' parts, each once, in an order that does not depend on the side: list items, or lines of text.

    Null where they do not mix: a list of other things than text, a list and a text, what has one value by its nature
    (a number, a date, an option), or text of one line.
    """
    if terms.kinds(field) & ATOMIC or any(terms.column(store, field).type == "singleSelect" for store in STORES):
        return pl.lit(None, pl.String)
    database, airtable = pl.col("database"), pl.col("airtable")
    items = pl.concat_list(texts_of(database), texts_of(airtable)).list.unique().list.sort()
    lines = pl.concat_list(database, airtable).list.sort().list.join("\n").str.split("\n")
    is_text = ~database.str.starts_with("[") & ~airtable.str.starts_with("[")
    return (
        pl.when(is_texts(database) & is_texts(airtable))
        .then(texts_json(items))
        .when(is_text & keeps_lines(field, terms.kinds(field)))
        .then(lines.list.unique(maintain_order=True).list.join("\n"))
    )


def _written_back(rows: pl.DataFrame, decided: pl.DataFrame, field: FieldRule) -> pl.DataFrame:
    value, came = golden(field.name), origin(field.name)
    is_open = (pl.col(came) == SETTLED) & pl.col("_side").is_null()
    return (
        rows.join(
            decided.select(ENTITY, pl.col("value").alias("_value"), pl.col("side").alias("_side")),
            on=ENTITY,
            how="left",
        )
        .sort(ENTITY)
        .with_columns(
            pl.when(pl.col(came) == SETTLED).then("_value").otherwise(value).alias(value),
            pl.when(is_open).then(pl.lit(OPEN, pl.Int8)).otherwise(came).alias(came),
        )
        .drop("_value", "_side")
    )


def as_conflicts(decided: pl.DataFrame, field: FieldRule, terms: Terms) -> pl.DataFrame:
    """Cells with conflict_id, values, times, side and by as conflicts (Conflict contract)."""
    kind = "text" if field.name in terms.references else terms.database.column(field.name).kind
    base = pl.when(pl.col("base") != "").then("base")
    missing = (
        pl.when(pl.col("database").is_null())
        .then(pl.lit("missing_database"))
        .when(pl.col("airtable").is_null())
        .then(pl.lit("missing_airtable"))
    )
    return decided.select(
        Conflict.conflict_id,
        ENTITY,
        pl.lit(field.name).alias(Conflict.field),
        json_of(base, kind).alias(Conflict.base),
        json_of(pl.col("database"), kind).alias(Conflict.database),
        json_of(pl.col("airtable"), kind).alias(Conflict.airtable),
        str(Conflict.modified_database),
        str(Conflict.modified_airtable),
        missing.otherwise(pl.lit("value_mismatch")).alias(Conflict.kind),
        pl.lit(",".join(field.conflict)).alias(Conflict.policy),
        pl.col("side").alias(Conflict.suggested),
        pl.col("side").is_not_null().alias(str(Conflict.resolved)),
        pl.col("by").alias(Conflict.resolved_by),
        pl.lit(terms.rules.table).alias(Conflict.table),
    ).select(_COLUMNS)


def _delete_edits(rows: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Rows deleted on one side and edited on the other: the edit survives."""
    lost = rows.filter(pl.col(VERDICT).str.starts_with("revive_"))
    nothing = pl.lit(None, pl.String)
    return lost.select(
        pl.concat_str(pl.lit(f"{terms.rules.table}/"), ENTITY, pl.lit("/")).alias(Conflict.conflict_id),
        ENTITY,
        nothing.alias(Conflict.field),
        nothing.alias(Conflict.base),
        nothing.alias(Conflict.database),
        nothing.alias(Conflict.airtable),
        pl.col(at(MODIFIED, "database")).alias(str(Conflict.modified_database)),
        pl.col(at(MODIFIED, "airtable")).alias(str(Conflict.modified_airtable)),
        pl.lit("delete_edit").alias(Conflict.kind),
        pl.lit("edit_survives").alias(Conflict.policy),
        pl.when(pl.col(VERDICT) == "revive_airtable").then(DATABASE).otherwise(AIRTABLE).alias(Conflict.suggested),
        pl.lit(value=True).alias(str(Conflict.resolved)),
        pl.lit("edit_survives").alias(Conflict.resolved_by),
        pl.lit(terms.rules.table).alias(Conflict.table),
    ).select(_COLUMNS)
