"""What an update left in a row is known without a look where nothing but the update can have written it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dq.stores import RowWrite
from dq.stores.sqlite import SqliteStore

TOUCH = "CREATE TRIGGER touch AFTER UPDATE ON leads BEGIN UPDATE leads SET seen = 'touched' WHERE id = NEW.id; END"
CASCADE = """
ALTER TABLE leads ADD COLUMN head TEXT REFERENCES leads(name) ON UPDATE CASCADE;
UPDATE leads SET head = name;
"""
CHILD = """
CREATE TABLE notes(id TEXT PRIMARY KEY, name TEXT REFERENCES leads(name) ON UPDATE CASCADE);
INSERT INTO notes VALUES ('n1', 'Ann');
CREATE TRIGGER told AFTER UPDATE ON notes BEGIN UPDATE leads SET name = NEW.name || '!' WHERE id = 'a'; END;
"""


@pytest.mark.parametrize(
    ("schema", "after", "held"),
    [
        ("", {"name": "Bea"}, {"name": "Bea"}),
        ("", {"name": None}, {"name": None}),
        ("", {"count": 7}, {"count": 7}),
        ("", {"count": "007"}, {"count": 7}),
        ("", {"name": 7}, {"name": "7"}),
        ("", {"share": 3}, {"share": 3.0}),
        (TOUCH, {"name": "Bea"}, {"name": "Bea", "seen": "touched"}),
        (TOUCH, {"name": None}, {"name": None, "seen": "touched"}),
        (CHILD, {"name": "Bea"}, {"name": "Bea!"}),
        (CASCADE, {"name": "Bea"}, {"name": "Bea", "head": "Bea"}),
        ("", {"rank": None}, {"rank": "low"}),
    ],
    ids=[
        "text",
        "cleared",
        "number",
        "text to number",
        "number to text",
        "real",
        "trigger",
        "trigger of a cleared cell",
        "trigger of a child",
        "foreign key",
        "default for a cleared cell",
    ],
)
def test_an_echo_is_what_the_row_holds(tmp_path: Path, schema: str, after: dict, held: dict):
    path = tmp_path / "leads.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "CREATE TABLE leads(id TEXT PRIMARY KEY, name TEXT UNIQUE, count INTEGER, share REAL, seen TEXT,"
            " rank TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'low');"
            f"INSERT INTO leads VALUES ('a', 'Ann', 1, 0.5, 'no', 'high'); {schema}"
        )
    store = SqliteStore(path)
    table = store.describe("leads", ["name", "count", "share", "seen", "rank", *(["head"] if "head" in held else [])])
    before = {name: {"name": "Ann", "count": 1, "share": 0.5, "rank": "high"}[name] for name in after}
    [outcome] = store.write(table, [RowWrite("leads", "update", "a", before, after, "a")])
    assert outcome.state == "written"
    assert {name: outcome.echo[name] for name in held} == held
    assert {name: type(outcome.echo[name]) for name in held} == {name: type(cell) for name, cell in held.items()}
    assert dict(outcome.echo).items() <= store.fetch(table, ["a"])["a"].items()
