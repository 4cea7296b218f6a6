"""The whole flow on real stores: clean, linked, at rest, and nobody's data lost."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from projects import CHILDREN, Project, configuration, without_times

from dq import sandbox
from dq.leads.generate import sample, write

Rows = dict[str, dict[str, Any]]


def _shared(leads_small: Path, root: Path) -> tuple[Project, pl.DataFrame]:
    project = Project(root)
    (root / "data").mkdir(parents=True)
    project.database.write_bytes((leads_small / "leads.db").read_bytes())
    sandbox.load(leads_small / "airtable.json", project.airtable)
    project.configure(configuration())
    return project, pl.read_parquet(leads_small / "truth.parquet")


def _generated(root: Path) -> tuple[Project, pl.DataFrame]:
    project = Project(root)
    (root / "data").mkdir(parents=True)
    made = sample(11, 400)
    write(made, project.database, project.airtable)
    project.configure(configuration())
    return project, made.truth


@pytest.fixture(scope="module", params=["shared", "generated"])
def lived(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, pl.DataFrame, dict[str, Rows]]:
    """A project after its first run, the truth about its rows, and its database before."""
    root = tmp_path_factory.mktemp(request.param) / "project"
    made = _shared(request.getfixturevalue("leads_small"), root) if request.param == "shared" else _generated(root)
    project, truth = made
    before = project.rows()
    ended = project.run("run", "--yes")
    assert ended.code == 0, ended.err
    return project, truth.with_columns(pl.col("entity_id").cast(pl.String)), before


Lived = tuple[Project, pl.DataFrame, dict[str, Rows]]


def _pairs(frame: pl.DataFrame, *columns: str) -> int:
    return int(frame.group_by(*columns).len().select((pl.col("len") * (pl.col("len") - 1) // 2).sum()).item())


def test_pairs_are_as_precise_and_complete_as_promised(lived: Lived) -> None:
    project, truth, _ = lived
    clusters = pl.read_parquet(project.latest / "clean" / "clusters.parquet")
    both = clusters.select("store", "row_key", "entity_id").join(truth, on=["store", "row_key"], suffix="_true")
    assert both.height == truth.height
    shared = _pairs(both, "entity_id", "entity_id_true")
    assert shared / _pairs(both, "entity_id") >= 0.995
    assert shared / _pairs(both, "entity_id_true") >= 0.80


def test_every_lead_is_linked_to_one_record_and_every_record_to_one_lead(lived: Lived) -> None:
    project, *_ = lived
    leads, records = project.rows()["leads"], project.records()
    there = {key: row["airtable_id"] for key, row in leads.items()}
    back = {key: cells.get("Lead ID") for key, cells in records.items()}
    assert sorted(there.values()) == sorted(records)
    assert {(record, lead) for lead, record in there.items()} == set(back.items())


def test_no_child_row_is_lost_orphaned_changed_or_moved_to_another_person(lived: Lived) -> None:
    project, truth, before = lived
    person = dict(truth.filter(pl.col("store") == "database").select("row_key", "entity_id").iter_rows())
    after = project.rows()
    moved = Counter[str]()
    for table in CHILDREN:
        assert set(after[table]) == set(before[table])
        for key, row in after[table].items():
            old = before[table][key]
            assert {**row, "lead_id": None} == {**old, "lead_id": None}
            assert row["lead_id"] in after["leads"]
            moved[table] += row["lead_id"] != old["lead_id"]
            assert person[row["lead_id"]] == person[old["lead_id"]]
    assert moved.total() > 0, "the sample has duplicates with children"


def test_the_next_run_plans_nothing(lived: Lived) -> None:
    project, *_ = lived
    again = project.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err
    assert project.dq("diff", "--exit-code").code == 0
    assert project.dq("diff", "--detailed-exitcode").code == 0


def test_the_database_is_sound_and_keeps_its_schema(lived: Lived) -> None:
    project, *_ = lived
    with closing(sqlite3.connect(project.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_steps_one_by_one_lead_where_a_run_leads(fresh: Project, finished: Project) -> None:
    for step in (("snapshot",), ("clean",), ("diff",), ("apply", "--yes")):
        ended = fresh.run(*step)
        assert ended.code == 0, ended.err
    assert {key: row["email"] for key, row in fresh.rows()["leads"].items()} == {
        key: row["email"] for key, row in finished.rows()["leads"].items()
    }
    assert fresh.records().keys() == finished.records().keys()


def test_two_mappings_do_not_mix(make_project: Callable[[int, int], Project]) -> None:
    """A second table of companies, mapped to a table of its own, with integer keys that other tables have as well."""
    project = make_project(3, 20)
    project.sql("CREATE TABLE companies(id INTEGER PRIMARY KEY, name TEXT, city TEXT, record TEXT, updated_at TEXT)")
    project.sql("CREATE TABLE offices(id INTEGER PRIMARY KEY, name TEXT, city TEXT, record TEXT, updated_at TEXT)")
    for n in range(1, 18):
        for table in ("companies", "offices"):
            values = (n, f"{table} {n}", "Rome", "2026-01-01 00:00:00")
            project.sql(f"INSERT INTO {table}(id, name, city, updated_at) VALUES (?, ?, ?, ?)", *values)

    def change(base: dict[str, Any]) -> None:
        for number, name in enumerate(("Companies", "Offices")):
            names = ("Name", "City", "Row")
            fields = [
                {"id": f"fld{number}{n}{'0' * 12}", "name": one, "type": "singleLineText"}
                for n, one in enumerate(names)
            ]
            dated = {"type": "lastModifiedTime", "options": {"result": {"type": "dateTime"}}}
            fields.append({"id": f"fld{number}9{'0' * 12}", "name": "Changed", **dated})
            base["tables"].append(
                {
                    "id": f"tbl{number}{'0' * 13}",
                    "name": name,
                    "primaryFieldId": fields[0]["id"],
                    "fields": fields,
                    "records": [],
                }
            )

    project.edit_records(change)
    config = project.config()
    for table, name in (("companies", "Companies"), ("offices", "Offices")):
        config["tables"].append(
            {
                "database": table,
                "key": "id",
                "airtable": name,
                "modified": {"database": "updated_at", "airtable": "Changed"},
                "created": {"database": "updated_at", "airtable": "createdTime"},
                "link": {"database": "record", "airtable": "Row"},
                "mapping": {"name": "Name", "city": "City"},
            }
        )
    project.configure(config)
    first = project.dq("run", "--yes")
    assert first.code == 0, first.err
    for name, table in (("Companies", "companies"), ("Offices", "offices")):
        rows, records = project.rows()[table], project.records(name)
        assert len(rows) == len(records) == 17
        assert all(
            without_times({"": records[row["record"]]})[""] == {"Name": row["name"], "City": "Rome", "Row": key}
            for key, row in rows.items()
        )
    project.sql("UPDATE companies SET city = 'Oslo', updated_at = '2031-01-01 00:00:00' WHERE id < 5")
    project.sql("UPDATE offices SET city = 'Bonn', updated_at = '2031-01-01 00:00:00' WHERE id < 9")
    second = project.dq("run", "--yes", "--max-field-changes", "10", "--format", "json")
    assert (second.code, second.json["details"]["changes"]) == (0, 12), second.err
    assert sorted(cells["City"] for cells in project.records("Companies").values()) == ["Oslo"] * 4 + ["Rome"] * 13
    again = project.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err
