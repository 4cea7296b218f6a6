"""PostgreSQL's types: read so that nothing is lost, and written back in the column's own type."""

import psycopg
import pyarrow as pa
import pytest
from postgres_server import Server

from dq.errors import ConfigurationError
from dq.stores import RowWrite
from dq.stores.meaning import is_same
from dq.stores.postgres.store import PostgresStore

TYPES = """CREATE EXTENSION IF NOT EXISTS citext;
CREATE TYPE mood AS ENUM ('new', 'old "one"');
CREATE DOMAIN short AS varchar(5) CHECK (VALUE <> 'never');
CREATE TABLE things(id int PRIMARY KEY, "odd % ""name" text, c char(6), ci citext, u uuid, i2 smallint, i8 bigint, n numeric, n2 numeric(10,2),
  wide numeric(30,10), f4 real, f8 double precision, b boolean, d date, ts timestamp, tz timestamptz, tz0 timestamptz(0), tags text[],
  numbers int[], moods mood[], j json, jb jsonb, jlist jsonb, m mood, dom short, iv interval, ip inet, r int4range, mo money, t time)"""
ROW = {
    'odd % "name': "x % y", "c": "ab", "ci": "ÉCLAIR", "u": "2adbc658-531d-461f-8992-9a1b9dc52d9c", "i2": -7, "i8": 2**53 + 1, "n": 0.1,
    "n2": 1234.5, "wide": "12345678901234567890.1234567890", "f4": 0.1, "f8": 0.1 + 0.2, "b": True, "d": "2026-02-28",
    "ts": "2026-03-29T02:30:00.000Z", "tz": "2026-01-01T10:00:00.123456Z", "tz0": "2026-01-01T10:00:00.000Z", "tags": '["a","b \\" c, {d}"]',
    "numbers": '["1","2"]', "moods": '["old \\"one\\""]', "j": '{"b":1, "a": 2}', "jb": '{"a": 2, "b": 1}', "jlist": '["x", "y"]', "m": "new",
    "dom": "abc", "iv": "1 day 02:00:00", "ip": "10.0.0.1/32", "r": "[1,3)", "mo": "$1,234.50", "t": "12:00:00",
}  # fmt: skip
"""Column → its value as dq reads it."""
KINDS = {
    "i2": "integer", "i8": "integer", "n": "number", "n2": "number", "wide": "text", "f4": "number", "f8": "number", "b": "boolean",
    "d": "date", "ts": "datetime", "tz": "datetime", "tz0": "datetime", "tags": "list", "numbers": "list", "moods": "list", "jb": "text",
    "jlist": "list",
}  # fmt: skip


@pytest.fixture(scope="module")
def template(postgres: Server) -> str:
    url = postgres.made(*TYPES.split(";\n"))
    names = ", ".join('"' + name.replace('"', '""').replace("%", "%%") + '"' for name in ROW)
    values = [
        "{1,2}"
        if name == "numbers"
        else '{"a","b \\" c, {d}"}'
        if name == "tags"
        else '{"old \\"one\\""}'
        if name == "moods"
        else value
        for name, value in ROW.items()
    ]
    with psycopg.connect(url, options="-c timezone=UTC -c datestyle=ISO") as connection:
        connection.execute(
            f"INSERT INTO things(id, {names}) VALUES (1, {', '.join(['%s'] * len(values))}), (2{', NULL' * len(values)})",
            values,
        )
    return url


@pytest.fixture
def store(postgres: Server, template: str):
    made = PostgresStore(postgres.copied(template))
    yield made
    made.close()


def read(store: PostgresStore) -> dict[str, dict]:
    schema = store.describe("things", list(ROW))
    return {str(row["id"]): row for row in pa.Table.from_batches(list(store.batches(schema))).to_pylist()}


def write(store: PostgresStore, after: dict, before: dict | None = None, key: str = "1"):
    schema = store.describe("things", list(ROW))
    return store.write(schema, [RowWrite("things", "update", key, before or {}, after, "g")])[0]


def test_kinds(store):
    schema = store.describe("things", list(ROW))
    assert {column.name: column.kind for column in schema.columns} == {
        "id": "integer",
        **dict.fromkeys(ROW, "text"),
        **KINDS,
    }
    assert schema.column("m").choices == ("new", 'old "one"')
    assert schema.column("dom").type == "short"


