"""Invented leads in two stores, with the usual mess and with the truth: who is who.

    people ─► copies (which store, how often, edited where) ─► mess ─► lead database, Airtable base, truth

The same seed gives the same sample. Everything is vectorized: a million leads take seconds, not minutes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from dq import sandbox
from dq.errors import ConfigurationError
from dq.leads import words
from dq.leads.copies import copies
from dq.leads.mess import messy
from dq.leads.people import ENTITY, people, record_ids, spread
from dq.leads.tables import FIELDS, MAPPING, TABLES, create_database

SHARE_LINKED_DATABASE, SHARE_LINKED_AIRTABLE, SHARE_DEAD = 0.55, 0.45, 0.02
_NOTED = 0.2


@dataclass(frozen=True)
class Sample:
    """Rows of both stores.

    Attributes:
        tables: The lead database's tables: leads, lead_enrichment, campaigns, pipeline_activity.
        records: The Airtable records: id, createdTime, and one column a field; null = empty.
        truth: store, row_key, entity_id: which rows are one lead; one row for every lead and record.
    """

    tables: Mapping[str, pl.DataFrame]
    records: pl.DataFrame
    truth: pl.DataFrame


def sample(seed: int = 1, leads: int = 90) -> Sample:
    """Invent leads: people, their rows in both stores, and what went wrong with them.

    Args:
        seed: Equal seeds give equal samples.
        leads: How many people; there are about 0.96 database rows and 0.91 Airtable records for each.

    Raises:
        ConfigurationError: Fewer than one lead was asked for.
    """
    if leads < 1:
        raise ConfigurationError(f"A sample of {leads} leads is empty.", fix="ask for at least 1")
    rng = np.random.default_rng(seed)
    rows = _linked(messy(copies(people(rng, leads), rng), rng), rng)
    database = rows.filter(pl.col("store") == "database").sort("created_at", "row_key")
    airtable = rows.filter(pl.col("store") == "airtable").sort("row_key")
    return Sample(
        tables={"leads": database.select(TABLES["leads"]), **_children(database, rng)},
        records=_records(airtable, rng),
        truth=rows.select("store", "row_key", ENTITY).sort("store", "row_key"),
    )


def document(made: Sample) -> dict[str, Any]:
    """The Airtable base of a sample as JSON, in the format of `dq sandbox load`."""
    choices = made.records["Engagement Status"].drop_nulls().unique().sort()
    every = [*words.STATUSES, *(choice for choice in choices if choice not in words.STATUSES)]
    options = [{"id": f"sel{number:014d}", "name": name} for number, name in enumerate(every)]
    fields = [
        {**field, "options": {"choices": options}} if field["type"] == "singleSelect" else field for field in FIELDS
    ]
    cells = made.records.select(pl.struct(pl.exclude("id", "createdTime"))).to_series().to_list()
    records = [
        {"id": key, "createdTime": created, "fields": {name: cell for name, cell in row.items() if cell is not None}}
        for key, created, row in zip(made.records["id"], made.records["createdTime"], cells, strict=True)
    ]
    table = {
        "id": "tblSampleLeads000",
        "name": "Leads",
        "primaryFieldId": FIELDS[0]["id"],
        "fields": fields,
        "records": records,
    }
    return {"bases": [{"id": "appSampleOutreach", "name": "Outreach", "tables": [table]}]}


def write(made: Sample, database: Path, airtable: Path) -> None:
    """Put a sample into a new SQLite file and into a sandbox's file, both readable by their owner only.

    Args:
        made: The sample.
        database: The SQLite file; must not exist.
        airtable: The sandbox's file; a base of the sample's id in it is replaced.

    Raises:
        ConfigurationError: The database exists already, or a folder cannot be written.
    """
    create_database(made.tables, database)
    sandbox.load(document(made), airtable)


def _linked(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The rows with the other store's key where they keep one; some keep one that does not exist."""
    first = pl.col("copy") == 0
    pairs = {
        store: rows.filter(first & (pl.col("store") == store)).select(ENTITY, pl.col("row_key").alias(f"_{store}"))
        for store in ("database", "airtable")
    }
    joined = rows
    for pair in pairs.values():
        joined = joined.join(pair, on=ENTITY, how="left", maintain_order="left")
    known = rng.random(rows.height)
    is_database = pl.col("store") == "database"
    dead = pl.Series("_dead", spread(rng, rows.height, [SHARE_DEAD]) == 0)
    gone = pl.Series("_gone", record_ids(rng, rows.height))
    keeps = pl.Series("_keeps", known)
    partner = pl.when(is_database).then("_airtable").otherwise(pl.when(first).then("_database"))
    share = pl.when(is_database).then(SHARE_LINKED_DATABASE).otherwise(SHARE_LINKED_AIRTABLE)
    link = pl.when(pl.col("_keeps") < share).then(partner)
    return joined.with_columns(dead, gone, keeps).with_columns(
        pl.when("_dead").then("_gone").otherwise(link).alias("link")
    )


def _records(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Airtable's view: empty texts are absent, notes end in a line break, times are the service's own."""
    has_note = pl.Series("_noted", spread(rng, rows.height, [_NOTED]) == 0)
    empty = pl.lit(None, pl.String)
    mapped = [pl.when(pl.col(column) != "").then(column).alias(field) for column, field in MAPPING.items()]
    score = 40 + 20 * pl.col("email").is_not_null().cast(pl.Int64) + 40 * pl.col("phone").is_not_null().cast(pl.Int64)
    return rows.with_columns(has_note).select(
        pl.col("row_key").alias("id"),
        pl.col("created_at").alias("createdTime"),
        *mapped,
        pl.col("link").alias("Lead ID"),
        pl.when("_noted").then(pl.col("note") + "\n").otherwise(empty).alias("Notes"),
        score.alias("Score"),
        pl.col("updated_at").alias("Last Modified"),
    )


def _children(rows: pl.DataFrame, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Rows that belong to leads: every lead was scraped, some were enriched, some are in a campaign."""
    enriched = rows.filter(pl.Series(rng.random(rows.height) < 0.35))
    sizes = pl.Series([json.dumps({"size": size}) for size in (10, 50, 200)])
    campaigned = rows.filter(pl.Series(rng.random(rows.height) < 0.25))
    campaigns = pl.Series(["spring", "launch"])[rng.integers(2, size=campaigned.height)]
    owner, time = pl.col("row_key").alias("lead_id"), pl.col("created_at")
    stages = pl.concat(
        [
            rows.select(owner, pl.lit("scraped").alias("stage"), time.alias("happened_at")),
            enriched.select(owner, pl.lit("enriched").alias("stage"), time.alias("happened_at")),
        ]
    )
    found = {
        "lead_enrichment": enriched.select(
            owner, pl.lit("enricher").alias("source"), sizes[rng.integers(3, size=enriched.height)].alias("data"), time
        ),
        "campaigns": campaigned.select(owner, campaigns.alias("name"), pl.lit("sent").alias("status"), time),
        "pipeline_activity": stages,
    }
    return {
        name: frame.with_columns(pl.int_range(1, pl.len() + 1).alias("id")).select(TABLES[name])
        for name, frame in found.items()
    }
