"""Writes to SQLite: what it refuses, what moved, and that a group is whole or absent."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dq.errors import ConfigurationError, TemporaryError
from dq.stores import RowWrite
from dq.stores.sqlite import SqliteStore

SCRIPT = """
CREATE TABLE leads(id TEXT PRIMARY KEY, name TEXT, email TEXT UNIQUE, n, deleted_at TEXT, merged_into TEXT);
CREATE TABLE child(id INTEGER PRIMARY KEY, lead TEXT NOT NULL REFERENCES leads(id), kind TEXT, UNIQUE (lead, kind));
CREATE TABLE loose(lead TEXT, n INTEGER);
CREATE TABLE late(lead TEXT REFERENCES leads(id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE auto(id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO leads(id, name, email, n) VALUES ('a', 'A', 'a@x', 7), ('b', 'B', 'b@x', '7'), ('c', 'C', NULL, 0.30000000000000004);
INSERT INTO child VALUES (1, 'a', 'k'), (2, 'b', 'k'), (3, 'b', 'm');
INSERT INTO loose VALUES ('b', 1);
"""


@pytest.fixture
def store(tmp_path) -> SqliteStore:
    path = tmp_path / "leads.db"
    connection = sqlite3.connect(path)
    connection.executescript(SCRIPT)
    connection.close()
    return SqliteStore(path, timeout=0.2)


def schema(store):
    return store.describe("leads", ["name", "email", "n"])


def rows(store, sql):
    connection = sqlite3.connect(store.path)
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


def test_children_move_before_their_parent_goes(store):
    group = [
        RowWrite("child", "update", "3", {"lead": "b"}, {"lead": "a"}, "m"),
        RowWrite("child", "delete", "2", {"lead": "b"}, {}, "m"),
        RowWrite("loose", "update", "1", {"lead": "b"}, {"lead": "a"}, "m"),
        RowWrite("leads", "delete", "b", {"name": "B", "email": "b@x"}, {}, "m"),
        RowWrite("leads", "update", "a", {"email": "a@x"}, {"email": "b@x"}, "m"),
    ]
    assert {one.state for one in store.write(schema(store), group)} == {"written"}
    assert rows(store, "SELECT id, lead FROM child") == [(1, "a"), (3, "a")]
    assert rows(store, "SELECT email FROM leads WHERE id = 'a'") == [("b@x",)]


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (RowWrite("leads", "update", "a", {}, {"email": "b@x"}, "g"), "UNIQUE constraint failed: leads.email"),
        (RowWrite("child", "update", "2", {}, {"lead": "a"}, "g"), "UNIQUE constraint failed: child.lead, child.kind"),
        (RowWrite("leads", "delete", "a", {}, {}, "g"), "FOREIGN KEY constraint failed"),
        (RowWrite("child", "update", "1", {}, {"lead": None}, "g"), "NOT NULL constraint failed: child.lead"),
        (RowWrite("leads", "insert", "a", {}, {"name": "twice"}, "g"), "UNIQUE constraint failed: leads.id"),
        (RowWrite("leads", "insert", None, {}, {"name": "no key"}, "g"), "NOT NULL constraint failed: leads.id"),
        (RowWrite("leads", "update", "a", {}, {"n": 2**70}, "g"), "OverflowError"),
        (RowWrite("leads", "update", "a", {}, {"name": "\ud800"}, "g"), "UnicodeEncodeError"),
        (RowWrite("late", "insert", None, {}, {"lead": "nobody"}, "g"), "FOREIGN KEY constraint failed"),
    ],
)
def test_refusals_are_named_and_roll_back_their_group_alone(store, write, reason):
    before = rows(store, "SELECT * FROM leads WHERE id <> 'c'"), rows(store, "SELECT * FROM child")
    writes = [
        RowWrite("leads", "update", "c", {"name": "C"}, {"name": "other"}, "other"),
        write,
        RowWrite("leads", "update", "a", {}, {"name": "same group"}, "g"),
    ]
    done = store.write(schema(store), writes)
    assert [one.state for one in done] == ["written", "refused", "refused"]
    assert done[1].reason == reason
    assert before == (rows(store, "SELECT * FROM leads WHERE id <> 'c'"), rows(store, "SELECT * FROM child"))
    assert rows(store, "SELECT name FROM leads WHERE id = 'c'") == [("other",)]


def test_a_value_never_stands_in_a_reason(store):
    store_path = store.path
    connection = sqlite3.connect(store_path)
    connection.execute("CREATE TRIGGER no BEFORE UPDATE ON leads BEGIN SELECT RAISE(ABORT, 'the secret value'); END")
    connection.close()
    (done,) = store.write(schema(store), [RowWrite("leads", "update", "a", {}, {"name": "x"}, "g")])
    assert (done.state, done.reason) == ("refused", "IntegrityError (SQLITE_CONSTRAINT_TRIGGER)")


def test_a_trigger_that_swallows_a_write_is_a_refusal(store):
    connection = sqlite3.connect(store.path)
    connection.execute("CREATE TRIGGER no BEFORE UPDATE ON leads WHEN old.id = 'a' BEGIN SELECT RAISE(IGNORE); END")
    connection.close()
    done = store.write(schema(store), [RowWrite("leads", "update", key, {}, {"name": "x"}, key) for key in "abc"])
    assert [one.state for one in done] == ["refused", "written", "written"]


@pytest.mark.parametrize(
    ("key", "before"), [("a", "7"), ("b", 7), ("b", 7.0), ("c", "0.30000000000000004"), ("c", 0.1 + 0.2)]
)
def test_loose_types_do_not_look_moved(store, key, before):
    assert (
        store.write(schema(store), [RowWrite("leads", "update", key, {"n": before}, {"n": 1}, "g")])[0].state
        == "written"
    )


CASED = (
    "CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, age INTEGER, tags TEXT, deleted_at TEXT);"
)


@pytest.mark.parametrize(
    ("held", "before", "state"),
    [
        (("Ada", 7, None, None), {"name": "Ada", "age": 7, "tags": None}, "written"),
        (("ADA", 7, None, None), {"name": "Ada"}, "moved"),  # the column itself compares without case
        (("Ada", 8, None, None), {"name": "Ada", "age": 7}, "moved"),
        (("Ada", None, None, None), {"age": 7}, "moved"),
        (("Ada", 7, None, None), {"age": None}, "moved"),
        (("Ada", 7, '["x"]', None), {"tags": ["x"]}, "written"),
        (("Ada", 7, None, ""), {"name": "Ada"}, "written"),
        (("Ada", 7, None, "2026-01-01"), {"name": "Ada"}, "moved"),
    ],
)
@pytest.mark.parametrize("others", [0, 1], ids=["alone", "among others"])
def test_what_moved_is_seen_whichever_way_it_is_guarded(store, held, before, state, others):
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(CASED)
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", [(1, *held), (2, "Bob", 1, None, None)])
    people = store.describe("people", ["name", "age", "tags"])
    writes = [RowWrite("people", "update", "1", before, {"age": 9}, "1")]
    writes += [RowWrite("people", "update", "2", {"name": "Bob"}, {"age": 9}, "2")] * others
    told = [one.state for one in store.write(people, writes)]
    assert told == [state, "written"][: 1 + others]
    assert rows(store, "SELECT age FROM people ORDER BY id")[0] == (9 if state == "written" else held[1],)


def test_soft_delete_and_back(store):
    leads = schema(store)
    gone = RowWrite("leads", "update", "a", {"deleted_at": None}, {"deleted_at": "2026-01-01", "merged_into": "b"}, "g")
    (done,) = store.write(leads, [gone])
    assert (done.state, done.echo["merged_into"]) == ("written", "b")
    assert [batch.num_rows for batch in store.batches(leads)] == [2]
    (moved,) = store.write(leads, [RowWrite("leads", "update", "a", {"name": "A"}, {"name": "x"}, "g")])
    assert (moved.state, moved.reason) == ("moved", "leads a: the row was soft-deleted")
    back = RowWrite(
        "leads", "update", "a", {"deleted_at": "2026-01-01"}, {"deleted_at": None, "merged_into": None}, "g"
    )
    assert store.write(leads, [back])[0].state == "written"
    assert [batch.num_rows for batch in store.batches(leads)] == [3]


def test_keys_that_the_database_gives(store):
    auto = store.describe("auto", ["name"])
    mark = store.watermark(auto)
    writes = [RowWrite("auto", "insert", None, {}, {"name": "x"}, str(n)) for n in range(3)]
    assert [one.key for one in store.write(auto, writes)] == ["1", "2", "3"]
    assert store.find(auto, writes, mark) == ["1", "2", "3"]
    assert store.fetch(auto, ["2"]) == {"2": {"id": 2, "name": "x"}}


def test_a_column_that_is_not_there_stops_everything(store):
    with pytest.raises(ConfigurationError, match="did you mean 'name'"):
        store.write(schema(store), [RowWrite("leads", "update", "a", {}, {"nmae": "x"}, "g")])


def test_a_locked_database_writes_nothing(store):
    lock = sqlite3.connect(store.path, isolation_level=None)
    leads = schema(store)
    lock.execute("BEGIN IMMEDIATE")
    with pytest.raises(TemporaryError, match="locked"):
        store.write(leads, [RowWrite("leads", "update", "a", {}, {"name": "x"}, "g")])
    lock.execute("ROLLBACK")
    lock.close()
    assert rows(store, "SELECT name FROM leads WHERE id = 'a'") == [("A",)]


def test_a_deferred_constraint_costs_only_its_own_group(store):
    writes = [RowWrite("leads", "update", key, {}, {"name": "x"}, key) for key in "abc"]
    writes.insert(1, RowWrite("late", "insert", None, {}, {"lead": "nobody"}, "late"))
    done = store.write(schema(store), writes)
    assert [one.state for one in done] == ["written", "refused", "written", "written"]
    assert rows(store, "SELECT count(*) FROM leads WHERE name = 'x'") == [(3,)]
    assert rows(store, "SELECT * FROM late") == []


def test_a_database_that_may_not_be_written(store):
    leads = schema(store)
    connection = sqlite3.connect(store.path)
    connection.execute("CREATE TRIGGER no BEFORE UPDATE ON leads BEGIN INSERT INTO nowhere VALUES (1); END")
    connection.close()
    with pytest.raises(ConfigurationError, match="no such table"):
        store.write(leads, [RowWrite("leads", "update", "a", {}, {"name": "x"}, "g")])
    assert rows(store, "SELECT name FROM leads WHERE id = 'a'") == [("A",)]


def test_swaps_of_unique_values_between_groups_are_refused_not_lost(store):
    done = store.write(
        schema(store),
        [
            RowWrite("leads", "update", "a", {}, {"email": "b@x"}, "1"),
            RowWrite("leads", "update", "b", {}, {"email": None}, "2"),
        ],
    )
    assert [one.state for one in done] == ["refused", "written"]


def test_lists_are_kept_as_json(store):
    store.write(schema(store), [RowWrite("leads", "update", "a", {}, {"name": ["x", "ü"]}, "g")])
    assert rows(store, "SELECT name FROM leads WHERE id = 'a'") == [('["x","ü"]',)]


def test_a_large_batch(store):
    auto = store.describe("auto", ["name"])
    inserts = [RowWrite("auto", "insert", str(n), {}, {"name": f"n{n}"}, f"i{n}") for n in range(1, 5001)]
    assert {one.state for one in store.write(auto, inserts)} == {"written"}
    updates = [
        RowWrite("auto", "update", str(n), {"name": f"n{n}"}, {"name": f"m{n}"}, f"u{n}") for n in range(1, 5001)
    ]
    done = store.write(auto, updates)
    assert all(one.state == "written" and one.echo["name"] == f"m{n}" for n, one in enumerate(done, 1))


OPS = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from(["update", "delete", "insert"]),
    st.sampled_from(["a@x", "b@x", "z@x", None]),
    st.sampled_from("123"),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(OPS, max_size=8))
@example([("b", "update", "a@x", "1"), ("a", "update", "z@x", "2")])
def test_a_batch_is_its_groups_one_after_the_other(tmp_path_factory, ops):
    folder = tmp_path_factory.mktemp("p")
    stores = [SqliteStore(folder / "one.db"), SqliteStore(folder / "two.db")]
    for store in stores:
        connection = sqlite3.connect(store.path)
        connection.executescript(SCRIPT)
        connection.close()
    writes = [
        RowWrite(
            "leads", op, key if op != "insert" else f"new-{n}", {}, {} if op == "delete" else {"email": email}, group
        )
        for n, (key, op, email, group) in enumerate(ops)
    ]
    leads = schema(stores[0])
    together = dict(zip(map(id, writes), stores[0].write(leads, writes), strict=True))
    for group in dict.fromkeys(write.group for write in writes):
        mine = [write for write in writes if write.group == group]
        alone = stores[1].write(leads, mine)
        assert len({one.state for one in alone}) == 1
        assert [one.state == "written" for one in alone] == [together[id(write)].state == "written" for write in mine]
    every = "SELECT id, email FROM leads ORDER BY id"
    assert rows(stores[0], every) == rows(stores[1], every)
