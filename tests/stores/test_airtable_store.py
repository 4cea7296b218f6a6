"""The store against the local Airtable: schema, types, batches of ten, and what a call costs."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_worlds import BASE, KEYS, ROWS, airtable_document

from dq import sandbox
from dq.errors import ConfigurationError
from dq.stores import RowWrite
from dq.stores.airtable import AirtableStore
from dq.stores.airtable.fields import column_of
from dq.stores.price import price

TYPES = {
    "name": "multilineText",
    "rich": "richText",
    "tags": "multipleSelects",
    "when": "dateTime",
    "calc": "formula",
    "moved": "lastModifiedTime",
}


def fields(**types: str) -> dict:
    return airtable_document([], types)


@pytest.mark.parametrize(
    ("type_", "options", "kind", "writable"),
    [
        ("singleLineText", {}, "text", True),
        ("singleSelect", {"choices": [{"id": "sel1", "name": "a"}]}, "text", True),
        ("multilineText", {}, "long_text", True),
        ("richText", {}, "rich_text", True),
        ("duration", {}, "number", True),
        ("checkbox", {}, "boolean", True),
        ("multipleRecordLinks", {}, "list", True),
        ("formula", {"result": {"type": "singleLineText"}}, "text", False),
        ("formula", {"result": {"type": "number"}}, "json", False),
        ("formula", {"result": None}, "json", False),
        ("rollup", {"result": {"type": "dateTime"}}, "datetime", False),
        ("lastModifiedTime", {"result": {"type": "dateTime"}}, "datetime", False),
        ("lastModifiedTime", {}, "datetime", False),
        ("createdTime", {"result": {"type": "date"}}, "date", False),
        ("autoNumber", {}, "number", False),
        ("multipleAttachments", {}, "json", False),
        ("somethingNew", {}, "json", False),
    ],
)
def test_kinds_of_field_types(type_, options, kind, writable):
    column = column_of({"id": "fld1", "name": "F", "type": type_, "options": options})
    assert (column.kind, column.writable) == (kind, writable)
    assert column.choices == tuple(choice["name"] for choice in options.get("choices", ()))


@pytest.fixture
def served(airtable_server):
    data, url = airtable_server
    stores = []

    def serve(document: dict, **options) -> AirtableStore:
        sandbox.load(document, data)
        stores.append(AirtableStore(BASE, "token", url, 0, **options))
        return stores[-1]

    yield serve
    for store in stores:
        store.close()


def test_types_come_from_the_schema(served):
    rows = [
        {"id": KEYS[0], "name": "x", "calc": {"specialValue": "NaN"}, "rich": "- a\n"},
        {"id": KEYS[1], "calc": 7.5, "tags": ["new", "done"], "when": "2026-01-02T03:04:05.000Z"},
    ]
    document = airtable_document(rows, TYPES)
    document["bases"][0]["tables"][0]["fields"][2]["options"] = {
        "choices": [{"id": "selA0000000000001", "name": "new"}, {"id": "selA0000000000002", "name": "done"}]
    }
    store = served(document)
    schema = store.describe("leads", list(TYPES))
    table = pa.Table.from_batches(list(store.batches(schema)))
    assert set(table.schema.types) == {pa.string()}
    first, second = table.to_pylist()
    assert (first["calc"], first["tags"], first["rich"]) == ('{"specialValue":"NaN"}', None, "- a\n")
    assert (second["calc"], second["tags"], second["name"]) == ("7.5", '["new","done"]', None)
    assert second["when"] == "2026-01-02T03:04:05.000Z"
    assert first["createdTime"] == "2026-01-01T00:00:00.000Z"


def test_tables_are_known_by_name_and_id(served):
    store = served(airtable_document(ROWS))
    assert store.describe("tblContract000001", ["email"]) == store.describe("leads", ["email"])


def test_a_base_that_is_not_there(airtable_server):
    store = AirtableStore("appNone0000000000", "token", airtable_server[1], 0)
    with pytest.raises(ConfigurationError, match="does not let this token"):
        store.describe("leads", [])
    store.close()


def test_a_field_called_like_the_records_own(served):
    store = served(fields(name="singleLineText", id="singleLineText"))
    assert [column.name for column in store.describe("leads", ["name"]).columns] == ["id", "createdTime", "name"]
    with pytest.raises(ConfigurationError, match="cannot be mapped"):
        store.describe("leads", ["id"])


def test_edge_38_only_changed_cells_are_sent_and_computed_ones_never(served, airtable_server):
    store = served(airtable_document(ROWS))
    schema = store.describe("leads", ["email"])
    store.write(schema, [RowWrite("leads", "update", KEYS[0], {}, {"email": "new@example.com"}, "g")])
    record = next(r for r in sandbox.dump(airtable_server[0])["bases"] if r["id"] == BASE)["tables"][0]["records"][0]
    assert record["fields"] == {"name": "Zoë 🎈", "email": "new@example.com", "status": "new", "score": 1.5, "ok": True}
    with pytest.raises(ConfigurationError, match="computed"):
        store.write(schema, [RowWrite("leads", "update", KEYS[0], {}, {"id": "x"}, "g")])
    with pytest.raises(ConfigurationError, match="did you mean 'email'"):
        store.write(schema, [RowWrite("leads", "update", KEYS[0], {}, {"emial": "x"}, "g")])


def many(count: int) -> list[dict]:
    return [{"id": f"rec{number:014d}", "name": f"n{number}", "score": number} for number in range(1, count + 1)]


def test_edge_36_a_batch_with_one_bad_record_loses_only_that_one(served):
    store = served(airtable_document(many(30)))
    schema = store.describe("leads", ["name", "status"])
    writes = [
        RowWrite("leads", "update", f"rec{n:014d}", {}, {"status": "nope" if n == 13 else "done"}, f"g{n}")
        for n in range(1, 31)
    ]
    done = store.write(schema, writes)
    assert [n for n, one in enumerate(done, 1) if one.state == "refused"] == [13]
    assert done[12].reason.startswith("INVALID_MULTIPLE_CHOICE_OPTIONS")
    assert "nope" not in done[12].reason


def test_a_group_keeps_what_an_earlier_request_wrote(served):
    """Airtable joins no two requests: this is what holds instead of all-or-nothing."""
    store = served(airtable_document(ROWS))
    schema = store.describe("leads", ["name", "status"])
    group = [
        RowWrite("leads", "update", KEYS[0], {}, {"name": "stays"}, "g"),
        RowWrite("leads", "insert", None, {}, {"status": "nope"}, "g"),
        RowWrite("leads", "delete", KEYS[1], {}, {}, "g"),
    ]
    assert [one.state for one in store.write(schema, group)] == ["written", "refused", "refused"]
    assert store.fetch(schema, KEYS[:2])[KEYS[0]]["name"] == "stays"


def test_merges_run_in_their_groups_order(served):
    store = served(airtable_document(many(24)))
    schema = store.describe("leads", ["name"])
    writes = []
    for n in range(1, 25, 2):
        writes += [
            RowWrite("leads", "update", f"rec{n:014d}", {"name": f"n{n}"}, {"name": "merged"}, f"m{n}"),
            RowWrite("leads", "delete", f"rec{n + 1:014d}", {"name": f"n{n + 1}"}, {}, f"m{n}"),
        ]
    before = store.calls
    assert {one.state for one in store.write(schema, writes)} == {"written"}
    assert store.calls - before == 1 + 2 + 2


def test_groups_of_more_than_ten_stop_at_a_refusal(served):
    store = served(airtable_document(many(25)))
    schema = store.describe("leads", ["name", "status"])
    keys = [f"rec{n:014d}" for n in range(1, 26)]
    group = [
        RowWrite("leads", "update", key, {}, {"status": "nope" if n == 12 else "done"}, "g")
        for n, key in enumerate(keys)
    ]
    done = store.write(schema, group)
    assert [one.state for one in done] == ["written"] * 10 + ["refused"] * 15
    assert done[-1].reason == "an earlier write of its group was not taken"


def test_a_record_is_never_twice_in_one_request(served):
    store = served(airtable_document(ROWS))
    schema = store.describe("leads", ["name"])
    writes = [RowWrite("leads", "update", KEYS[0], {}, {"name": name}, "g") for name in ("first", "second")]
    assert [one.echo["name"] for one in store.write(schema, writes)] == ["first", "second"]


def test_find_without_a_mark_or_a_text_finds_nothing(served):
    store = served(airtable_document(ROWS))
    schema = store.describe("leads", ["name", "score"])
    asked = [RowWrite("leads", "insert", None, {}, after, "g") for after in ({"name": "007"}, {"score": 1.5})]
    assert store.find(schema, asked, None) == [None, None]


def test_backup_loads_into_a_sandbox_again(served, tmp_path):
    document = airtable_document(ROWS)
    store = served(document, tables=("leads",))
    (path,) = store.backup(tmp_path)
    assert json.loads(path.read_text())["bases"][0]["name"] == "Contract"
    again = tmp_path / "again.db"
    sandbox.load(path, again)
    table = sandbox.dump(again)["bases"][0]["tables"][0]
    assert table["records"] == document["bases"][0]["tables"][0]["records"]
    assert table["fields"] == document["bases"][0]["tables"][0]["fields"]


def test_the_watermark_is_the_servers_clock(served):
    store = served(airtable_document([]))
    mark = store.watermark(store.describe("leads", ["name"]))
    assert abs((datetime.fromisoformat(mark) - datetime.now(UTC)).total_seconds()) < 5


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 1000])
def test_the_price_of_reading(served, count):
    store = served(airtable_document(many(count)))
    schema = store.describe("leads", ["name"])
    assert sum(batch.num_rows for batch in store.batches(schema)) == count
    assert store.calls == price(reads=count)


COUNTS = st.integers(0, 130)


@settings(max_examples=15, deadline=None)
@given(
    updates=COUNTS, creates=COUNTS, deletes=COUNTS, batch=st.sampled_from([None, 10, 50, 77]), verified=st.booleans()
)
def test_the_price_of_writing(airtable_server, *, updates, creates, deletes, batch, verified):
    data, url = airtable_server
    sandbox.load(airtable_document(many(updates + deletes)), data)
    store = AirtableStore(BASE, "token", url, 0)
    schema = store.describe("leads", ["name"])
    keys = [f"rec{n:014d}" for n in range(1, updates + deletes + 1)]
    writes = [RowWrite("leads", "update", key, {}, {"name": "x"}, key) for key in keys[:updates]]
    writes += [RowWrite("leads", "delete", key, {}, {}, key) for key in keys[updates:]]
    writes += [RowWrite("leads", "insert", None, {}, {"name": "x"}, f"new{n}") for n in range(creates)]
    before, size, done = store.calls, batch or max(1, len(writes)), []
    for start in range(0, len(writes), size):
        done += store.write(schema, writes[start : start + size])
    if verified:
        store.fetch(schema, [one.key for one in done])
    assert {one.state for one in done} <= {"written"}
    assert store.calls - before == price(
        updates=updates, creates=creates, deletes=deletes, batch=batch, verified=verified
    )
    store.close()
