"""Other people's clients, unchanged: pyairtable, and the official one where Node and its package are to be had."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pyairtable import Api, formulas, retry_strategy
from requests.exceptions import HTTPError, RetryError
from sandbox_world import ADA, BASE, BOB, CYD, PEOPLE, world

from dq import sandbox
from dq.sandbox import faults, requestlog
from dq.sandbox.faults import Fault, Rule, Schedule
from dq.sandbox.options import Options

SCRIPT = Path(__file__).with_name("official_client.js")
PACKAGE = "airtable@0.12.2"


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The official client's package."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node and npm are not here")
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), PACKAGE]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=folder)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm cannot install {PACKAGE}: {type(error).__name__}")
    return folder / "node_modules" / "airtable"


@pytest.fixture(scope="module")
def told(official: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the official client was told, and the names of the records that it left; its last five reads meet faults."""
    data = tmp_path_factory.mktemp("official") / "airtable.db"
    sandbox.load(world(), data)
    late = ("reset", "html_502", "server_error", "rate_limit", "too_large")
    rules = [Rule((Fault(kind),), method="GET", on="list", nth=(7 + place,)) for place, kind in enumerate(late)]
    with sandbox.served(data, options=Options(rps=0)) as url:
        faults.put(url, Schedule(tuple(rules)))
        command = ["node", str(SCRIPT), str(official), url, BASE, PEOPLE]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 0, ended.stderr
        assert {request["status"] for request in requestlog.fetched(url)["requests"]} >= {0, 200, 413, 429, 502}
    left = [record["fields"]["Name"] for record in sandbox.dump(data)["bases"][0]["tables"][0]["records"]]
    return {**json.loads(ended.stdout), "left": left}


def test_the_official_client(told):
    eve, fay = told["created"]
    assert (eve["fields"]["Name"], eve["fields"]["Age"], fay["fields"]["Name"]) == ("Eve", 3, "Fay")
    assert told["single"]["fields"]["Status"] == "new"
    assert len(told["firstPage"]) == 2
    assert told["pages"] == [["Gus", "Fay", "Eve", "Cyd"], ["bob", "Ada"]]
    assert sorted(told["filtered"]) == ["Eve", "bob"]
    assert told["long"] == 1
    assert told["found"] == told["single"]
    assert told["updated"][0]["fields"]["Age"] == 4
    assert told["upserted"][0]["id"] == eve["id"]
    assert [record["fields"]["Name"] for record in told["upserted"]] == ["Eve", "Hal"]
    assert told["replaced"]["fields"]["Name"] == "Gus II"
    assert "Status" not in told["replaced"]["fields"]
    assert (told["destroyed"], told["one"]) == ([fay["id"]], told["single"]["id"])
    assert set(told["left"]) == {"Ada", "bob", "Cyd", "Eve", "Hal"}


@pytest.mark.parametrize(
    ("name", "error", "status"),
    [
        ("gone", "NOT_FOUND", 404),
        ("field", "UNKNOWN_FIELD_NAME", 422),
        ("value", "INVALID_VALUE_FOR_COLUMN", 422),
        ("computed", "INVALID_VALUE_FOR_COLUMN", 422),
        ("many", "INVALID_RECORDS", 422),
        ("table", "NOT_AUTHORIZED", 403),
        ("formula", "INVALID_FILTER_BY_FORMULA", 422),
        ("reset", None, None),  # it passes on what the connection said
        ("html", "UNEXPECTED_ERROR", 502),
        ("failed", "SERVER_ERROR", 500),
        ("haste", "TOO_MANY_REQUESTS", 429),
        ("large", "REQUEST_TOO_LARGE", 413),
    ],
)
def test_what_the_official_client_makes_of_errors(told, name, error, status):
    assert (told["errors"][name].get("error"), told["errors"][name].get("statusCode")) == (error, status)


def test_pyairtable_in_batches(people):
    made = people.batch_create([{"Name": f"n{number}", "Age": number} for number in range(25)])
    assert len({record["id"] for record in made}) == 25
    changed = people.batch_update([{"id": record["id"], "fields": {"Age": 99}} for record in made])
    assert {record["fields"]["Age"] for record in changed} == {99}
    done = people.batch_upsert(
        [{"fields": {"Name": name, "Age": 1}} for name in ("n0", "fresh", "n1")], key_fields=["Name"]
    )
    assert (len(done["createdRecords"]), len(done["updatedRecords"])) == (1, 2)
    pages = list(people.iterate(page_size=10))
    assert [len(page) for page in pages] == [10, 10, 9]
    gone = people.batch_delete([record["id"] for record in made])
    assert all(record["deleted"] for record in gone)
    assert {record["id"] for record in people.all()} >= {ADA, BOB, CYD}


def test_pyairtable_reads_in_every_way(people):
    assert people.first(formula=formulas.match({"Name": "Ada"}))["id"] == ADA
    either = formulas.OR(formulas.EQ(formulas.Field("Name"), "bob"), formulas.EQ(formulas.Field("Age"), 36))
    assert [record["id"] for record in people.all(formula=either, sort=["-Age"])] == [ADA, BOB]
    shown = people.all(fields=["Name"], use_field_ids=True)
    assert {tuple(record["fields"]) for record in shown} == {("fldName0000000001",)}
    assert len(people.all(formula=f"OR({','.join(['{Age}=5'] * 2000)})")) == 1
    texts = people.all(cell_format="string", user_locale="en-us", time_zone="UTC", fields=["Age"])
    assert {record["fields"].get("Age") for record in texts} == {"36", "5", "0"}


def test_pyairtable_knows_the_schema(server):
    api = Api("patTest", endpoint_url=server.url, retry_strategy=None)
    base = api.base(BASE, validate=True)
    table = base.schema().table(PEOPLE)
    assert table.name == "People / all"
    assert {field.type for field in table.fields} >= {"singleLineText", "formula", "multipleRecordLinks"}
    assert api.whoami()["id"].startswith("usr")


def test_pyairtable_waits_where_a_429_passes_and_gives_up_where_it_stays(server):
    haste = Rule((Fault("rate_limit"),), nth=(1, 2))
    faults.put(server.url, Schedule((haste,)))
    patient = Api("patTest", endpoint_url=server.url, retry_strategy=retry_strategy(backoff_factor=0.01))
    assert len(patient.table(BASE, PEOPLE).all()) == 3
    faults.put(server.url, Schedule((Rule((Fault("billing"),)),)))
    with pytest.raises(RetryError):
        patient.table(BASE, PEOPLE).all()
    with pytest.raises(HTTPError, match="429"):
        Api("patTest", endpoint_url=server.url, retry_strategy=None).table(BASE, PEOPLE).all()


def test_a_lost_answer_makes_pyairtable_create_twice(server):
    """What a careful writer must not do: the client's own retry posts again what was done."""
    faults.put(server.url, Schedule((Rule((Fault("reset", "after"),), nth=(1, 2)),)))
    table = Api("patTest", endpoint_url=server.url, retry_strategy=retry_strategy(backoff_factor=0.01)).table(
        BASE, PEOPLE
    )
    table.create({"Name": "thrice"})
    assert [record["fields"]["Name"] for record in table.all()].count("thrice") == 3
