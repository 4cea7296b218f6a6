"""Two tables, leads that belong to companies, over the real sandbox and SQLite: links travel both ways."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from projects import Project

from dq import pipeline, sandbox
from dq.apply.undo import Scope
from dq.settings import load

TABLES = """
CREATE TABLE companies(id {key} PRIMARY KEY, name TEXT, domain TEXT, airtable_id TEXT, updated_at TEXT);
CREATE TABLE leads(id {key} PRIMARY KEY, name TEXT, email TEXT, company_id {key} {declared},
  airtable_id TEXT, updated_at TEXT);
"""
PROGRAM = (Path(__file__).parent / "dying.py").read_text(encoding="utf-8")
COMPANY, LEAD = "fldLeadCompany0000", "fldCompanyLeads000"
LATE = "2031-01-01T00:00:00+00:00"


def _text(field: str, name: str) -> dict[str, Any]:
    return {"id": field, "name": name, "type": "singleLineText"}


def _link(field: str, name: str, table: str, inverse: str) -> dict[str, Any]:
    options = {"linkedTableId": table, "inverseLinkFieldId": inverse}
    return {"id": field, "name": name, "type": "multipleRecordLinks", "options": options}


def _base() -> dict[str, Any]:
    companies = [_text("fldCompanyName0000", "Name"), _text("fldCompanyDomain00", "Domain")]
    leads = [
        _text("fldLeadName0000000", "Full Name"),
        _text("fldLeadEmail000000", "Email"),
        _text("fldLeadKey00000000", "Lead ID"),
    ]
    return {
        "id": "appLinked000000000",
        "name": "Linked",
        "tables": [
            {
                "id": "tblCompanies00000a",
                "name": "Companies",
                "primaryFieldId": "fldCompanyName0000",
                "fields": [*companies, _link(LEAD, "Leads", "tblLeads000000000b", COMPANY)],
                "records": [],
            },
            {
                "id": "tblLeads000000000b",
                "name": "Leads",
                "primaryFieldId": "fldLeadName0000000",
                "fields": [*leads, _link(COMPANY, "Company", "tblCompanies00000a", LEAD)],
                "records": [],
            },
        ],
    }


def _configuration() -> dict[str, Any]:
    times = {"modified": {"database": "updated_at", "airtable": None}, "created": {"database": None}}
    keys = {"companies": ["domain"], "leads": ["email"]}
    named = {table: {"key": "id", **times, "duplicates": {"matching_fields": fields}} for table, fields in keys.items()}
    return {
        "stores": {"database": {"url": "sqlite:///data/leads.db"}, "airtable": {"sandbox": "data/airtable.db"}},
        "tables": [
            {
                **named["leads"],
                "database": "leads",
                "airtable": "Leads",
                "mapping": {"name": "Full Name", "email": "Email", "company_id": "Company"},
                "link": {"database": "airtable_id", "airtable": "Lead ID"},
            },
            {
                **named["companies"],
                "database": "companies",
                "airtable": "Companies",
                "mapping": {"name": "Name", "domain": "Domain"},
                "link": {"database": "airtable_id"},
            },
        ],
        "sync": {"conflict": ["database_wins"]},
        "brakes": {
            "max_deletes": {"share": 1, "rows": None},
            "max_merges": {"share": 1},
            "max_field_changes": {"share": 1},
        },
        "limits": {"requests_per_second": 50},
    }


KEYS = {"text": ("TEXT", "REFERENCES companies(id)"), "integer": ("INTEGER", "")}
whatever_the_keys = pytest.mark.parametrize("project", ["integer"], indirect=True)


@pytest.fixture(params=KEYS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    (made.root / "data").mkdir(parents=True)
    (made.root / "rules").mkdir()
    rules = "keys: [{field: email, identifying: true}, {field: domain, identifying: true}]\n"
    (made.root / "rules" / "dedupe.yaml").write_text(rules, encoding="utf-8")
    key, declared = KEYS[request.param]
    for statement in TABLES.format(key=key, declared=declared).split(";"):
        made.sql(statement)
    file = made.root / "base.json"
    file.write_text(json.dumps({"bases": [_base()]}), encoding="utf-8")
    sandbox.load(file, made.airtable)
    made.configure(_configuration())
    return made


def company(project: Project, key: int, domain: str) -> None:
    project.sql("INSERT INTO companies(id, name, domain, updated_at) VALUES (?, ?, ?, ?)", key, domain, domain, LATE)


def lead(project: Project, key: int, email: str, to: int | None) -> None:
    values = (key, email, email, to, LATE)
    project.sql("INSERT INTO leads(id, name, email, company_id, updated_at) VALUES (?, ?, ?, ?, ?)", *values)


def run(project: Project) -> None:
    ended = project.dq("run", "--yes", "--format", "json")
    assert ended.code == 0, ended.err
    details = ended.json["details"]
    assert details["api_calls"]["apply"] == details["price"]["api_calls"]
    rest = project.dq("run", "--yes", "--format", "json")
    assert (rest.code, rest.json["details"]["changes"]) == (0, 0), rest.out


def pairs(project: Project) -> dict[str, tuple[str | None, list[str]]]:
    """email → the domain of the lead's company in the database, and those in Airtable."""
    firms = project.records("Companies")
    mine = dict(project.sql("SELECT l.email, c.domain FROM leads l LEFT JOIN companies c ON c.id = l.company_id"))
    theirs = {
        record["Email"]: [firms[one]["Domain"] for one in record.get("Company", [])]
        for record in project.records().values()
    }
    return {email: (mine.get(email), theirs.get(email, [])) for email in mine | theirs}


