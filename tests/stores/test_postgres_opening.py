"""Finding a PostgreSQL database and its tables: what is not there is named, what can be had later is tried again."""

import psycopg
import pytest
from postgres_server import PASSWORD, Server, standby

from dq.errors import ConfigurationError, TemporaryError
from dq.manifest import Reference, UniqueIndex
from dq.stores import RowWrite
from dq.stores.postgres.connecting import CONNECT_SECONDS, PAUSES, connected
from dq.stores.postgres.store import PostgresStore

CRM = (
    "CREATE SCHEMA crm",
    (
        "CREATE TABLE crm.leads(id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL, name text, score numeric DEFAULT 1 NOT NULL,"
        " boss uuid REFERENCES crm.leads, UNIQUE (email) INCLUDE (name))"
    ),
    "CREATE UNIQUE INDEX ON crm.leads(lower(name))",
    "CREATE TABLE notes(id int PRIMARY KEY, lead uuid REFERENCES crm.leads, part int, UNIQUE (lead, part))",
    'CREATE TABLE crm."We""ird.%s"(id bigserial PRIMARY KEY, lead uuid REFERENCES crm.leads)',
    "CREATE VIEW seen AS SELECT * FROM crm.leads",
    "CREATE TABLE leads(id text, v text)",
    "CREATE TABLE parted(id int, day date) PARTITION BY RANGE (day)",
    "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "INSERT INTO parted VALUES (1, '2026-05-05')",
)


@pytest.fixture(scope="module")
def crm(postgres: Server):
    store = PostgresStore(postgres.made(*CRM), tables=["crm.leads"])
    yield store
    store.close()


def test_a_refused_connection_is_tried_three_times_in_less_than_twenty_seconds():
    waited = []
    with pytest.raises(TemporaryError, match="Connection refused") as error:
        connected(f"postgresql://u:{PASSWORD}@127.0.0.1:1/db", "127.0.0.1:1/db", waited.append)
    assert tuple(waited) == PAUSES
    assert sum(PAUSES) + 3 * CONNECT_SECONDS < 20
    assert PASSWORD not in str(error.value)
    assert "127.0.0.1:1/db" in str(error.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"user": "nobody-there"}, "password authentication failed"),
        ({"database": "no_such"}, 'database "no_such" does not exist'),
        ({"password": "p%zz"}, "cannot be read"),
    ],
)
def test_a_wrong_login_is_a_configuration_error_at_once(postgres: Server, change, said):
    def never(_seconds: float) -> None:
        raise AssertionError("another try would end the same way")

    url = postgres.url(**change)
    with pytest.raises(ConfigurationError, match=said) as error:
        connected(url, "here", never)
    assert PASSWORD not in str(error.value)
    assert change.get("password", PASSWORD) not in str(error.value)
    assert error.value.__cause__ is None


