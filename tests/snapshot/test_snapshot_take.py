"""A snapshot is whole or it is not there."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.errors import ConfigurationError, DamagedError, TemporaryError
from dq.manifest import Column, Lineage, Reference, TableSchema
from dq.rules import Child, FieldRule, TableRules
from dq.snapshot import TableColumns, columns_of, list_snapshots, open_snapshot, scan, take, verify
from dq.snapshot.parquet import file_names, merge_parquet, write_parquet
from dq.stores.memory import MemoryStore
from dq.stores.private import disk_errors
from dq.stores.sqlite import SqliteStore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LINEAGE = Lineage("leads.db", "app1", {"leads": "tbl1"})
PLAN = TableColumns("leads", ("name",), "Leads", ("Full Name",), "id", (("notes", "about"),))
SCRIPT = """
CREATE TABLE leads(id TEXT PRIMARY KEY, name TEXT, parent TEXT REFERENCES leads(id), deleted_at TEXT);
CREATE TABLE "my calls"(id INTEGER PRIMARY KEY, lead TEXT REFERENCES leads(id), kind TEXT, other TEXT, deleted_at TEXT, UNIQUE (lead, kind));
CREATE TABLE notes(about TEXT, body TEXT);
INSERT INTO leads(id, name) VALUES ('b', '007'), ('a', NULL), ('ä', 'Zoë');
INSERT INTO leads(id, name, deleted_at) VALUES ('z', 'gone', '2026-01-01');
INSERT INTO "my calls" VALUES (1, 'a', 'x', 'o', NULL), (2, 'b', 'x', 'o', '2026-01-01');
INSERT INTO notes VALUES ('a', 'text');
"""


@pytest.fixture
def database(tmp_path) -> SqliteStore:
    connection = sqlite3.connect(tmp_path / "leads.db")
    connection.executescript(SCRIPT)
    connection.close()
    return SqliteStore(tmp_path / "leads.db")


def airtable(*keys: str) -> MemoryStore:
    columns = (
        Column("id", "text", ""),
        Column("createdTime", "datetime", ""),
        Column("Full Name", "text", "", id="fld1"),
    )
    rows = [{"id": key, "createdTime": "2026-01-01T00:00:00.000Z", "Full Name": f"n {key}"} for key in keys]
    return MemoryStore("airtable", [TableSchema("airtable", "Leads", "id", columns, id="tbl1")], {"Leads": rows})


def taken(root, database, keys=("rec2", "rec1"), now=NOW):
    return take(root, database, airtable(*keys), [PLAN], LINEAGE, now)


def test_what_is_in_it(tmp_path, database):
    manifest = taken(tmp_path / "snapshots", database)
    found, path = open_snapshot(tmp_path / "snapshots")
    assert found == manifest
    assert manifest.id.startswith("20260102T030405Z-")
    verify(found, path)
    leads = scan(found, path, "database", "leads").collect()
    assert leads.rows() == [("a", None, None), ("b", "007", None), ("ä", "Zoë", None)]
    assert leads.columns == ["id", "name", "parent"]
    assert scan(found, path, "airtable", "tbl1").collect()["id"].to_list() == ["rec1", "rec2"]
    assert [table.rows for table in found.tables] == [3, 1, 2, 2]


def test_children_declared_and_not(tmp_path, database):
    manifest = taken(tmp_path / "snapshots", database)
    calls = manifest.table("database", "my calls").schema
    assert [column.name for column in calls.columns] == ["id", "lead", "kind"]
    assert calls.references == (Reference("my calls", "lead", "leads"),)
    notes = manifest.table("database", "notes").schema
    assert (notes.key, notes.references) == ("rowid", (Reference("notes", "about", "leads"),))
    assert manifest.table("database", "leads").schema.references == (Reference("leads", "parent", "leads"),)


def test_a_missing_child_column_is_named(tmp_path, database):
    plan = TableColumns("leads", ("name",), "Leads", (), "id", (("notes", "abuot"),))
    with pytest.raises(ConfigurationError, match="did you mean 'about'"):
        take(tmp_path / "snapshots", database, airtable(), [plan], LINEAGE, NOW)


def test_files_are_private_and_packed(tmp_path, database):
    manifest = taken(tmp_path / "snapshots", database)
    root = tmp_path / "snapshots"
    for path in [root, *root.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    metadata = pq.read_metadata(root / manifest.id / "database/leads.parquet")
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_nothing_is_left_beside_it(tmp_path, database):
    manifest = taken(tmp_path / "snapshots", database)
    assert {entry.name for entry in (tmp_path / "snapshots").iterdir()} == {manifest.id, "latest"}
    assert (tmp_path / "snapshots/latest").read_text() == manifest.id


def test_the_same_stores_at_the_same_second_are_one_snapshot(tmp_path, database):
    root = tmp_path / "snapshots"
    assert taken(root, database).id == taken(root, database).id
    assert len(list_snapshots(root)) == 1


def test_snapshots_of_one_second_are_listed_as_they_were_taken(tmp_path, database):
    root = tmp_path / "snapshots"
    made = [taken(root, database, (f"rec{n}",), NOW + timedelta(milliseconds=n)).id for n in range(4)]
    assert len({one[:16] for one in made}) == 1
    assert [one.id for one in list_snapshots(root)] == made
    assert open_snapshot(root)[0].id == made[-1]


def test_no_rows_at_all(tmp_path, database):
    connection = sqlite3.connect(database.path)
    with connection:
        connection.executescript('DELETE FROM notes; DELETE FROM "my calls"; DELETE FROM leads;')
    connection.close()
    manifest = taken(tmp_path / "snapshots", database, keys=())
    found, path = open_snapshot(tmp_path / "snapshots")
    assert {table.rows for table in manifest.tables} == {0}
    assert scan(found, path, "database", "leads").collect().schema == {
        "id": pl.String,
        "name": pl.String,
        "parent": pl.String,
    }


def test_both_stores_read_at_once_are_the_same_snapshot(tmp_path, database):
    apart = taken(tmp_path / "apart", database)
    at_once = take(tmp_path / "at once", database, airtable("rec2", "rec1"), [PLAN], LINEAGE, NOW, at_once=True)
    assert at_once == apart


def test_progress_is_told(tmp_path, database):
    seen = []
    take(tmp_path / "s", database, airtable("rec1"), [PLAN], LINEAGE, NOW, lambda *told: seen.append(told))
    assert ("database", "leads", 3) in seen
    assert seen[-1] == ("airtable", "Leads", 1)


def test_columns_of_a_mapping():
    rules = TableRules(
        fields=(FieldRule(name="name", airtable="Full Name"),),
        link_database="airtable_id",
        link_airtable="Lead ID",
        children=(Child(table="notes", column="about"),),
    )
    plan = columns_of(rules)
    assert plan.columns == ("name", "updated_at", "created_at", "airtable_id")
    assert plan.fields == ("Full Name", "Last Modified", "Lead ID")
    assert (plan.key, plan.children) == ("id", (("notes", "about"),))


class Broken(MemoryStore):
    """A store that fails after its first batch."""

    def batches(self, schema):
        yield from super().batches(schema)
        raise TemporaryError("gone")


def test_a_store_that_fails_half_way_leaves_the_last_snapshot(tmp_path, database):
    root = tmp_path / "snapshots"
    first = taken(root, database)
    broken = airtable("rec1")
    broken.__class__ = Broken
    broken.snapshot = lambda: __import__("contextlib").nullcontext(broken)
    with pytest.raises(TemporaryError):
        take(root, database, broken, [PLAN], LINEAGE, datetime(2027, 1, 1, tzinfo=UTC))
    assert [entry.name for entry in root.iterdir() if entry.name.startswith(".")] == []
    assert open_snapshot(root)[0] == first


KILLED = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from dq.manifest import Column, Lineage, TableSchema
from dq.snapshot import TableColumns, take
from dq.stores.memory import MemoryStore
from dq.stores.sqlite import SqliteStore
at = MemoryStore("airtable", [TableSchema("airtable", "Leads", "id", (Column("id", "text", ""),))], {"Leads": []})
def kill(store, table, rows):
    if store == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
root = Path(sys.argv[1])
take(root / "snapshots", SqliteStore(root / "leads.db"), at, [TableColumns("leads", ("name",), "Leads", (), "id")],
     Lineage("a", "b", {}), datetime(2027, 1, 1, tzinfo=UTC), kill)
"""


