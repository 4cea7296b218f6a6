"""Property 2: an undisturbed apply makes exactly the Airtable calls that its plan names. The server's log is the judge."""

import json
import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import closing

import pytest
from projects import CHILDREN, Project, configuration

from dq import sandbox


def _requests(url: str) -> int:
    with urllib.request.urlopen(f"{url}/_sandbox/log") as answer:
        return len(json.load(answer)["requests"])


def _applied(project: Project) -> tuple[int, int, dict]:
    """The plan's price, the calls that apply made, and the plan."""
    flags = ("--max-deletes", "1000", "--max-merges", "1000", "--max-field-changes", "1000", "--max-missing", "1000")
    with project.served() as url:
        assert project.dq("snapshot").code == 0
        assert project.dq("clean").code == 0
        before = _requests(url)
        ended = project.dq("apply", "--yes", "--format", "json", *flags)
        assert ended.code == 0, ended.err
        made = _requests(url) - before
        assert made < 900, "the server's log keeps the last 1000 requests"
        assert ended.json["details"]["api_calls"]["apply"] == made
        assert sum(sandbox.calls(url).values()) <= _requests(url)
    plan = project.plan()
    return plan["price"]["api_calls"], made, plan


def _update_many(project: Project) -> None:
    project.sql("UPDATE leads SET title = 'Chief ' || title, updated_at = '2031-01-01T00:00:00+00:00'")


def _update_airtable(project: Project) -> None:
    def change(base: dict) -> None:
        for record in base["tables"][0]["records"][:23]:
            record["fields"]["Title"] = "Head of Things"

    project.edit_records(change)


def _insert(project: Project) -> None:
    for n in range(37):
        project.sql(
            "INSERT INTO leads(id, name, email, created_at, updated_at) VALUES (?, ?, ?, '2030-01-01', '2030-01-01')",
            f"new-{n:03}", f"Ada Newcomer{chr(65 + n % 26)}{'x' * (n // 26)}", f"ada.{n}@firm{n}.example",
        )  # fmt: skip


def _delete(project: Project) -> None:
    for name in CHILDREN:
        project.sql(f"DELETE FROM {name}")
    project.sql("DELETE FROM leads WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 34)")


def _delete_records(project: Project) -> None:
    for name in CHILDREN:
        project.sql(f"DELETE FROM {name}")

    def change(base: dict) -> None:
        del base["tables"][0]["records"][:13]

    project.edit_records(change)


def _mixed(project: Project) -> None:
    for change in (_update_many, _insert, _delete_records):
        change(project)


def _without_links(project: Project) -> None:
    config = project.config()
    del config["tables"][0]["link"]
    project.configure(config)


SHAPES = {
    "updates of records": _update_many,
    "updates of rows": _update_airtable,
    "inserts": _insert,
    "deletes of records": _delete,
    "deletes of rows": _delete_records,
    "all kinds": _mixed,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_apply_makes_the_calls_that_its_plan_names(settled: Project, shape: str) -> None:
    SHAPES[shape](settled)
    price, made, plan = _applied(settled)
    assert plan["counts"]["changes"] > 0
    assert price == made


@pytest.mark.parametrize("batch_size", [1, 7, 50, 1000])
def test_the_price_of_a_first_run_with_merges_holds_for_any_batch_size(fresh: Project, batch_size: int) -> None:
    config = fresh.config()
    config["limits"]["batch_size"] = batch_size
    fresh.configure(config)
    price, made, plan = _applied(fresh)
    assert plan["counts"]["merged"] > 0
    assert price == made


def test_the_price_holds_without_link_columns(fresh: Project) -> None:
    _without_links(fresh)
    price, made, _ = _applied(fresh)
    assert price == made
    _insert(fresh)
    price, made, plan = _applied(fresh)
    assert plan["counts"]["rows"]["airtable"]["insert"] == 37
    assert price == made


def test_the_price_holds_for_many_records_of_one_lead(settled: Project) -> None:
    def change(base: dict) -> None:
        records = base["tables"][0]["records"]
        for n in range(4):
            twin = {
                name: records[n]["fields"][name]
                for name in ("Full Name", "Email", "Company")
                if name in records[n]["fields"]
            }
            records += [
                {"id": f"recTwin{n}{i:09}", "createdTime": "2026-01-01T00:00:00.000Z", "fields": twin} for i in range(7)
            ]

    settled.edit_records(change)
    price, made, plan = _applied(settled)
    assert plan["counts"]["rows"]["airtable"]["delete"] >= 21
    assert price == made


def test_the_price_holds_for_other_tables_in_the_base(settled: Project) -> None:
    def change(base: dict) -> None:
        base["tables"].append(
            {
                "id": "tblOther000000001",
                "name": "Other",
                "primaryFieldId": "fldOther000000001",
                "fields": [{"id": "fldOther000000001", "name": "Name", "type": "singleLineText"}],
                "records": [
                    {"id": f"recOther{n:09}", "createdTime": "2026-01-01T00:00:00.000Z", "fields": {"Name": "x"}}
                    for n in range(350)
                ],
            }
        )

    settled.edit_records(change)
    _update_many(settled)
    price, made, _ = _applied(settled)
    assert price == made


def test_the_price_holds_for_integer_keys(make_project: Callable[[int, int], Project]) -> None:
    project = with_integer_keys(make_project(8, 40))
    price, made, plan = _applied(project)
    assert plan["counts"]["rows"]["database"]["insert"] > 0
    assert price == made
    again = project.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err


def with_integer_keys(project: Project) -> Project:
    """The same project with a lead table whose keys are the database's own numbers."""
    with closing(sqlite3.connect(project.database)) as connection, connection:
        connection.executescript(
            """
            ALTER TABLE leads RENAME TO old;
            CREATE TABLE leads(id INTEGER PRIMARY KEY, name TEXT, email TEXT, company TEXT, title TEXT, linkedin_url TEXT,
              company_website TEXT, phone TEXT, status TEXT, airtable_id TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
            INSERT INTO leads SELECT rowid, name, email, company, title, linkedin_url, company_website, phone, status, airtable_id,
              created_at, updated_at FROM old;
            DROP TABLE lead_enrichment; DROP TABLE campaigns; DROP TABLE pipeline_activity; DROP TABLE old;
            """
        )

    def change(base: dict) -> None:
        for record in base["tables"][0]["records"]:
            record["fields"].pop("Lead ID", None)

    project.edit_records(change)
    config = configuration()
    del config["tables"][0]["children"]
    project.configure(config)
    return project
