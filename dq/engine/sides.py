"""The third step: which row of each entity stays in each store, and what duplicates give it."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dq.dedupe import Standing, choose, cleared
from dq.engine.apart import duplicated, left_findings, taken_apart
from dq.engine.children import child_counts, clashing
from dq.engine.grouping import Grouped
from dq.engine.inputs import Inputs
from dq.engine.records import field_kinds
from dq.engine.returning import Returned
from dq.schemas import Cluster
from dq.schemas.values import Store
from dq.side import ENTITY, KEY, Side

STORES: tuple[Store, Store] = ("database", "airtable")
_NO_CHILDREN = pl.DataFrame(schema={KEY: pl.String, "children": pl.UInt32})
_NO_ROWS = pl.DataFrame(schema={KEY: pl.String})


@dataclass(frozen=True)
class Sided:
    """Both stores' word on every entity.

    Attributes:
        sides: By store.
        clusters: Cluster contract, survivors marked, under the entity ids that the plan uses.
        cleared: What people took away from leads whose duplicates are merged.
        findings: Merges that are held back, and duplicates that stay.
    """

    sides: Mapping[Store, Side]
    clusters: pl.DataFrame
    cleared: pl.DataFrame
    findings: pl.DataFrame


def sided(records: Mapping[Store, pl.DataFrame], grouped: Grouped, back: Returned, inputs: Inputs) -> Sided:
    """Survivors of every entity; duplicates that must not be merged are taken apart."""
    unmerged = _unmerged(grouped.clusters, inputs)
    clusters, held = _apart(grouped, back, unmerged, inputs)
    gone = _cleared(records, clusters, back, held, inputs)
    database = _database(records, clusters, grouped, back, held, gone, inputs)
    clashes, problems = clashing(database.merged, inputs.children, inputs.rules)
    if clashes:
        clashed = clusters.filter(pl.col(ENTITY).is_in(clashes)).select(Cluster.store, KEY)
        ids = grouped.clusters.join(clashed, on=[Cluster.store, KEY], how="semi").select(ENTITY).unique()
        unmerged = pl.concat([unmerged, ids]).unique()
        clusters, held = _apart(grouped, back, unmerged, inputs)
        gone = _cleared(records, clusters, back, held, inputs)
        database = _database(records, clusters, grouped, back, held, gone, inputs)
    partner = grouped.links.join(database.rows.select(pl.col(KEY).alias("database_key")), on="database_key", how="semi")
    preferred = partner.select(pl.col("airtable_key").alias(KEY))
    standing = Standing(preferred, _NO_CHILDREN, back.of("airtable"), gone, "airtable", *_columns(inputs, "airtable"))
    airtable = choose(records["airtable"], _of(clusters, "airtable"), standing, inputs.rules, held)
    sides: dict[Store, Side] = {"database": database, "airtable": airtable}
    findings = pl.concat([problems, left_findings(grouped.clusters, unmerged, inputs.rules)])
    return Sided(sides, _with_survivors(clusters, sides), gone, findings)


def _unmerged(clusters: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """entity_id of the duplicates that this plan may not merge: not asked to, or not allowed to write.

    Nor where one of them may be gone unseen: the one that stays could be it.
    """
    several = duplicated(clusters)
    if "dedupe" not in inputs.steps or inputs.rules.dedupe.resolve == "none":
        return several.select(ENTITY).unique()
    direction = inputs.rules.sync.direction
    closed = [store for store in STORES if direction not in ("both", f"to_{store}") or store in inputs.blind]
    return several.filter(pl.col(Cluster.store).is_in(closed)).select(ENTITY).unique()


def _apart(grouped: Grouped, back: Returned, unmerged: pl.DataFrame, inputs: Inputs) -> tuple[pl.DataFrame, list[str]]:
    """The clusters, unmerged ones taken apart, and the entities whose duplicates stay."""
    clusters = taken_apart(grouped.clusters, grouped.links, inputs.base, back.unedited, unmerged)
    rows = grouped.clusters.join(unmerged, on=ENTITY, how="semi").select(Cluster.store, KEY)
    left = clusters.join(rows, on=[Cluster.store, KEY], how="semi")
    return clusters, duplicated(left)[ENTITY].unique().sort().to_list()


def _cleared(
    records: Mapping[Store, pl.DataFrame], clusters: pl.DataFrame, back: Returned, held: list[str], inputs: Inputs
) -> pl.DataFrame:
    """What people took away from the leads whose duplicates are merged."""
    several = duplicated(clusters).filter(~pl.col(ENTITY).is_in(held)).select(ENTITY).unique()
    rows = clusters.join(several, on=ENTITY, how="semi").join(back.unedited, on=[Cluster.store, KEY], how="anti")
    return cleared(records, rows, inputs.base, inputs.rules)


def _database(
    records: Mapping[Store, pl.DataFrame],
    clusters: pl.DataFrame,
    grouped: Grouped,
    back: Returned,
    held: list[str],
    gone: pl.DataFrame,
    inputs: Inputs,
) -> Side:
    """The database's side; where duplicates stay, a linked row speaks for them."""
    mine = _of(clusters, "database")
    linked = grouped.links.select(pl.col("database_key").alias(KEY))
    preferred = linked.join(mine.filter(pl.col(ENTITY).is_in(held)), on=KEY, how="semi") if held else _NO_ROWS
    standing = Standing(
        preferred, child_counts(inputs.children), back.of("database"), gone, "database", *_columns(inputs, "database")
    )
    return choose(records["database"], mine, standing, inputs.rules, held)


def _columns(inputs: Inputs, store: Store) -> tuple[Mapping[str, frozenset[str]], frozenset[str]]:
    """The kinds of all fields, and the fields that may not be written in this store."""
    table = inputs.schemas[store]
    fixed = {
        field.name
        for field in inputs.rules.fields
        if field.direction not in ("both", f"to_{store}")
        or not table.column(field.name if store == "database" else field.airtable).writable
    }
    return field_kinds(inputs), frozenset(fixed)


def _of(clusters: pl.DataFrame, store: Store) -> pl.DataFrame:
    return clusters.filter(pl.col(Cluster.store) == store)


def _with_survivors(clusters: pl.DataFrame, sides: Mapping[Store, Side]) -> pl.DataFrame:
    survivors = pl.concat(
        sides[store].rows.select(pl.lit(store).alias(Cluster.store), KEY, pl.lit(value=True).alias("_survives"))
        for store in STORES
    )
    survives = pl.col("_survives").fill_null(value=False).alias(str(Cluster.survivor))
    marked = clusters.join(survivors, on=[Cluster.store, KEY], how="left").with_columns(survives)
    return marked.drop("_survives").sort(Cluster.store, KEY)