def test_every_value_is_read_the_same_by_batches_and_by_fetch(store):
    schema = store.describe("things", list(ROW))
    rows, fetched = read(store), store.fetch(schema, ["1", "2"])
    for name, value in ROW.items():
        wanted = int(value) if value is True else value
        assert (name, rows["1"][name]) == (name, wanted)
        assert (name, fetched["1"][name]) == (name, value)
        assert rows["2"][name] is fetched["2"][name] is None


def test_every_value_is_written_back_as_it_was_read(store):
    done = write(store, ROW, key="2")
    assert done.state == "written", done.reason
    rows = read(store)
    assert {**rows["2"], "id": 1} == rows["1"]
    unmoved = write(store, {"dom": "abd"}, before=ROW)
    assert unmoved.state == "written", unmoved.reason


@pytest.mark.parametrize("name", ROW)
def test_every_cell_can_be_cleared(store, name):
    assert write(store, {name: None}).state == "written"
    assert read(store)["1"][name] is None


def test_edge_6_empty_text_clears_what_cannot_hold_it(store):
    assert write(store, {"d": "", "n": "", "tz": "", "ci": ""}).state == "written"
    assert {name: read(store)["1"][name] for name in ("d", "n", "tz", "ci")} == {
        "d": None,
        "n": None,
        "tz": None,
        "ci": "",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n2", 1.005),  # would be rounded
        ("f4", 0.123456789),
        ("u", "2ADBC658-531D-461F-8992-9A1B9DC52D9C"),  # would be spelled in another way
        ("jb", '{"a":2,"b":1}'),
        ("wide", "1.5"),
        ("ip", "10.0.0.1"),
        ("c", "ab    "),
        ("dom", "abcdefgh"),  # too long: a cast would cut it
        ("dom", "never"),
        ("i2", 40000),
        ("i8", "seven"),
        ("m", "unknown"),
        ("d", "2026-02-30"),
        ("tz", "2026-01-01T10:00:00+02:00"),
        ('odd % "name', "a\x00b"),
        ('odd % "name', "half \ud800"),
    ],
)
def test_edge_33_what_the_column_would_not_hold_as_planned_is_refused(store, name, value):
    before = read(store)
    done = write(store, {name: value, "t": "13:00:00"})
    assert (done.state, read(store)) == ("refused", before)
    assert str(value)[:4] not in done.reason


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_edge_33_a_column_with_a_value_that_is_no_number_is_read_as_text(postgres, store, value):
    with psycopg.connect(store._url) as connection:
        connection.execute(f"UPDATE things SET n = 'NaN', f8 = '{value}', n2 = 'NaN' WHERE id = 2")
    schema = store.describe("things", list(ROW))
    assert {schema.column(name).kind for name in ("n", "f8", "n2")} == {"text"}
    assert (read(store)["2"]["f8"], read(store)["1"]["n"]) == (value, "0.1")
    assert write(store, {"f8": value, "n": "0.30000000000000000004"}).state == "written"
    assert read(store)["1"]["n"] == "0.30000000000000000004"


@pytest.mark.parametrize(
    ("name", "written", "held"),
    [
        ("ts", "2026-01-01T10:00:00+02:00", None),
        ("ts", "2026-01-01T10:00:00Z", "2026-01-01T10:00:00.000Z"),
        ("tz", "2026-11-01T05:30:00.000Z", "2026-11-01T05:30:00.000Z"),  # an hour that New York has twice
        ("tz", "2026-11-01T06:30:00.000Z", "2026-11-01T06:30:00.000Z"),
        ("tz", "2026-01-01T10:00:00.123000Z", "2026-01-01T10:00:00.123Z"),
        ("tz0", "2026-01-01T10:00:00.900Z", "2026-01-01T10:00:01.000Z"),  # its column has no place for more
        ("tz", "infinity", "infinity"),
        ("tz", "0044-03-15 10:00:00+00 BC", "0044-03-15 10:00:00+00 BC"),
        ("d", "0044-03-15 BC", "0044-03-15 BC"),
        ("d", "1970-01-01", "1970-01-01"),
    ],
)
def test_edge_34_times_keep_their_moment(store, name, written, held):
    before = read(store)["1"][name]
    done = write(store, {name: written})
    assert (done.state, read(store)["1"][name]) == (("written", held) if held else ("refused", before)), done.reason


