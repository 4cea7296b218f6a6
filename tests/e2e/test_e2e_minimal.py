"""Property 3: nothing is written that does not change. The bodies that go over the wire are the judge."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from projects import Project

from dq import sandbox
from dq.apply.journal import journal


@pytest.fixture
def bodies(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and JSON body of every request that is sent."""
    sent: list[tuple[str, str, dict[str, Any]]] = []
    send = requests.Session.send

    def recording(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        sent.append((request.method or "", request.path_url, json.loads(request.body) if request.body else {}))
        return send(session, request, **options)

    monkeypatch.setattr(requests.Session, "send", recording)
    return sent


def _held(project: Project) -> dict[str, dict[str, Any]]:
    """Records as the server holds them: id → cells by field id."""
    [table] = [one for one in sandbox.dump(project.airtable)["bases"][0]["tables"] if one["name"] == "Leads"]
    ids = {field["name"]: field["id"] for field in table["fields"]}
    return {record["id"]: {ids[name]: cell for name, cell in record["fields"].items()} for record in table["records"]}


def _written(bodies: list[tuple[str, str, dict[str, Any]]], method: str) -> Iterator[dict[str, Any]]:
    for verb, path, body in bodies:
        if verb == method and "listRecords" not in path:
            assert len(body["records"]) <= 10
            yield from body["records"]


def test_every_cell_on_the_wire_changes_and_every_record_goes_once(
    fresh: Project, bodies: list[tuple[str, str, dict[str, Any]]]
) -> None:
    before = _held(fresh)
    assert fresh.dq("run", "--yes").code == 0
    patched = list(_written(bodies, "PATCH"))
    assert patched
    assert len({record["id"] for record in patched}) == len(patched)
    same = [
        (r["id"], f)
        for r in patched
        for f, cell in r["fields"].items()
        if (before[r["id"]].get(f) or None) == (cell or None)
    ]
    assert same == []
    created = list(_written(bodies, "POST"))
    assert created
    assert [record for record in created if None in record["fields"].values()] == []
    assert not [verb for verb, *_ in bodies if verb == "PUT"]
    assert not any(body.get("typecast") for _, _, body in bodies)


def test_every_cell_of_the_plan_and_the_journal_changes(fresh: Project) -> None:
    before = fresh.rows()
    assert fresh.dq("run", "--yes").code == 0
    import dq

    changes = dq.open(fresh.snapshots).changes
    assert changes.filter((changes["op"] == "update") & changes["before"].eq_missing(changes["after"])).is_empty()
    assert changes["change_id"].is_unique().all()
    with journal(fresh.latest / "journal.sqlite") as opened:
        updates = [entry for entry in opened.entries() if entry.store == "database" and entry.write.op == "update"]
    assert updates
    for entry in updates:
        row = before[entry.write.table][str(entry.write.key)]
        assert {name: row[name] for name in entry.write.before} == dict(entry.write.before), (
            "the pre-image is what was there"
        )
        touched = set(entry.write.after) - {"updated_at"}
        assert [name for name in touched if row[name] == entry.write.after[name]] == []


def test_a_change_of_one_cell_writes_one_cell(settled: Project, bodies: list[tuple[str, str, dict[str, Any]]]) -> None:
    [(key, record)] = settled.sql("SELECT id, airtable_id FROM leads ORDER BY id LIMIT 1")
    settled.sql("UPDATE leads SET title = 'Chief Cook', updated_at = '2031-01-01T00:00:00+00:00' WHERE id = ?", key)
    before = settled.database.read_bytes()
    assert settled.dq("run", "--yes").code == 0
    [patched] = _written(bodies, "PATCH")
    assert (patched["id"], list(patched["fields"].values())) == (record, ["Chief Cook"])
    assert settled.database.read_bytes() == before
