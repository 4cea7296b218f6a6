"""Many rows are updated by one statement; each is guarded as if it were alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dq.stores import RowWrite
from dq.stores.sqlite import SqliteStore

KEYS = {
    "text": "id TEXT PRIMARY KEY",
    "integer": "id INTEGER PRIMARY KEY",
    "untyped": "id PRIMARY KEY",
    "without rowid": "id TEXT PRIMARY KEY",
}


def filled(path: Path, key: str, rows: int, table: str = "leads") -> SqliteStore:
    with closing(sqlite3.connect(path)) as connection, connection:
        end = "WITHOUT ROWID" if key == "without rowid" else ""
        connection.execute(f'CREATE TABLE "{table}"({KEYS[key]}, name TEXT, column1 TEXT) {end}')
        cells = ((str(n), None if n % 3 == 0 else f"name {n}", "same") for n in range(rows))
        connection.executemany(f'INSERT INTO "{table}" VALUES (?, ?, ?)', cells)
    return SqliteStore(path)


def planned(number: int, table: str = "leads") -> RowWrite:
    before = {"name": None if number % 3 == 0 else f"name {number}", "column1": "same"}
    return RowWrite(table, "update", str(number), before, {"name": f"new {number}"}, str(number))


def held(path: Path, table: str = "leads") -> dict[str, str | None]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute(f'SELECT CAST(id AS TEXT), name FROM "{table}"').fetchall())


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("rows", [1, 2, 63, 64, 65, 200])
def test_every_row_gets_its_own_cells(tmp_path: Path, key: str, rows: int):
    store = filled(tmp_path / "leads.db", key, rows)
    done = store.write(store.describe("leads", ["name", "column1"]), [planned(number) for number in range(rows)])
    assert [one.state for one in done] == ["written"] * rows
    assert [one.key for one in done] == [str(number) for number in range(rows)]
    assert held(store.path) == {str(number): f"new {number}" for number in range(rows)}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("moved", [0, 33, 63, 64, 99])
@pytest.mark.parametrize("now", ["NULL", "'other'", "'NAME 1'"])
def test_a_row_that_moved_is_told_and_holds_up_no_other(tmp_path: Path, key: str, moved: int, now: str):
    store = filled(tmp_path / "leads.db", key, 100)
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(f"UPDATE leads SET name = {now}, column1 = 'moved' WHERE CAST(id AS TEXT) = ?", [str(moved)])
    before = held(store.path)
    done = store.write(store.describe("leads", ["name", "column1"]), [planned(number) for number in range(100)])
    assert [number for number, one in enumerate(done) if one.state != "written"] == [moved]
    after = {str(number): f"new {number}" for number in range(100)}
    assert held(store.path) == after | {str(moved): before[str(moved)]}


@pytest.mark.parametrize("table", ["new", "held", 'a "b"'])
def test_tables_may_be_called_anything(tmp_path: Path, table: str):
    path = tmp_path / "leads.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE old(id TEXT PRIMARY KEY, name TEXT, column1 TEXT)")
        connection.executemany("INSERT INTO old VALUES (?, ?, 'same')", [(str(n), f"name {n}") for n in (1, 2)])
        escaped = table.replace('"', '""')
        connection.execute(f'ALTER TABLE old RENAME TO "{escaped}"')
    store = SqliteStore(path)
    done = store.write(store.describe(table, ["name", "column1"]), [planned(1, table), planned(2, table)])
    assert [one.state for one in done] == ["written", "written"]


@pytest.mark.parametrize("columns", [200, 249, 250, 600])
def test_wide_rows(tmp_path: Path, columns: int):
    path, names = tmp_path / "wide.db", [f"c{number}" for number in range(columns)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE wide(id TEXT PRIMARY KEY, {', '.join(f'{name} TEXT' for name in names)})")
        marks = ", ".join("?" * (columns + 1))
        connection.executemany(f"INSERT INTO wide VALUES ({marks})", [(str(n), *names) for n in range(70)])
    store = SqliteStore(path)
    before, after = {name: name for name in names}, {name: f"{name}!" for name in names}
    writes = [RowWrite("wide", "update", str(n), before, after, str(n)) for n in range(70)]
    table = store.describe("wide", names)
    assert {one.state for one in store.write(table, writes)} == {"written"}
    assert all(row[name] == f"{name}!" for row in store.fetch(table, ["0", "69"]).values() for name in names)


def test_a_refused_row_holds_up_no_other(tmp_path: Path):
    store = filled(tmp_path / "leads.db", "text", 100)
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("CREATE UNIQUE INDEX one_name ON leads(name)")
    taken = RowWrite("leads", "update", "70", planned(70).before, {"name": "name 98"}, "70")
    writes = [taken if number == 70 else planned(number) for number in range(98)]
    done = store.write(store.describe("leads", ["name", "column1"]), writes)
    assert [number for number, one in enumerate(done) if one.state != "written"] == [70]
    assert done[70].state == "refused"
    assert held(store.path) == {str(n): f"new {n}" for n in range(98)} | {"70": "name 70", "98": "name 98", "99": None}
