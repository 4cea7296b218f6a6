"""Forty quality rules on a million rows of eight fields, beside one scan of the same Parquet, pandera and Pointblank.

python -m bench.quality [--rows 1000000]

Everything begins at a Parquet file. The floor reads all columns that the rules use once, and adds up the lengths of their texts,
which no statistics of the file can answer. pandera gets the schema that dq generates from the same rules, on the collected frame;
Pointblank, if BENCH_PEERS names a Python that has it, the same rules by its own steps. A rule in ten fails for a row in a hundred.
Each step runs in a process of its own.
"""

import argparse
import os
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from bench.measure import Figure, as_the_command, machine, measured, table
from dq.rules import Check

FIELDS = ["name", "email", "company", "title", "linkedin_url", "company_website", "phone", "status"]
STATUSES = ("auto_send", "manual_review", "contacted", "responded")
RULES_A_SCAN, MOST = 10, 1.5
"""The aim: no more than so many scans for every ten rules."""
POINTBLANK = """
import sys, time, resource, polars as pl, pointblank as pb
began = time.perf_counter()
checks = pb.Validate(data=pl.read_parquet(sys.argv[1]))
fields = sys.argv[2].split(",")
for field in fields:
    checks = checks.col_vals_not_null(columns=field)
    checks = checks.col_vals_regex(columns=field, pattern="^.{1,80}$", na_pass=True)
    checks = checks.col_vals_regex(columns=field, pattern=r"^[\\x20-\\x7e]*$", na_pass=True)
for field in fields[:2]:
    checks = checks.rows_distinct(columns_subset=field)
checks = checks.rows_distinct(columns_subset=fields[:3]).rows_distinct(columns_subset=fields[5:7])
for _ in range(4):
    checks = checks.col_vals_in_set(columns="status", set=sys.argv[3].split(","))
for _ in range(4):
    checks = checks.col_vals_regex(columns="email", pattern="^[^@ ]+@[^@ ]+[.][a-z]+$", na_pass=True)
for _ in range(4):
    checks = checks.col_vals_regex(columns="phone", pattern="^[+(]?[0-9][0-9 ()./-]{5,24}$", na_pass=True)
checks.interrogate(collect_extracts=False)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def rules() -> list[Check]:
    """Forty rules: eight each of completeness, length and characters; sixteen more of the other kinds."""
    made = [Check(name=f"{field} there", check="completeness", field=field) for field in FIELDS]
    made += [Check(name=f"{field} length", check="length", field=field, min=1, max=80) for field in FIELDS]
    made += [Check(name=f"{field} ascii", check="pattern", field=field, pattern=r"[\x20-\x7e]*") for field in FIELDS]
    made += [Check(name=f"{field} once", check="uniqueness", field=field) for field in FIELDS[:2]]
    made += [Check(name="once together", check="uniqueness", fields=tuple(FIELDS[:3]))]
    made += [Check(name="call once", check="uniqueness", fields=tuple(FIELDS[5:7]))]
    wheres = [None, "name IS NOT NULL", "title IS NOT NULL", "company IS NOT NULL"]
    for n, where in enumerate(wheres):
        made += [
            Check(name=f"status {n}", check="membership", field="status", values=STATUSES, where=where),
            Check(name=f"email {n}", check="pattern", field="email", pattern="[^@ ]+@[^@ ]+[.][a-z]+", where=where),
            Check(
                name=f"phone {n}", check="pattern", field="phone", pattern="[+(]?[0-9][0-9 ()./-]{5,24}", where=where
            ),
        ]
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.parquet"
        _alone(_write, path, asked.rows)
        print(f"{asked.rows:,} rows, {len(FIELDS)} fields, {len(rules())} rules on {machine()}\n", flush=True)
        floor, _ = _alone(_scan, path)
        told = [(floor, None)]
        for step in (_judge, _pandera):
            figure, failed = _alone(step, path)
            print(f"{figure.name}: {failed:,} failures", flush=True)
            told.append((figure, floor))
        print("\n" + table("Quality rules beside one scan", told))
        aim = MOST * len(rules()) / RULES_A_SCAN
        print(f"\ndq takes {told[1][0].wall / floor.wall:.1f} scans; the aim for {len(rules())} rules is {aim:.1f}")
        if peers := os.environ.get("BENCH_PEERS"):
            given = [peers, "-c", POINTBLANK, str(path), ",".join(FIELDS), ",".join(STATUSES)]
            ended = subprocess.run(given, check=False, capture_output=True, text=True)
            figures = ended.stdout.split()
            told_peer = f"{float(figures[0]):.2f} s, {float(figures[1]):.0f} MiB" if figures else ended.stderr[-300:]
            print(f"\nPointblank: {told_peer}")


def _alone(step, *arguments):
    """A step in a process of its own, so that its peak is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(step, *arguments).result()


def _write(path: Path, rows: int) -> None:
    n = pl.int_range(rows)
    number = (n * 7919 % rows).cast(pl.String)
    bad = n % 100 == 0
    pl.select(
        n.cast(pl.String).alias("id"),
        pl.when(~bad).then(pl.format("Person {}", number)).alias("name"),
        pl.when(bad)
        .then(pl.format("mail {}", number))
        .otherwise(pl.format("p{}@mail{}.com", number, n % 977))
        .alias("email"),
        pl.format("Company {} GmbH", n % 50_000).alias("company"),
        pl.format("Head of {}", n % 40).alias("title"),
        pl.format("https://www.linkedin.com/in/person-{}", number).alias("linkedin_url"),
        pl.format("https://www.example{}.com", n % 100_000).alias("company_website"),
        pl.format("+49 30 {}", number.str.zfill(7)).alias("phone"),
        pl.when(bad).then(pl.lit("odd")).otherwise(pl.lit(STATUSES[0])).alias("status"),
    ).write_parquet(path, compression="zstd", compression_level=1)


def _scan(path: Path) -> tuple[Figure, int]:
    frame = pl.scan_parquet(path)
    return measured(
        "scan: bytes of all texts added up",
        lambda: frame.select(pl.col(FIELDS).str.len_bytes().sum()).collect(engine="streaming").height,
    )


def _judge(path: Path) -> tuple[Figure, int]:
    from dq.gate import judge, named_by

    def step() -> int:
        report = judge(pl.scan_parquet(path), rules(), named_by("leads", "id"), "leads")
        return sum(verdict.failed for verdict in report.verdicts)

    return measured("dq judge, findings and all", step)


def _pandera(path: Path) -> tuple[Figure, int]:
    import pandera.errors

    from dq.gate import schema_of

    def step() -> int:
        try:
            schema_of(rules()).validate(pl.read_parquet(path), lazy=True)
        except pandera.errors.SchemaErrors as error:
            return error.failure_cases.height
        return 0

    return measured("pandera, same rules", step)


if __name__ == "__main__":
    as_the_command("bench.quality")
    main()
