"""One mapping's plan: standardize, dedupe and reconcile over two snapshot tables and the base. Pure: frames in, frames out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import NAMESPACE_URL, UUID, uuid5

import polars as pl

from dq.dedupe import Standing, choose, clusters, links, pairs
from dq.dedupe.keys import NODE, SURNAME, surname
from dq.dedupe.pairs import LEFT, RIGHT
from dq.engine.children import child_counts, clashing
from dq.engine.parts import by_entity, by_row
from dq.engine.required import extra_cells
from dq.errors import ConfigurationError
from dq.gate import at_the_door
from dq.manifest import TableSchema
from dq.reconcile import Reconciled, Terms, World
from dq.rules import Child, Step, TableRules
from dq.schemas import BaseRow, Cluster, Finding, Pair, Record
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Store
from dq.side import ENTITY, KEY, Side
from dq.engine.matching import match_forms
from dq.standardize import findings, prove_idempotent, standardize_records, without_findings

STORES: tuple[Store, Store] = ("database", "airtable")


@dataclass(frozen=True)
class Inputs:
    """Everything that a mapping's plan is computed from.

    Attributes:
        rules: The mapping.
        schemas: Each store's table.
        raw: Each store's snapshot rows.
        children: Child tables with their schemas and snapshot rows.
        base: The base state of this mapping (all states), empty when there is none.
        airtable_base: The Airtable base's id, for the keys of new database rows.
        steps: What the plan is for.
        stamp: The plan's time as the database writes times.
        now: The plan's time.
        parts: Slices to work in.
    """

    rules: TableRules
    schemas: Mapping[Store, TableSchema]
    raw: Mapping[Store, pl.LazyFrame]
    children: Sequence[tuple[Child, TableSchema, pl.DataFrame]]
    base: pl.DataFrame
    airtable_base: str
    steps: frozenset[Step]
    stamp: str | int
    now: datetime
    parts: int = 1


@dataclass(frozen=True)
class TablePlan:
    """What the steps made of one mapping."""

    records: Mapping[Store, pl.DataFrame]
    pairs: pl.DataFrame
    clusters: pl.DataFrame
    reconciled: Reconciled
    findings: pl.DataFrame


@dataclass(frozen=True)
class _Grouped:
    pairs: pl.DataFrame
    clusters: pl.DataFrame
    links: pl.DataFrame
    findings: pl.DataFrame


def plan_table(inputs: Inputs) -> TablePlan:
    """Standardize, dedupe and reconcile one mapping.

    Raises:
        ConfigurationError: A standardizer is not idempotent on this data, or an insert lacks a required column.
    """
    rules = inputs.rules
    records, found = _standardized(inputs)
    timed = {store: _human_times(records[store], inputs.base, store) for store in STORES}
    grouped = _grouped(timed, inputs)
    base = _under(inputs.base, grouped.clusters)
    sides, held = _sides(timed, grouped, base, inputs)
    terms = Terms(rules, inputs.schemas["database"], inputs.schemas["airtable"], inputs.steps, inputs.stamp, inputs.now)
    marked = _with_survivors(grouped.clusters, sides)
    world = World(
        sides=sides,
        base=base,
        clusters=marked,
        stored={store: _stored(inputs, sides, store) for store in STORES},
        held={store: _held(timed[store], sides[store], rules) for store in STORES},
        children=inputs.children,
        namespace=_namespace(inputs),
        extra=extra_cells(inputs.rules, inputs.schemas, inputs.stamp),
    )
    reconciled = by_entity(world, terms, inputs.parts)
    return TablePlan(
        records=records,
        pairs=grouped.pairs,
        clusters=marked,
        reconciled=reconciled,
        findings=pl.concat([found, grouped.findings, held, reconciled.findings]).sort(
            "store", "row_key", "field", "rule"
        ),
    )


def _standardized(inputs: Inputs) -> tuple[dict[Store, pl.DataFrame], pl.DataFrame]:
    rules, kinds = inputs.rules, _kinds(inputs)
    records: dict[Store, pl.DataFrame] = {}
    found = []
    for store in STORES:
        raw, schema = inputs.raw[store], inputs.schemas[store]
        rows = raw.select(pl.len()).collect().item()
        part = partial(standardize_records, schema=schema, rules=rules, kinds=kinds)
        frame = by_row(raw, rows, inputs.parts, part).sort(Record.row_key)
        found.append(findings(frame, store=store, table=schema.name, fields=rules.names))
        _demand_idempotent(frame, rules, kinds)
        records[store] = at_the_door(
            without_findings(frame.lazy(), rules.names).collect(), Record, f"Records of {schema.name}"
        )
    return records, pl.concat(found)


def _kinds(inputs: Inputs) -> dict[str, frozenset[str]]:
    database, airtable = inputs.schemas["database"], inputs.schemas["airtable"]
    return {
        f.name: frozenset({database.column(f.name).kind, airtable.column(f.airtable).kind}) for f in inputs.rules.fields
    }


def _demand_idempotent(frame: pl.DataFrame, rules: TableRules, kinds: Mapping[str, frozenset[str]]) -> None:
    for field, keys in prove_idempotent(frame, rules, kinds):
        chain = "+".join(step.name for step in rules.field(field).standardize)
        raise ConfigurationError(
            f"The standardizers {chain} of field {field} are not idempotent: their own result changes again.",
            where=f"table {rules.table}, rows {', '.join(keys[:3])}",
            why="A plan from such rules would never come to rest.",
            fix="Change the field's rules in rules/standardize.yaml.",
        )


def _human_times(records: pl.DataFrame, base: pl.DataFrame, store: Store) -> pl.DataFrame:
    """Modified times as people's: where the time is the one of dq's own last write, the time before it counts."""
    own = base.filter(pl.col(BaseRow.state) == "linked").select(
        pl.col(f"{store}_key").alias(KEY),
        pl.col(f"{store}_written").alias("_written"),
        pl.col(f"{store}_human").alias("_human"),
    )
    is_own = (pl.col(Record.modified) == pl.col("_written")).fill_null(value=False)
    return (
        records.join(own.drop_nulls(KEY).unique(KEY, maintain_order=True), on=KEY, how="left", maintain_order="left")
        .with_columns(pl.when(is_own).then("_human").otherwise(Record.modified).alias(Record.modified))
        .drop("_written", "_human")
    )


def _grouped(records: Mapping[Store, pl.DataFrame], inputs: Inputs) -> _Grouped:
    rules = inputs.rules
    known = links(records["database"], records["airtable"], inputs.base, rules.table)
    nodes = _nodes(records, inputs)
    kinds = {field.name: field.kind for field in rules.fields}
    compared = pairs(nodes, _edges(known.accepted, inputs.base, nodes), rules.dedupe, kinds)
    grouped = clusters(nodes.select(NODE, "store", KEY, "known_entity"), compared.compared, rules.table)
    shared = _shared_findings(compared.shared, rules)
    return _Grouped(
        _named(compared.compared, nodes, rules), grouped, known.accepted, pl.concat([known.findings, shared])
    )


def _nodes(records: Mapping[Store, pl.DataFrame], inputs: Inputs) -> pl.DataFrame:
    rules = inputs.rules
    name = pl.col(rules.dedupe.name_field) if rules.dedupe.name_field else pl.lit(None, pl.String)
    fields = [key.field for key in rules.dedupe.keys]
    both = pl.concat(
        records[store].select(
            pl.lit(store).alias("store"), KEY, surname(name).alias(SURNAME), *match_forms(rules, fields)
        )
        for store in STORES
    ).sort("store", KEY)
    return (
        both.join(_known_entities(inputs.base), on=["store", KEY], how="left", maintain_order="left")
        .with_row_index(NODE)
        .with_columns(pl.col(NODE).cast(pl.Int64))
    )


def _known_entities(base: pl.DataFrame) -> pl.DataFrame:
    linked = base.filter(pl.col(BaseRow.state) == "linked")
    parts = [
        linked.select(
            pl.lit(store).alias("store"), pl.col(f"{store}_key").alias(KEY), pl.col(ENTITY).alias("known_entity")
        )
        for store in STORES
    ]
    losers = base.filter(pl.col(BaseRow.state) == "loser").select("store", KEY, pl.col(ENTITY).alias("known_entity"))
    return pl.concat([*parts, losers]).drop_nulls(KEY).unique(["store", KEY], keep="first", maintain_order=True)


def _edges(accepted: pl.DataFrame, base: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Links and merges that are known already, as pairs of nodes."""
    at = {store: nodes.filter(pl.col("store") == store).select(KEY, NODE) for store in STORES}
    linked = accepted.join(at["database"].rename({KEY: "database_key", NODE: LEFT}), on="database_key").join(
        at["airtable"].rename({KEY: "airtable_key", NODE: RIGHT}), on="airtable_key"
    )
    origin = pl.when(pl.col("origin") == "base").then(pl.lit("base")).otherwise(pl.lit("link"))
    losers = base.filter(pl.col(BaseRow.state) == "loser").select("store", KEY, pl.col(ENTITY).alias("known_entity"))
    returned = losers.join(nodes.select("store", KEY, pl.col(NODE).alias(LEFT)), on=["store", KEY])
    homes = (
        nodes.filter(pl.col("known_entity").is_not_null()).group_by("known_entity").agg(pl.col(NODE).min().alias(RIGHT))
    )
    back = returned.join(homes, on="known_entity").filter(pl.col(LEFT) != pl.col(RIGHT))
    return pl.concat(
        [
            linked.select(LEFT, RIGHT, origin.alias(Pair.match_key)),
            back.select(LEFT, RIGHT, pl.lit("base").alias(Pair.match_key)),
        ]
    ).sort(LEFT, RIGHT)


