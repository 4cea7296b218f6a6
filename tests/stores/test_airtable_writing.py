"""Writing batches with requests overlapping: what is read, in which order things go, and what is known when it breaks."""

import threading
import time
from pathlib import Path

import pytest
from scripted_server import DROP, scripted
from store_worlds import BASE, airtable_document

from dq import sandbox
from dq.errors import LostAnswerError, TemporaryError
from dq.manifest import Column, TableSchema
from dq.stores import RowWrite
from dq.stores.airtable import AirtableStore
from dq.stores.airtable.grouping import requests_of
from dq.stores.airtable.inflight import InFlight

SCHEMA = TableSchema(
    "airtable",
    "Leads",
    "id",
    (Column("id", "text", "recordId"), Column("Name", "text", "singleLineText", id="fld1")),
    id="tbl1",
)


def many(count: int) -> list[dict]:
    return [{"id": f"rec{number:014d}", "name": f"n{number}"} for number in range(1, count + 1)]


def update(number: int, group: str | None = None, **after: object) -> RowWrite:
    cells = {"name": "new", **after}
    return RowWrite("leads", "update", f"rec{number:014d}", {"name": f"n{number}"}, cells, group or f"g{number}")


@pytest.fixture
def opened(airtable_server):
    data, url = airtable_server
    stores = []

    def open_(count: int, rate: float = 0) -> AirtableStore:
        sandbox.load(airtable_document(many(count)), data)
        stores.append(AirtableStore(BASE, "token", url, rate))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


def outcomes(store, schema, batches) -> dict:
    found: dict = {}
    for number, known in store.write_each(schema, iter(batches)):
        found |= {(number, place): one for place, one in known.items()}
    return found


