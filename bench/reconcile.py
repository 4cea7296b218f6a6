"""Reconcile of a million database rows with half as many records, beside the bare full outer join of the same Parquet.

python -m bench.reconcile [--rows 1000000] [--records 500000] [--datacompy PYTHON]

Everything begins and ends at files: reconcile reads both stores' standard forms and the base, and writes changes, golden
records and the next base, in parts as a plan does; DuckDB joins the two stores' files, to memory and to Parquet. Half of the rows are out of
scope, one lead in a hundred has a changed cell: a third of them in the database, in Airtable, and in both.
"""

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from uuid import NAMESPACE_URL

import polars as pl

from bench.measure import Figure, as_the_command, machine, measured, table
from dq.manifest import Column, TableSchema
from dq.pipeline.slicing import MOST_ROWS
from dq.rules import ALL_STEPS, FieldRule, Scope, TableRules
from dq.schemas.base import agreed, base_types
from dq.schemas.values import Store

FIELDS = [f"field_{number:02}" for number in range(12)]
NOW = datetime(2026, 7, 1, tzinfo=UTC)
KEYS: dict[Store, str] = {"database": "d", "airtable": "rec"}
COMPARE = """
import sys, time, resource, datacompy, polars as pl
began = time.perf_counter()
left, right = (pl.read_parquet(f"{sys.argv[1]}/{name}.parquet") for name in ("database", "airtable"))
compared = datacompy.PolarsCompare(left.drop("modified"), right.drop("modified"), join_columns="lead")
compared.intersect_rows.height, compared.df1_unq_rows.height
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--datacompy", help="A Python that has datacompy, for its figure beside these.")
    asked, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _alone(_write, root, asked.rows, asked.records)
        print(f"{asked.rows:,} rows, {asked.records:,} records, {len(FIELDS)} fields on {machine()}\n", flush=True)
        joined, rows = _alone(_join, root, "CREATE TEMP TABLE joined AS {}")
        written, _ = _alone(
            _join, root, f"COPY ({{}}) TO '{root}/joined.parquet' (COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )
        done, counts = _alone(_reconcile, root, -(-asked.rows // MOST_ROWS))
        print(f"joined {rows:,} rows; {counts}\n")
        print(
            table("Reconcile beside the bare join", [(done, joined), (done, written), (joined, None), (written, None)])
        )
        if asked.datacompy:
            told = subprocess.run([asked.datacompy, "-c", COMPARE, folder], capture_output=True, text=True, check=True)
            seconds, peak = (float(word) for word in told.stdout.split())
            print(f"\ndatacompy (report of differing cells only): {seconds:.2f} s, {peak:.0f} MiB")


def _alone(step, *arguments):
    """A step in a process of its own, so that its peak is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(step, *arguments).result()


def _write(root: Path, rows: int, records: int) -> None:
    plain = pl.select(pl.int_range(rows).alias("n")).select(
        pl.format("lead {}", pl.col("n").cast(pl.String).str.zfill(9)).alias("lead"),
        pl.lit(NOW).cast(pl.Datetime("us", "UTC")).alias("modified"),
        *(pl.format("value {} of {}", pl.col("n"), pl.lit(name)).alias(name) for name in FIELDS[:-1]),
        pl.when(pl.col("n") < records).then(pl.lit("in")).otherwise(pl.lit("out")).alias(FIELDS[-1]),
    )
    number = pl.int_range(pl.len())
    for store, hits in (("database", [0, 100]), ("airtable", [100, 200])):
        mine = plain if store == "database" else plain.head(records)
        is_edited = (number % 300).is_in(hits) & (number < records)
        edited = pl.when(is_edited).then(pl.col(FIELDS[3]) + f" {store}").otherwise(FIELDS[3])
        mine.with_columns(edited.alias(FIELDS[3]), pl.col("modified").dt.offset_by("1h")).write_parquet(
            root / f"{store}.parquet", compression="zstd", compression_level=1
        )
    types = base_types(FIELDS)
    known = plain.head(records).select(
        pl.lit("leads").alias("table"),
        pl.col("lead").alias("entity_id"),
        *((pl.lit(prefix) + pl.col("lead")).alias(f"{store}_key") for store, prefix in KEYS.items()),
        pl.lit("linked").alias("state"),
        *(pl.col(name).alias(agreed(name)) for name in FIELDS),
    )
    rest = [pl.lit(None, dtype).alias(name) for name, dtype in types.items() if name not in known.columns]
    base = known.with_columns(rest).select(types.names())
    base.write_parquet(root / "base.parquet", compression="zstd", compression_level=1)