def edit(project: Project, email: str, domains: list[str]) -> None:
    """Set a lead's link in Airtable, with its other end, as its own editor does."""

    def change(base: dict[str, Any]) -> None:
        firms, people = (table["records"] for table in base["tables"])
        ids = [firm["id"] for firm in firms if firm["fields"]["Domain"] in domains]
        [record] = [record for record in people if record["fields"]["Email"] == email]
        record["fields"]["Company"] = ids
        for firm in firms:
            others = [one for one in firm["fields"].get("Leads", []) if one != record["id"]]
            firm["fields"]["Leads"] = [*others, *([record["id"]] if firm["id"] in ids else [])]

    project.edit_records(change)


def undone(project: Project) -> None:
    """Take the last run back."""
    settings = load(project.root / "config" / "dq.yaml")
    watch = pipeline.Watch(lambda: datetime.now(UTC), lambda *_: None, lambda: False)
    with pipeline.locked(settings), pipeline.opened(settings) as stores:
        assert (
            pipeline.undo(
                settings,
                stores,
                pipeline.Asked(None, Scope(), "tester"),
                pipeline.Permission({}),
                watch,
                lambda _: None,
            ).undone.kept
            == ()
        )


@pytest.fixture
def linked(project: Project) -> Project:
    """Two companies and two leads that came from the database."""
    company(project, 1, "a.example")
    company(project, 2, "b.example")
    lead(project, 1, "p@x.example", 1)
    lead(project, 2, "q@x.example", None)
    run(project)
    return project


def test_links_travel_both_ways(linked: Project) -> None:
    assert pairs(linked) == {"p@x.example": ("a.example", ["a.example"]), "q@x.example": (None, [])}
    linked.sql("UPDATE leads SET company_id = 2, updated_at = '2032' WHERE id = 1")
    edit(linked, "q@x.example", ["a.example"])
    run(linked)
    assert pairs(linked) == {
        "p@x.example": ("b.example", ["b.example"]),
        "q@x.example": ("a.example", ["a.example"]),
    }
    linked.sql("UPDATE leads SET company_id = NULL, updated_at = '2033' WHERE id = 1")
    edit(linked, "q@x.example", [])
    run(linked)
    assert pairs(linked) == {"p@x.example": (None, []), "q@x.example": (None, [])}


