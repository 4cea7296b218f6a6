"""`dq check`: its formats, the files that it writes, several targets, and `--suggest`."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from projects import Project

RULES = """checks:
  - {name: email_present, check: completeness, field: email, severity: error}
  - {name: name_present, check: completeness, field: name}
"""
STARTS = {
    "text": "error   email_present: 1 of 3 rows fail",
    "json": '{\n  "format_version": 1',
    "junit": '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites',
    "github": "::error file=rules/quality.yaml,line=2,title=leads.csv%3A email_present::1 of 3 rows fail",
    "md": "<!-- dq check -->\n### ❌ dq check: 0 of 2 rules hold: 1 error, 1 warning",
    "sarif": '{\n "$schema": ',
    "html": "<!doctype html>",
}


@pytest.fixture
def files(fresh: Project) -> Project:
    """A project with a rules file, a bad file and a good one."""
    (fresh.root / "rules").mkdir(exist_ok=True)
    (fresh.root / "rules" / "quality.yaml").write_text(RULES)
    frame = pl.DataFrame(
        {"id": ["a", "b", "c"], "email": ["ann@x.example", None, "c@x.example"], "name": ["A", None, None]}
    )
    frame.write_csv(fresh.root / "leads.csv")
    frame.head(1).write_csv(fresh.root / "good.csv")
    return fresh


@pytest.mark.parametrize("form", STARTS)
def test_every_format_stands_on_stdout_alone(files: Project, form: str):
    ended = files.dq("check", "leads.csv", "--format", form)
    assert (ended.code, ended.out[: len(STARTS[form])]) == (1, STARTS[form]), ended
    assert ended.err.splitlines()[-1] == "0 of 2 rules hold: 1 error, 1 warning"
    assert "ann@" not in ended.out


def test_files_are_written_in_the_format_of_their_suffix(files: Project):
    names = ["a.json", "a.xml", "a.sarif", "a.md", "a.html", "a.txt"]
    ended = files.dq("check", "good.csv", *(word for name in names for word in ("--out", name)), "--format", "github")
    assert (ended.code, ended.out) == (0, ""), ended
    assert json.loads((files.root / "a.json").read_text())["passed"] is True
    assert ET.parse(files.root / "a.xml").getroot().get("tests") == "2"
    assert json.loads((files.root / "a.sarif").read_text())["version"] == "2.1.0"
    assert (files.root / "a.html").read_text().endswith("</html>\n")


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--out", "a.pdf"), ".sarif"),
        (("--out", "nowhere/a.md"), "nowhere"),
        (("--format", "xml"), "junit"),
        (("--fail-on", "never"), "never"),
    ],
)
def test_a_format_that_there_is_not_writes_nothing(files: Project, flags: tuple[str, ...], word: str):
    ended = files.dq("check", "leads.csv", *flags)
    assert (ended.code, ended.out, word in ended.err) == (2, "", True), ended
    assert not (files.root / "a.pdf").exists()


def test_several_files_are_one_check(files: Project):
    ended = files.dq("check", "good.csv", "leads.csv", "--format", "json")
    assert ended.code == 1
    assert [(report["target"], report["passed"]) for report in ended.json["reports"]] == [("good.csv", True), ("leads.csv", False)]  # fmt: skip
    assert files.dq("check", "good.csv", "good.csv").code == 0


def test_rows_are_named_by_key_and_addresses_are_masked(files: Project):
    pl.DataFrame({"email": ["ann@x.example"], "name": [None]}, {"email": pl.String, "name": pl.String}).write_csv(files.root / "people.csv")  # fmt: skip
    ended = files.dq("check", "people.csv", "--key", "email")
    assert "rows a***@***.example" in ended.out


def test_suggested_rules_are_kept_by_their_file(files: Project):
    leads = pl.DataFrame(list(files.rows()["leads"].values()), infer_schema_length=None)
    leads.write_parquet(files.root / "leads.parquet")
    ended = files.dq("check", "leads.parquet", "--suggest")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("# Suggested by what ")
    assert not any(email in ended.out for email in leads["email"].drop_nulls().unique() if "@" in email)
    written = files.dq("check", "leads.parquet", "--suggest", "--out", "first.yaml")
    assert (written.code, written.out) == (0, "")
    assert (files.root / "first.yaml").read_text() == ended.out
    judged = files.dq("check", "leads.parquet", "--rules", "first.yaml", "--fail-on", "warning")
    assert judged.code == 0, judged.out


def test_suggested_rules_overwrite_nothing(files: Project):
    path = files.root / "rules" / "quality.yaml"
    ended = files.dq("check", "leads.csv", "--suggest", "--out", "rules/quality.yaml")
    assert (ended.code, path.read_text()) == (2, RULES), ended.err
    assert files.dq("check", "leads.csv", "--suggest", "--out", "a.md").code == 2
    assert files.dq("check", "--suggest").code == 2
    assert files.dq("check", "leads.csv", "good.csv", "--suggest").code == 2
    assert files.dq("check", "nowhere.csv", "--suggest").code == 2


def test_few_rows_suggest_nothing_and_say_why(files: Project):
    ended = files.dq("check", "leads.csv", "--suggest")
    assert (ended.code, "fewer than 30 rows" in ended.err) == (0, True)
    assert ended.out.endswith("checks: []\n")
    assert Path(files.root / "rules" / "quality.yaml").read_text() == RULES
