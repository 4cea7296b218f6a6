"""Writing to PostgreSQL: whole groups, guarded rows, others who get in the way, and answers that are lost."""

import threading
import time

import psycopg
import pytest
from postgres_server import Server

from dq.errors import ConfigurationError, LostAnswerError, TemporaryError
from dq.stores import RowWrite
from dq.stores.postgres import claiming, writing
from dq.stores.postgres.store import PostgresStore

TABLES = (
    (
        "CREATE TABLE leads(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, email text UNIQUE, c0 text, n text, deleted_at timestamptz,"
        " merged_into int REFERENCES leads, loud text GENERATED ALWAYS AS (upper(name)) STORED)"
    ),
    "CREATE TABLE notes(id serial PRIMARY KEY, lead_id int NOT NULL REFERENCES leads, note text)",
    "INSERT INTO leads(name, email) SELECT 'lead ' || n, 'l' || n || '@x.example' FROM generate_series(1, 200) AS n",
    "INSERT INTO notes(lead_id, note) SELECT id, 'note' FROM leads",
)
COLUMNS = ["name", "email"]


@pytest.fixture(scope="module")
def template(postgres: Server) -> str:
    return postgres.made(*TABLES)


@pytest.fixture
def store(postgres: Server, template: str):
    made = PostgresStore(postgres.copied(template), tables=["leads", "notes"])
    yield made
    made.close()


def update(key, before, after, group=None, table="leads"):
    return RowWrite(table, "update", str(key), before, after, group or str(key))


def insert(after, key=None, group="new", table="leads"):
    return RowWrite(table, "insert", key, {}, after, group)


def delete(key, group=None, before=None):
    return RowWrite("leads", "delete", str(key), before or {}, {}, group or str(key))


def write(store, *writes):
    return store.write(store.describe("leads", COLUMNS), writes)


def ask(store, sql, *values):
    with psycopg.connect(store._url) as connection:
        done = connection.execute(sql, values)
        return done.fetchall() if done.description else []


def test_an_entity_is_merged_in_one_batch(store):
    done = write(
        store,
        update(2, {"lead_id": 2}, {"lead_id": 1}, "m", "notes"),
        delete(2, "m", {"email": "l2@x.example"}),
        update(1, {"email": "l1@x.example"}, {"email": "l2@x.example"}, "m"),
    )
    assert [one.state for one in done] == ["written"] * 3, done
    assert ask(store, "SELECT email FROM leads WHERE id = 1") == [("l2@x.example",)]
    assert ask(store, "SELECT count(*) FROM notes WHERE lead_id = 1") == [(2,)]


def test_many_merges_in_one_batch_with_one_that_is_refused(store):
    writes = []
    for key in range(1, 101, 2):
        loser, group = key + 1, f"m{key}"
        writes += [update(loser, {"lead_id": loser}, {"lead_id": key}, group, "notes")] if key != 51 else []
        writes += [delete(loser, group), update(key, {}, {"name": "merged"}, group)]
    done = write(store, *writes)
    by_group = {one.group: outcome.state for one, outcome in zip(writes, done, strict=True)}
    assert {group for group, state in by_group.items() if state != "written"} == {"m51"}
    refused = [outcome for one, outcome in zip(writes, done, strict=True) if one.group == "m51"]
    assert {outcome.state for outcome in refused} == {"refused"}
    assert "ForeignKeyViolation" in refused[0].reason
    assert ask(store, "SELECT count(*), count(*) FILTER (WHERE name = 'merged') FROM leads") == [(151, 49)]


def test_values_that_change_hands_between_rows(store):
    done = write(
        store,
        update(1, {}, {"email": None}),
        update(2, {}, {"email": "l1@x.example"}),
        update(3, {}, {"email": "l2@x.example"}),
    )
    assert [one.state for one in done] == ["written"] * 3


def test_a_deferred_constraint_refuses_its_group_only(store):
    ask(
        store,
        "ALTER TABLE notes ADD CONSTRAINT later FOREIGN KEY (lead_id) REFERENCES leads DEFERRABLE INITIALLY DEFERRED",
    )
    ask(store, "ALTER TABLE notes DROP CONSTRAINT notes_lead_id_fkey")
    done = write(
        store, delete(1), update(2, {}, {"name": "x"}), update(3, {"lead_id": 3}, {"lead_id": 999}, "n", "notes")
    )
    assert [one.state for one in done] == ["refused", "written", "refused"]
    assert "constraint later" in done[0].reason


