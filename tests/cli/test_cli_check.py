"""`dq check` on a real project: every kind of rule, drift against the last snapshot, baseline, rules that do not fit."""

import json

import polars as pl
import pytest
from projects import Project

RULES = """checks:
  - {name: has_phone, check: completeness, field: phone, severity: error}
  - {name: own_column, check: freshness, field: updated_at, max_age: 1d}
  - {name: rows_kept, check: row_count, min: 1, max_change: 0.1, severity: error}
  - {name: phones_kept, check: null_rate, field: phone, max_change: 0.02, severity: error}
  - {name: statuses_kept, check: distribution, field: status, max_distance: 0.05, severity: error}
  - {name: agrees, check: agreement, field: email, max_share: 0.9}
  - {name: no_twins, check: duplicates}
  - {name: refers, check: reference, field: id, references: lead_enrichment.lead_id, max_share: 1.0}
  - {name: in_sql, check: sql, sql: "email LIKE '%@%' OR created_at IS NULL", max_share: 0.5}
  - {name: in_polars, check: expression, expression: "email IS NULL OR length(email) > 5", where: "status IS NOT NULL"}
"""


def _statuses(ended) -> dict[str, str]:
    return {one["name"]: one["status"] for one in ended.json["checks"]}


def test_a_project_through_drift_and_its_baseline(fresh: Project):
    (fresh.root / "rules").mkdir(exist_ok=True)
    (fresh.root / "rules" / "quality.yaml").write_text(RULES)
    assert fresh.dq("snapshot").code == 0
    assert fresh.dq("clean").code == 0
    first = fresh.dq("check", "--format", "json")
    assert first.code == 1, first.err
    told = _statuses(first)
    assert {told["has_phone"], told["phones_kept"], told["statuses_kept"]} == {"error", "skipped"}
    assert [told[name] for name in ("rows_kept", "agrees", "no_twins", "refers")] == ["passed"] * 4
    assert {told["in_sql"], told["in_polars"]} <= {"passed", "warning"}
    [phone] = [one for one in first.json["checks"] if one["name"] == "has_phone"]
    kept = pl.read_parquet(next(fresh.snapshots.glob("2*/clean/findings.parquet")))
    assert kept.filter(rule="has_phone").height == phone["failed"] > 0

    accepted = fresh.dq("check", "--update-baseline", "--format", "json")
    assert (accepted.code, _statuses(accepted)["has_phone"]) == (0, "known"), accepted.err
    baseline = fresh.root / "rules" / "quality-baseline.json"
    assert json.loads(baseline.read_text())["targets"]["leads"]["has_phone"]["failed"] == phone["failed"]

    mended = kept.filter(rule="has_phone", store="database")["row_key"][0]
    fresh.sql("UPDATE leads SET phone = NULL, status = 'contacted', updated_at = '2031-01-01T00:00:00+00:00'")
    fresh.sql(f"UPDATE leads SET phone = '+1 415 555 0100' WHERE id = '{mended}'")
    assert fresh.dq("snapshot").code == 0
    assert fresh.dq("clean").code in (0, 1)
    before = baseline.read_text()
    later = fresh.dq("check", "--no-shrink", "--format", "json")
    told = _statuses(later)
    assert later.code == 1, later.err
    assert (told["has_phone"], told["phones_kept"], told["statuses_kept"]) == ("error", "error", "error"), later.out
    assert baseline.read_text() == before
    assert fresh.dq("check").code == 1
    left = json.loads(baseline.read_text())["targets"]["leads"].get("has_phone", {"failed": 0})
    assert left["failed"] < phone["failed"]


@pytest.mark.parametrize(
    ("rules", "needle"),
    [
        ("{name: a, check: completeness, field: emial}", "did you mean `email`?"),
        ("{name: a, check: sql, sql: 'emial = 1'}", "emial"),
        ("{name: a, check: expression, expression: 'length(email)'}", "true or false"),
        ("{name: a, check: completness, field: email}", "did you mean `completeness`?"),
    ],
)
def test_rules_that_do_not_fit_a_file_end_with_2(fresh: Project, rules: str, needle: str):
    (fresh.root / "my.yaml").write_text(f"checks:\n  - {rules}\n")
    (fresh.root / "leads.csv").write_text("id,email\n1,a@x.com\n")
    ended = fresh.dq("check", "leads.csv", "--rules", "my.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert needle in ended.err
    assert "my.yaml:2" in ended.err


def test_a_file_by_rules_of_its_own(fresh: Project):
    (fresh.root / "my.yaml").write_text(
        "checks:\n"
        "  - {name: size, check: range, field: size, min: 0, severity: error}\n"
        "  - {name: once, check: duplicates}\n"
        "  - {name: valid, check: validity, field: email}\n"
    )
    rows = "key,size,email\nx,1,a@x.com\ny,-1,A@x.com \nz,3,no mail\n"
    (fresh.root / "sizes.csv").write_text(rows)
    arguments = ("check", "sizes.csv", "--key", "key", "--rules", "my.yaml", "--format", "json")
    ended = fresh.dq(*arguments, "--findings", "failing.csv")
    assert ended.code == 1, ended.err
    assert {one["name"]: one["failed"] for one in ended.json["checks"]} == {"size": 1, "once": 2, "valid": 1}
    failing = pl.read_csv(fresh.root / "failing.csv")
    assert failing.select("row_key", "rule").rows() == [("x", "once"), ("y", "once"), ("y", "size"), ("z", "valid")]
    own = (*arguments, "--baseline", "own.json")
    assert fresh.dq(*own).code == 2
    assert fresh.dq(*own, "--update-baseline").code == 0
    (fresh.root / "sizes.csv").write_text(rows + "w,-2,w@x.com\n")
    assert fresh.dq(*own).code == 1


@pytest.mark.parametrize(
    ("rule", "needle"),
    [
        ("check: completeness, field: updatd_at", "did you mean `updated_at`?"),
        ("check: reference, field: id, references: lead_enrichmnt.lead_id", "did you mean `lead_enrichment`?"),
        ("check: reference, field: id, references: lead_enrichment.led_id", "did you mean `lead_id`?"),
        ("check: sql, sql: updatd_at IS NULL", "updatd_at"),
    ],
)
def test_rules_that_do_not_fit_the_database_end_a_plan_with_2(fresh: Project, rule: str, needle: str):
    (fresh.root / "rules").mkdir(exist_ok=True)
    (fresh.root / "rules" / "quality.yaml").write_text(f"checks:\n  - {{name: a, {rule}}}\n")
    assert fresh.dq("snapshot").code == 0
    ended = fresh.dq("clean")
    assert (ended.code, "rules/quality.yaml:2" in ended.err, needle in ended.err) == (2, True, True), ended.err
    assert not list(fresh.snapshots.glob("2*/plan.json"))


def test_a_file_is_judged_by_the_fields_names_in_any_spelling(fresh: Project):
    (fresh.root / "leads.csv").write_text("id,FULL_NAME,Email,Engagement Status\n1,,ann@acme.com,auto_send\n")
    states = _statuses(fresh.dq("check", "leads.csv", "--format", "json"))
    assert (states["name_present"], states["status_known"], states["title_length"]) == ("warning", "passed", "skipped")


def test_a_file_of_which_no_rule_can_be_judged_does_not_pass(fresh: Project):
    (fresh.root / "other.csv").write_text("a,b\n1,2\n")
    ended = fresh.dq("check", "other.csv")
    assert ended.code == 2
    assert "can be judged: other.csv has no column that they name" in ended.err
