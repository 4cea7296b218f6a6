"""Standard forms of a million leads beside scan and write of the same Parquet, and beside the libraries that work row by row.

python -m bench.standardize [--rows 1000000] [--sample 20000] [--peers PYTHON]

The eight mapped fields of the generated sample, at its messiest, by the shipped rules, from Parquet to Parquet: values
alone, and as `dq standardize` does it: findings and rules told, idempotence proved. `--peers` names a Python that has
cleanco, email-validator, url-normalize and phonenumbers: each row goes through the four of them, as scripts do.
"""

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from bench.measure import Figure, as_the_command, machine, measured, table
from dq.leads.generate import sample

FIELDS = ["name", "email", "company", "title", "linkedin_url", "company_website", "phone", "status"]
PEERS = """
import sys, time, csv
from cleanco import basename
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse
from url_normalize import url_normalize
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
began = time.process_time()
for row in rows:
    basename(row["company"])
    try: validate_email(row["email"], check_deliverability=False)
    except EmailNotValidError: pass
    for column in ("company_website", "linkedin_url"):
        try: url_normalize(row[column])
        except Exception: pass
    try: format_number(parse(row["phone"], "US"), PhoneNumberFormat.E164)
    except NumberParseException: pass
print(len(rows), time.process_time() - began)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=20_000)
    parser.add_argument("--peers", help="A Python that has the libraries, for their figure beside these.")
    asked, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _alone(_write, root, asked.rows, asked.sample)
        print(f"{asked.rows:,} rows, {len(FIELDS)} fields on {machine()}\n", flush=True)
        floor = _alone(_floor, root)
        values, proved = _alone(_standardize, root, False), _alone(_standardize, root, True)
        print(table("Standard forms beside scan and write", [(values, floor), (proved, floor), (floor, None)]))
        if asked.peers:
            told = subprocess.run(
                [asked.peers, "-c", PEERS, root / "rows.csv"], capture_output=True, text=True, check=True
            )
            rows, seconds = (float(word) for word in told.stdout.split())
            times = (seconds / rows) / (values.cpu / asked.rows)
            print(f"\nrow by row: {seconds / rows * 1e6:.0f} µs of CPU a row, {times:.0f} times as much as dq")


def _alone(step, *arguments):
    """A step in a process of its own, so that its peak is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(step, *arguments).result()


def _write(root: Path, rows: int, some: int) -> None:
    leads = sample(1, leads=rows).tables["leads"].select("id", *FIELDS)
    leads = pl.concat([leads, leads.head(rows - len(leads))]) if len(leads) < rows else leads.head(rows)
    leads.write_parquet(root / "leads.parquet", compression="zstd", compression_level=1)
    leads.head(some).write_csv(root / "rows.csv")


def _floor(root: Path) -> Figure:
    def copy() -> None:
        _sink(pl.scan_parquet(root / "leads.parquet"), root)

    return measured("scan and write", copy)[0]


def _sink(frame: pl.LazyFrame, root: Path) -> None:
    frame.sink_parquet(root / "out.parquet", compression="zstd", compression_level=1)


def _standardize(root: Path, told: bool) -> Figure:
    from dq.engine import filestandard
    from dq.engine.filecolumns import columns_of
    from dq.settings import file_rules

    def standardize() -> None:
        path, rules = root / "leads.parquet", file_rules()
        frame = pl.scan_parquet(path)
        plan = filestandard.plan_of(path, frame, columns_of(frame.collect_schema(), rules, {}), None, rules)
        tally = filestandard.Tally() if told else None
        _sink(filestandard.standardized(frame, plan, tally), root)

    return measured("dq standardize: told and proved" if told else "dq: standard forms", standardize)[0]


if __name__ == "__main__":
    as_the_command("bench.standardize")
    sys.exit(main())
