"""What a mapping's plan is computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from dq.manifest import TableSchema
from dq.rules import Child, Step, TableRules
from dq.schemas.values import Store


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
