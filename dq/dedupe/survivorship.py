"""Which row of an entity stays in a store, and which of its duplicates' values each field keeps.

Entities of one row (nearly all) pass through; only those of several are ranked, field by field.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from dq.rules import FieldRule, TableRules
from dq.schemas import Record
from dq.schemas.record import raw, rule
from dq.side import ENTITY, KEY, Side, own_value

SOURCES = {ENTITY: pl.String(), "field": pl.String(), "source": pl.String(), "time": pl.Datetime("us", "UTC")}


@dataclass(frozen=True)
class Standing:
    """What ranks an entity's rows beside their cells; all keyed by row_key.

    Attributes:
        preferred: row_key of rows that stay whatever the strategy says (linked to the other store's survivor).
        children: row_key, children: how many child rows each has.
        stale: row_key of merged rows that came back unedited: their values are no evidence.
    """

    preferred: pl.DataFrame
    children: pl.DataFrame
    stale: pl.DataFrame


def choose(
    records: pl.DataFrame,
    clusters: pl.DataFrame,
    standing: Standing,
    rules: TableRules,
    held: Sequence[str],
    *,
    merge: bool,
) -> Side:
    """The side that these records make.

    Args:
        records: Record frame of one store.
        clusters: The store's rows of the Cluster contract.
        standing: What ranks rows beside their cells.
        rules: Fields and strategy.
        held: Entities whose duplicates must not be merged now.
        merge: Whether duplicates are merged at all.
    """
    members = records.join(clusters.select(KEY, ENTITY), on=KEY).pipe(_ranked, standing, rules)
    survivors = members.unique(ENTITY, keep="first", maintain_order=True)
    others = members.join(survivors, on=KEY, how="anti").select(ENTITY, KEY)
    is_merged = pl.lit(merge and rules.dedupe.resolve != "none") & ~pl.col(ENTITY).is_in(list(held))
    losers, kept = others.filter(is_merged), others.filter(~is_merged)
    own = survivors.with_columns(pl.col(name).alias(f"{name}_held") for name in rules.names)
    several = members.join(losers, on=ENTITY, how="semi")
    chosen = [_chosen(several, field, rules) for field in rules.fields]
    for field, values in zip(rules.names, chosen, strict=True):
        own = (
            own.join(
                values.select(ENTITY, pl.col("value").alias("_value"), pl.lit(value=True).alias("_found")),
                on=ENTITY,
                how="left",
            )
            .with_columns(pl.when(pl.col("_found")).then("_value").otherwise(field).alias(field))
            .drop("_value", "_found")
        )
    survivor_of = survivors.select(ENTITY, pl.col(KEY).alias("survivor"))
    return Side(
        rows=own.select(_columns(rules)).sort(ENTITY),
        sources=_sources(chosen, rules.names, survivor_of),
        merged=losers.join(survivor_of, on=ENTITY).sort(KEY),
        kept=kept.sort(KEY),
    )


def _columns(rules: TableRules) -> list[str]:
    fixed = [ENTITY, KEY, Record.created, Record.modified, Record.link, "quality"]
    return fixed + [c for name in rules.names for c in (name, f"{name}_held", raw(name), rule(name))]


def quality(fields: Sequence[FieldRule]) -> pl.Expr:
    """Share of a row's fields that hold something of their own (a default is nothing of its own)."""
    filled = [pl.col(field.name).is_not_null() & own_value(pl.col(field.name), field) for field in fields]
    return (pl.sum_horizontal(filled) / max(len(filled), 1)).alias("quality")


def _ranked(members: pl.DataFrame, standing: Standing, rules: TableRules) -> pl.DataFrame:
    """Members with the survivor of each entity first."""
    flagged = (
        members.with_columns(quality(rules.fields))
        .join(standing.children, on=KEY, how="left")
        .join(standing.preferred.select(KEY, pl.lit(value=True).alias("preferred")), on=KEY, how="left")
        .join(standing.stale.select(KEY, pl.lit(value=True).alias("stale")), on=KEY, how="left")
        .with_columns(pl.col("children").fill_null(0), pl.col("preferred", "stale").fill_null(value=False))
    )
    strategy = [Record.modified] if rules.dedupe.resolve == "most_recent" else ["quality"]
    order = ["stale", "preferred", *strategy, "children", KEY]
    return flagged.sort(
        ENTITY, *order, descending=[False, False, True, *[True] * len(strategy), True, False], nulls_last=True
    )


def _chosen(several: pl.DataFrame, field: FieldRule, rules: TableRules) -> pl.DataFrame:
    """entity_id, value, source, time of one field for entities of several rows; survivor's rows come first."""
    chain = {"most_recent": ["most_recent"], "highest_quality": ["highest_quality", "most_recent"]}.get(
        rules.dedupe.resolve, list(field.survivorship)
    )
    value = pl.col(field.name)
    usable = several.filter(value.is_not_null() & ~pl.col("stale")).select(
        ENTITY,
        pl.col(KEY).alias("source"),
        pl.col(Record.modified).alias("time"),
        "quality",
        value.alias("value"),
        own_value(value, field).alias("own"),
        pl.len().over(ENTITY, field.name).alias("count"),
    )
    if "union" in chain:
        return _union(usable)
    ranks = {
        "most_recent": pl.col("time"),
        "highest_quality": pl.col("quality"),
        "most_complete": pl.col("quality"),
        "most_frequent": pl.col("count"),
        "longest": pl.col("value").str.len_chars(),
    }
    order = [pl.col("own"), *(ranks[name] for name in chain if name in ranks)]
    ranked = usable.sort(
        [pl.col(ENTITY), *order], descending=[False, *[True] * len(order)], nulls_last=True, maintain_order=True
    )
    return ranked.unique(ENTITY, keep="first", maintain_order=True).select(ENTITY, "value", "source", "time")


def _union(usable: pl.DataFrame) -> pl.DataFrame:
    """All values of an entity, each once, in the order of its rows: JSON lists as a list, texts line by line."""
    is_list = pl.col("value").str.starts_with("[")
    lists = usable.filter(is_list).with_columns(pl.col("value").str.json_decode(pl.List(pl.String)).alias("part"))
    texts = usable.filter(~is_list).with_columns(pl.col("value").str.split("\n").alias("part"))
    return pl.concat([_joined(lists, as_json=True), _joined(texts, as_json=False)]).unique(
        ENTITY, keep="first", maintain_order=True
    )


def _joined(values: pl.DataFrame, *, as_json: bool) -> pl.DataFrame:
    parts = (
        values.explode("part")
        .group_by(ENTITY, maintain_order=True)
        .agg(pl.col("part").unique(maintain_order=True), pl.col("source").first(), pl.col("time").max())
    )
    listed = pl.struct(v="part").struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
    text = listed if as_json else pl.col("part").list.join("\n")
    return parts.select(ENTITY, text.alias("value"), "source", "time")


def _sources(chosen: Sequence[pl.DataFrame], names: Sequence[str], survivor_of: pl.DataFrame) -> pl.DataFrame:
    parts = [
        values.select(ENTITY, pl.lit(name).alias("field"), "source", "time")
        for name, values in zip(names, chosen, strict=True)
    ]
    found = pl.concat([pl.DataFrame(schema=SOURCES), *parts])
    return (
        found.join(survivor_of, on=ENTITY, how="left")
        .filter(pl.col("source") != pl.col("survivor"))
        .select(list(SOURCES))
        .sort(ENTITY, "field")
    )
