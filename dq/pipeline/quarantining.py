"""Quarantine in the flow: what a plan leaves alone, and what an apply adds."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from dq.apply import quarantine
from dq.apply.journal import Entry
from dq.digests import digest_of_json
from dq.manifest import Manifest, to_dict
from dq.rules import TableRules
from dq.schemas.values import Store
from dq.settings import Settings
from dq.side import ENTITY, KEY
from dq.snapshot import scan

STORES: tuple[Store, Store] = ("database", "airtable")


def left_out(settings: Settings, manifest: Manifest, folder: Path, rules: TableRules) -> pl.DataFrame:
    """store, row_key, why of the rows that stay in quarantine: nothing about their leads has changed."""
    held = _in_force(settings, manifest, folder, rules)
    return held.select("store", KEY, pl.lit("quarantine").alias("why"))


def quarantined(settings: Settings, manifest: Manifest, folder: Path, failed: Sequence[Entry]) -> None:
    """After an apply: keep what is still in force, and add what a store refused."""
    before = quarantine.load(settings.snapshots)
    clusters = pl.read_parquet(folder / "clean" / "clusters.parquet")
    parts = [before.clear()]
    for rules in settings.tables:
        new = quarantine.refused(failed, clusters, rules.table)
        contents = _contents(manifest, folder, rules, new)
        parts.append(_in_force(settings, manifest, folder, rules).join(new, on=ENTITY, how="anti"))
        parts.append(
            new.join(contents, on=["store", KEY])
            .with_columns(
                pl.lit(rules.table).alias("mapping"),
                pl.lit(_made(settings, manifest, rules)).alias("made"),
                pl.lit(manifest.id).alias("snapshot"),
            )
            .select(before.columns)
        )
    after = pl.concat(parts)
    if not (before.is_empty() and after.is_empty()):
        quarantine.save(settings.snapshots, after)


def _in_force(settings: Settings, manifest: Manifest, folder: Path, rules: TableRules) -> pl.DataFrame:
    held = quarantine.load(settings.snapshots).filter(mapping=rules.table)
    return quarantine.in_force(held, _contents(manifest, folder, rules, held), _made(settings, manifest, rules))


def _contents(manifest: Manifest, folder: Path, rules: TableRules, rows: pl.DataFrame) -> pl.DataFrame:
    names: dict[Store, str] = {"database": rules.table, "airtable": rules.airtable}
    parts = []
    for store in STORES:
        schema = manifest.table(store, names[store]).schema
        raw = scan(manifest, folder, store, schema.name)
        keys = rows.filter(store=store)[KEY].to_list()
        parts.append(quarantine.contents_of(raw, schema.key, store, keys))
    return pl.concat(parts)


def _made(settings: Settings, manifest: Manifest, rules: TableRules) -> str:
    """Digest of what decides beside the rows: rules, mapping, and both tables' schemas with their options."""
    tables = {rules.table, manifest.table("airtable", rules.airtable).schema.name}
    schemas = [table["schema"] for table in to_dict(manifest)["tables"] if table["schema"]["name"] in tables]
    return digest_of_json([settings.rules_digest, settings.config_digest, schemas])