def test_edge_34_the_servers_own_settings_change_nothing(postgres, store):
    with psycopg.connect(store._url, autocommit=True) as connection:
        name = store._url.rpartition("/")[2]
        for setting in (
            "timezone = 'Asia/Kathmandu'",
            "datestyle = 'German'",
            "intervalstyle = 'sql_standard'",
            "extra_float_digits = -5",
            "search_path = pg_catalog, public",
        ):
            connection.execute(f"ALTER DATABASE {name} SET {setting}")
    rows = read(store)
    assert all(is_same(rows["1"][name], value, KINDS.get(name, "text")) for name, value in ROW.items())


def test_edge_46_citext_is_compared_letter_by_letter_and_unique_in_any_case(postgres):
    url = postgres.made(
        "CREATE EXTENSION citext",
        "CREATE TABLE t(id citext PRIMARY KEY, mail citext UNIQUE)",
        "INSERT INTO t VALUES ('A', 'X@y.example'), ('b', 'z@y.example')",
    )
    store = PostgresStore(url)
    schema = store.describe("t", ["mail"])
    assert [row["id"] for batch in store.batches(schema) for row in batch.to_pylist()] == ["A", "b"]
    assert set(store.fetch(schema, ["a", "A", "B"])) == {"A"}

    def update(key, before, after):
        return store.write(schema, [RowWrite("t", "update", key, before, after, key)])[0]

    assert update("A", {"mail": "x@y.example"}, {"mail": "q"}).state == "moved"
    assert update("a", {}, {"mail": "q"}).state == "moved"
    assert update("A", {"mail": "X@y.example"}, {"mail": "x@y.example"}).state == "written"
    taken = update("b", {}, {"mail": "X@Y.example"})
    assert (taken.state, "UniqueViolation" in taken.reason) == ("refused", True)
    store.close()


def test_edge_27_a_collation_that_takes_any_case_for_equal_does_not_mix_rows(postgres):
    url = postgres.made(
        "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "CREATE TABLE t(id text PRIMARY KEY, name text COLLATE any_case)",
        "CREATE TABLE k(id text COLLATE any_case PRIMARY KEY, name text)",
        "INSERT INTO t VALUES ('1', 'Éa'), ('É', 'straße'), ('é', NULL)",
        "INSERT INTO k VALUES ('É', 'x')",
    )
    store = PostgresStore(url)
    schema = store.describe("t", ["name"])
    assert [row["id"] for batch in store.batches(schema) for row in batch.to_pylist()] == ["1", "É", "é"]
    (done,) = store.write(schema, [RowWrite("t", "update", "1", {"name": "éa"}, {"name": "x"}, "g")])
    assert done.state == "moved"
    keyed = store.describe("k", ["name"])
    (other,) = store.write(keyed, [RowWrite("k", "update", "é", {}, {"name": "x"}, "g")])
    assert other.state == "moved"
    store.close()


def test_binary_columns_are_refused_where_they_are_mapped_and_kept_where_not(postgres):
    store = PostgresStore(
        postgres.made(
            "CREATE TABLE t(id int PRIMARY KEY, name text, photo bytea)", "INSERT INTO t VALUES (1, 'a', '\\x00ff')"
        )
    )
    with pytest.raises(ConfigurationError, match="Column photo holds binary values"):
        store.describe("t", ["photo"])
    schema = store.describe("t", ["name"])
    whole = type(schema)(
        **{name: getattr(schema, name) for name in schema.__slots__}
        | {"columns": (*schema.columns, *schema.unread), "unread": ()}
    )
    image = dict(store.fetch(whole, ["1"])["1"])
    assert store.write(schema, [RowWrite("t", "delete", "1", {}, {}, "g")])[0].state == "written"
    assert store.write(schema, [RowWrite("t", "insert", "1", {}, image, "g")])[0].state == "written"
    with psycopg.connect(store._url) as connection:
        assert connection.execute("SELECT * FROM t").fetchall() == [(1, "a", b"\x00\xff")]
    store.close()
