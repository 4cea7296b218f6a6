"""What a database can hold that would break a careless reader."""

import math
import sqlite3
import threading

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.errors import ConfigurationError, DamagedError, TemporaryError
from dq.stores.sqlite import SqliteStore
from dq.stores.sqlite.reading import opened


@pytest.fixture
def made(tmp_path):
    def make(script: str, rows: list | None = None, name: str = "some data#?%20.db") -> SqliteStore:
        path = tmp_path / name
        connection = sqlite3.connect(path)
        connection.executescript(script)
        if rows:
            connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(rows[0]))})", rows)
        connection.commit()
        connection.close()
        return SqliteStore(path)

    return make


def frame(store: SqliteStore, *columns: str, table: str = "t", key: str | None = None) -> pl.DataFrame:
    schema = store.describe(table, columns, key)
    return pl.from_arrow(pa.Table.from_batches(list(store.batches(schema))))


def test_a_column_that_is_null_for_a_whole_batch(made):
    rows = [(f"{n:06d}", None, None, None) for n in range(70_000)] + [("z", "text", 7, 2.5)]
    read = frame(made("CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT, b INTEGER, c REAL)", rows), "a", "b", "c")
    assert read.row(-1) == ("z", "text", 7, 2.5)
    assert read.schema == {"id": pl.String, "a": pl.String, "b": pl.Int64, "c": pl.Float64}
    assert read.height == 70_001


def test_values_of_another_class_make_the_column_text(made):
    store = made(
        "CREATE TABLE t(id TEXT PRIMARY KEY, n INTEGER, x)", [("a", 7, 0.1 + 0.2), ("b", "none", 3), ("c", "007a", "x")]
    )
    schema = store.describe("t", ["n", "x"])
    assert [column.kind for column in schema.columns] == ["text", "text", "text"]
    assert frame(store, "n", "x").rows() == [("a", "7", "0.30000000000000004"), ("b", "none", "3"), ("c", "007a", "x")]


def test_zeros_in_front_stay_where_the_column_is_text(made):
    assert frame(made("CREATE TABLE t(id TEXT PRIMARY KEY, n TEXT)", [("a", "007")]), "n").rows() == [("a", "007")]


def test_integers_that_no_float_holds_are_read_as_text(made):
    store = made("CREATE TABLE t(id TEXT PRIMARY KEY, n NUMERIC)", [("a", 2**53 + 1), ("b", 1.5)])
    assert frame(store, "n")["n"].to_list() == ["9007199254740993", "1.5"]


@pytest.mark.parametrize(
    ("declared", "value", "kind"),
    [
        ("INT", 1, "integer"),
        ("BIGINT", 1, "integer"),
        ("FLOAT", 1, "number"),
        ("DOUBLE PRECISION", 1, "number"),
        ("DECIMAL(10,2)", 1, "number"),
        ("BOOLEAN", 1, "boolean"),
        ("DATE", "2026-01-01", "text"),
        ("DATETIME", 5, "text"),
        ("VARCHAR(20)", "a", "text"),
        ("", 5, "text"),
        ("JSON", "{}", "text"),
    ],
)
def test_kinds_of_declared_types(made, declared, value, kind):
    store = made(f"CREATE TABLE t(id TEXT PRIMARY KEY, v {declared})", [("a", value)])
    schema = store.describe("t", ["v"])
    assert schema.column("v").kind == kind
    (batch,) = list(store.batches(schema))
    assert batch.num_rows == 1


def test_text_that_is_not_utf8_is_named_and_not_shown(made):
    store = made(
        "CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT); INSERT INTO t VALUES ('good', 'x'), ('k1', CAST(x'63616665e9' AS TEXT))"
    )
    with pytest.raises(ConfigurationError, match="UTF-8") as error:
        frame(store, "a")
    assert "column a, row k1" in str(error.value)
    assert "cafe" not in str(error.value)


def test_binary_values_are_refused(made):
    store = made("CREATE TABLE t(id TEXT PRIMARY KEY, a BLOB); INSERT INTO t VALUES ('k', x'00ff')")
    with pytest.raises(ConfigurationError, match="binary values in 1 rows"):
        store.describe("t", ["a"])


def test_unmapped_binary_columns_do_no_harm(made):
    assert (
        frame(
            made("CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT, b BLOB); INSERT INTO t VALUES ('k', 'x', x'00ff')"), "a"
        ).height
        == 1
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(None, "x"), ("b", "y"), (None, "z")], "2 of 3 rows have no key"),
        ([("a", "x"), ("a", "y"), ("b", "z"), ("a", "w")], "2 of 4 rows have a key that another row has"),
        ([(7, "x"), ("7", "y")], "1 of 2 rows have a key that another row has"),
    ],
)
def test_keys_that_are_none(made, rows, message):
    store = made("CREATE TABLE t(k, a TEXT)", rows)
    with pytest.raises(ConfigurationError, match=message):
        frame(store, "a", key="k")


def test_rows_come_in_text_order_of_their_keys(made):
    read = frame(made("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)", [(n, "x") for n in (100, 9, 10, 1)]), "a")
    assert read["id"].to_list() == [1, 10, 100, 9]
    assert read.schema["id"] == pl.Int64


