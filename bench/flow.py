"""Snapshot, clean and diff in one process, each beside its floor: scan and write of the same Parquet.

python -m bench.flow [--rows 100000] [--records 50000]
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from bench.measure import Figure, as_the_command, machine, measured, table
from dq import pipeline, settings
from dq.leads.generate import sample, write
from dq.leads.start import start
from dq.report.diff import Diff, as_text
from dq.rules import ALL_STEPS

ROWS_A_LEAD = 0.96
"""Database rows that the sample has for each lead."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--records", type=int, default=50_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # making the data is no part of the figures
            made = pool.submit(_prepared, root, asked.rows, asked.records).result()
        print(f"{made} on {machine()}\n", flush=True)
        print(table("Snapshot, clean and diff in one process", _figures(root)))


def _prepared(root: Path, rows: int, records: int) -> str:
    start(root, sample=False)
    config = root / "config" / "dq.yaml"
    made = sample(1, leads=int(rows / ROWS_A_LEAD))
    made = replace(made, records=made.records.head(records))
    write(made, root / "data" / "leads.db", root / "data" / "airtable.db")
    config.write_text(re.sub(r"requests_per_second:\s*[\d.]+", "requests_per_second: 0", config.read_text()))
    return f"{made.tables['leads'].height:,} database rows against {made.records.height:,} records"


def _figures(root: Path) -> list[tuple[Figure, Figure | None]]:
    loaded = settings.load(root / "config" / "dq.yaml", {})
    watch = pipeline.Watch(lambda: datetime.now(UTC), lambda *_: None, lambda: False)
    with pipeline.opened(loaded) as stores:
        snapshot, manifest = measured("snapshot", lambda: pipeline.snapshot(loaded, stores, watch))
        clean, cleaned = measured("clean", lambda: pipeline.clean(loaded, watch.clock(), ALL_STEPS, lambda _: None))
    folder = cleaned.folder
    diff, _ = measured("diff", lambda: _diff(folder, cleaned))
    raw = [folder / file.file for file in manifest.tables]
    outputs = [*sorted((folder / "clean").glob("*.parquet")), folder / "changeset.parquet"]
    print(f"changes: {cleaned.plan.counts}\n", file=sys.stderr)
    return [
        (snapshot, _floor(raw, root)),
        (clean, _floor([*raw, *outputs], root)),
        (diff, _floor([folder / "changeset.parquet"], root)),
    ]


def _diff(folder: Path, cleaned: pipeline.Cleaned) -> list[str]:
    changes = pl.read_parquet(folder / "changeset.parquet")
    return as_text(Diff(cleaned.plan, changes, pl.read_parquet(folder / "clean" / "conflicts.parquet"), 40))


def _floor(files: Sequence[Path], root: Path) -> Figure:
    """Scan and write the same Parquet."""

    def copy() -> None:
        for file in files:
            pl.scan_parquet(file).sink_parquet(root / "floor.parquet", compression="zstd", compression_level=1)

    return measured("floor", copy)[0]


if __name__ == "__main__":
    as_the_command("bench.flow")
    main()