@pytest.mark.parametrize("moment", ["database", "airtable"])
def test_edge_47_killed_while_it_reads(tmp_path, database, moment):
    root = tmp_path / "snapshots"
    first = taken(root, database)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), moment], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert any(entry.name.startswith(".partial-") for entry in root.iterdir())
    assert open_snapshot(root)[0] == first
    assert [manifest.id for manifest in list_snapshots(root)] == [first.id]
    second = taken(root, database, now=datetime(2028, 1, 1, tzinfo=UTC))
    assert {entry.name for entry in root.iterdir()} == {first.id, second.id, "latest"}


def test_edge_47_leads_and_children_of_one_moment(tmp_path):
    path = tmp_path / "leads.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "PRAGMA journal_mode = wal; CREATE TABLE leads(id TEXT PRIMARY KEY, name TEXT); CREATE TABLE calls(id INTEGER PRIMARY KEY, lead TEXT REFERENCES leads(id));"
    )
    connection.close()
    stop = threading.Event()

    def write() -> None:
        connection = sqlite3.connect(path, timeout=30)
        number = 0
        while not stop.is_set():
            number += 1
            with connection:
                connection.execute("INSERT INTO leads VALUES (?, 'x')", (str(number),))
                connection.execute("INSERT INTO calls(lead) VALUES (?)", (str(number),))
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        plan = TableColumns("leads", ("name",), "Leads", (), "id")
        sizes = []
        for second in range(6):
            manifest = take(tmp_path / "s", SqliteStore(path), airtable(), [plan], LINEAGE, NOW.replace(second=second))
            assert manifest.table("database", "leads").rows == manifest.table("database", "calls").rows
            sizes.append(manifest.table("database", "leads").rows)
    finally:
        stop.set()
        writer.join()
    assert sizes[-1] > sizes[0]