def test_a_database_of_unknown_encoding_is_refused(postgres: Server):
    with postgres.connect() as connection:
        connection.execute(
            "CREATE DATABASE unknown_text TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    with pytest.raises(ConfigurationError, match="SQL_ASCII"):
        PostgresStore(postgres.url("unknown_text")).describe("t", [])


def test_describe_tells_keys_required_columns_and_unique_indexes(crm):
    schema = crm.describe("crm.leads", ["email", "score", "boss"])
    assert (schema.name, schema.key, schema.column("id").kind) == ("crm.leads", "id", "text")
    assert [column.name for column in (*schema.columns, *schema.unread) if column.required] == ["email"]
    assert schema.unique == (UniqueIndex(("id",)), UniqueIndex(("email",)))
    assert schema.references == (Reference("crm.leads", "boss", "crm.leads"),)
    assert crm.describe("notes", []).unique == (UniqueIndex(("id",)), UniqueIndex(("lead", "part")))


def test_references_use_the_names_that_people_use(crm):
    assert crm.references("crm.leads") == [
        Reference('crm.We"ird.%s', "lead", "crm.leads"),
        Reference("crm.leads", "boss", "crm.leads"),
        Reference("notes", "lead", "crm.leads"),
    ]
    assert crm.references("leads") == []
    asked = PostgresStore(crm._url, tables=["public.notes"])
    assert Reference("public.notes", "lead", "crm.leads") in asked.references("crm.leads")
    asked.close()


def test_a_table_of_any_name_is_read_and_written(crm):
    name = 'crm.We"ird.%s'
    schema = crm.describe(name, ["lead"])
    (done,) = crm.write(schema, [RowWrite(name, "insert", None, {}, {"lead": None}, "g")])
    assert (done.state, [batch.num_rows for batch in crm.batches(schema)]) == ("written", [1])


@pytest.mark.parametrize(
    ("table", "columns", "key", "said"),
    [
        ("crm.lead", [], None, r"no table 'crm.lead' \(did you mean 'crm.leads'\?\)"),
        ("note", [], None, r"did you mean 'notes'\?"),
        ("seen", [], None, "is a view, not a table"),
        (
            "crm.leads",
            ["emial", "nmae"],
            None,
            r"lacks 2 column\(s\): 'emial' \(did you mean 'email'\?\); 'nmae' \(did you mean 'name'",
        ),
        ("leads", [], None, "no single-column primary key"),
        ("leads", [], "idd", r"did you mean 'id'\?"),
        ("parted_1", [], None, "no table"),
    ],
)
def test_what_is_not_there_is_named(crm, table, columns, key, said):
    with pytest.raises(ConfigurationError, match=said):
        crm.describe(table, columns, key)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("('a', 'x'), ('a', 'y'), ('b', 'z')", "1 of 3 rows have a key that another row has"),
        ("('a', 'x'), (NULL, 'y')", "1 of 2 rows have no key"),
    ],
)
def test_keys_that_do_not_tell_rows_apart_are_refused(crm, rows, said):
    with psycopg.connect(crm._url) as connection:
        connection.execute(f"TRUNCATE leads; INSERT INTO leads VALUES {rows}")
    schema = crm.describe("leads", ["v"], "id")
    with pytest.raises(ConfigurationError, match=said):
        list(crm.batches(schema))


def test_a_partitioned_table_is_one_table(crm):
    schema = crm.describe("parted", ["day"], "id")
    assert [batch.to_pylist() for batch in crm.batches(schema)] == [[{"id": 1, "day": "2026-05-05"}]]
    assert crm.write(schema, [RowWrite("parted", "update", "1", {}, {"day": "2026-06-06"}, "g")])[0].state == "written"


def test_a_snapshot_is_of_one_moment(crm):
    with psycopg.connect(crm._url, autocommit=True) as connection:
        connection.execute(
            "TRUNCATE leads; INSERT INTO leads SELECT n::text, repeat('x', 100) FROM generate_series(1, 1000) AS n"
        )
        with crm.snapshot() as moment:
            schema = moment.describe("leads", ["v"], "id")
            connection.execute("DELETE FROM leads; CREATE TABLE later(id int PRIMARY KEY)")
            assert sum(batch.num_rows for batch in moment.batches(schema)) == 1000
            assert set(moment.fetch(schema, ["7", "1001"])) == {"7"}
            connection.execute("DROP TABLE later")
    assert sum(batch.num_rows for batch in crm.batches(schema)) == 0


def test_reading_holds_no_table_in_memory(crm):
    with psycopg.connect(crm._url, autocommit=True) as connection:
        connection.execute(
            "TRUNCATE leads; INSERT INTO leads SELECT n::text, repeat('x', 1000) FROM generate_series(1, 60000) AS n"
        )
    sizes = [batch.nbytes for batch in crm.batches(crm.describe("leads", ["v"], "id"))]
    assert len(sizes) > 2
    assert max(sizes) < 40 * 2**20


def test_edge_46_a_read_replica_can_be_read_and_takes_no_apply(postgres: Server):
    url = postgres.made("CREATE TABLE leads(id int PRIMARY KEY, name text)", "INSERT INTO leads VALUES (1, 'a')")
    name = url.rpartition("/")[2]
    with standby(postgres) as replica:
        store = PostgresStore(replica.url(name))
        schema = store.describe("leads", ["name"])
        assert [batch.to_pylist() for batch in store.batches(schema)] == [[{"id": 1, "name": "a"}]]
        with pytest.raises(ConfigurationError, match="is a read replica") as error:
            store.write(schema, [RowWrite("leads", "update", "1", {}, {"name": "b"}, "g")])
        assert PASSWORD not in str(error.value)
        store.close()