def _join(root: Path, kept: str) -> tuple[Figure, int]:
    """The join, its rows kept in memory or written, as reconcile writes its own."""
    import duckdb

    joined = f"SELECT * FROM '{root}/database.parquet' d FULL OUTER JOIN '{root}/airtable.parquet' a ON d.lead = a.lead"

    def join() -> int:
        with duckdb.connect() as connection:
            return connection.execute(kept.format(joined)).fetchall()[0][0]

    return measured("DuckDB full outer join" + (", to Parquet" if kept.startswith("COPY") else ""), join)


def _reconcile(root: Path, parts: int) -> tuple[Figure, dict[str, int]]:
    from dq.engine.parking import Park
    from dq.engine.parts import by_entity

    park = Park(root / "parked")
    park.folder.mkdir()

    def step() -> dict[str, int]:
        world, terms = _world(root)
        done = by_entity(world, terms, pl.DataFrame(schema={"entity_id": pl.String}), parts, park)
        del world
        held = {name: park.get(name, ["entity_id"]).height for name in ("changes", "golden", "base")}
        return {**held, "conflicts": done.conflicts.height, "findings": done.findings.height}

    return measured("dq reconcile", step)


def _world(root: Path):
    from dq.reconcile import Terms, World
    from dq.side import Side

    fields = tuple(FieldRule(name=name, airtable=name, conflict=("most_recent", "database_wins")) for name in FIELDS)
    rules = TableRules(fields=fields, scope=Scope(where=f"{FIELDS[-1]} = 'in'", columns=(FIELDS[-1],)))
    columns = (Column("id", "text", "TEXT"), *(Column(name, "text", "TEXT") for name in FIELDS))
    database, airtable = (
        TableSchema(store, name, "id", columns) for store, name in (("database", "leads"), ("airtable", "Leads"))
    )
    terms = Terms(rules, database, airtable, ALL_STEPS, "2026-07-01", NOW)
    sides, stored = {}, {}
    empty = pl.DataFrame(schema={"entity_id": pl.String, "row_key": pl.String})
    for store, prefix in KEYS.items():
        rows = pl.read_parquet(root / f"{store}.parquet")
        forms = [pl.col(n).alias(n + form) for n in FIELDS for form in ("", "_held", "_raw")]
        nothing = pl.lit(None, pl.String)
        whole = rows.select(
            pl.col("lead").alias("entity_id"),
            (pl.lit(prefix) + pl.col("lead")).alias("row_key"),
            pl.lit(None, pl.Datetime("us", "UTC")).alias("created"),
            "modified",
            nothing.alias("link"),
            pl.lit(1.0).alias("quality#"),
            *forms,
            *(nothing.alias(f"{n}_rule") for n in FIELDS),
        )
        times = {"entity_id": pl.String, "field": pl.String, "source": pl.String, "time": pl.Datetime("us", "UTC")}
        kept = empty.with_columns(nothing.alias(n + form) for n in FIELDS for form in ("", "_raw", "_rule"))
        sides[store] = Side(whole, pl.DataFrame(schema=times), empty.with_columns(nothing.alias("survivor")), kept)
        stored[store] = pl.DataFrame(schema={"id": pl.String})
    held = pl.DataFrame(schema={"row_key": pl.String, "held": pl.String})
    world = World(
        sides=sides,
        base=pl.read_parquet(root / "base.parquet"),
        clusters=pl.DataFrame(schema={"entity_id": pl.String, "probability": pl.Float64}),
        stored=stored,
        held={"database": held, "airtable": held},
        children=[],
        namespace=NAMESPACE_URL,
        extra={"database": {}, "airtable": {}},
        scoped=sides["database"].rows.select("row_key", FIELDS[-1]),
    )
    return world, terms


if __name__ == "__main__":
    as_the_command("bench.reconcile")
    sys.exit(main())