@pytest.mark.parametrize(
    "names",
    [
        ["leads", "Leads"],
        ["a/b", "a_b", "a\\b"],
        ["..", "."],
        ["x" * 300, "x" * 301],
        ["CON", ".hidden"],
        ["select", 'quo"te'],
    ],
)
def test_any_table_has_a_file_name_of_its_own(tmp_path, names):
    files = file_names(names)
    assert len({name.casefold() for name in files.values()}) == len(names)
    for name in files.values():
        (tmp_path / name).write_text("x")
        assert (tmp_path / name).resolve().parent == tmp_path.resolve()
        assert not name.startswith(".")


def batches_of(keys: list[list[str]]) -> list[pa.RecordBatch]:
    return [
        pa.RecordBatch.from_pydict({"id": pa.array(some, pa.string()), "n": pa.array(range(len(some)), pa.int64())})
        for some in keys
    ]


@pytest.mark.parametrize(
    "keys", [[["b", "a"]], [["b"], ["a"]], [["a", "b"], [], ["c"]], [[]], [["é", "z", "\U0001f388"]]]
)
def test_parquet_is_sorted_by_key(tmp_path, keys):
    path = tmp_path / "t.parquet"
    rows = write_parquet(batches_of(keys), path, "id", lambda _rows: None)
    read = pl.read_parquet(path)["id"].to_list()
    assert rows == len(read)
    assert read == sorted([key for some in keys for key in some], key=str.encode)
    assert path.stat().st_mode & 0o077 == 0


def test_row_groups_have_their_size(tmp_path):
    path = tmp_path / "t.parquet"
    keys = [f"{n:07d}" for n in range(300_000)]
    write_parquet(batches_of([keys[n : n + 50_000] for n in range(0, 300_000, 50_000)]), path, "id", lambda _rows: None)
    metadata = pq.read_metadata(path)
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [122_880, 122_880, 54_240]


def test_a_snapshots_folder_that_cannot_be_made(tmp_path, database):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        taken(tmp_path / "file" / "snapshots", database)


@pytest.mark.parametrize(("number", "error"), [(28, TemporaryError), (13, ConfigurationError), (5, TemporaryError)])
def test_what_the_disk_says(tmp_path, number, error):
    with pytest.raises(error), disk_errors(tmp_path, "snapshots"):
        raise OSError(number, os.strerror(number))


def test_catalog_without_snapshots(tmp_path):
    with pytest.raises(ConfigurationError, match="no snapshot yet") as error:
        open_snapshot(tmp_path / "none")
    assert "dq snapshot" in str(error.value)
    assert list_snapshots(tmp_path / "none") == []


def test_edge_47_half_written_snapshots_do_not_exist(tmp_path, database):
    root = tmp_path / "snapshots"
    manifest = taken(root, database)
    (root / "20990101T000000Z-aaaaaa" / "database").mkdir(parents=True)
    assert [one.id for one in list_snapshots(root)] == [manifest.id]
    with pytest.raises(ConfigurationError, match="no snapshot '2099"):
        open_snapshot(root, "20990101T000000Z-aaaaaa")


