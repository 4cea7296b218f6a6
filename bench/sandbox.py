"""How fast the local Airtable answers, so that it is never what is measured.

python -m bench.sandbox [--records 20000]
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from pyairtable import Api

from bench.measure import machine
from dq import sandbox

BASE, TABLE, FIELDS = "appBench", "tblBench", 8
UPDATES = 200


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    asked, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "airtable.db"
        sandbox.load(_base(asked.records), data)
        print(f"{asked.records:,} records of {FIELDS} text fields on {machine()}\n", flush=True)
        print("### The sandbox, one client\n\n| request | a second |\n|---|---:|")
        for name, flags, requests in _cases():
            with sandbox.running(data, rps=0, flags=flags | {"log": Path(folder) / "log"} if flags else {}) as url:
                print(f"| {name} | {_best(lambda url=url, requests=requests: requests(url)):,.0f} |", flush=True)


def _cases() -> Iterator[tuple[str, dict[str, object], Callable[[str], int]]]:
    yield "page of 100 records", {}, _pages
    yield "the same, every request in a log file and counted for a quota", {"plan": "team"}, _pages
    yield "the same through pyairtable", {}, _pages_by_client
    yield "update of 10 records", {}, _updates


def _best(measured: Callable[[], int], rounds: int = 3) -> float:
    """Requests a second, in the best round."""
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        found.append(measured() / (time.perf_counter() - begin))
    return max(found)


def _base(count: int) -> dict[str, Any]:
    names = [f"F{number}" for number in range(FIELDS)]
    fields = [{"id": f"fld{name}", "name": name, "type": "singleLineText"} for name in names]
    created = "2026-01-01T00:00:00.000Z"
    rows = [
        {"id": f"rec{row:014d}", "createdTime": created, "fields": {name: f"value {row} of {name}" for name in names}}
        for row in range(count)
    ]
    table = {"id": TABLE, "name": "Bench", "primaryFieldId": "fldF0", "fields": fields, "records": rows}
    return {"bases": [{"id": BASE, "name": "Bench", "tables": [table]}]}


def _ask(connection: HTTPConnection, method: str, path: str, body: Any = None) -> Any:
    text = None if body is None else json.dumps(body)
    connection.request(method, f"/v0/{BASE}/{TABLE}{path}", text, {"Authorization": "Bearer bench"})
    return json.load(connection.getresponse())


def _pages(url: str) -> int:
    connection, offset, count = HTTPConnection(url.removeprefix("http://")), "", 0
    while offset is not None:
        offset = _ask(connection, "GET", f"?offset={offset}").get("offset")
        count += 1
    connection.close()
    return count


def _pages_by_client(url: str) -> int:
    table = Api("bench", endpoint_url=url, retry_strategy=None).table(BASE, TABLE)
    return sum(1 for _ in table.iterate())


def _updates(url: str) -> int:
    connection = HTTPConnection(url.removeprefix("http://"))
    for turn in range(UPDATES):
        records = [{"id": f"rec{row:014d}", "fields": {"F1": str(turn)}} for row in range(10)]
        _ask(connection, "PATCH", "", {"records": records})
    connection.close()
    return UPDATES


if __name__ == "__main__":
    main()
