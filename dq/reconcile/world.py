"""What reconcile is handed beside the terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import polars as pl

from dq.manifest import TableSchema
from dq.reconcile.flaps import FLAP_TYPES
from dq.rules import Child
from dq.schemas.values import Store
from dq.side import CLEARED_TYPES, KEY, Side

SETTLED_TYPES = {"conflict_id": pl.String, "side": pl.String, "by": pl.String}


@dataclass(frozen=True)
class World:
    """What reconcile is handed beside the terms.

    Attributes:
        sides: Each store's word on every entity.
        base: The base before, under the entity ids of this plan.
        clusters: Cluster contract, survivors marked.
        stored: Each store's snapshot rows as read, for the `before` of deletes.
        held: Per store: row_key, held of the rows that are merged away.
        children: Child tables with their snapshot rows.
        namespace: For the keys of new database rows.
        extra: Per store: column → JSON text of unmapped columns that inserts must fill.
        freed: Keys of database rows that keep no child once the plans of all mappings are carried out.
        scoped: row_key and the columns that the scope names, of the database's rows as read.
        flaps: Cells that went from one value to another and back, see `dq.reconcile.flaps`.
        cleared: What people took away from leads whose duplicates are merged, see `dq.dedupe.cleared`.
        settled: conflict_id, side, by of conflicts that a policy settles once the rest of this plan is carried out.
    """

    sides: Mapping[Store, Side]
    base: pl.DataFrame
    clusters: pl.DataFrame
    stored: Mapping[Store, pl.DataFrame]
    held: Mapping[Store, pl.DataFrame]
    children: Sequence[tuple[Child, TableSchema, pl.DataFrame]]
    namespace: UUID
    extra: Mapping[Store, Mapping[str, str]]
    cleared: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CLEARED_TYPES))
    settled: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SETTLED_TYPES))
    freed: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    scoped: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={KEY: pl.String}))
    flaps: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FLAP_TYPES))