def test_several_links_stay(linked: Project) -> None:
    edit(linked, "p@x.example", ["a.example", "b.example"])
    run(linked)
    assert pairs(linked)["p@x.example"] == ("a.example", ["a.example", "b.example"])


def test_what_both_stores_bring_new_arrives_linked(linked: Project) -> None:
    company(linked, 9, "z.example")
    lead(linked, 9, "z@x.example", 9)
    linked.sql("UPDATE leads SET company_id = 9, updated_at = '2032' WHERE id = 1")

    def change(base: dict[str, Any]) -> None:
        firms, people = (table["records"] for table in base["tables"])
        when = {"createdTime": "2031-01-01T00:00:00.000Z"}
        firms.append(
            {
                "id": "recNewFirm0000000",
                **when,
                "fields": {"Name": "y", "Domain": "y.example", "Leads": ["recNewLead0000000"]},
            }
        )
        people.append(
            {
                "id": "recNewLead0000000",
                **when,
                "fields": {"Full Name": "y", "Email": "y@x.example", "Company": ["recNewFirm0000000"]},
            }
        )

    linked.edit_records(change)
    edit(linked, "q@x.example", ["y.example"])
    run(linked)
    assert pairs(linked) == {
        "p@x.example": ("z.example", ["z.example"]),
        "q@x.example": ("y.example", ["y.example"]),
        "y@x.example": ("y.example", ["y.example"]),
        "z@x.example": ("z.example", ["z.example"]),
    }