def test_inserts_get_keys_from_the_database_or_bring_their_own(store):
    done = write(
        store, insert({"name": "a"}), insert({"name": "b"}), insert({"name": "c"}, "1000"), insert({}, group="empty")
    )
    assert [one.state for one in done] == ["written"] * 4
    assert {done[0].key, done[1].key, done[3].key} == {"201", "202", "203"}
    assert done[2].key == "1000"
    for one, name in zip(done, ("a", "b", "c", None), strict=True):
        assert (one.echo["name"], one.echo["id"]) == (name, int(one.key))
    assert ask(store, "SELECT name, loud FROM leads WHERE id = 1000") == [("c", "C")]


def test_what_the_database_computes_is_not_written(store):
    schema = store.describe("leads", [*COLUMNS, "loud"])
    assert {column.name for column in schema.columns if not column.writable} == {"id", "loud"}
    assert [name for name in ("name", "loud") if schema.column(name).required] == []
    (done,) = write(store, insert({"name": "a", "loud": "nonsense"}))
    assert (done.state, done.echo["loud"]) == ("written", "A")


def test_a_soft_deleted_row_has_moved_unless_the_plan_knows(store):
    ask(store, "UPDATE leads SET deleted_at = '2026-01-01', merged_into = 1 WHERE id = 2")
    assert write(store, update(2, {}, {"name": "x"}))[0].state == "moved"
    schema = store.describe("leads", COLUMNS)
    assert (
        schema.soft_delete,
        "2" in {str(key) for batch in store.batches(schema) for key in batch.column("id").to_pylist()},
    ) == (
        ("deleted_at", "merged_into"),
        False,
    )
    row = store.fetch(schema, ["2"])["2"]
    assert (row["deleted_at"], row["merged_into"]) == ("2026-01-01T05:00:00.000Z", 1)
    back = update(2, {"deleted_at": row["deleted_at"], "merged_into": 1}, {"deleted_at": None, "merged_into": None})
    assert write(store, back)[0].state == "written"


def test_keys_that_no_row_can_have_are_gone(store):
    for key in ("recGone", "007", "1.0", "", "9" * 30, "-0"):
        assert write(store, update(key, {}, {"name": "x"}))[0].state == "moved"


def test_a_column_that_is_gone_is_named(store):
    with pytest.raises(ConfigurationError, match="did you mean 'email'"):
        write(store, update(1, {}, {"emial": "x"}))


def test_find_tells_new_rows_by_content_and_old_ones_not(store):
    schema = store.describe("leads", COLUMNS)
    mark = store.watermark(schema)
    assert mark == "200"
    twins = [insert({"name": "lead 7"}, group="a"), insert({"name": "lead 7"}, group="b")]
    assert store.find(schema, twins, mark) == [None, None]
    (made,) = write(store, twins[0])
    assert store.find(schema, twins, mark) == [made.key, None]
    assert store.find(schema, [insert({"name": "else", "email": "l9@x.example"})], mark, link="email") == ["9"]


def _sometimes(code: str, times: int) -> list[str]:
    """A trigger that lets the first updates fail with a code; a sequence keeps count, whatever is rolled back."""
    return [
        "CREATE SEQUENCE turns",
        (
            f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('turns') <= {times} THEN"
            f" RAISE EXCEPTION USING errcode = '{code}', message = 'secret cell'; END IF; RETURN NEW; END $$"
        ),
        "CREATE TRIGGER fail BEFORE UPDATE ON leads FOR EACH STATEMENT EXECUTE FUNCTION fail()",
    ]


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_edge_46_a_serialization_failure_is_tried_again(store, code):
    for statement in _sometimes(code, 2):
        ask(store, statement)
    assert write(store, update(1, {"name": "lead 1"}, {"name": "x"}))[0].state == "written"
    assert ask(store, "SELECT last_value FROM turns") == [(3,)]


def test_edge_46_others_who_never_give_way_are_a_temporary_error(store, monkeypatch):
    monkeypatch.setattr(writing, "_PAUSE", 0)
    for statement in _sometimes("40001", 99):
        ask(store, statement)
    with pytest.raises(TemporaryError) as error:
        write(store, update(1, {}, {"name": "x"}))
    assert "secret" not in str(error.value)
    assert ask(store, "SELECT last_value, (SELECT name FROM leads WHERE id = 1) FROM turns") == [
        (writing.TRIES, "lead 1")
    ]


