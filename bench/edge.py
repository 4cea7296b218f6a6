"""The Airtable edge beside pyairtable on the same sandbox: a limit of five calls a second and slow answers.

python -m bench.edge [--records 20000] [--updates 2000] [--latency 0.3]
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from pyairtable import Api

from bench.measure import machine
from dq import sandbox
from dq.apply.batches import batches, numbered
from dq.apply.commit import Run, Target, commit
from dq.apply.journal import journal
from dq.apply.verify import mismatches
from dq.schemas import Change
from dq.stores.airtable import AirtableStore

BASE, TABLE = "appBenchEdge00001", "tblBenchEdge00001"
NAMES = [f"Field {n}" for n in range(8)]
PACE = 4.5


@dataclass(frozen=True)
class Rate:
    """How fast records went, and how many calls that took."""

    name: str
    records: int
    seconds: float
    calls: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--updates", type=int, default=2_000)
    parser.add_argument("--latency", type=float, default=0.3)
    asked, _ = parser.parse_known_args()  # beside other benchmarks, which have options of their own
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        sandbox.load(_document(asked.records), root / "airtable.db")
        print(f"{asked.records:,} records, {asked.latency * 1000:.0f} ms an answer, on {machine()}\n", flush=True)
        print(_table("Reading every record", 100, _reading(root, asked.latency)), flush=True)
        print()
        print(_table("Updating records", 10, _writing(root, asked.latency, asked.updates)), flush=True)


def _document(records: int) -> dict[str, Any]:
    fields = [{"id": f"fldBenchEdge{n:05}", "name": name, "type": "singleLineText"} for n, name in enumerate(NAMES)]
    held = [
        {
            "id": f"recBench{n:09}",
            "createdTime": "2026-01-01T00:00:00.000Z",
            "fields": {name: f"value {n} of {name}" for name in NAMES},
        }
        for n in range(records)
    ]
    table = {"id": TABLE, "name": "Leads", "primaryFieldId": fields[0]["id"], "fields": fields, "records": held}
    return {"bases": [{"id": BASE, "name": "Bench", "tables": [table]}]}


@contextmanager
def _served(root: Path, latency: float) -> Iterator[str]:
    """A sandbox of its own for each figure, so that none begins where another left the limit."""
    with sandbox.running(root / "airtable.db", rps=5, penalty=30, flags={"latency": latency}) as url:
        yield url


def _timed(name: str, records: int, url: str, step: Callable[[], Any]) -> Rate:
    before, began = sandbox.calls(url).get(BASE, 0), time.perf_counter()
    step()
    seconds = time.perf_counter() - began
    return Rate(name, records, seconds, sandbox.calls(url)[BASE] - before)


def _reading(root: Path, latency: float) -> list[Rate]:
    found = []
    with _served(root, latency) as url:
        store = AirtableStore(BASE, "token", url, PACE, state=root / "state")
        schema = store.describe("Leads", NAMES)
        rows: list[int] = []
        rate = _timed("dq snapshot", 0, url, lambda: rows.extend(b.num_rows for b in store.batches(schema)))
        found.append(Rate(rate.name, sum(rows), rate.seconds, rate.calls))
        assert store.repeated == 0, "a call met the limit"
        store.close()
    with _served(root, latency) as url:
        table = Api("token", endpoint_url=url).table(BASE, TABLE)
        pages: list[int] = []
        rate = _timed("pyairtable iterate", 0, url, lambda: pages.extend(map(len, table.iterate(page_size=100))))
        found.append(Rate(rate.name, sum(pages), rate.seconds, rate.calls))
    return found


def _writing(root: Path, latency: float, updates: int) -> list[Rate]:
    found = []
    with _served(root, latency) as url:
        store = AirtableStore(BASE, "token", url, PACE, state=root / "state")
        store.describe("Leads", NAMES)
        found.append(_timed("dq apply: guard, write, verify", updates, url, lambda: _applied(store, root, updates)))
        assert store.repeated == 0, "a call met the limit"
        store.close()
    with _served(root, latency) as url:
        table = Api("token", endpoint_url=url).table(BASE, TABLE)
        records: list[Any] = [{"id": f"recBench{n:09}", "fields": {NAMES[0]: f"peer {n}"}} for n in range(updates)]
        found.append(_timed("pyairtable batch_update", updates, url, lambda: table.batch_update(records)))
    return found


def _applied(store: AirtableStore, root: Path, updates: int) -> None:
    """What apply does once the backup is made: journaled batches, then every row read again."""
    schema = store.describe("Leads", NAMES)
    target = Target(store, schema, schema, "leads", None, None)
    rows = numbered(_changes(updates), 50, {("airtable", "Leads"): "leads"})
    with journal(root / "journal.sqlite") as opened:
        run = Run({("airtable", "Leads"): target}, opened, lambda: datetime.now(UTC), lambda _done: None, lambda: False)
        assert commit(batches(rows), run)
        assert mismatches(opened, run.targets) == []
        assert opened.counts() == {"written": updates}


def _changes(updates: int) -> pl.DataFrame:
    """One changed cell a record."""
    number = pl.int_range(updates, dtype=pl.Int64)
    padded = number.cast(pl.String).str.zfill(9)
    key = pl.concat_str(pl.lit("recBench"), padded)
    cells = {
        Change.change_id: pl.concat_str(pl.lit("airtable/Leads/"), key),
        Change.store: pl.lit("airtable"),
        Change.table: pl.lit("Leads"),
        Change.op: pl.lit("update"),
        Change.entity_id: pl.concat_str(pl.lit("E"), padded),
        Change.row_key: key,
        Change.field: pl.lit(NAMES[0]),
        Change.before: pl.concat_str(pl.lit('"value '), number, pl.lit(f' of {NAMES[0]}"')),
        Change.after: pl.concat_str(pl.lit('"changed '), number, pl.lit('"')),
        Change.reason: pl.lit("sync"),
    }
    return pl.select(**{str(name): cell for name, cell in cells.items()})


def _table(title: str, each: int, rates: list[Rate]) -> str:
    """The figures as Markdown; `pace` is what a call every 1/4.5 s gives."""
    lines = [
        f"### {title}",
        "",
        "| who | records | s | calls | records/s | share of pace | calls/s |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for rate in rates:
        speed = rate.records / rate.seconds
        lines.append(
            f"| {rate.name} | {rate.records:,} | {rate.seconds:.1f} | {rate.calls} | {speed:.1f} "
            f"| {speed / (each * PACE):.0%} | {rate.calls / rate.seconds:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