def test_ids_may_be_cut_and_mistyped(tmp_path, database):
    root = tmp_path / "snapshots"
    one, two = taken(root, database), taken(root, database, now=NOW.replace(second=59))
    assert open_snapshot(root, one.id[:16])[0] == one
    assert open_snapshot(root)[0] == two
    with pytest.raises(ConfigurationError, match="2 snapshots begin with"):
        open_snapshot(root, "20260102")
    with pytest.raises(ConfigurationError, match=f"did you mean {one.id}"):
        open_snapshot(root, one.id.replace("-", "_"))
    with pytest.raises(ConfigurationError, match="no snapshot"):
        open_snapshot(root, "../snapshots")


@pytest.mark.parametrize("harm", ["change", "cut", "remove"])
def test_harm_is_seen(tmp_path, database, harm):
    root = tmp_path / "snapshots"
    manifest = taken(root, database)
    path = root / manifest.id / manifest.tables[0].file
    data = path.read_bytes()
    {
        "change": lambda: path.write_bytes(data[:-1] + b"x"),
        "cut": lambda: path.write_bytes(data[:10]),
        "remove": path.unlink,
    }[harm]()
    with pytest.raises(DamagedError, match=r"leads\.parquet"):
        verify(*open_snapshot(root))


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"format_version": "x"}'])
def test_a_manifest_that_is_none(tmp_path, database, text):
    root = tmp_path / "snapshots"
    path = root / taken(root, database).id / "manifest.json"
    path.write_text(text)
    with pytest.raises(DamagedError, match="cannot be read"):
        open_snapshot(root)


def test_a_manifest_of_a_newer_dq(tmp_path, database):
    root = tmp_path / "snapshots"
    path = root / taken(root, database).id / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 99}))
    with pytest.raises(ConfigurationError, match="format 99"):
        open_snapshot(root)


def test_a_table_that_the_snapshot_lacks(tmp_path, database):
    root = tmp_path / "snapshots"
    taken(root, database)
    with pytest.raises(ConfigurationError, match="did you mean 'leads'"):
        scan(*open_snapshot(root), "database", "lead")


def test_the_shared_leads(tmp_path):
    shared = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "leads_small" / "leads.db"
    if not shared.exists():
        pytest.skip("the shared data is not on this machine")
    plan = TableColumns("leads", ("name", "email", "updated_at"), "Leads", ("Full Name",), "id")
    manifest = take(tmp_path, SqliteStore(shared), airtable("rec1"), [plan], LINEAGE, NOW)
    held = {table.schema.name: table.rows for table in manifest.tables}
    assert held == {"leads": 2672, "lead_enrichment": 811, "campaigns": 647, "pipeline_activity": 2716, "Leads": 1}


KEYS = st.lists(st.text("abé𝄞Z0", min_size=1, max_size=3), max_size=12, unique=True)


@given(KEYS, KEYS, st.randoms())
def test_merged_files_are_sorted_and_hold_each_key_once(old, new, chance):
    def write(name, keys, size):
        batch = pa.record_batch({"id": pa.array(keys, pa.string()), "n": pa.array([size] * len(keys), pa.float64())})
        write_parquet([batch], Path(folder) / name, "id", lambda _: None)
        return Path(folder) / name

    with tempfile.TemporaryDirectory() as folder:
        before, cut = write("old", old, 0.0), chance.randint(0, len(new))
        parts = [write("one", new[:cut], 1.0), write("two", new[cut:], 1.0)]
        gone = pl.Series([*new, *old[:2]], dtype=pl.String)
        rows = merge_parquet(before, gone, parts, Path(folder) / "merged", "id")
        found = pl.read_parquet(Path(folder) / "merged")
    expected = {**dict.fromkeys(set(old[2:]) - set(new), 0.0), **dict.fromkeys(new, 1.0)}
    assert found.rows() == sorted(expected.items(), key=lambda item: item[0].encode())
    assert rows == len(expected)


def test_a_large_merge_keeps_the_order_of_its_many_row_groups(tmp_path):
    def write(name, keys):
        batches = [
            pa.record_batch({"id": [f"{key:07}" for key in keys[at : at + 50_000]]})
            for at in range(0, len(keys), 50_000)
        ]
        write_parquet(batches, tmp_path / name, "id", lambda _: None)
        return tmp_path / name

    old, one = write("old", range(0, 600_000, 2)), write("one", range(1, 600_000, 2))
    rows = merge_parquet(old, pl.Series(["0000000"]), [one, write("two", [600_001])], tmp_path / "merged", "id")
    found = pl.read_parquet(tmp_path / "merged")["id"]
    assert rows == 600_000
    assert found.is_sorted()
    assert found.n_unique() == rows
