# ruff: noqa: RUF001 (letters that look like others are what this is about)
import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from dq.errors import ConfigurationError
from dq.manifest import Column, TableSchema
from dq.rules import FieldRule, Standardizer, TableRules
from dq.schemas import Finding, Record
from dq.standardize import (
    MESSAGES,
    SEVERITY,
    Restless,
    findings,
    prove_idempotent,
    standardize_records,
    without_findings,
)

PROJECT = Path(__file__).resolve().parents[2]
SHARED = PROJECT.parent / "shared"


def chain(*steps):
    return tuple(Standardizer(name=s) if isinstance(s, str) else Standardizer(name=s[0], options=s[1]) for s in steps)


STATUS = {"values": ["auto_send", "manual_review", "contacted", "responded"], "synonyms": {"replied": "responded"}}
RULES = TableRules(
    link_database="airtable_id",
    link_airtable="Lead ID",
    fields=(
        FieldRule(name="name", airtable="Full Name"),
        FieldRule(name="email", airtable="Email", standardize=chain("text", ("email", {"normalize_case": "lower"}))),
        FieldRule(
            name="company", airtable="Company", standardize=chain("text", ("company", {"legal_forms": {"Inc": "Inc."}}))
        ),
        FieldRule(name="linkedin_url", airtable="LinkedIn URL", standardize=chain("text", "linkedin")),
        FieldRule(name="company_website", airtable="Website", standardize=chain("text", "website")),
        FieldRule(name="phone", airtable="Phone"),
        FieldRule(name="status", airtable="Engagement Status", standardize=chain("text", ("enum", STATUS))),
    ),
)
KINDS = {field.name: frozenset({"text"}) for field in RULES.fields}
DATABASE = TableSchema(
    "database",
    "leads",
    "id",
    tuple(Column(name, "text", "TEXT") for name in ("id", *RULES.names, "airtable_id", "created_at", "updated_at")),
)
ROW = {
    "id": "1",
    "name": " Jane  Doe",
    "email": "Jane\xa0<J@X.COM>",
    "company": "ACME FOODS INC",
    "linkedin_url": "linkedin.com/company/acme",
    "company_website": "",
    "phone": None,
    "status": "lost",
    "airtable_id": " rec1 ",
    "created_at": "2026-01-02 03:04:05",
    "updated_at": "yesterday",
}


def records(rows, rules=RULES, schema=DATABASE, kinds=KINDS):
    types = dict.fromkeys(ROW, pl.String)
    return standardize_records(pl.LazyFrame(rows, schema=types), schema, rules, kinds).collect()


def test_a_row_becomes_a_record():
    (record,) = records([ROW]).to_dicts()
    assert (
        record
        | {
            "row_key": "1",
            "created": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "modified": None,
            "link": "rec1",
            "name": "Jane Doe",
            "name_raw": " Jane  Doe",
            "name_rule": "text",
            "email": "j@x.com",
            "email_raw": "Jane\xa0<J@X.COM>",
            "email_rule": "text+email",
            "company": "Acme Foods Inc.",
            "company_rule": "company",
            "company_website": None,
            "company_website_raw": "",
            "company_website_rule": None,
            "phone": None,
            "phone_raw": None,
            "phone_rule": None,
            "status": "lost",
            "status_rule": None,
        }
        == record
    )


def test_records_and_findings_hold_their_contracts():
    done = records([ROW])
    Record.validate(without_findings(done.lazy(), RULES.names).collect())
    found = findings(done, store="database", table="leads", fields=RULES.names)
    Finding.validate(found)
    assert found.select("field", "value", "rule", "message").rows() == [
        ("linkedin_url", "linkedin.com/company/acme", "linkedin.company", MESSAGES["linkedin.company"]),
        ("status", "lost", "enum.unknown", MESSAGES["enum.unknown"]),
    ]
    assert found["severity"].unique().to_list() == ["warning"]
    empty = findings(records([]), store="database", table="leads", fields=RULES.names)
    Finding.validate(empty)
    assert empty.height == 0


def test_two_findings_of_one_cell_are_two_rows():
    both = FieldRule(name="email", airtable="Email", standardize=chain("email", "website"))
    done = records([ROW | {"email": "n/a"}], TableRules(fields=(both,)))
    found = findings(done, store="database", table="leads", fields=["email"])
    assert found["rule"].to_list() == ["email.invalid", "website.invalid"]


