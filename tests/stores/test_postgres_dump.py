"""Copies of PostgreSQL tables: complete, checked, private, and good for putting back."""

import os
import shutil
from pathlib import Path

import psycopg
import pytest
from postgres_server import PASSWORD, Server

from dq.backup import create
from dq.backup.checking import verify
from dq.errors import ConfigurationError, DamagedError
from dq.stores.memory import MemoryStore
from dq.stores.postgres import archive
from dq.stores.postgres.dump import put_back
from dq.stores.postgres.store import PostgresStore

TABLES = (
    "CREATE TABLE leads(id serial PRIMARY KEY, name text, loud text GENERATED ALWAYS AS (upper(name)) STORED, boss int REFERENCES leads, photo bytea)",
    'CREATE TABLE "no tes"(id serial PRIMARY KEY, lead_id int NOT NULL REFERENCES leads, note text)',
    "CREATE TABLE audit(at timestamptz)",
    "CREATE TABLE elsewhere(id int PRIMARY KEY)",
    "CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (now()); RETURN NEW; END $$",
    "CREATE TRIGGER told AFTER INSERT ON leads FOR EACH ROW EXECUTE FUNCTION told()",
    r"INSERT INTO leads(name, photo) VALUES (E'tab\there', '\x00ff'), (E'two\nlines \\. \\', NULL), (E'COPY public.leads (id) FROM stdin;\n\\.\n', NULL), (NULL, NULL)",
    "UPDATE leads SET boss = 5 - id",
    """INSERT INTO "no tes"(lead_id, note) SELECT 1 + n % 4, repeat('né ', 300) || n FROM generate_series(1, 5000) AS n""",
)
COUNTS = {"public.leads": 4, 'public."no tes"': 5000}


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.made(*TABLES)


@pytest.fixture(params=["pg_dump", "copy"])
def way(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """With pg_dump, and on a machine that lacks it."""
    if request.param == "copy":
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    elif shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not here")
    return request.param


def contents(url: str) -> list[list[tuple]]:
    with psycopg.connect(url) as connection:
        return [connection.execute(f"SELECT * FROM {name} ORDER BY id").fetchall() for name in ("leads", '"no tes"')]


def test_a_copy_has_the_mapped_tables_and_those_that_refer_to_them(url, way, tmp_path):
    store = PostgresStore(url, tables=["leads"])
    (path,) = store.backup(tmp_path)
    assert path.name == (archive.DUMP if way == "pg_dump" else archive.ZIP)
    assert path.stat().st_mode & 0o077 == 0
    assert archive.count_rows(path) == COUNTS
    assert archive.problem_in(path, COUNTS) is None
    assert (
        archive.problem_in(path, {**COUNTS, "public.leads": 5})
        == "1 tables differ in their number of rows: public.leads"
    )
    assert PASSWORD.encode() not in path.read_bytes()


def test_edge_49_a_copy_can_be_put_back_whatever_happened_since(url, way, tmp_path):
    (path,) = PostgresStore(url, tables=["leads"]).backup(tmp_path)
    before = contents(url)
    with psycopg.connect(url) as connection:
        connection.execute(
            'DELETE FROM "no tes" WHERE id > 10; UPDATE "no tes" SET lead_id = 4; UPDATE leads SET boss = NULL; DELETE FROM leads WHERE id = 1'
        )
        connection.execute("INSERT INTO leads(name) VALUES ('new'); TRUNCATE audit")
    assert put_back(url, "here", path) == COUNTS
    assert contents(url) == before
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM audit").fetchone() == (0,)
        assert connection.execute(
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated"
        ).fetchone() == (2,)
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute("UPDATE leads SET boss = 99")


def test_edge_49_keys_that_came_back_are_not_given_anew(url, way, tmp_path):
    (path,) = PostgresStore(url, tables=["leads"]).backup(tmp_path)
    with psycopg.connect(url) as connection:
        connection.execute('TRUNCATE leads, "no tes" RESTART IDENTITY')  # as where the tables were made anew
    assert put_back(url, "here", path) == COUNTS
    with psycopg.connect(url) as connection:
        assert connection.execute("INSERT INTO leads(name) VALUES ('new') RETURNING id").fetchone() == (5,)


def test_edge_49_what_cannot_be_put_back_whole_changes_nothing(url, way, tmp_path):
    (path,) = PostgresStore(url, tables=["leads"]).backup(tmp_path)
    before = contents(url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE stranger(lead int REFERENCES leads); ALTER TABLE leads ADD CHECK (name IS NOT NULL) NOT VALID"
        )
    with pytest.raises(ConfigurationError):
        put_back(url, "here", path)
    assert contents(url) == before


def test_edge_49_a_copy_that_was_cut_off_is_found_out(url, way, tmp_path):
    (path,) = PostgresStore(url, tables=["leads"]).backup(tmp_path)
    os.truncate(path, path.stat().st_size - 2000)
    assert archive.problem_in(path, COUNTS) is not None
    path.write_bytes(b"")
    assert archive.problem_in(path, COUNTS) is not None


def test_a_backup_of_both_stores_is_verified(url, way, tmp_path):
    from datetime import UTC, datetime

    made = create(
        tmp_path / "backups",
        PostgresStore(url, tables=["leads"]),
        MemoryStore("airtable", [], {}),
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    file = made.files[0]
    assert file.rows == COUNTS
    assert verify(made.path).id == made.id
    (made.path / file.name).write_bytes(b"PGDMP")
    with pytest.raises(DamagedError):
        verify(made.path)


def test_a_database_that_cannot_be_copied_is_an_error(postgres, url, way, tmp_path):
    name = url.rpartition("/")[2]
    with postgres.connect(name) as connection:
        connection.execute("CREATE ROLE blind LOGIN PASSWORD 'blind'")
    with pytest.raises(Exception) as error:
        PostgresStore(postgres.url(name, user="blind", password="blind"), tables=["leads"]).backup(tmp_path)
    assert type(error.value) is ConfigurationError
    assert PASSWORD not in str(error.value)
    with postgres.connect() as connection:
        connection.execute("DROP ROLE blind")


def test_a_partitioned_table_is_copied_with_its_rows(postgres, tmp_path):
    url = postgres.made(
        "CREATE TABLE parted(id int, day date) PARTITION BY RANGE (day)",
        "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
        "INSERT INTO parted SELECT n, '2026-05-05' FROM generate_series(1, 10) AS n",
    )
    (path,) = PostgresStore(url, tables=["parted"]).backup(tmp_path)
    assert archive.count_rows(path) == {"public.parted": 10}