def test_edge_46_a_deadlock_with_a_person_ends_well(store):
    """The person holds row 2 and wants row 1; dq locks row 1 and waits for row 2: one of them is made to start again."""
    ready, ended = threading.Event(), []

    def person() -> None:
        with psycopg.connect(store._url) as connection:
            connection.execute("UPDATE leads SET name = name WHERE id = 2")
            ready.set()
            time.sleep(0.4)
            try:
                connection.execute("UPDATE leads SET name = name WHERE id = 1")
            except psycopg.errors.DeadlockDetected as error:
                ended.append(error)

    other = threading.Thread(target=person)
    other.start()
    ready.wait(5)
    done = write(store, update(1, {}, {"name": "x"}), update(2, {}, {"name": "y"}))
    other.join()
    assert [one.state for one in done] == ["written", "written"]
    assert ask(store, "SELECT name FROM leads WHERE id < 3 ORDER BY id") == [("x",), ("y",)]


def test_a_row_that_a_person_keeps_locked_is_a_temporary_error(store, monkeypatch):
    monkeypatch.setattr(writing, "_BEGIN", writing._BEGIN.replace("10s", "200ms"))
    with psycopg.connect(store._url) as connection:
        connection.execute("UPDATE leads SET name = name WHERE id = 2")
        with pytest.raises(TemporaryError, match="locked by another transaction"):
            write(store, update(2, {}, {"name": "x"}))
    assert write(store, update(2, {}, {"name": "x"}))[0].state == "written"


def _cut(store: PostgresStore) -> None:
    """End the store's connection on the server's side, and wait until it is gone."""
    process = store._connection.info.backend_pid
    ask(store, "SELECT pg_terminate_backend(%s)", process)
    while ask(store, "SELECT FROM pg_stat_activity WHERE pid = %s", process):
        time.sleep(0.05)


def test_a_connection_that_breaks_before_the_commit_wrote_nothing(store, monkeypatch):
    inner = writing.written_at_once

    def cut(*arguments):
        found = inner(*arguments)
        _cut(store)
        connection = arguments[0]
        connection.execute("SELECT 1")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(writing, "written_at_once", cut)
        with pytest.raises(TemporaryError) as error:
            write(store, update(1, {}, {"name": "x"}))
        assert not isinstance(error.value, LostAnswerError)
    assert ask(store, "SELECT name FROM leads WHERE id = 1") == [("lead 1",)]
    assert write(store, update(1, {}, {"name": "x"}))[0].state == "written", "the next write connects again"


def test_a_connection_that_breaks_in_the_commit_is_a_lost_answer(store, monkeypatch):
    inner = writing._commit

    def cut(connection, place):
        _cut(store)
        inner(connection, place)

    monkeypatch.setattr(writing, "_commit", cut)
    with pytest.raises(LostAnswerError):
        write(store, update(1, {}, {"name": "x"}))
    assert store.fetch(store.describe("leads", COLUMNS), ["1"])["1"]["name"] == "lead 1"


def test_two_writers_exclude_each_other_until_one_ends(store, monkeypatch, request):
    other = PostgresStore(store._url)
    other.claim()
    request.addfinalizer(other.close)
    with monkeypatch.context() as patch:
        patch.setattr(claiming, "PAUSES", ())
        with pytest.raises(
            TemporaryError, match=r"Another dq writes to this database, from 127\.0\.0\.1 \(process \d+"
        ):
            write(store, update(1, {}, {"name": "x"}))
    assert store.fetch(store.describe("leads", COLUMNS), ["1"])["1"]["name"] == "lead 1", "it may still read"
    _cut(other)
    assert write(store, update(1, {}, {"name": "x"}))[0].state == "written"
    with monkeypatch.context() as patch:
        patch.setattr(claiming, "PAUSES", ())
        patch.setattr("dq.stores.postgres.store.IDLE_SECONDS", 0)
        with pytest.raises(TemporaryError, match="Another dq writes"):
            other.write(other.describe("leads", COLUMNS), [update(2, {}, {"name": "x"})])
    store.close()
    other.claim()


def test_edge_46_a_read_only_database_takes_no_apply(store):
    ask(store, f"ALTER DATABASE {store._url.rpartition('/')[2]} SET default_transaction_read_only = on")
    with pytest.raises(ConfigurationError, match="read-only"):
        store.claim()
    assert len(next(iter(store.batches(store.describe("leads", COLUMNS))))) == 200


def test_a_missing_privilege_is_named(postgres, store):
    name = store._url.rpartition("/")[2]
    with postgres.connect(name) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    reader = PostgresStore(postgres.url(name, user="reader", password="reader"))
    with pytest.raises(ConfigurationError, match=r"lacks a privilege \(InsufficientPrivilege"):
        write(reader, update(1, {}, {"name": "x"}))
    reader.close()
    with postgres.connect(name) as connection:
        connection.execute("DROP OWNED BY reader")
        connection.execute("DROP ROLE reader")