def test_every_finding_has_a_message(run):
    own = {
        "date": (["x", "1/2/2024"], {}),
        "number": (["x", "1.234"], {"decimals": 2}),
        "map": (["x"], {"values": {"x": ""}}),
        "regex": (["x", "y"], {"pattern": "x", "must_match": "x"}),
        "expression": (["x"], {"sql": "replace(value, 'x', '')"}),
        "enum": (["x"], {"values": ["y"]}),
    }
    codes = {finding for name, (values, options) in own.items() for _, finding in run(name, values, options)}
    link, listed = "linkedin.com/", {"placeholders": ["n/a"]}
    marks = {
        "mark": ["role", "free", "disposable"],
        "roles": ["a"],
        "free_domains": ["b.c"],
        "disposable_domains": ["d.e"],
    }
    cells = [
        ("text", ["N/A"], listed),
        ("email", ["x", "n/a", "a@x.com,b@x.com", "a@pаypal.com", "a@y.z", "x@b.c", "x@d.e"], listed | marks),
        ("website", ["x", "ftp://x", "http://u@x.com", "https://pаypal.com", "http://x.com, http://y.com"], {}),
        ("linkedin", ["x", "lnkd.in/x", link + "posts/x", link + "profile/view?id=1"], {}),
        ("linkedin", [link + f"{kind}/x" for kind in ("company", "school", "sales")], {}),
        ("linkedin", [link + "in/x"], {"page": "company"}),
        ("company", ["AS", "freelance", "info@acme.com"], {}),
        ("enum", ["contcated"], {"values": ["contacted"], "near": 1}),
        ("name", ["a@x.com", "n/a"], {}),
        ("phone", ["+1", "030 123456", "1.4E+10", "+4930123456 +4930123457", "911", "000-000-0000"], {}),
    ]
    codes |= {finding for name, values, options in cells for _, finding in run(name, values, options)}
    info = {"email.role", "email.free", "email.disposable", "company.only_form", "enum.corrected", "phone.no_region"}
    assert set(MESSAGES) > set(SEVERITY) == info
    assert codes | {"phone.ambiguous"} == set(MESSAGES)


def test_airtable_columns_go_by_their_own_names():
    names = ["id", "createdTime", "Last Modified", "Lead ID", *(field.airtable for field in RULES.fields)]
    schema = TableSchema("airtable", "Leads", "id", tuple(Column(name, "text", "singleLineText") for name in names))
    row = dict.fromkeys(names, "x") | {"createdTime": "2026-01-02T03:04:05.000Z", "Last Modified": None, "Lead ID": ""}
    frame = pl.LazyFrame([row], schema=dict.fromkeys(names, pl.String))
    (record,) = standardize_records(frame, schema, RULES, KINDS).collect().to_dicts()
    assert (record["row_key"], record["modified"], record["link"]) == ("x", None, None)
    assert record["created"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_numbers_booleans_and_lists_come_as_text():
    fields = ("age", "paid", "tags", "notes")
    rules = TableRules(fields=tuple(FieldRule(name=name, airtable=name) for name in fields), created_database=None)
    columns = (("id", "integer"), ("age", "number"), ("paid", "boolean"), ("tags", "list"), ("notes", "rich_text"))
    schema = TableSchema("database", "t", "id", tuple(Column(name, kind, "") for name, kind in columns))
    kinds = {name: frozenset({kind, "text"}) for name, kind in columns[1:]}
    frame = pl.LazyFrame({"id": [7], "age": [41.0], "paid": [None], "tags": ['["a  b"]'], "notes": ["* a\n  b\n"]},
                         schema_overrides={"paid": pl.Boolean})  # fmt: skip
    (record,) = standardize_records(frame, schema, rules, kinds).collect().to_dicts()
    assert [record[name] for name in ("row_key", *fields)] == ["7", "41", "false", '["a  b"]', "- a\n  b"]
    assert record["link"] is None


def test_a_long_text_keeps_its_lines_and_its_bullets():
    rules = TableRules(fields=(FieldRule(name="notes", airtable="notes"),), created_database=None)
    schema = TableSchema("database", "t", "id", (Column("id", "text", ""), Column("notes", "text", "TEXT")))
    frame = pl.LazyFrame({"id": ["7"], "notes": ["* a \n\n  b"]})
    (record,) = (
        standardize_records(frame, schema, rules, {"notes": frozenset({"text", "long_text"})}).collect().to_dicts()
    )
    assert record["notes"].splitlines()[0].startswith("* a")
    assert "\n" in record["notes"]


def test_rows_are_cut_as_one_likes():
    rows = [ROW | {"id": str(i), "name": f"n {i % 5} ", "email": f"A{i}@X.com"} for i in range(50)]
    whole = records(rows)
    assert_frame_equal(pl.concat([records(rows[at : at + 8]) for at in range(0, 50, 8)]), whole)
    assert_frame_equal(records(rows[::-1]), whole.reverse())


def test_settled_records_prove_idempotent():
    assert prove_idempotent(records([ROW]), RULES, KINDS) == []


def test_rules_that_undo_each_other_are_named_with_their_rows():
    odds = chain(
        ("enum", {"values": ["a"], "synonyms": {"b": "a"}}), ("enum", {"values": ["b"], "synonyms": {"a": "b"}})
    )
    swaps = chain(
        ("enum", {"values": ["b", "c"], "synonyms": {"a": "b"}}), ("enum", {"values": ["c"], "synonyms": {"b": "c"}})
    )
    ends = chain(("company", {"legal_forms": {"X1": "X2"}}), ("company", {"legal_forms": {"X2": "X1 X1"}}))
    for steps, expected in ((odds, []), (swaps, []), (ends, [Restless("name", ("company",), ("1", "2"))])):
        rules = TableRules(fields=(FieldRule(name="name", airtable="Full Name", standardize=steps),))
        rows = [
            ROW | {"id": "2", "name": "Acme X1"},
            ROW | {"id": "1", "name": "Foo X2"},
            ROW | {"id": "3", "name": "a"},
        ]
        assert prove_idempotent(records(rows, rules), rules, KINDS) == expected


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ((FieldRule(name="emial", airtable="Email"),), "did you mean `email`?"),
        ((FieldRule(name="link", airtable="Link"),), "link"),
        ((FieldRule(name="email", airtable="Email", standardize=chain("emial")),), "did you mean `email`?"),
        ((FieldRule(name="email", airtable="Email", standardize=chain(("email", {"x": 1}))),), "unknown option `x`"),
    ],
)
def test_what_cannot_be_right_is_refused(fields, said):
    with pytest.raises(ConfigurationError) as error:
        records([ROW], TableRules(fields=fields), kinds={field.name: frozenset({"text"}) for field in fields})
    assert said in str(error.value)


