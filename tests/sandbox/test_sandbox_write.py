"""Writes: what is stored, what is echoed, all of a batch or nothing, times of change, ids."""

import re

import pytest
import sandbox_world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyairtable import Api
from requests.exceptions import HTTPError
from sandbox_world import ACME, ADA, BASE, BOB, BOLT, CYD, DAY, PEOPLE

from dq import sandbox

STORED = [
    ("Name", " a \n b ", " a \n b "),
    ("Name", "😀 é \ud800", "😀 é \ud800"),
    ("Name", "", None),
    ("Name", None, None),
    ("Email", "no address", "no address"),
    ("Bio", "x\ny", "x\ny"),
    ("Notes", "#h\n* a\n+ b\n  * c", "#h\n- a\n- b\n  - c\n"),
    ("Notes", "a * b\n\n", "a * b\n"),
    ("Notes", "x\n", "x\n"),
    ("Age", 0, 0),
    ("Age", 5.0, 5),
    ("Age", -1.25, -1.25),
    ("Pay", 1e21, 1e21),
    ("Stars", 5, 5),
    ("Stars", 3.0, 3),
    ("Active", True, True),
    ("Active", False, None),
    ("Born", "2024-02-29", "2024-02-29"),
    ("Met", "2026-03-01T10:00:00.123Z", "2026-03-01T10:00:00.123Z"),
    ("Met", "2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00.000Z"),
    ("Met", "2026-03-01T10:00", "2026-03-01T15:00:00.000Z"),
    ("Met", "2026-07-01", "2026-07-01T04:00:00.000Z"),
    ("Met", 1767225600123, "2026-01-01T00:00:00.123Z"),
    ("Status", "Done", "Done"),
    ("Tags", ["b", "a"], ["b", "a"]),
    ("Tags", [], None),
    ("Firms", [BOLT, ACME], [BOLT, ACME]),
    ("Firms", [], None),
]


@pytest.mark.parametrize(("field", "sent", "stored"), STORED)
def test_a_value_is_stored_and_echoed(steady_people, field, sent, stored):
    record = steady_people.create({field: sent})
    assert record["fields"].get(field) == stored
    assert type(record["fields"].get(field)) is type(stored)
    assert steady_people.get(record["id"]) == record
    steady_people.delete(record["id"])


@pytest.mark.parametrize("sent", [None, ""])
def test_an_emptied_rich_text_reads_back_as_a_line_end(people, sent):
    assert people.update(ADA, {"Notes": sent})["fields"]["Notes"] == "\n"
    assert "Notes" not in people.update(BOB, {"Notes": sent})["fields"]


def test_patch_merges_and_echoes_the_full_record_in_the_order_sent(people):
    before = people.get(ADA)["fields"]
    sent = [{"id": CYD, "fields": {"Age": 9}}, {"id": ADA, "fields": {"fldMail0000000001": None, "Stars": 4}}]
    cyd, ada = people.batch_update(sent)
    assert (cyd["id"], cyd["fields"]["Age"]) == (CYD, 9)
    del before["Email"]
    assert ada["fields"] == before | {"Stars": 4, "Modified": "2026-06-01T00:00:00.000Z"}


@pytest.mark.parametrize("single", [True, False])
def test_put_clears_what_can_be_written(people, single):
    fields = {"Name": "A"}
    ada = (
        people.update(ADA, fields, replace=True)
        if single
        else people.batch_update([{"id": ADA, "fields": fields}], replace=True)[0]
    )
    assert ada["fields"] == {
        "Name": "A",
        "Notes": "\n",
        "Score": 7,
        "Novel": {"x": 1},
        "Created": DAY,
        "Modified": "2026-06-01T00:00:00.000Z",
        "Age Modified": "2026-06-01T00:00:00.000Z",
    }


def test_answers_by_field_id(server):
    body = {"fields": {"Name": "x"}, "returnFieldsByFieldId": True, "typecast": False}
    assert server.people("POST", body).json()["fields"]["fldName0000000001"] == "x"
    by_id = server.people("GET", tail=f"/{ADA}", params={"returnFieldsByFieldId": 1}).json()
    assert by_id["fields"]["fldName0000000001"] == "Ada"


def test_delete_answers_in_the_order_sent(people):
    assert people.batch_delete([CYD, ADA]) == [{"id": CYD, "deleted": True}, {"id": ADA, "deleted": True}]
    assert people.delete(BOB) == {"id": BOB, "deleted": True}
    assert people.all() == []


@pytest.mark.parametrize(
    "body",
    [
        {"records": [{"id": ADA, "fields": {"Name": "X"}}, {"id": BOB, "fields": {"Age": "no"}}]},
        {"records": [{"id": ADA, "fields": {"Name": "X"}}, {"id": "recNone0000000001", "fields": {}}]},
    ],
)
def test_one_bad_update_stops_the_batch(data, server, body):
    before = sandbox.dump(data)
    assert server.people("PATCH", body).status_code == 422
    assert sandbox.dump(data) == before


