"""The first step: each store's rows as records, in parts, proved idempotent, their times as people's."""

from collections.abc import Mapping
from functools import partial

import polars as pl

from dq.engine.inputs import Inputs
from dq.engine.naming import named
from dq.engine.ordering import ordered
from dq.engine.parts import by_row
from dq.errors import ConfigurationError
from dq.gate import at_the_door
from dq.rules import TableRules
from dq.schemas import BaseRow, Finding, Record
from dq.schemas.values import Store
from dq.side import KEY, MODIFIED
from dq.standardize import findings, prove_idempotent, standardize_records, without_findings

STORES: tuple[Store, Store] = ("database", "airtable")
RESERVED = ("entity_id", "database_key", "airtable_key")
"""Columns that stand beside the fields in the golden records."""


def standardized(inputs: Inputs) -> tuple[dict[Store, pl.DataFrame], pl.DataFrame]:
    """Each store's record frame, sorted by key, and what standardizing found.

    Raises:
        ConfigurationError: A standardizer is not idempotent on this data, or a field's name is dq's own.
    """
    rules = inputs.rules
    _refuse_reserved(rules)
    kinds = field_kinds(inputs)
    records: dict[Store, pl.DataFrame] = {}
    found = []
    for store in STORES:
        raw, schema = inputs.raw[store], inputs.schemas[store]
        rows = raw.select(pl.len()).collect().item()
        part = partial(standardize_records, schema=schema, rules=rules, kinds=kinds)
        frame = ordered(by_row(raw, rows, inputs.parts, part), [KEY])
        found.append(findings(frame, store=store, table=schema.name, fields=rules.names, rules=rules.fields))
        _demand_idempotent(frame, rules, kinds)
        plain = without_findings(frame.lazy(), rules.names).collect()
        for field, referred in inputs.references.items():
            plain, mute = named(plain, field, schema, referred)
            found.append(mute)
        records[store] = at_the_door(plain, Record, f"Records of {schema.name}")
    return records, pl.concat(found)


def set_aside(found: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """store, row_key, why of the rows with an invalid cell in a field that quarantines them.

    Args:
        found: What standardizing found.
        rules: The mapping.
    """
    fields = [field.name for field in rules.fields if field.on_invalid == "quarantine"]
    rows = found.filter(pl.col(Finding.field).is_in(fields) & (pl.col(Finding.severity) == "error"))
    told = rows.select(pl.col(Finding.store), pl.col(Finding.row_key).alias(KEY), pl.lit("invalid").alias("why"))
    return told.unique().sort("store", KEY)


def field_kinds(inputs: Inputs) -> dict[str, frozenset[str]]:
    """Field → the kinds of its columns in both stores."""
    database, airtable = inputs.schemas["database"], inputs.schemas["airtable"]
    return {
        field.name: frozenset({database.column(field.name).kind, airtable.column(field.airtable).kind})
        for field in inputs.rules.fields
    }


def human_times(records: pl.DataFrame, base: pl.DataFrame, store: Store) -> pl.DataFrame:
    """Modified times as people's: where the time is the one of dq's own last write, the time before it counts."""
    own = base.filter(pl.col(BaseRow.state) == "linked").select(
        pl.col(f"{store}_key").alias(KEY),
        pl.col(f"{store}_written").alias("_written"),
        pl.col(f"{store}_human").alias("_human"),
    )
    is_own = (pl.col(MODIFIED) == pl.col("_written")).fill_null(value=False)
    return (
        records.join(own.drop_nulls(KEY).unique(KEY, maintain_order=True), on=KEY, how="left", maintain_order="left")
        .with_columns(pl.when(is_own).then("_human").otherwise(MODIFIED).alias(MODIFIED))
        .drop("_written", "_human")
    )


def without_stale_writes(base: pl.DataFrame, records: Mapping[Store, pl.DataFrame]) -> pl.DataFrame:
    """The base without the times of dq's own writes that were not the last word on their rows.

    Such a time tells nothing any more; kept, it would stand against a store that was restored to an earlier state on purpose.

    Args:
        base: The base state, all states.
        records: Each store's rows, with the stores' own modified times.
    """
    for store in STORES:
        key, written = f"{store}_key", f"{store}_written"
        now = records[store].select(pl.col(KEY).alias(key), pl.col(MODIFIED).alias("_now"))
        base = (
            base.join(now, on=key, how="left", maintain_order="left")
            .with_columns(
                pl.when(pl.col("_now").is_null() | (pl.col("_now") == pl.col(written))).then(written).alias(written)
            )
            .drop("_now")
        )
    return base


def _refuse_reserved(rules: TableRules) -> None:
    taken = sorted(set(rules.names) & set(RESERVED))
    if taken:
        raise ConfigurationError(
            f"{len(taken)} mapped fields have names that dq needs for itself: {', '.join(taken)}.",
            where=f"table {rules.table}",
            fix="leave them out of the mapping: keys and links are configured apart",
        )


def _demand_idempotent(frame: pl.DataFrame, rules: TableRules, kinds: Mapping[str, frozenset[str]]) -> None:
    for restless in prove_idempotent(frame, rules, kinds):
        chain = [step.name for step in rules.field(restless.field).standardize]
        named = ", ".join(f"{number}. {name}" for number, name in enumerate(chain, 1) if name in restless.rules)
        raise ConfigurationError(
            f"The rules of field {restless.field} are not idempotent: {named} of {' + '.join(chain)} changes its own "
            f"results again in {len(restless.keys):,} rows.",
            where=f"table {rules.table}, rows {', '.join(restless.keys[:3])}",
            why="A plan from such rules would never come to rest.",
            fix=f"Change the rule in rules/standardize.yaml: fields.{restless.field}.",
        )
