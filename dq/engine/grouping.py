"""The second step: rows of both stores as one graph, grouped into entities."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dq.dedupe import clusters, divided, links, pairs
from dq.dedupe.keys import NODE, SURNAME, form, surname
from dq.dedupe.model import Model
from dq.dedupe.pairs import LEFT, RIGHT
from dq.engine.alike import Said, alike
from dq.engine.inputs import Hints
from dq.engine.matching import match_forms
from dq.engine.returning import Returned
from dq.memory import trim
from dq.rules import TableRules
from dq.schemas import BaseRow, Finding, Pair
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Store
from dq.side import ENTITY, KEY

STORES: tuple[Store, Store] = ("database", "airtable")
_KNOWN = "known_entity"


@dataclass(frozen=True)
class Grouped:
    """The rows of both stores in entities.

    Attributes:
        pairs: Pair contract.
        clusters: Cluster contract, no survivors marked yet.
        links: database_key, airtable_key, origin of the one-to-one links.
        findings: Broken links, and values that too many people share.
        model: What the matcher went by.
    """

    pairs: pl.DataFrame
    clusters: pl.DataFrame
    links: pl.DataFrame
    findings: pl.DataFrame
    model: Model | None


def grouped(
    records: Mapping[Store, pl.DataFrame],
    base: pl.DataFrame,
    back: Returned,
    hints: Hints,
    rules: TableRules,
    model: Model | None = None,
) -> Grouped:
    """Entities of one mapping's rows.

    Args:
        records: Each store's record frame.
        base: The base state, all states.
        back: Merged rows that came back.
        hints: What else is known about which rows are one lead.
        rules: The mapping.
        model: What the matcher learned before.
    """
    known = links(records["database"], records["airtable"], base, rules.table)
    nodes = _nodes(records, base, back, rules)
    kinds = {field.name: field.kind for field in rules.fields}
    edges = pl.concat([_edges(known.accepted, back, nodes), _hinted(hints, nodes)])
    is_loose = pl.lit(value=True).alias("_loose")
    flagged = nodes.join(hints.loose.with_columns(is_loose), on=["store", KEY], how="left", maintain_order="left")
    keyed = [form(key.field) for key in rules.dedupe.keys]
    free = flagged.with_columns(pl.when(pl.col("_loose").is_null()).then(name).alias(name) for name in keyed)
    compared = pairs(free.drop("_loose"), edges, rules.dedupe, kinds)
    apart = _at(hints.apart, nodes)
    sure = divided(compared.compared, apart, nodes.height)
    found = alike(records, flagged, sure, Said(apart, _at(hints.unsure, nodes)), rules, model)
    if found.model is not None:
        trim()  # what was known of pairs is free again, and what follows needs the room
    decided = pl.concat([sure, found.pairs.join(sure, on=[LEFT, RIGHT], how="anti")], how="diagonal")
    members = nodes.select(NODE, "store", KEY, _KNOWN)
    taken = base.filter(pl.col(BaseRow.state) != "tombstone")[ENTITY].unique().to_list()
    return Grouped(
        pairs=_named(decided, nodes, rules),
        clusters=clusters(members, decided, rules.table, taken),
        links=known.accepted,
        findings=pl.concat([known.findings, _shared_findings(compared.shared, rules)]),
        model=found.model,
    )


def _nodes(
    records: Mapping[Store, pl.DataFrame], base: pl.DataFrame, back: Returned, rules: TableRules
) -> pl.DataFrame:
    name = pl.col(rules.dedupe.name_field) if rules.dedupe.name_field else pl.lit(None, pl.String)
    fields = [key.field for key in rules.dedupe.keys]
    forms = [
        expression.alias(form(field)) for expression, field in zip(match_forms(rules, fields), fields, strict=True)
    ]
    both = pl.concat(
        records[store].select(pl.lit(store).alias("store"), KEY, surname(name).alias(SURNAME), *forms)
        for store in STORES
    )
    known = both.sort("store", KEY).join(_known(base, back), on=["store", KEY], how="left", maintain_order="left")
    return known.with_row_index(NODE).with_columns(pl.col(NODE).cast(pl.Int64))


def _known(base: pl.DataFrame, back: Returned) -> pl.DataFrame:
    """store, row_key, known_entity of the rows that the base has in an entity."""
    linked = base.filter(pl.col(BaseRow.state) == "linked")
    parts = [
        linked.select(pl.lit(store).alias("store"), pl.col(f"{store}_key").alias(KEY), pl.col(ENTITY).alias(_KNOWN))
        for store in STORES
    ]
    losers = back.unedited.select("store", KEY, pl.col(ENTITY).alias(_KNOWN))
    return pl.concat([*parts, losers]).drop_nulls(KEY).unique(["store", KEY], keep="first", maintain_order=True)


def _edges(accepted: pl.DataFrame, back: Returned, nodes: pl.DataFrame) -> pl.DataFrame:
    """Links and merges that are known already, as pairs of nodes."""
    at = {store: nodes.filter(pl.col("store") == store).select(KEY, NODE) for store in STORES}
    linked = accepted.join(at["database"].rename({KEY: "database_key", NODE: LEFT}), on="database_key").join(
        at["airtable"].rename({KEY: "airtable_key", NODE: RIGHT}), on="airtable_key"
    )
    origin = pl.when(pl.col("origin") == "base").then(pl.lit("base")).otherwise(pl.lit("link"))
    is_loser = pl.lit(value=True).alias("is_loser")
    flagged = nodes.join(back.unedited.select("store", KEY, is_loser), on=["store", KEY], how="left")
    known = flagged.filter(pl.col(_KNOWN).is_not_null()).sort("is_loser", NODE, nulls_last=False)
    homes = known.unique(_KNOWN, keep="first", maintain_order=True).select(_KNOWN, pl.col(NODE).alias(RIGHT))
    losers = known.filter(pl.col("is_loser")).select(_KNOWN, pl.col(NODE).alias(LEFT))
    again = losers.join(homes, on=_KNOWN).filter(pl.col(LEFT) != pl.col(RIGHT))
    return pl.concat(
        [
            linked.select(LEFT, RIGHT, origin.alias(Pair.match_key)),
            again.select(LEFT, RIGHT, pl.lit("base").alias(Pair.match_key)),
        ]
    ).sort(LEFT, RIGHT)


def _hinted(hints: Hints, nodes: pl.DataFrame) -> pl.DataFrame:
    known = [(hints.linked, "merged"), (hints.same, "decided")]
    parts = [_at(pairs, nodes).with_columns(pl.lit(origin).alias(Pair.match_key)) for pairs, origin in known]
    return pl.concat(parts).sort(LEFT, RIGHT)


def _at(pairs: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """node_l, node_r of pairs of rows that are there."""
    at = nodes.select("store", KEY, NODE)
    left = at.rename({"store": "store_l", KEY: "key_l", NODE: LEFT})
    right = at.rename({"store": "store_r", KEY: "key_r", NODE: RIGHT})
    return pairs.join(left, on=["store_l", "key_l"]).join(right, on=["store_r", "key_r"]).select(LEFT, RIGHT)


def _named(compared: pl.DataFrame, nodes: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """Pairs with row keys for nodes, in the Pair contract."""
    named = compared
    for side, letter in ((LEFT, "l"), (RIGHT, "r")):
        node, store, key = pl.col(NODE).alias(side), f"store_{letter}", f"key_{letter}"
        ends = nodes.select(node, pl.col("store").alias(store), pl.col(KEY).alias(key))
        named = named.join(ends, on=side, how="left")
    gammas = [column for column in compared.columns if column.startswith("gamma_")]
    ends_of = ["store_l", "key_l", "store_r", "key_r"]
    outcome = [str(Pair.match_weight), str(Pair.match_probability), Pair.decision]
    table = pl.lit(rules.table).alias(Pair.table)
    return named.sort(ends_of).select(*ends_of, Pair.match_key, *gammas, *outcome, table)


def _shared_findings(shared: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    surnames = pl.col("surnames").cast(pl.String)
    message = pl.concat_str(pl.lit("is shared by people of "), surnames, pl.lit(" surnames: no match key"))
    return shared.select(
        pl.lit("database").alias(Finding.store),
        pl.lit(rules.table).alias(Finding.table),
        pl.lit(None, pl.String).alias(Finding.row_key),
        pl.col("match_key").alias(Finding.field),
        pl.col("value").alias(Finding.value),
        pl.lit("dedupe.shared_value").alias(Finding.rule),
        pl.lit("info").alias(Finding.severity),
        message.alias(Finding.message),
    ).cast(pl.Schema(FINDING_TYPES))