def test_one_bad_create_stops_the_batch_and_uses_no_id(data, server, people):
    before = sandbox.dump(data)
    body = {"records": [{"fields": {"Name": "good"}}, {"fields": {"Status": "bad"}}]}
    assert server.people("POST", body).status_code == 422
    assert sandbox.dump(data) == before
    first = people.create({})["id"]
    assert first == fresh_ids(data.with_name("other.db"), 1)[0]


def fresh_ids(path, count):
    from sandbox_world import world

    sandbox.load(world(), path)
    with sandbox.running(path, rps=0) as url:
        table = Api("t", endpoint_url=url, retry_strategy=None).table(BASE, PEOPLE)
        return [record["id"] for record in table.batch_create([{}] * count)]


def test_equal_creates_on_equal_files_give_equal_ids(tmp_path, people):
    ids = [record["id"] for record in people.batch_create([{}] * 12)]
    assert ids == fresh_ids(tmp_path / "other.db", 12)
    assert all(re.fullmatch("rec[A-Za-z0-9]{14}", record_id) for record_id in ids)
    assert len(set(ids)) == 12


def test_the_order_of_creates_does_not_matter_to_their_ids(tmp_path, people):
    names = ["Eva", "Fay", "Gil"]
    first = {record["fields"]["Name"]: record["id"] for record in people.batch_create([{"Name": n} for n in names])}
    sandbox.load(sandbox_world.world(), tmp_path / "other.db")
    with sandbox.running(tmp_path / "other.db", rps=0) as url:
        table = Api("t", endpoint_url=url, retry_strategy=None).table(BASE, PEOPLE)
        assert {name: table.create({"Name": name})["id"] for name in reversed(names)} == first


def test_an_id_is_never_given_out_twice(data, server, people):
    first = people.create({})["id"]
    people.delete(first)
    assert people.create({})["id"] != first
    sandbox.load(sandbox.dump(data), data)  # what was deleted is forgotten, the ids that are there stay taken
    taken = {record["id"] for record in people.all()}
    assert people.create({})["id"] not in taken


def test_a_new_record_is_last_in_the_dump_and_has_its_times(data, people, clock):
    clock.sleep(1.7)
    made = people.create({"Age": 1})
    shown = "2026-06-01T00:00:01.000Z"
    assert made["createdTime"] == shown
    assert [made["fields"][name] for name in ("Created", "Modified", "Age Modified")] == [shown] * 3
    assert sandbox.dump(data)["bases"][0]["tables"][0]["records"][-1] == made


@pytest.mark.parametrize(
    ("cells", "moved"),
    [
        ({"Age": 37}, {"Modified", "Age Modified"}),
        ({"Age": None}, {"Modified", "Age Modified"}),
        ({"Name": "Eva"}, {"Modified"}),
        ({"Name": "Ada", "Age": 36, "Active": True, "Tags": ["a", "b"], "Notes": "hi", "Bio": None}, set()),
        ({"Tags": ["b", "a"]}, {"Modified"}),
        ({}, set()),
    ],
)
def test_the_time_of_change_moves_when_a_watched_cell_changes(people, clock, cells, moved):
    people.update(ADA, {"Age": 35})
    people.update(ADA, {"Age": 36})
    clock.sleep(60.5)
    fields = people.update(ADA, cells)["fields"]
    assert {name for name in ("Modified", "Age Modified") if fields[name] == "2026-06-01T00:01:00.000Z"} == moved


def test_created_time_cannot_be_sent(server):
    body = {"records": [{"id": ADA, "createdTime": DAY, "fields": {}}]}
    assert server.people("PATCH", body).json()["error"]["type"] == "INVALID_RECORDS"


def test_records_of_one_batch_that_fail_leave_the_client_an_error(people):
    with pytest.raises(HTTPError):
        people.batch_update([{"id": ADA, "fields": {"Name": "x"}}, {"id": BOB, "fields": {"Stars": 0}}])
    assert people.get(ADA)["fields"]["Name"] == "Ada"


texts = st.text(max_size=30)
cells = st.fixed_dictionaries(
    {},
    optional={
        "Name": texts,
        "Bio": texts,
        "Notes": texts,
        "Age": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
        "Active": st.booleans(),
        "Tags": st.sampled_from([[], ["a"], ["b", "a"]]),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells)
def test_what_is_read_can_be_written_again_and_changes_nothing(people, clock, sent):
    record = people.create(sent)
    clock.sleep(10)
    writable = {k: v for k, v in record["fields"].items() if "Modified" not in k and k != "Created"}
    assert people.update(record["id"], writable, replace=True) == record
