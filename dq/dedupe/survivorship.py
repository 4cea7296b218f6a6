"""Which row of an entity stays in a store, and which of its duplicates' values each field keeps.

Entities of one row (nearly all) pass through; only those of several are ranked, field by field.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dq.cells import is_texts, texts_json, texts_of
from dq.rules import FieldRule, Survivorship, TableRules
from dq.schemas import Record
from dq.schemas.record import raw, rule
from dq.schemas.values import Store
from dq.side import ATOMIC, CREATED, ENTITY, KEY, MODIFIED, QUALITY, Side, held_name, is_mute, keeps_lines, own_value

_CHOSEN = [ENTITY, "value", "source", "time"]
SOURCES = {ENTITY: pl.String(), "field": pl.String(), "source": pl.String(), "time": pl.Datetime("us", "UTC")}
_CHILDREN, _PREFERRED, _STALE, _STAYS = "children#", "preferred#", "stale#", "stays#"
_PLACE = "place#"
_RANKS: Mapping[str, pl.Expr] = {
    "most_recent": pl.col("time"),
    "highest_quality": pl.col("quality"),
    "most_complete": pl.col("quality"),
    "most_frequent": pl.col("count"),
    "longest": pl.col("value").str.len_chars(),
}
"""What each survivorship rule ranks values by; `source_priority` says nothing inside one store."""


@dataclass(frozen=True)
class Standing:
    """What ranks an entity's rows beside their cells; all keyed by row_key.

    Attributes:
        preferred: row_key of rows that stay whatever the strategy says (linked to the other store's survivor).
        children: row_key, children: how many child rows each has.
        stale: row_key of merged rows that came back unedited: their values are no evidence.
        cleared: What people took away from these entities, see `dq.dedupe.cleared`.
        store: Whose rows these are.
        kinds: Field → the kinds of its columns on both sides.
        fixed: Fields of this store that may not be written.
    """

    preferred: pl.DataFrame
    children: pl.DataFrame
    stale: pl.DataFrame
    cleared: pl.DataFrame
    store: Store
    kinds: Mapping[str, frozenset[str]]
    fixed: frozenset[str] = frozenset()


def choose(
    records: pl.DataFrame, clusters: pl.DataFrame, standing: Standing, rules: TableRules, held: Sequence[str]
) -> Side:
    """The side that these records make.

    Args:
        records: Record frame of one store.
        clusters: The store's rows of the Cluster contract.
        standing: What ranks rows beside their cells.
        rules: Fields and strategy.
        held: Entities whose duplicates must not be merged now.
    """
    members = records.join(clusters.select(KEY, ENTITY), on=KEY).pipe(_ranked, standing, rules)
    survivors = members.unique(ENTITY, keep="first", maintain_order=True)
    others = members.join(survivors, on=KEY, how="anti")
    is_held = pl.col(ENTITY).is_in(list(held))
    survivor_of = survivors.select(ENTITY, pl.col(KEY).alias("survivor"))
    losers = others.filter(~is_held).select(ENTITY, KEY).join(survivor_of, on=ENTITY).sort(KEY)
    stays = (pl.col(KEY) == pl.col(KEY).first().over(ENTITY)).alias(_STAYS)
    several = members.join(losers, on=ENTITY, how="semi", maintain_order="left").with_columns(stays)
    asked = () if several.is_empty() else rules.fields
    chosen = {field.name: _chosen(several, field, standing, rules) for field in asked}
    own = survivors.with_columns(pl.col(name).alias(held_name(name)) for name in rules.names)
    for field in asked:
        own = _with_value(own, field, chosen[field.name])
    return Side(
        rows=own.select(_columns(rules)).sort(ENTITY),
        sources=_sources(chosen, survivor_of),
        merged=losers,
        kept=others.filter(is_held).select(_kept_columns(rules)).sort(KEY),
    )


def _with_value(own: pl.DataFrame, field: FieldRule, values: pl.DataFrame) -> pl.DataFrame:
    takes = ~is_mute(pl.col(field.name)) if field.refers else pl.lit(value=True)
    found = values.select(ENTITY, pl.col("value").alias("_value"), pl.lit(value=True).alias("_found"))
    return (
        own.join(found, on=ENTITY, how="left")
        .with_columns(pl.when(pl.col("_found") & takes).then("_value").otherwise(field.name).alias(field.name))
        .drop("_value", "_found")
    )


def _columns(rules: TableRules) -> list[str]:
    fixed = [ENTITY, KEY, CREATED, MODIFIED, Record.link, QUALITY]
    return fixed + [c for name in rules.names for c in (name, held_name(name), raw(name), rule(name))]


def _kept_columns(rules: TableRules) -> list[str]:
    return [ENTITY, KEY, *(c for name in rules.names for c in (name, raw(name), rule(name)))]


def quality(fields: Sequence[FieldRule]) -> pl.Expr:
    """Share of a row's fields that hold something of their own (a default is nothing of its own)."""
    filled = [pl.col(field.name).is_not_null() & own_value(pl.col(field.name), field) for field in fields]
    return (pl.sum_horizontal(pl.lit(0), *filled) / max(len(filled), 1)).alias(QUALITY)


def _ranked(members: pl.DataFrame, standing: Standing, rules: TableRules) -> pl.DataFrame:
    """Members with the survivor of each entity first."""
    flagged = (
        members.with_columns(quality(rules.fields))
        .join(standing.children.select(KEY, pl.col("children").alias(_CHILDREN)), on=KEY, how="left")
        .join(standing.preferred.select(KEY, pl.lit(value=True).alias(_PREFERRED)), on=KEY, how="left")
        .join(standing.stale.select(KEY, pl.lit(value=True).alias(_STALE)), on=KEY, how="left")
        .with_columns(pl.col(_CHILDREN).fill_null(0), pl.col(_PREFERRED, _STALE).fill_null(value=False))
    )
    strategy = MODIFIED if rules.dedupe.resolve == "most_recent" else QUALITY
    order = {_STALE: False, _PREFERRED: True, strategy: True, _CHILDREN: True, KEY: False}
    return flagged.sort(ENTITY, *order, descending=[False, *order.values()], nulls_last=True)


def _chosen(several: pl.DataFrame, field: FieldRule, standing: Standing, rules: TableRules) -> pl.DataFrame:
    """entity_id, value, source, time of one field for entities of several rows; survivor's rows come first."""
    emptied = standing.cleared.filter(pl.col("field") == field.name)
    chain = _chain(field, rules)
    ranked = _ranked_values(several, field, chain, emptied.select(ENTITY, "value").unique())
    first = ranked.unique(ENTITY, keep="first", maintain_order=True)
    chosen = first.select(_CHOSEN)
    kinds = standing.kinds[field.name]
    if "union" in chain and not kinds & ATOMIC:
        before = _order(chain[: chain.index("union")])
        is_best = pl.all_horizontal(rank.eq_missing(rank.first().over(ENTITY)) for rank in before)
        united = _union(ranked.filter(is_best).sort(_PLACE), lines=keeps_lines(field, kinds))
        chosen = pl.concat([united, chosen.join(united, on=ENTITY, how="anti")])
    if not emptied.is_empty():
        chosen = _without_old(chosen, first.filter("is_old"), emptied.filter(store=standing.store))
    if field.name in standing.fixed:  # nothing can be written over the value of the row that stays
        own = pl.col(field.name)
        chosen = chosen.join(several.filter(_STAYS, own.is_not_null(), own_value(own, field)), on=ENTITY, how="anti")
    return chosen.sort(ENTITY)


def _without_old(chosen: pl.DataFrame, old: pl.DataFrame, emptied: pl.DataFrame) -> pl.DataFrame:
    """The chosen values, empty where nothing is left but what was taken away in this store."""
    latest = emptied.sort("time", "source", descending=[True, False], nulls_last=True)
    taken = latest.join(old, on=ENTITY, how="semi", maintain_order="left")
    gone = taken.unique(ENTITY, keep="first", maintain_order=True).with_columns(pl.lit(None, pl.String).alias("value"))
    return pl.concat([chosen.join(gone, on=ENTITY, how="anti"), gone.select(_CHOSEN)])


def _chain(field: FieldRule, rules: TableRules) -> tuple[Survivorship, ...]:
    presets: dict[str, tuple[Survivorship, ...]] = {
        "most_recent": ("most_recent",),
        "highest_quality": ("highest_quality", "most_recent"),
    }
    return presets.get(rules.dedupe.resolve, field.survivorship)


def _order(chain: Sequence[Survivorship]) -> list[pl.Expr]:
    """What ranks values: what was taken away comes last, then a default, then what the rules say."""
    return [~pl.col("is_old"), pl.col("own"), *(_RANKS[name] for name in chain if name in _RANKS)]


def _ranked_values(
    several: pl.DataFrame, field: FieldRule, chain: Sequence[Survivorship], old: pl.DataFrame
) -> pl.DataFrame:
    """The values of one field, each entity's best first; between equals, the row that stays and then the order of rows."""
    value = pl.col(field.name)
    says = ~is_mute(value) if field.refers else pl.lit(value=True)
    usable = several.filter(value.is_not_null() & says & ~pl.col(_STALE)).select(
        ENTITY,
        pl.col(KEY).alias("source"),
        pl.col(MODIFIED).alias("time"),
        pl.col(QUALITY).alias("quality"),
        value.alias("value"),
        own_value(value, field).alias("own"),
        pl.len().over(ENTITY, field.name).alias("count"),
        pl.col(_STAYS),
    )
    is_old = pl.lit(value=True).alias("is_old")
    told = usable.join(old.with_columns(is_old), on=[ENTITY, "value"], how="left", maintain_order="left")
    order = _order(chain)
    return (
        told.with_columns(pl.col("is_old").fill_null(value=False))
        .with_row_index(_PLACE)
        .sort([pl.col(ENTITY), *order], descending=[False, *[True] * len(order)], nulls_last=True, maintain_order=True)
    )


def _union(ranked: pl.DataFrame, *, lines: bool) -> pl.DataFrame:
    """All values of an entity, each once, in the order of its rows: JSON lists as a list, and texts line by line.

    Entities whose values are all the same are left out, and those whose values do not mix.
    """
    value = pl.col("value")
    several = value.n_unique().over(ENTITY) > 1
    as_lists = several & is_texts(value).all().over(ENTITY)
    as_lines = pl.lit(lines) & several & ~value.str.starts_with("[").any().over(ENTITY)
    lists = ranked.filter(as_lists).with_columns(texts_of(value).alias("part"))
    texts = ranked.filter(as_lines & ~as_lists).with_columns(value.str.split("\n").alias("part"))
    return pl.concat([_joined(lists, texts_json(pl.col("part"))), _joined(texts, pl.col("part").list.join("\n"))])


def _joined(values: pl.DataFrame, text: pl.Expr) -> pl.DataFrame:
    """Each part once, from the first row that has it; the source is the first row that gave the survivor something."""
    parts = (
        values.with_columns(pl.col("time").max().over(ENTITY))
        .explode("part")
        .unique([ENTITY, "part"], keep="first", maintain_order=True)
        .group_by(ENTITY, maintain_order=True)
        .agg(
            pl.col("part"),
            pl.coalesce(pl.col("source").filter(~pl.col(_STAYS)).first(), pl.col("source").first()),
            pl.col("time").first(),
        )
    )
    return parts.select(ENTITY, text.alias("value"), "source", "time")


def _sources(chosen: Mapping[str, pl.DataFrame], survivor_of: pl.DataFrame) -> pl.DataFrame:
    parts = [values.select(ENTITY, pl.lit(name).alias("field"), "source", "time") for name, values in chosen.items()]
    found = pl.concat([pl.DataFrame(schema=SOURCES), *parts])
    return (
        found.join(survivor_of, on=ENTITY, how="left")
        .filter(pl.col("source") != pl.col("survivor"))
        .select(list(SOURCES))
        .sort(ENTITY, "field")
    )