@whatever_the_keys
def test_killed_at_any_moment_a_run_goes_on_to_the_same_links(linked: Project, tmp_path: Path) -> None:
    company(linked, 9, "z.example")
    company(linked, 8, "a.example")
    lead(linked, 9, "z@x.example", 9)
    lead(linked, 8, "r@x.example", 8)
    linked.sql("UPDATE leads SET company_id = 9, updated_at = '2032' WHERE id = 1")
    assert linked.dq("snapshot").code == 0
    assert linked.dq("clean").code == 0
    whole = linked.copy(tmp_path / "whole")
    trace = tmp_path / "trace"
    ended = whole.run("apply", "--yes", program=PROGRAM, DYING_AT="0", DYING_TRACE=str(trace))
    assert ended.code == 0, ended.err
    moments = len(trace.read_text(encoding="utf-8").splitlines())
    for at in range(3, moments, max(moments // 3, 1)):
        killed = linked.copy(tmp_path / f"killed-{at}")
        assert killed.run("apply", "--yes", program=PROGRAM, DYING_AT=str(at)).code < 0
        ended = killed.dq("apply", "--resume", "--yes")
        assert ended.code == 0, ended.err
        assert pairs(killed) == pairs(whole)
        assert len(killed.records()) == len(whole.records())


def test_merged_companies_take_their_leads_along_and_undo_brings_them_back(linked: Project) -> None:
    edit(linked, "q@x.example", ["b.example"])
    run(linked)
    linked.sql("UPDATE companies SET domain = 'a.example', updated_at = '2032' WHERE id = 2")
    lead(linked, 3, "r@x.example", 1)
    before = {name: {key: row.get("company_id") for key, row in rows.items()} for name, rows in linked.rows().items()}
    with linked.served():
        assert linked.dq("snapshot").code == 0
        assert linked.dq("clean").code == 0
        ended = linked.dq("apply", "--yes", "--format", "json")
        assert ended.code == 0, ended.err
        assert ended.json["details"]["api_calls"]["apply"] == linked.plan()["price"]["api_calls"]
    assert len(linked.rows()["companies"]) == len(linked.records("Companies")) == 1
    assert set(map(str, pairs(linked).values())) == {"('a.example', ['a.example'])"}
    undone(linked)
    after = {name: {key: row.get("company_id") for key, row in rows.items()} for name, rows in linked.rows().items()}
    assert after == before
    theirs = {record["Email"]: len(record.get("Company", [])) for record in linked.records().values()}
    assert theirs == {"p@x.example": 1, "q@x.example": 1}
    run(linked)
    assert len(linked.records("Companies")) == 2, "what was undone stays apart"
    for decided in linked.dq("review", "list", "--format", "json").json["decisions"]:
        assert linked.dq("review", "forget", decided["key_l"]).code == 0
    run(linked)
    assert len(linked.records("Companies")) == 1


def test_links_come_back_with_the_records_that_a_restore_makes_anew(project: Project) -> None:
    for n in range(4):
        company(project, n + 1, f"firm{n}.example")
        lead(project, n + 11, f"ada@firm{n}.example", n + 1)
    lead(project, 99, "solo@nobody.example", None)
    run(project)
    before = pairs(project)
    made = project.dq("backup", "create")
    assert made.code == 0, made.err

    def change(base: dict[str, Any]) -> None:
        firms, people = (table["records"] for table in base["tables"])
        gone = {firms.pop(0)["id"], people.pop(1)["id"], people.pop(2)["id"]}
        for record in [*firms, *people]:
            for name in {"Company", "Leads"} & set(record["fields"]):
                record["fields"][name] = [one for one in record["fields"][name] if one not in gone]

    project.edit_records(change)
    project.sql("UPDATE leads SET company_id = NULL")
    restored = project.dq("backup", "restore", "latest", "--yes", "--format", "json")
    assert restored.code == 0, restored.err + restored.out
    assert pairs(project) == before
    assert len(restored.json["airtable"]["new_ids"]) == 3
    rest = project.dq("run", "--yes", "--format", "json")
    assert (rest.code, rest.json["details"]["changes"]) == (0, 0), rest.out


def _rebased(project: Project) -> Any:
    ended = project.dq("clean", "--rebase", "latest", "--format", "json")
    assert ended.code == 0, ended.err
    return ended.json["rebased"]


@whatever_the_keys
def test_a_plan_is_carried_on_without_a_company_that_moved_and_the_leads_that_name_it(linked: Project) -> None:
    company(linked, 9, "z.example")
    lead(linked, 9, "z@x.example", 9)
    linked.sql("UPDATE leads SET name = 'Quentin', updated_at = '2032' WHERE id = 2")
    assert linked.dq("snapshot").code == linked.dq("clean").code == 0
    linked.sql("UPDATE companies SET name = 'Zed' WHERE id = 9")
    told = _rebased(linked)
    assert (told["kept"], len(told["changed"]), told["new"]) == (1, 2, [])
    assert linked.dq("apply", "--yes").code == 0
    assert "z@x.example" not in {record["Email"] for record in linked.records().values()}
    run(linked)
    assert pairs(linked)["z@x.example"] == ("z.example", ["z.example"])


@whatever_the_keys
def test_a_merge_that_somebody_needs_otherwise_now_is_not_carried_on(linked: Project) -> None:
    company(linked, 8, "a.example")
    linked.sql("UPDATE leads SET name = 'Quentin', updated_at = '2032' WHERE id = 2")
    assert linked.dq("snapshot").code == linked.dq("clean").code == 0
    lead(linked, 10, "new@x.example", 8)
    told = _rebased(linked)
    assert told["kept"] >= 1
    assert linked.dq("apply", "--yes").code == 0
    assert linked.sql(
        "SELECT count(*) FROM leads l LEFT JOIN companies c ON c.id = l.company_id WHERE l.company_id IS NOT NULL AND c.id IS NULL"
    ) == [(0,)]
    run(linked)
    assert pairs(linked)["new@x.example"] == ("a.example", ["a.example"])


@whatever_the_keys
def test_a_rehearsal_makes_and_follows_links_as_the_run_then_does(linked: Project) -> None:
    company(linked, 9, "nine.example")
    lead(linked, 90, "nina@nine.example", 9)
    linked.sql("UPDATE leads SET company_id = 2, updated_at = '2032' WHERE id = 1")
    edit(linked, "q@x.example", ["a.example"])
    rehearsed = linked.dq("run", "--against", "twin", "--format", "json")
    assert rehearsed.code == 0, rehearsed.err
    assert rehearsed.json["second_plan"] == {}
    applied = linked.dq("apply", "--yes", "--format", "json")
    assert applied.code == 0, applied.err
    assert applied.json["details"]["writes"] == rehearsed.json["states"]
    assert applied.json["details"]["api_calls"]["apply"] == rehearsed.json["api_calls"]["made"]


def test_edge_19_ids_that_two_tables_share_name_two_things(project: Project) -> None:
    """`recSame…a` is a company and a lead; each lead belongs to the company of the other one's id."""
    same = ("recSame000000000a", "recSame000000000b")

    def filled(base: dict[str, Any]) -> None:
        firms, people = (table["records"] for table in base["tables"])
        for mine, other in (same, same[::-1]):
            name = mine[-1]
            cells = {"Full Name": f"Lead {name}", "Email": f"{name}@x.example", "Company": [other]}
            firms.append(
                {
                    "id": mine,
                    "createdTime": LATE,
                    "fields": {"Name": name, "Domain": f"{name}.example", "Leads": [other]},
                }
            )
            people.append({"id": mine, "createdTime": LATE, "fields": cells})

    project.edit_records(filled)
    run(project)
    crossed = {f"{one}@x.example": (f"{two}.example", [f"{two}.example"]) for one, two in ("ab", "ba")}
    assert pairs(project) == crossed
    project.sql("UPDATE companies SET name = 'Firm', updated_at = '2032' WHERE domain = 'a.example'")
    project.sql("UPDATE leads SET name = 'Bea', updated_at = '2032' WHERE email = 'b@x.example'")
    run(project)
    assert [project.records("Companies")[one]["Name"] for one in same] == ["Firm", "b"]
    assert [project.records()[one]["Full Name"] for one in same] == ["Lead a", "Bea"]

    def gone(base: dict[str, Any]) -> None:
        firms, people = (table["records"] for table in base["tables"])
        people[:] = [one for one in people if one["id"] != same[0]]
        next(one for one in firms if one["id"] == same[1])["fields"].pop("Leads")

    project.edit_records(gone)
    run(project)
    assert set(project.records("Companies")) == set(same)
    assert pairs(project) == {"b@x.example": crossed["b@x.example"]}
    assert project.sql("SELECT count(*) FROM companies") == [(2,)]


@pytest.mark.parametrize("project", ["integer"], indirect=True)
def test_people_decide_about_rows_whose_keys_stand_in_both_tables(project: Project) -> None:
    for key in (1, 2):
        company(project, key, f"firm{key}.example")
        lead(project, key, f"ann{key}@mail.example", 1)
    lead(project, 3, "bo@mail.example", 1)
    assert project.dq("snapshot").code == project.dq("clean").code == 0
    refused = project.dq("review", "same", "1", "2")
    assert refused.code == 2
    assert "companies, leads" in refused.err
    assert "--table" in refused.err
    assert project.dq("review", "same", "1", "2", "--table", "tables").code == 2
    assert project.dq("review", "different", "1", "3").code == 0, "only leads have the other"
    assert project.dq("review", "same", "database:2", "database:1", "--table", "leads").code == 0
    told = project.dq("review", "list", "--format", "json").json["decisions"]
    assert {(one["table"], one["key_l"], one["key_r"]) for one in told} == {("leads", "1", "2"), ("leads", "1", "3")}
    settings = load(project.root / "config" / "dq.yaml")
    ends = {"store_l": "database", "key_l": "1", "store_r": "database", "key_r": "2"}
    expected = {
        "leads": ("email", "ann1@mail.example", "ann2@mail.example"),
        "companies": ("domain", "firm1.example", "firm2.example"),
    }
    told = pipeline.said(settings, [{"table": table, **ends} for table in expected])
    for (field, *values), cells in zip(expected.values(), told, strict=True):
        said = {name: sides for name, *sides in cells}
        assert said[field] == values
        assert [name.lower() for name in said["name"]] == values