def _named(compared: pl.DataFrame, nodes: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """Pairs with row keys for nodes, in the Pair contract."""
    named = compared
    for side, letter in ((LEFT, "l"), (RIGHT, "r")):
        ends = nodes.select(
            pl.col(NODE).alias(side), pl.col("store").alias(f"store_{letter}"), pl.col(KEY).alias(f"key_{letter}")
        )
        named = named.join(ends, on=side, how="left")
    gammas = [column for column in compared.columns if column.startswith("gamma_")]
    return named.sort("store_l", "key_l", "store_r", "key_r").select(
        "store_l", "key_l", "store_r", "key_r", Pair.match_key, *gammas, Pair.match_weight, Pair.match_probability, Pair.decision,
        pl.lit(rules.table).alias(Pair.table),
    )  # fmt: skip


def _shared_findings(shared: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    message = pl.concat_str(
        pl.lit("is shared by people of "), pl.col("surnames").cast(pl.String), pl.lit(" surnames: no match key")
    )
    return shared.select(
        pl.lit("database").alias(Finding.store),
        pl.lit(rules.table).alias(Finding.table),
        pl.lit(None, pl.String).alias(Finding.row_key),
        pl.col("match_key").alias(Finding.field),
        pl.col("value").alias(Finding.value),
        pl.lit("dedupe.shared_value").alias(Finding.rule),
        pl.lit("info").alias(Finding.severity),
        message.alias(Finding.message),
    ).cast(FINDING_TYPES)


def _under(base: pl.DataFrame, grouped: pl.DataFrame) -> pl.DataFrame:
    """The base under the entity ids of this plan: entities that were merged since share one, whose own row stands."""
    now = grouped.select("store", KEY, pl.col(ENTITY).alias("_now"))
    moved = base
    for store in STORES:
        here = now.filter(pl.col("store") == store).select(
            pl.col(KEY).alias(f"{store}_key"), pl.col("_now").alias(f"_{store}")
        )
        moved = moved.join(here, on=f"{store}_key", how="left", maintain_order="left")
    renamed = grouped.join(_known_entities(base), on=["store", KEY]).select(
        pl.col("known_entity").alias(ENTITY), pl.col(ENTITY).alias("_merged")
    )
    moved = moved.join(renamed.unique(ENTITY, maintain_order=True), on=ENTITY, how="left", maintain_order="left")
    is_own = pl.coalesce("_database", "_airtable", "_merged", ENTITY) == pl.col(ENTITY)
    linked = pl.col(BaseRow.state) == "linked"
    target = (
        pl.when(linked).then(pl.coalesce("_database", "_airtable", ENTITY)).otherwise(pl.coalesce("_merged", ENTITY))
    )
    moved = moved.with_columns(is_own.alias("_own"), target.alias(ENTITY)).sort(
        "_own", ENTITY, descending=[True, False]
    )
    first = moved.filter(linked).unique(ENTITY, keep="first", maintain_order=True)
    return pl.concat([first, moved.filter(~linked)]).select(base.columns)


def _sides(
    records: Mapping[Store, pl.DataFrame], grouped: _Grouped, base: pl.DataFrame, inputs: Inputs
) -> tuple[dict[Store, Side], pl.DataFrame]:
    rules, merge = inputs.rules, "dedupe" in inputs.steps
    of = {store: grouped.clusters.filter(pl.col(Cluster.store) == store) for store in STORES}
    standing = Standing(
        pl.DataFrame(schema={KEY: pl.String}),
        child_counts(inputs.children),
        _stale(records["database"], base, "database", rules),
    )
    draft = choose(records["database"], of["database"], standing, rules, [], merge=merge)
    held, problems = clashing(draft.merged, inputs.children, rules)
    database = choose(records["database"], of["database"], standing, rules, held, merge=merge) if held else draft
    partner = grouped.links.join(database.rows.select(pl.col(KEY).alias("database_key")), on="database_key", how="semi")
    preferred = partner.select(pl.col("airtable_key").alias(KEY))
    none = pl.DataFrame(schema={KEY: pl.String, "children": pl.UInt32})
    there = Standing(preferred, none, _stale(records["airtable"], base, "airtable", rules))
    airtable = choose(records["airtable"], of["airtable"], there, rules, held, merge=merge)
    return {"database": database, "airtable": airtable}, problems


def _stale(records: pl.DataFrame, base: pl.DataFrame, store: Store, rules: TableRules) -> pl.DataFrame:
    """Rows that were merged away and came back as they were."""
    losers = base.filter((pl.col(BaseRow.state) == "loser") & (pl.col("store") == store)).select(KEY, BaseRow.held)
    back = records.join(losers, on=KEY).filter(_as_json(rules) == pl.col(BaseRow.held))
    return back.select(KEY)


def _as_json(rules: TableRules) -> pl.Expr:
    return pl.struct(rules.names).struct.json_encode()


def _held(records: pl.DataFrame, side: Side, rules: TableRules) -> pl.DataFrame:
    return records.join(side.merged, on=KEY, how="semi").select(KEY, _as_json(rules).alias("held"))


def _with_survivors(grouped: pl.DataFrame, sides: Mapping[Store, Side]) -> pl.DataFrame:
    survivors = pl.concat(
        sides[store].rows.select(pl.lit(store).alias(Cluster.store), KEY, pl.lit(value=True).alias("_survives"))
        for store in STORES
    )
    marked = grouped.join(survivors, on=[Cluster.store, KEY], how="left").with_columns(
        pl.col("_survives").fill_null(value=False).alias(Cluster.survivor)
    )
    return marked.drop("_survives").sort(Cluster.store, KEY)


def _stored(inputs: Inputs, sides: Mapping[Store, Side], store: Store) -> pl.DataFrame:
    """Snapshot rows that a delete may need whole: those merged away, and those whose partner is gone."""
    key = inputs.schemas[store].key
    here, there = sides[store], sides["airtable" if store == "database" else "database"]
    lonely = here.rows.join(there.rows, on=ENTITY, how="anti").select(KEY)
    keys = pl.concat([here.merged.select(KEY), lonely]).lazy()
    return inputs.raw[store].join(keys, left_on=pl.col(key).cast(pl.String), right_on=KEY, how="semi").collect()


def _namespace(inputs: Inputs) -> UUID:
    table = inputs.schemas["airtable"]
    return uuid5(NAMESPACE_URL, f"airtable:{inputs.airtable_base}/{table.id or table.name}")
