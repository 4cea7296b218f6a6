"""The Python face: a run as Polars frames, for notebooks."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply import plan as plans
from dq.errors import ConfigurationError
from dq.manifest import Manifest
from dq.plan import Plan
from dq.report.diff import headline
from dq.schemas.values import Store
from dq.snapshot import open_snapshot, scan


@dataclass(frozen=True, repr=False)
class Run:
    """One snapshot and what was made of it; frames are read when first asked for.

    Attributes:
        manifest: The snapshot: its tables, files and digests.
        folder: Where it is.
    """

    manifest: Manifest
    folder: Path

    @cached_property
    def plan(self) -> Plan:
        """`plan.json`: counts, brakes, price, digests."""
        return plans.load(self.folder)

    @cached_property
    def changes(self) -> pl.DataFrame:
        """The changeset, one row a cell (Change contract)."""
        return plans.changes(self.plan, self.folder)

    @cached_property
    def clusters(self) -> pl.DataFrame:
        """Which rows are the same lead (Cluster contract)."""
        return self._clean("clusters")

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """Compared pairs (Pair contract)."""
        return self._clean("pairs")

    @cached_property
    def conflicts(self) -> pl.DataFrame:
        """Cells that both stores changed (Conflict contract), those that wait for a person first."""
        return self._clean("conflicts").sort("resolved", "conflict_id")

    @cached_property
    def policies(self) -> pl.DataFrame:
        """conflict_id, policy, side: what each policy alone would decide for each conflict; null where it would wait."""
        return self._clean("policies")

    @cached_property
    def findings(self) -> pl.DataFrame:
        """Broken rules (Finding contract)."""
        return self._clean("findings")

    @cached_property
    def golden(self) -> pl.DataFrame:
        """The golden records: one row a lead."""
        return self._clean("golden")

    def standardized(self, store: Store) -> pl.DataFrame:
        """A store's records in standard form (Record contract)."""
        return self._clean(f"standardized_{store}")

    def scan(self, store: Store, table: str) -> pl.LazyFrame:
        """A store's table as it was read."""
        return scan(self.manifest, self.folder, store, table)

    def _clean(self, name: str) -> pl.DataFrame:
        path = self.folder / "clean" / f"{name}.parquet"
        if not path.exists():
            raise ConfigurationError("This snapshot has no plan yet.", where=self.manifest.id, fix="dq clean")
        return pl.read_parquet(path)

    def _facts(self) -> dict[str, Any]:
        return {f"{table.schema.store} {table.schema.name}": table.rows for table in self.manifest.tables}

    def __repr__(self) -> str:
        """Rows of the snapshot, and the plan in a few lines."""
        rows = ", ".join(f"{name} {count:,}" for name, count in self._facts().items())
        planned = (self.folder / plans.NAME).exists()
        return "\n".join(
            [f"snapshot {self.manifest.id}: {rows}", *(headline(self.plan) if planned else ["no plan yet: dq clean"])]
        )

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        text = repr(self).replace("&", "&amp;").replace("<", "&lt;")
        return f"<pre>{text}</pre>"


def open_run(folder: str | Path, snapshot: str = "latest") -> Run:
    """The run of a snapshot."""
    manifest, path = open_snapshot(Path(folder), snapshot)
    return Run(manifest, path)
