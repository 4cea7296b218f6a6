"""What a mapping's plan is computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from dq.dedupe.model import Model
from dq.manifest import TableSchema
from dq.reconcile import FLAP_TYPES, SETTLED_TYPES, Referred
from dq.rules import Child, Step, TableRules
from dq.schemas.values import Store

_LINKS = {"store_l": pl.String, "key_l": pl.String, "store_r": pl.String, "key_r": pl.String}
_ROWS = {"store": pl.String, "row_key": pl.String}
ALONE_TYPES = {**_ROWS, "why": pl.String}
"""Rows of leads that are left as they are, and why: `unsettled`, `quarantine`, `invalid`, `erased`, `settling` or `rebased`."""


@dataclass(frozen=True)
class Hints:
    """What is known about rows that their own values do not say yet; see `dq.engine.resting`.

    Attributes:
        linked: store_l, key_l, store_r, key_r of rows that are one lead.
        loose: store, row_key of rows that no key links to another.
        settled: conflict_id, side, by of conflicts that a policy settles once the others are.
        alone: store, row_key, why of rows whose leads are left as they are.
        apart: The same of rows that people told apart: never one lead.
        same: The same of rows that people say are one lead.
        unsure: The same of rows of which people cannot tell: the matcher does not make them one.
    """

    linked: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_LINKS))
    loose: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_ROWS))
    settled: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SETTLED_TYPES))
    alone: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ALONE_TYPES))
    apart: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_LINKS))
    same: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_LINKS))
    unsure: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_LINKS))

    @property
    def size(self) -> int:
        """How much is known."""
        return self.linked.height + self.loose.height + self.settled.height

    def with_more(self, linked: pl.DataFrame, loose: pl.DataFrame, settled: pl.DataFrame) -> "Hints":
        """These hints and others, each once, sorted."""
        return Hints(
            pl.concat([self.linked, linked.select(list(_LINKS))]).unique().sort(list(_LINKS)),
            pl.concat([self.loose, loose.select(list(_ROWS))]).unique().sort(list(_ROWS)),
            pl.concat([self.settled, settled]).sort("conflict_id"),
            self.alone,
            self.apart,
            self.same,
            self.unsure,
        )

    def of_people(self) -> "Hints":
        """What people decided: it holds for every plan."""
        return Hints(apart=self.apart, same=self.same, unsure=self.unsure)


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
        hints: What else is known about which rows are one lead.
        blind: Stores whose snapshot does not show deletions: that a row is missing there proves nothing.
        references: Field → the rows of another mapping that it names.
        later: The same, once that mapping's plan is carried out.
        freed: Keys of database rows that keep no child once the plans of all mappings are carried out.
        taken_at: When the snapshot was taken: what was edited just before waits. None lets nothing wait.
        flaps: Cells that went from one value to another and back.
        model: What the matcher learned before; None learns from these rows.
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
    hints: Hints = field(default_factory=Hints)
    blind: frozenset[Store] = frozenset()
    references: Mapping[str, Referred] = field(default_factory=dict)
    later: Mapping[str, Referred] = field(default_factory=dict)
    freed: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    taken_at: datetime | None = None
    flaps: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FLAP_TYPES))
    model: Model | None = None
