"""load and dump: one format, checked as a whole, replaced in one transaction."""

import json
import sqlite3
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_world import ADA, BASE, DAY, PEOPLE, PEOPLE_FIELDS, world

from dq import sandbox
from dq.errors import ConfigurationError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "leads_small" / "airtable.json"


def test_what_was_loaded_is_dumped(data):
    assert sandbox.dump(data) == world()
    assert [record["id"][:6] for record in sandbox.dump(data)["bases"][0]["tables"][0]["records"]] == [
        "recCyd",
        "recAda",
        "recBob",
    ]


def test_the_order_of_the_loaded_file_is_kept_by_a_second_round(data, tmp_path):
    once = sandbox.dump(data)
    sandbox.load(once, tmp_path / "b.db")
    assert json.dumps(sandbox.dump(tmp_path / "b.db")) == json.dumps(once)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_the_shared_leads(tmp_path):
    sandbox.load(SHARED, tmp_path / "a.db")
    assert sandbox.dump(tmp_path / "a.db") == json.loads(SHARED.read_text(encoding="utf-8"))


def test_load_replaces_a_base_and_keeps_the_others(data):
    other = world()
    other["bases"][0] |= {"id": "appOther000000001", "name": "Other"}
    sandbox.load(other, data)
    changed = world()
    changed["bases"][0]["name"] = "New"
    changed["bases"][0]["tables"][0]["records"] = []
    sandbox.load(changed, data)
    assert sandbox.bases(data) == [(BASE, "New"), ("appOther000000001", "Other")]
    assert sandbox.dump(data) == {"bases": changed["bases"] + other["bases"]}


def test_empty_cells_of_a_file_are_no_cells(tmp_path):
    document = world()
    fields = document["bases"][0]["tables"][0]["records"][0]["fields"]
    fields |= {"Email": "", "Tags": [], "Active": False, "Status": "", "Born": None, "Score": None}
    sandbox.load(document, tmp_path / "a.db")
    assert sandbox.dump(tmp_path / "a.db") == world()


def test_a_created_time_field_is_filled_and_other_computed_values_are_taken_as_given(tmp_path):
    document = world()
    record = document["bases"][0]["tables"][0]["records"][1]
    del record["fields"]["Created"]
    record["fields"]["Score"] = {"error": "#ERROR!"}
    sandbox.load(document, tmp_path / "a.db")
    found = sandbox.dump(tmp_path / "a.db")["bases"][0]["tables"][0]["records"][1]["fields"]
    assert (found["Created"], found["Score"]) == (DAY, {"error": "#ERROR!"})


def table(document):
    return document["bases"][0]["tables"][0]


MALFORMED = [
    (lambda d: d.clear(), "the document"),
    (lambda d: d.update(base=[]), "Did you mean 'bases'?"),
    (lambda d: d.update(bases={}), "'bases' must be a list"),
    (lambda d: d["bases"].append(d["bases"][0]), "comes twice"),
    (lambda d: d["bases"].append(1), "bases[1]"),
    (lambda d: d["bases"][0].update(id="World"), "app[A-Za-z0-9]+"),
    (lambda d: d["bases"][0].update(name=""), "'name' must be text"),
    (lambda d: table(d).update(id="x"), "bases[0].tables[0]"),
    (lambda d: table(d).pop("fields"), "'fields'"),
    (lambda d: table(d).update(primaryFieldId="fldNope"), "primaryFieldId"),
    (lambda d: table(d).update(views=[1]), "'views'"),
    (lambda d: table(d).update(name="Firms"), "The table name 'Firms' comes twice"),
    (lambda d: table(d)["fields"][1].update(name="Name"), "The field name 'Name' comes twice"),
    (lambda d: table(d)["fields"][0].update(type=1), "bases[0].tables[0].fields[0]"),
    (lambda d: table(d)["fields"][0].update(options=[]), "'options'"),
    (lambda d: table(d)["fields"][10].update(options={}), "'choices'"),
    (lambda d: table(d)["fields"][12].update(options={}), "linkedTableId"),
    (lambda d: table(d)["fields"][12].update(options={"linkedTableId": "tblNone"}), "does not have"),
    (lambda d: table(d)["fields"][6].update(options={"max": "5"}), "'max'"),
    (lambda d: table(d)["fields"][9].update(options={"timeZone": "Mars/Base"}), "'timeZone'"),
    (lambda d: table(d)["records"][0].update(id="x"), "records[0]"),
    (lambda d: table(d)["records"].append(table(d)["records"][0]), "comes twice"),
    (lambda d: table(d)["records"][0].update(createdTime="now"), "createdTime"),
    (lambda d: table(d)["records"][0].update(createdTime="2026-01-01T00:00:00"), "zone"),
    (lambda d: table(d)["records"][0].update(fields=[]), "'fields' must be an object"),
    (lambda d: table(d)["records"][0]["fields"].update(Nmae="x"), "Did you mean 'Name'?"),
    (lambda d: table(d)["records"][0]["fields"].update(Age="secret"), "records[0].fields['Age']"),
    (lambda d: table(d)["records"][0]["fields"].update(Status="secret"), "records[0].fields['Status']"),
    (lambda d: table(d)["records"][0]["fields"].update(Score=float("nan")), "records[0].fields['Score']"),
    (lambda d: table(d)["records"][1]["fields"].update(Firms=[ADA]), f"'Firms' of {ADA}"),
]


