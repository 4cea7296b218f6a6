"""Scripted people: what they do between requests, and what is noted of it."""

import pytest
from sandbox_world import ADA, BASE, BOB, PEOPLE

from dq import sandbox
from dq.sandbox import people
from dq.sandbox.people import Crowd, Deed, Script

JSON = {"Content-Type": "application/json"}


def deed(act, record="", before=1, **fields):
    return Deed(act, BASE, PEOPLE, record, fields, before)


def names(server):
    return [record["fields"].get("Name") for record in server.people("GET").json()["records"]]


def test_deeds_come_before_their_request(server, clock):
    script = Script(
        (deed("edit", ADA, 2, Name="Ada II"), deed("delete", BOB, 3), deed("add", before=3, Name="Eve", Age=4))
    )
    people.put(server.url, script)
    assert names(server) == ["Ada", "bob", "Cyd"]
    clock.sleep(5)
    assert names(server) == ["Ada II", "bob", "Cyd"]
    assert set(names(server)) == {"Ada II", "Cyd", "Eve"}
    edit, gone, added = people.done(server.url)
    assert (edit["number"], edit["old"]["fldName0000000001"], edit["new"]["fldName0000000001"]) == (2, "Ada", "Ada II")
    assert edit["new"]["fldMod00000000001"] == "2026-06-01T00:00:05.000Z"
    assert edit["time"] == "2026-06-01T00:00:05.000+00:00"
    assert (gone["old"]["fldName0000000001"], gone["new"]) == ("bob", {})
    assert (added["old"], added["new"]["fldAge00000000001"]) == ({}, 4)
    assert added["record"].startswith("rec")


def test_what_people_see_done_is_in_the_store(data, server):
    people.put(server.url, Script((deed("edit", ADA, Name="Ada II"),)))
    server.people("PATCH", {"records": [{"id": ADA, "fields": {"Age": 1}}]})
    stored = {r["id"]: r["fields"] for r in sandbox.dump(data)["bases"][0]["tables"][0]["records"]}[ADA]
    assert (stored["Name"], stored["Age"]) == ("Ada II", 1)


def test_a_deed_that_cannot_be_done_is_noted(server):
    people.put(server.url, Script((deed("delete", BOB), deed("edit", BOB, 2, Name="x"), deed("edit", ADA, 2, Age="x"))))
    assert names(server) == ["Ada", "Cyd"]
    assert names(server) == ["Ada", "Cyd"]
    assert [done["refused"] for done in people.done(server.url)] == [
        None,
        "MODEL_ID_NOT_FOUND",
        "INVALID_VALUE_FOR_COLUMN",
    ]


def test_refused_requests_do_not_count(server):
    people.put(server.url, Script((deed("edit", ADA, 1, Name="x"),)))
    server.people("GET", headers={"Authorization": ""})
    assert people.done(server.url) == []
    assert "x" in names(server)


def run(serve_with, data, seed):
    server = serve_with(data, rps=0)
    crowd = Crowd(BASE, PEOPLE, 0.4, ("edit", "edit", "add", "delete"), {"Name": ("p {n}", "q {n}"), "Age": (1, 2)})
    people.put(server.url, Script(crowds=(crowd,), seed=seed))
    for _ in range(40):
        server.people("GET")
    return [{**done, "time": ""} for done in people.done(server.url)]


def test_a_crowd_acts_by_its_seed(tmp_path, serve_with):
    from sandbox_world import world

    results = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sandbox.load(world(), tmp_path / name)
        done = run(serve_with, tmp_path / name, seed)
        results.append([(d["number"], d["act"], d["record"], d["refused"]) for d in done])
        assert 8 < len(done) < 25
        assert {d["act"] for d in done} == {"edit", "add", "delete"}
        assert {d["refused"] for d in done} == {None}
    assert results[0] == results[1] != results[2]


def test_a_crowd_keeps_to_its_records_and_number(server):
    crowd = Crowd(BASE, PEOPLE, 1, ("edit",), {"Name": ("p {n}",)}, (BOB,), times=2)
    people.put(server.url, Script(crowds=(crowd,)))
    for _ in range(4):
        server.people("GET")
    assert [(d["record"], d["new"]["fldName0000000001"]) for d in people.done(server.url)] == [
        (BOB, "p 1"),
        (BOB, "p 2"),
    ]
    people.clear(server.url)
    assert len(people.done(server.url)) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"deeds": [{"act": "paint", "base": BASE, "table": PEOPLE}]},
        {"deeds": [{"act": "add", "base": BASE, "table": PEOPLE, "record": ADA}]},
        {"crowds": [{"base": BASE, "table": PEOPLE, "rate": 3}]},
        {"crowds": [{"base": BASE, "table": PEOPLE, "rate": 1, "fields": {"Name": []}}]},
    ],
)
def test_a_wrong_script_is_refused(server, body):
    assert server.ask("POST", people.PEOPLE_PATH, body, headers=JSON).status_code == 422
