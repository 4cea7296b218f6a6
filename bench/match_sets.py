"""Labelled sets for matchers: public ones beside the project, where they are, and invented leads."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bench.scoring import ENTITY, RECORD, entities_of
from dq.leads.generate import sample
from dq.leads.tables import MAPPING

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "er"
PUBLIC = (
    "fake_1000",
    "febrl1",
    "febrl3",
    "fodors_zagat",
    "senzing_truthset",
    "cora",
    "dblp_acm",
    "historical_50k",
)
LEADS = {"leads_100k": 100_000, "leads_1m": 1_000_000}
ROWS_A_LEAD = 1.91
"""Of both stores together, duplicates and all."""


@dataclass(frozen=True)
class Labelled:
    """A set.

    Attributes:
        name: What it is called.
        recipe: The settings that matchers with settings take for it.
        records: What matchers are shown: record_id and the fields; source where there are several.
        truth: record_id, entity_id; never shown.
        pairs: id_a, id_b, where the truth is a list of pairs across two sources that have no duplicates themselves; else None.
    """

    name: str
    recipe: str
    records: pl.DataFrame
    truth: pl.DataFrame
    pairs: pl.DataFrame | None = None

    @property
    def apart(self) -> pl.DataFrame | None:
        """record_id, source, where two sources are linked."""
        return None if self.pairs is None else self.records.select(RECORD, "source")


def names(*, million: bool) -> list[str]:
    """All sets, small ones first."""
    return [*PUBLIC, *(name for name in LEADS if million or name != "leads_1m")]


def labelled(chosen: list[str]) -> Iterator[Labelled | str]:
    """The sets of these names one by one, or the name of one that is not here."""
    for name in chosen:
        if name in LEADS:
            yield _leads(name)
        elif (SHARED / name / "records.parquet").is_file():
            yield _public(name)
        else:
            yield name


def _public(name: str) -> Labelled:
    folder = SHARED / name
    every = pl.read_parquet(folder / "records.parquet")
    records = every.drop(ENTITY, strict=False)
    if every["source"].n_unique() == 1:
        records = records.drop("source")
    if ENTITY in every.columns:
        return Labelled(name, name, records, every.select(RECORD, ENTITY))
    pairs = pl.read_parquet(folder / "pairs.parquet").select("id_a", "id_b")
    return Labelled(name, name, records, entities_of(pairs, records), pairs)


def _leads(name: str) -> Labelled:
    """Rows of both stores in one table, in no order of stores; what links the stores is left out, it would be the answer."""
    made = sample(1, leads=round(LEADS[name] / ROWS_A_LEAD))
    fields = [pl.col(field).alias(column) for column, field in MAPPING.items()]
    rows = pl.concat(
        [
            made.tables["leads"].select(pl.col("id").alias(RECORD), *MAPPING),
            made.records.select(pl.col("id").alias(RECORD), *fields),
        ]
    )
    truth = made.truth.select(pl.col("row_key").alias(RECORD), ENTITY)
    return Labelled(name, "leads", rows.sample(fraction=1, shuffle=True, seed=1), truth)