@pytest.mark.parametrize(("spoil", "text"), MALFORMED)
def test_a_malformed_document_is_named_and_changes_nothing(data, spoil, text):
    document = world()
    spoil(document)
    with pytest.raises(ConfigurationError) as error:
        sandbox.load(document, data)
    assert text in str(error.value)
    assert "secret" not in str(error.value)
    assert sandbox.dump(data) == world()


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"bases": NaN}', None])
def test_a_file_that_is_not_json(tmp_path, content):
    path = tmp_path / "in.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"JSON|cannot be read") as error:
        sandbox.load(path, tmp_path / "a.db")
    assert str(path) in str(error.value)
    assert not (tmp_path / "a.db").exists()


def test_only_a_sandbox_file_is_opened(tmp_path):
    theirs = tmp_path / "theirs.db"
    with sqlite3.connect(theirs) as connection:
        connection.execute("CREATE TABLE leads (id)")
    connection.close()
    before = theirs.read_bytes()
    text = tmp_path / "text.db"
    text.write_text("not a database, but long enough to be mistaken for the header of one" * 20)
    for path in (theirs, text, tmp_path):
        with pytest.raises(ConfigurationError):
            sandbox.load(world(), path)
    for read in (sandbox.dump, sandbox.bases):
        with pytest.raises(ConfigurationError, match="no sandbox file"):
            read(tmp_path / "absent.db")
    assert theirs.read_bytes() == before


def test_a_file_of_another_format_is_refused(data):
    connection = sqlite3.connect(data)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigurationError, match="format 99"):
        sandbox.dump(data)


def test_only_the_owner_reads_the_file(tmp_path):
    path = tmp_path / "new" / "a.db"
    sandbox.load(world(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def ids(prefix):
    return st.text("abcXYZ0189", min_size=14, max_size=14).map(prefix.__add__)


VALUES = {
    "singleLineText": st.text(min_size=1, max_size=20),
    "richText": st.text(max_size=20),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "checkbox": st.booleans(),
    "date": st.dates().map(str),
    "dateTime": st.datetimes().map(lambda t: t.isoformat()),
    "multipleSelects": st.lists(st.sampled_from(["a", "b"]), unique=True),
    "formula": st.none() | st.text() | st.integers() | st.lists(st.text(), max_size=2),
}
BY_TYPE = {kind: name for _, name, kind, _ in reversed(PEOPLE_FIELDS)}
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "id": ids("rec"),
            "createdTime": st.datetimes().map(lambda t: t.isoformat() + "Z"),
            "fields": st.fixed_dictionaries({}, optional={BY_TYPE[kind]: value for kind, value in VALUES.items()}),
        }
    ),
    max_size=5,
    unique_by=lambda record: record["id"],
)


@settings(max_examples=60, deadline=None)
@given(records=RECORDS)
def test_loading_a_dump_gives_the_same_dump(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("round")
    document = world()
    document["bases"][0]["tables"][0]["records"] = records
    sandbox.load(document, folder / "a.db")
    dumped = sandbox.dump(folder / "a.db")
    sandbox.load(dumped, folder / "b.db")
    assert sandbox.dump(folder / "b.db") == dumped
    listed = dumped["bases"][0]["tables"][0]
    assert [record["id"] for record in listed["records"]] == [record["id"] for record in records]
    assert (dumped["bases"][0]["id"], listed["id"]) == (BASE, PEOPLE)
