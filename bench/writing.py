"""Writing rows through a database store beside the plainest way to change the same cells, in one run.

python -m bench.writing [--rows 100000] [--batch 5000]
"""

import argparse
import gc
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.measure import machine
from dq.stores import RowWrite, Sink
from dq.stores.sqlite import SqliteStore

COLUMNS = ["name", "email", "company", "title", "phone", "status", "website", "city"]
CHANGED = COLUMNS[:3]
ROUNDS = 3
Cells = list[tuple[str, ...]]


@dataclass(frozen=True)
class Rate:
    """Seconds that a way took, of wall and of this process's CPU time, each the median of some rounds."""

    name: str
    seconds: float
    cpu: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=2_000)
    asked, _ = parser.parse_known_args()  # beside other benchmarks, which have options of their own
    print(
        f"{asked.rows:,} rows, {len(CHANGED)} of {len(COLUMNS)} cells changed, {asked.batch:,} rows a batch, on {machine()}\n",
        flush=True,
    )
    print("| database | way | s | x plain | CPU s | x plain |\n|---|---|---:|---:|---:|---:|")
    for measured in (_sqlite, _postgres):
        database, plain, ours = measured(asked.rows, asked.batch)
        for rate in (plain, ours):
            wall, cpu = (
                ("", "") if rate is plain else (f"{rate.seconds / plain.seconds:.2f}", f"{rate.cpu / plain.cpu:.2f}")
            )
            own = (
                f"{rate.cpu:.2f} | {cpu}" if measured is _sqlite else " | "
            )  # PostgreSQL works in processes of its own
            print(f"| {database} | {rate.name} | {rate.seconds:.2f} | {wall} | {own} |", flush=True)


def _row(number: int, turn: int) -> tuple[str, ...]:
    return tuple(f"{name} {number} of turn {turn}" for name in COLUMNS)


def _keys(rows: int) -> list[str]:
    return [f"lead-{number:08}-5f3a-4c1e" for number in range(rows)]


def _rates(
    rows: int, batch: int, fill: Callable[[], None], store: Sink, plain: tuple[str, Callable[[Cells], None]]
) -> tuple[Rate, Rate]:
    """Both ways in turn, each round on rows as they were."""
    schema = store.describe("leads", COLUMNS)
    new = [(key, *_row(number, 1)[: len(CHANGED)]) for number, key in enumerate(_keys(rows))]
    writes = [
        RowWrite(
            "leads",
            "update",
            key,
            dict(zip(CHANGED, _row(number, 0), strict=False)),
            dict(zip(CHANGED, cells, strict=True)),
            key,
        )
        for number, (key, *cells) in enumerate(new)
    ]

    gc.freeze()  # an apply makes its rows batch by batch: no collection has to pass over all of them

    def ours() -> None:
        for start in range(0, rows, batch):
            done = store.write(schema, writes[start : start + batch])
            assert all(one.state == "written" for one in done)

    took: dict[str, list[tuple[float, float]]] = {"plain": [], "ours": []}
    for _ in range(ROUNDS):
        for name, way in (("plain", lambda: plain[1](new)), ("ours", ours)):
            fill()
            took[name].append(_timed(way))
    told = {way: [median(figures) for figures in zip(*rounds, strict=True)] for way, rounds in took.items()}
    return Rate(plain[0], *told["plain"]), Rate("dq: guarded, in batches", *told["ours"])


def _timed(step: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - wall, time.process_time() - cpu


def _sqlite(rows: int, batch: int) -> tuple[str, Rate, Rate]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.db"
        places = ", ".join("?" * (1 + len(COLUMNS)))

        def fill() -> None:
            path.unlink(missing_ok=True)
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute(
                    f"CREATE TABLE leads(id TEXT PRIMARY KEY, {', '.join(f'{name} TEXT' for name in COLUMNS)})"
                )
                cells = ((key, *_row(number, 0)) for number, key in enumerate(_keys(rows)))
                connection.executemany(f"INSERT INTO leads VALUES ({places})", cells)

        def plain(new: Cells) -> None:
            sets = ", ".join(f"{name} = ?" for name in CHANGED)
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.executemany(f"UPDATE leads SET {sets} WHERE id = ?", [(*cells, key) for key, *cells in new])

        fill()
        return "SQLite", *_rates(rows, batch, fill, SqliteStore(path), ("one executemany", plain))


def _postgres(rows: int, batch: int) -> tuple[str, Rate, Rate]:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    import psycopg
    from postgres_server import MISSING, binaries, running

    from dq.stores.postgres.store import PostgresStore

    if binaries() is None:
        raise SystemExit(MISSING)

    def copy(connection: "psycopg.Connection", table: str, cells: Sequence[tuple[str, ...]]) -> None:
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as rows_in:
            for row in cells:
                rows_in.write_row(row)

    with running() as server:
        url = server.made(f"CREATE TABLE leads(id text PRIMARY KEY, {', '.join(f'{name} text' for name in COLUMNS)})")

        def fill() -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("TRUNCATE leads")
                copy(connection, "leads", [(key, *_row(number, 0)) for number, key in enumerate(_keys(rows))])
                connection.execute("VACUUM ANALYZE leads")

        def plain(new: Cells) -> None:
            names = ", ".join(f"{name} text" for name in CHANGED)
            sets = ", ".join(f"{name} = new.{name}" for name in CHANGED)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"CREATE TEMPORARY TABLE new(id text, {names}) ON COMMIT DELETE ROWS")
                for start in range(0, rows, batch):
                    with connection.transaction():
                        copy(connection, "new", new[start : start + batch])
                        connection.execute("ANALYZE new")
                        connection.execute(f"UPDATE leads SET {sets} FROM new WHERE leads.id = new.id")

        fill()
        store = PostgresStore(url)
        try:
            return "PostgreSQL", *_rates(
                rows, batch, fill, store, ("COPY and UPDATE … FROM, as many rows a transaction", plain)
            )
        finally:
            store.close()


if __name__ == "__main__":
    main()