def test_no_rows(made):
    read = frame(made("CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT, b REAL)"), "a", "b")
    assert (read.height, read.schema) == (0, {"id": pl.String, "a": pl.String, "b": pl.Float64})


def test_soft_deleted_rows_are_gone_and_come_back(made):
    store = made(
        "CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT, deleted_at TEXT)",
        [("a", "x", None), ("b", "y", "2026-01-01"), ("c", "z", "")],
    )
    schema = store.describe("t", ["a"])
    assert schema.soft_delete == ("deleted_at",)
    assert frame(store, "a")["id"].to_list() == ["a", "c"]
    assert store.fetch(schema, ["b"]) == {"b": {"id": "b", "a": "y", "deleted_at": "2026-01-01"}}


@pytest.mark.parametrize("name", ["my leads", "select", 'quo"te', "semi;colon", "naïve", "it's", "table--x", "%"])
def test_names_of_any_kind(made, name):
    quoted = '"' + name.replace('"', '""') + '"'
    store = made(
        f"CREATE TABLE {quoted}({quoted} TEXT PRIMARY KEY, \"a {name.replace(chr(34), '')}\" TEXT); INSERT INTO {quoted} VALUES ('k', 'v')"
    )
    column = f"a {name.replace(chr(34), '')}"
    assert frame(store, column, table=name).rows() == [("k", "v")]
    assert store.fetch(store.describe(name, [column]), ["k"]) == {"k": {name: "k", column: "v"}}


def test_databases_in_utf16(made):
    store = made(
        "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT)", [("ä", "Zoë 🎈"), ("b", "x")]
    )
    assert set(frame(store, "a").rows()) == {("ä", "Zoë 🎈"), ("b", "x")}


def test_wide_rows_come_in_small_batches(made):
    store = made("CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT)", [(f"{n:04d}", "x" * 100_000) for n in range(1000)])
    batches = list(store.batches(store.describe("t", ["a"])))
    assert max(batch.nbytes for batch in batches) < 64 * 2**20
    assert sum(batch.num_rows for batch in batches) == 1000


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_one_moment_for_all_tables(made, journal):
    """A writer that always adds a lead and its child together never shows one without the other."""
    store = made(
        f"PRAGMA journal_mode = {journal}; CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE c(id INTEGER PRIMARY KEY, lead INTEGER REFERENCES t(id));"
        "INSERT INTO t VALUES (0, 'x'); INSERT INTO c VALUES (0, 0);"
    )
    stop = threading.Event()

    def write() -> None:
        connection = sqlite3.connect(store.path, timeout=30)
        number = 0
        while not stop.wait(0.002):  # a writer that never rests would keep everybody out
            number += 1
            with connection:
                connection.execute("INSERT INTO t VALUES (?, 'x')", (number,))
                connection.execute("INSERT INTO c VALUES (?, ?)", (number, number))
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = []
        for _ in range(12):
            with store.snapshot() as moment:
                counts = [sum(b.num_rows for b in moment.batches(moment.describe(t, ["id"]))) for t in ("t", "c")]
            assert counts[0] == counts[1]
            seen.append(counts[0])
    finally:
        stop.set()
        writer.join()
    assert seen[-1] > seen[0]


def test_a_damaged_page_stops_before_the_first_row(made):
    store = made(
        "PRAGMA page_size = 1024; CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT)",
        [(f"{n:05d}", "x" * 300) for n in range(2000)],
    )
    data = bytearray(store.path.read_bytes())
    data[100 * 1024 : 140 * 1024] = b"\x5a" * (40 * 1024)
    store.path.write_bytes(data)
    with pytest.raises(DamagedError, match="damaged") as error, store.snapshot():
        pass
    assert "database.db" in str(error.value)


def test_rows_that_break_a_promise_are_no_damage(made):
    store = made("CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT); INSERT INTO t VALUES ('k', NULL)")
    connection = sqlite3.connect(store.path)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_master SET sql = 'CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT NOT NULL)' WHERE name = 't'"
    )
    connection.commit()
    connection.close()
    assert frame(store, "a").height == 1


def test_a_locked_database_is_a_temporary_matter(made):
    path = made("CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT)").path
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with pytest.raises(TemporaryError, match="locked"):
        SqliteStore(path, timeout=0.1).describe("t", ["a"])
    lock.close()


def test_fetch_inside_a_moment(made):
    store = made("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)", [(1, "x"), (2, "y")])
    with opened(store.path, None, 1.0) as moment, moment.snapshot() as same:
        schema = same.describe("t", ["a"])
        assert same.fetch(schema, ["2", "9"]) == {"2": {"id": 2, "a": "y"}}
        same.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
            st.integers(-(2**63), 2**63 - 1),
            st.floats(allow_nan=False),
        ),
        max_size=8,
    )
)
def test_untyped_values_are_read_whole(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("any") / "t.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", enumerate(values))
    connection.commit()
    connection.close()
    read = frame(SqliteStore(path), "v").sort("id")["v"].to_list()
    for got, value in zip(read, values, strict=True):
        assert (got is None) == (value is None)
        assert not isinstance(value, str) or got == value
        assert not isinstance(value, int) or int(got) == value
        assert not isinstance(value, float) or math.isinf(value) or float(got) == value
