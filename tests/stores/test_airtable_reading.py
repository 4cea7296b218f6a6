"""Reading a table: several lists when latency is the limit, each record once, nothing before the last page."""

import re
import subprocess
import sys
from pathlib import Path
from string import ascii_letters, digits

import polars as pl
import psutil
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_server import scripted
from store_worlds import BASE, TABLE, airtable_document

from dq import sandbox
from dq.manifest import Column, TableSchema
from dq.sandbox import faults
from dq.stores.airtable import AirtableStore
from dq.stores.airtable.splitting import PAYS, WHOLE, rest_of, shares

RECORD_IDS = st.text(digits + ascii_letters, min_size=14, max_size=14).map("rec{}".format)


@given(st.floats(0, 20), RECORD_IDS)
def test_every_record_is_in_one_share(load, record_id):
    line = shares(load)
    assert sum(share.has(record_id) for share in line) == 1
    assert line[0].has(record_id) is not rest_of(line[0]).has(record_id) or line == [WHOLE]


@pytest.mark.parametrize(("load", "lists"), [(0, 1), (PAYS, 1), (1.35, 2), (2.25, 3), (4.5, 5), (50, 6)])
def test_as_many_lists_as_the_latency_asks_for(load, lists):
    assert len(shares(load)) == lists
    assert shares(load)[-1].is_rest


def many(count: int) -> list[dict]:
    return [{"id": f"rec{number * 7919:014d}", "name": f"n{number}"} for number in range(1, count + 1)]


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory):
    """A sandbox whose answers take a tenth of a second."""
    data = tmp_path_factory.mktemp("slow") / "airtable.db"
    sandbox.load({"bases": []}, data)
    with sandbox.running(data, rps=0, flags={"latency": 0.1}) as url:
        yield data, url


def _asked(url: str) -> int:
    return sandbox.calls(url).get(BASE, 0)


@pytest.mark.parametrize(("count", "calls"), [(0, 2), (1, 2), (99, 2), (950, 11)])
def test_several_lists_bring_every_record_once(slow, count, calls):
    data, url = slow
    sandbox.load(airtable_document(many(count)), data)
    store = AirtableStore(BASE, "token", url, 20)
    schema = store.describe("leads", ["name"])
    before = _asked(url)
    table = pa.Table.from_batches(list(store.batches(schema)))
    assert sorted(table.column("id").to_pylist()) == sorted(row["id"] for row in many(count))
    assert table.column("createdTime").null_count == 0
    assert _asked(url) - before <= calls + 1, "at most a page more a list"
    store.close()


def test_a_list_that_is_gone_is_read_anew_by_a_single_one(slow):
    data, url = slow
    sandbox.load(airtable_document(many(450)), data)
    store = AirtableStore(BASE, "token", url, 20)
    schema = store.describe("leads", ["name"])
    faults.put(url, faults.Schedule((faults.Rule((faults.Fault("iterator"),), on="list", nth=(3,)),)))
    try:
        assert sum(batch.num_rows for batch in store.batches(schema)) == 450
    finally:
        faults.clear(url)
        store.close()


SCHEMA = TableSchema(
    "airtable",
    "Leads",
    "id",
    (Column("id", "text", "recordId"), Column("Name", "text", "singleLineText", id="fld1")),
    id="tbl1",
)


def test_a_server_that_reads_the_formula_otherwise_is_noticed():
    """It folds case, so the first list brings records of the others: one list without a formula is read instead."""

    def page(*ids: str) -> tuple[int, dict]:
        return 200, {"records": [{"id": one, "createdTime": "t", "fields": {}} for one in ids]}

    clock = iter(range(1000))
    with scripted(page(), page("recB", "reca"), page("recB", "reca", "rec1")) as server:
        store = AirtableStore("app1", "t", server.url, 3, clock=lambda: next(clock), sleep=lambda _: None)
        store.fetch(SCHEMA, ["rec1"])  # an answer takes a second and more by this clock
        ids = [key for batch in store.batches(SCHEMA) for key in batch.column("id").to_pylist()]
        assert sorted(ids) == ["rec1", "recB", "reca"]
        formulas = [body.get("filterByFormula") for _, _, body in server.asked]
        assert re.fullmatch(r"FIND\(RIGHT\(RECORD_ID\(\),1\),'[0-9A-Za-z]+'\)", formulas[1])
        assert formulas[-1] is None
        store.close()


def test_batches_left_half_way_give_back_their_file(slow):
    data, url = slow
    sandbox.load(airtable_document(many(120)), data)
    store = AirtableStore(BASE, "token", url, 0)
    batches = store.batches(store.describe("leads", ["name"]))
    before = psutil.Process().num_fds()
    assert next(batches).num_rows == 120
    batches.close()
    store.close()
    assert psutil.Process().num_fds() <= before


MEMORY = """
import sys
from pathlib import Path
from dq.memory import give_back
give_back()
from dq.snapshot.parquet import write_parquet
from dq.stores.airtable import AirtableStore
url, base, path = sys.argv[1:]
store = AirtableStore(base, "token", url, 0)
schema = store.describe("Leads", [f"Field {n}" for n in range(12)])
rows = write_parquet(store.batches(schema), Path(path), "id", lambda _: None)
store.close()
line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
print(rows, int(line.split()[1]) // 1024)
"""


def test_the_memory_of_a_large_snapshot(tmp_path: Path):
    """200,000 records of twelve fields stay within 400 MB, whatever order they come in."""
    names = [f"Field {n}" for n in range(12)]
    fields = [{"id": f"fldMemory{n:08}", "name": name, "type": "singleLineText"} for n, name in enumerate(names)]
    records = [
        {
            "id": f"rec{number:014d}",
            "createdTime": "2026-01-01T00:00:00.000Z",
            "fields": {name: f"{name} of {number}" for name in names},
        }
        for number in range(200_000)
    ]
    table = {"id": TABLE, "name": "Leads", "primaryFieldId": fields[0]["id"], "fields": fields, "records": records}
    data, out = tmp_path / "airtable.db", tmp_path / "leads.parquet"
    sandbox.load({"bases": [{"id": BASE, "name": "Large", "tables": [table]}]}, data)
    del records, table
    with sandbox.running(data, rps=0) as url:
        command = [sys.executable, "-c", MEMORY, url, BASE, str(out)]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
    rows, peak = map(int, told.stdout.split())
    assert rows == pl.read_parquet(out, columns=["id"]).height == 200_000
    assert peak < 400, f"{peak} MB"
