"""Parking: a plan's large frames wait on disk while the next plan is made, so that two never stand in memory at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dq.reconcile import BASE_ORDER
from dq.schemas import Change
from dq.side import ENTITY, KEY

PAIR_ORDER = ["store_l", "key_l", "store_r", "key_r"]
ORDERS: Mapping[str, Sequence[str]] = {
    "changes": [Change.change_id],
    "golden": [ENTITY],
    "base": BASE_ORDER,
    "pairs": PAIR_ORDER,
    "records_database": [KEY],
    "records_airtable": [KEY],
}
"""The frames that are parked, and the order of their rows."""
ALL = pl.lit(value=True)
"""Rows: no choice among them."""


@dataclass(frozen=True)
class Park:
    """Frames on disk, each in parts.

    Attributes:
        folder: A private folder that outlives the plan.
    """

    folder: Path

    def put(self, name: str, frame: pl.DataFrame, part: int = 0) -> pl.DataFrame:
        """Write one part of a frame; its columns without rows, to stand in its place. Parts without rows are one file."""
        path = self.folder / f"{name}-{part:06d}.parquet"
        if frame.height or path.exists() or not any(self.folder.glob(f"{name}-*.parquet")):
            frame.write_parquet(path, compression="lz4", statistics=False)
        return frame.clear()

    def get(self, name: str, columns: Sequence[str] | None = None, where: pl.Expr = ALL) -> pl.DataFrame:
        """The whole frame in its order, or some of its columns and rows in any; read a column at a time."""
        parts = sorted(self.folder.glob(f"{name}-*.parquet"))
        if columns is not None:
            return pl.concat([pl.scan_parquet(part).filter(where).select(columns).collect() for part in parts])
        order = self.get(name, ORDERS[name]).select(pl.arg_sort_by(list(ORDERS[name]))).to_series()
        names = pl.read_parquet_schema(parts[0])
        return pl.DataFrame([self.get(name, [column]).to_series().gather(order) for column in names])

    def scanned(self, name: str, frame: pl.DataFrame) -> pl.LazyFrame:
        """The frame, written here, as a scan."""
        self.put(name, frame)
        return pl.scan_parquet(sorted(self.folder.glob(f"{name}-*.parquet")))

    def beside(self, name: str) -> "Park":
        """An empty park of another plan, within this one's folder."""
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        other = Park(folder)
        other.clear()
        return other

    def clear(self, but: Sequence[str] = ()) -> None:
        """Remove what is parked, but for some frames."""
        for part in self.folder.glob("*.parquet"):
            if part.name.rpartition("-")[0] not in but:
                part.unlink()