def small_leads():
    path = SHARED / "data" / "leads_small" / "airtable.json"
    if not path.exists():
        pytest.skip("the shared sample data is not here")
    table = json.loads(path.read_text())["bases"][0]["tables"][0]
    names = [field["name"] for field in table["fields"]]
    rows = [
        {"id": r["id"], "createdTime": r["createdTime"], **{n: r["fields"].get(n) for n in names}}
        for r in table["records"]
    ]
    columns = ["id", "createdTime", *names]
    frame = pl.DataFrame(
        [{n: None if r[n] is None else str(r[n]) for n in columns} for r in rows],
        schema=dict.fromkeys(columns, pl.String),
    )
    return frame, TableSchema("airtable", "Leads", "id", tuple(Column(n, "text", "singleLineText") for n in columns))


def test_the_sample_base_is_cleaned_in_parts_as_in_whole():
    frame, schema = small_leads()
    whole = standardize_records(frame.lazy(), schema, RULES, KINDS).collect()
    size = -(-frame.height // 7)
    parts = [standardize_records(part.lazy(), schema, RULES, KINDS).collect() for part in frame.iter_slices(size)]
    assert_frame_equal(pl.concat(parts), whole)
    assert prove_idempotent(whole, RULES, KINDS) == []
    assert set(whole["status"].drop_nulls()) == set(STATUS["values"])
    assert whole["modified"].null_count() == whole["created"].null_count() == 0
    found = findings(whole, store="airtable", table="Leads", fields=RULES.names)
    assert set(found["rule"]) <= {"linkedin.company"}


def test_the_shipped_legal_forms_settle():
    path = PROJECT / "rules" / "lists" / "legal_forms.csv"
    with path.open(encoding="utf-8") as lines:
        forms = {row["form"]: row["canonical"] for row in csv.DictReader(lines)}
    rules = TableRules(
        fields=(
            FieldRule(name="company", airtable="C", standardize=chain("text", ("company", {"legal_forms": forms}))),
        )
    )
    names = [
        f"{before}{mark}{form}"
        for form in forms
        for mark in (" ", ", ", " (")
        for before in ("Acme", "ACME FOODS", "foo & co")
    ]
    done = records([ROW | {"id": f"{i:05}", "company": name} for i, name in enumerate(names)], rules)
    assert prove_idempotent(done, rules, KINDS) == []
    plain = done.filter(pl.col("company_raw").str.starts_with("Acme "))
    assert plain["company"].str.ends_with(".)").any() is False
