"""The planned result as a table that quality rules judge: golden records with what else the rules ask for."""

from collections.abc import Mapping, Sequence

import polars as pl

from dq.cells import text_of
from dq.changeset import is_removal
from dq.manifest import TableSchema
from dq.rules import Check, TableRules
from dq.rulesql import named_columns, roots
from dq.schemas import Change, Cluster
from dq.schemas.finding import AGREES, DUPLICATE
from dq.schemas.values import Store
from dq.side import KEY

ENTITY = "entity_id"


def judgeable(
    golden: pl.LazyFrame,
    rules: TableRules,
    checks: Sequence[Check],
    stored: tuple[pl.LazyFrame, TableSchema],
    records: Mapping[Store, pl.LazyFrame],
    clusters: pl.LazyFrame,
    changes: pl.LazyFrame,
) -> pl.LazyFrame:
    """Golden records with the columns that the rules name and no field holds, and with what only two stores can tell.

    Args:
        golden: The mapping's golden records.
        rules: The mapping.
        checks: The rules.
        stored: The database's table as it was read, and its schema.
        records: Each store's standard forms.
        clusters: Which rows are the same lead.
        changes: The changeset.
    """
    frame = golden
    more = further_columns(rules, checks, stored[1])
    if more:
        key = text_of(pl.col(stored[1].key), stored[1].column(stored[1].key).kind, _dtype(*stored))
        frame = frame.join(stored[0].select(key.alias("database_key"), *more), on="database_key", how="left")
    for name in dict.fromkeys(str(check.field) for check in checks if check.check == "agreement"):
        if name in rules.names:
            frame = frame.join(_agreement(frame, records, name), on=ENTITY, how="left")
    if any(check.check == "duplicates" for check in checks):
        frame = frame.join(_left(clusters, changes, rules.table), on=ENTITY, how="left")
    return frame


def further_columns(rules: TableRules, checks: Sequence[Check], schema: TableSchema) -> list[str]:
    """Columns of the database's table that the rules name and no field holds; with a rule in SQL all of them."""
    taken = {*rules.names, ENTITY, "database_key", "airtable_key"}
    there = [column.name for column in schema.columns if column.name not in taken]
    if any(check.check == "sql" for check in checks):
        return there
    asked = {name for check in checks for name in named_columns(check)}
    asked |= {name for one in rules.known for name in roots(one.where)}
    return [name for name in there if name in asked]


def _dtype(rows: pl.LazyFrame, schema: TableSchema) -> pl.DataType:
    return rows.collect_schema()[schema.key]


def _agreement(golden: pl.LazyFrame, records: Mapping[Store, pl.LazyFrame], name: str) -> pl.LazyFrame:
    """entity_id, and whether the stores hold the same standard form, of leads that both have."""
    linked = golden.select(ENTITY, "database_key", "airtable_key").drop_nulls()
    for store, frame in records.items():
        cells = frame.select(pl.col(KEY).alias(f"{store}_key"), pl.col(name).alias(f"{store}#"))
        linked = linked.join(cells.unique(f"{store}_key", keep="none"), on=f"{store}_key")
    return linked.select(ENTITY, pl.col("database#").eq_missing(pl.col("airtable#")).alias(f"{name}{AGREES}"))


def _left(clusters: pl.LazyFrame, changes: pl.LazyFrame, table: str) -> pl.LazyFrame:
    """entity_id, and true, of leads that have several rows in one store after the plan."""
    rows = [Cluster.store, Cluster.row_key]
    is_mine = (pl.col(Change.store) == "airtable") | (pl.col(Change.table) == table)  # record ids are nobody else's
    removed = changes.filter(is_mine & is_removal()).select(Change.store, Change.row_key).unique()
    kept = clusters.filter(pl.col(Cluster.table) == table).join(removed, on=rows, how="anti")
    several = kept.group_by(Cluster.entity_id, Cluster.store).len().filter(pl.col("len") > 1)
    return several.select(pl.col(Cluster.entity_id).alias(ENTITY)).unique().with_columns(pl.lit(True).alias(DUPLICATE))
