"""What Airtable does to a careful writer, by the numbers of the list of edge cases."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_server import scripted
from store_worlds import BASE, TABLE, airtable_document

from dq import sandbox
from dq.errors import ConfigurationError
from dq.manifest import Column, TableSchema
from dq.sandbox import people
from dq.sandbox.people import Deed, Script
from dq.stores import RowWrite
from dq.stores.airtable import AirtableStore
from dq.stores.airtable.fields import column_of
from dq.stores.meaning import is_same

Serve = Callable[[dict[str, Any]], AirtableStore]
COMPUTED = (
    "aiText", "autoNumber", "button", "count", "createdBy", "createdTime", "externalSyncSource", "formula", "lastModifiedBy",
    "lastModifiedTime", "multipleLookupValues", "rollup", "manualSort", "aTypeOfTomorrow",
)  # fmt: skip
SCHEMA = TableSchema(
    "airtable",
    "Leads",
    "id",
    (
        Column("id", "text", "recordId"),
        Column("Name", "text", "singleLineText", id="fld1"),
        Column("Done", "boolean", "checkbox", id="fld2"),
        Column("Tags", "list", "multipleSelects", id="fld3"),
    ),
    id="tbl1",
)


@pytest.fixture
def serve(airtable_server: tuple[Any, str]) -> Iterator[Serve]:
    data, url = airtable_server
    stores = []

    def opened(document: dict[str, Any]) -> AirtableStore:
        sandbox.load(document, data)
        stores.append(AirtableStore(BASE, "token", url, 0))
        return stores[-1]

    yield opened
    people.clear(url)
    for store in stores:
        store.close()


def _key(number: int) -> str:
    return f"rec{number:014d}"


def _rows(count: int) -> list[dict[str, Any]]:
    return [{"id": _key(n), "name": f"n{n}", "email": f"n{n}@x.example", "status": "new"} for n in range(1, count + 1)]


def _update(number: int, **after: Any) -> RowWrite:
    return RowWrite("leads", "update", _key(number), {"name": f"n{number}"}, after, f"g{number}")


def _held(data: Any) -> dict[str, Any]:
    base = next(one for one in sandbox.dump(data)["bases"] if one["id"] == BASE)
    return {record["id"]: record["fields"] for record in base["tables"][0]["records"]}


def test_edge_11_an_edit_between_the_reading_and_the_writing_keeps_its_cells(
    serve: Serve, airtable_server: tuple[Any, str]
) -> None:
    """Airtable knows no condition on a write: what dq does not send is what it cannot overwrite."""
    data, url = airtable_server
    store = serve(airtable_document(_rows(2)))
    schema = store.describe("leads", ["name", "email"])
    people.put(url, Script((Deed("edit", BASE, TABLE, _key(1), {"email": "edited@x.example"}, before=2),)))
    (done,) = store.write(schema, [_update(1, name="new")])
    assert [one["number"] for one in people.done(url)] == [2]
    assert (done.state, done.echo["name"], done.echo["email"]) == ("written", "new", "edited@x.example")
    assert _held(data)[_key(1)] == {"name": "new", "email": "edited@x.example", "status": "new"}


def test_edge_36_of_ten_bad_rows_each_is_refused_for_its_own_reason_and_nothing_changes(
    serve: Serve, airtable_server: tuple[Any, str]
) -> None:
    store = serve(airtable_document(_rows(12)))
    before = _held(airtable_server[0])
    schema = store.describe("leads", ["name", "status", "score"])
    bad = [_update(n, **({"status": "nope"} if n % 2 else {"score": "many"})) for n in range(1, 11)]
    done = store.write(schema, [*bad, _update(11, name="good"), _update(12, name="good")])
    assert [one.state for one in done] == ["refused"] * 10 + ["written"] * 2
    reasons = [str(one.reason).partition(":")[0] for one in done[:10]]
    assert reasons == ["INVALID_MULTIPLE_CHOICE_OPTIONS", "INVALID_VALUE_FOR_COLUMN"] * 5
    after = _held(airtable_server[0])
    assert {key: after[key] for key in map(_key, range(1, 11))} == {key: before[key] for key in map(_key, range(1, 11))}


def test_edge_36_a_record_that_is_gone_costs_its_batch_nothing(serve: Serve, airtable_server: tuple[Any, str]) -> None:
    """Deleted after dq looked: the whole request fails, with a word about one record."""
    data, url = airtable_server
    store = serve(airtable_document(_rows(10)))
    schema = store.describe("leads", ["name"])
    people.put(url, Script((Deed("delete", BASE, TABLE, _key(4), before=2),)))
    done = store.write(schema, [_update(n, name="new") for n in range(1, 11)])
    assert [n for n, one in enumerate(done, 1) if one.state != "written"] == [4]
    assert (done[3].state, "gone" in str(done[3].reason)) == ("moved", True)
    assert {cells["name"] for cells in _held(data).values()} == {"new"}


@pytest.mark.parametrize("type_", COMPUTED)
def test_edge_38_what_airtable_computes_is_never_sent(type_: str) -> None:
    column = column_of({"id": "fld9", "name": "Sum", "type": type_, "options": {"result": {"type": "number"}}})
    assert not column.writable
    schema = TableSchema("airtable", "Leads", "id", (*SCHEMA.columns, column), id="tbl1")
    with scripted((500, {})) as server:
        store = AirtableStore("app1", "token", server.url, 0)
        with pytest.raises(ConfigurationError, match="computed"):
            store.write(schema, [RowWrite("Leads", "update", "rec1", {}, {"Name": "x", "Sum": 1}, "g")])
        assert server.asked == []
        store.close()


@pytest.mark.parametrize("option", ["gone", "New", "new ", " new", "NEW", ""])
def test_edge_39_an_option_that_is_not_there_to_the_letter_is_never_made(
    serve: Serve, airtable_server: tuple[Any, str], option: str
) -> None:
    store = serve(airtable_document(_rows(2)))
    schema = store.describe("leads", ["name", "status"])
    done = store.write(schema, [_update(1, status=option), _update(2, status="done")])
    assert [one.state for one in done] == ["refused" if option else "written", "written"]
    assert store.describe("leads", ["status"]).column("status").choices == ("new", "done")
    held = _held(airtable_server[0])
    assert (held[_key(1)].get("status"), held[_key(2)]["status"]) == ("new" if option else None, "done")


def test_edge_39_order_and_color_of_options_are_not_their_meaning() -> None:
    choices = [{"id": "sel1", "name": "new", "color": "blueLight2"}, {"id": "sel2", "name": "done"}]
    made = column_of({"id": "fld1", "name": "Status", "type": "singleSelect", "options": {"choices": choices}})
    plain = [{"id": one["id"], "name": one["name"]} for one in choices]
    again = column_of({"id": "fld1", "name": "Status", "type": "singleSelect", "options": {"choices": plain}})
    assert made == again
    assert is_same("new", "new", made.kind)


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (403, {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"}, "does not let this token"),
        (403, {"type": "INVALID_PERMISSIONS", "message": "You are not permitted"}, "does not let this token"),
        (401, {"type": "AUTHENTICATION_REQUIRED"}, "does not know the token"),
        (404, {"type": "TABLE_NOT_FOUND"}, "no such base or table"),
    ],
)
def test_edge_40_a_permission_lost_mid_run_stops_and_tells_what_was_written(
    status: int, error: dict[str, str], said: str
) -> None:
    keys = [_key(n) for n in range(20)]
    held = (200, {"records": [_record(key, fld1="old") for key in keys]})
    first = (200, {"records": [_record(key, fld1="new") for key in keys[:10]]})
    with scripted(held, first, (status, {"error": error})) as server:
        store = AirtableStore("app1", "token", server.url, 0)
        batches = [[RowWrite("Leads", "update", key, {"Name": "old"}, {"Name": "new"}, key) for key in keys]]
        told = store.write_each(SCHEMA, iter(batches))
        _, known = next(told)
        assert {place: one.state for place, one in known.items()} == dict.fromkeys(range(10), "written")
        with pytest.raises(ConfigurationError, match=said):
            next(told)
        assert len(server.asked) == 3, "nothing is sent after it"
        store.close()


def test_edge_43_a_cell_is_cleared_by_null_and_cells_that_do_not_change_are_not_sent() -> None:
    cells = {"Name": "", "Done": False, "Tags": None}
    with scripted(
        (200, {"records": [_record("rec1", fld1="old", fld2=True)]}), (200, {"records": [_record("rec1")]})
    ) as server:
        store = AirtableStore("app1", "token", server.url, 0)
        (done,) = store.write(SCHEMA, [RowWrite("Leads", "update", "rec1", {"Name": "old", "Done": True}, cells, "g")])
        method, _, body = server.asked[-1]
        assert (method, body["typecast"]) == ("PATCH", False)
        assert body["records"] == [{"id": "rec1", "fields": {"fld1": None, "fld2": False, "fld3": None}}]
        assert all(is_same(done.echo[name], value, SCHEMA.column(name).kind) for name, value in cells.items())
        store.close()


def test_edge_43_what_is_omitted_is_empty_and_zero_is_not(serve: Serve) -> None:
    row = {"id": _key(1), "name": "x", "score": 0, "ok": False}
    store = serve(airtable_document([row]))
    schema = store.describe("leads", ["name", "email", "score", "ok"])
    held = store.fetch(schema, [_key(1)])[_key(1)]
    assert (held["email"], held["score"]) == (None, 0)
    assert is_same(held["ok"], False, "boolean")
    assert not is_same(held["score"], None, "number")


def _record(key: str, **cells: Any) -> dict[str, Any]:
    return {"id": key, "createdTime": "2026-01-01T00:00:00.000Z", "fields": cells}


@pytest.mark.parametrize(
    ("type_", "held", "again", "same"),
    [
        ("multipleAttachments", [{"id": "att1", "url": "https://x/1", "filename": "a.pdf"}], [{"filename": "a.pdf", "id": "att1", "url": "https://x/2"}], True),
        ("multipleAttachments", [{"id": "att1", "url": "https://x/1"}], [{"id": "att2", "url": "https://x/1"}], False),
        ("multipleAttachments", [{"id": "att1", "thumbnails": {"small": {"url": "https://x/1"}}}], [{"id": "att1"}], True),
        ("singleCollaborator", {"id": "usr1", "email": "a@x.example", "name": "A"}, {"name": "A", "email": "a@x.example", "id": "usr1"}, True),
        ("multipleCollaborators", [{"id": "usr1"}, {"id": "usr2"}], [{"id": "usr1"}, {"id": "usr3"}], False),
        ("barcode", {"text": "123", "type": "upce"}, {"type": "upce", "text": "123"}, True),
        ("barcode", {"text": "123"}, {"text": "124"}, False),
        ("checkbox", True, None, False),
    ],
)  # fmt: skip
def test_edge_44_objects_are_equal_by_their_meaning_and_expired_urls_are_no_change_edge_42(
    type_: str, held: Any, again: Any, same: bool
) -> None:
    fields = [{"id": "fld1", "name": "Cell", "type": type_}, {"id": "fld2", "name": "Name", "type": "singleLineText"}]
    tables = (200, {"tables": [{"id": "tbl1", "name": "Leads", "fields": fields}]})
    with scripted(tables, *((200, {"records": [_record("rec1", fld1=value)]}) for value in (held, again))) as server:
        store = AirtableStore("app1", "token", server.url, 0)
        schema = store.describe("Leads", ["Cell"])
        read = [batch.column("Cell").to_pylist()[0] for _ in range(2) for batch in store.batches(schema)]
        assert is_same(*read, schema.column("Cell").kind) is same, json.dumps(read)
        store.close()