@pytest.mark.parametrize("rate", [0, 1000])
@pytest.mark.parametrize(
    ("sizes", "reads"),
    [([50, 50, 50], 2), ([53, 53], 2), ([10], 1), ([250], 3), ([], 0), ([0, 5, 0], 1), ([1] * 30, 1)],
)
def test_rows_are_read_by_the_hundred_over_all_batches(opened, sizes, reads, rate):
    store = opened(sum(sizes), rate)
    schema = store.describe("leads", ["name"])
    numbers = iter(range(1, sum(sizes) + 1))
    batches = [[update(next(numbers)) for _ in range(size)] for size in sizes]
    before = store.calls
    found = outcomes(store, schema, batches)
    assert {one.state for one in found.values()} <= {"written"}
    assert list(found) == [(n, place) for n, size in enumerate(sizes) for place in range(size)] or rate
    assert len(found) == sum(sizes)
    assert store.calls - before == reads + sum(-(-size // 10) for size in sizes)


def test_a_batch_is_taken_when_it_is_about_to_be_sent(opened):
    store = opened(400)
    schema = store.describe("leads", ["name"])
    taken = []

    def batches():
        for number in range(8):
            taken.append(number)
            yield [update(number * 50 + place) for place in range(1, 51)]

    ahead = [len(taken) - done for done, _ in enumerate(store.write_each(schema, batches()), 1)]
    assert len(ahead) == 8
    assert max(ahead) <= 3


def test_a_moved_row_or_a_refusal_stops_its_group_in_later_requests(opened):
    store = opened(40)
    schema = store.describe("leads", ["name", "status"])
    gone = update(39, "moved")
    writes = [
        update(1, "refused", status="never heard of"),
        RowWrite("leads", "delete", f"rec{2:014d}", {"name": "n2"}, {}, "refused"),
        RowWrite("leads", "update", gone.key, {"name": "something else"}, gone.after, "moved"),
        RowWrite("leads", "insert", None, {}, {"name": "x"}, "moved"),
        *(update(number) for number in range(3, 30)),
    ]
    found = outcomes(store, schema, [writes])
    assert [found[0, place].state for place in range(4)] == ["refused", "refused", "moved", "moved"]
    assert {found[0, place].state for place in range(4, len(writes))} == {"written"}
    assert f"rec{2:014d}" in store.fetch(schema, [f"rec{2:014d}"])


def page(ids: list[str]) -> tuple[int, dict]:
    records = [{"id": key, "createdTime": "2026-01-01T00:00:00.000Z", "fields": {"fld1": key}} for key in ids]
    return 200, {"records": records}


def tell(store, batches, known: dict) -> None:
    for number, told in store.write_each(SCHEMA, iter(batches)):
        known |= {(number, place): one.state for place, one in told.items()}


@pytest.mark.parametrize(
    ("fault", "error"),
    [(DROP, LostAnswerError), ((429, {"error": {"type": "PUBLIC_API_BILLING_LIMIT_EXCEEDED"}}), TemporaryError)],
)
def test_what_is_known_is_told_before_the_error(fault, error):
    ids = [f"rec{number}" for number in range(25)]
    writes = [RowWrite("Leads", "update", key, {"Name": key}, {"Name": "x"}, key) for key in ids]
    with scripted(page(ids), page(ids[:10]), page(ids[10:20]), fault) as server:
        store = AirtableStore("app1", "t", server.url, 0, sleep=lambda _: None)
        known: dict = {}
        with pytest.raises(error):
            tell(store, [writes], known)
        assert known == {(0, place): "written" for place in range(20)}
        assert len(server.asked) == 4, "nothing is sent after a failure"
        store.close()


def test_requests_overlap_so_that_latency_is_not_the_limit(tmp_path: Path):
    data = tmp_path / "airtable.db"
    sandbox.load(airtable_document(many(300)), data)
    with sandbox.running(data, rps=0, flags={"latency": 0.2}) as url:
        store = AirtableStore(BASE, "token", url, 20)
        schema = store.describe("leads", ["name"])
        began = time.monotonic()
        batches = [[update(start + place) for place in range(50)] for start in range(1, 300, 50)]
        assert len(outcomes(store, schema, batches)) == 300
        assert time.monotonic() - began < 0.6 * 33 * 0.2, "33 calls one after the other take 6.6 s"
        store.close()


def test_requests_hold_whole_groups_and_keep_their_order():
    writes = [update(n, f"g{n // 3}") for n in range(12)] + [RowWrite("leads", "delete", "recX", {}, {}, "g0")]
    requests = requests_of(7, writes)
    assert [(one.op, [place for (_, place), _ in one.writes]) for one in requests] == [
        ("update", list(range(9))),
        ("update", [9, 10, 11]),
        ("delete", [12]),
    ]
    assert {number for one in requests for (number, _), _ in one.writes} == {7}


def test_jobs_run_side_by_side_in_order_and_stop_at_a_failure():
    begun, gate = [], threading.Event()

    def job(name: int) -> int:
        begun.append(name)
        if name == 2:
            raise ValueError(name)
        gate.wait(5)
        return name

    with InFlight[str](lambda: 3) as flight:
        for name in range(10):
            flight.add(str(name), lambda name=name: job(name))
        while flight.failure is None:
            time.sleep(0.001)
        gate.set()
        met = set()
        while (one := flight.meet()) is not None:
            met.add(one)
        assert (sorted(begun), met) == ([0, 1, 2], {("0", 0), ("1", 1)})
        assert isinstance(flight.failure, ValueError)


def test_an_urgent_job_goes_first():
    order = []
    with InFlight[int](lambda: 1) as flight:
        gate = threading.Event()
        flight.add(0, lambda: gate.wait(5))
        while flight.waiting:
            time.sleep(0.001)
        for name in (1, 2):
            flight.add(name, lambda: None)
        flight.add(3, lambda: None, first=True)
        gate.set()
        while (met := flight.meet()) is not None:
            order.append(met[0])
    assert order == [0, 3, 1, 2]
