"""`dq report`: a plan as a page, on a real project."""

import json
import re
import stat
from pathlib import Path

import pytest
from projects import Project

from dq.pipeline import locked
from dq.settings import load


@pytest.fixture(scope="module")
def reported(untouched: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a plan that the matcher had a part in, with conflicts that wait, and with its report."""
    project = untouched.copy(tmp_path_factory.mktemp("reported") / "project")
    config = project.config()
    config["sync"]["conflict"] = ["manual"]
    config["brakes"] = {"max_field_changes": {"share": 0.0001, "rows": 1}}
    project.configure(config)
    (project.root / "rules").mkdir()
    keys = [{"field": "email", "identifying": True}]
    rules = {"keys": keys, "name_field": "name", "matcher": {"enabled": True, "fewest_rows": 10}}
    (project.root / "rules" / "dedupe.yaml").write_text(json.dumps(rules))
    assert [project.dq(*words).code for words in (("snapshot",), ("clean",), ("report",))] == [0, 0, 0]
    return project


def page_of(project: Project) -> Path:
    return next(project.snapshots.glob("*/report.html"))


def values(project: Project) -> set[str]:
    """Addresses and names that the stores hold."""
    rows = project.rows()["leads"].values()
    return {str(row[field]) for row in rows for field in ("email", "name", "phone", "linkedin_url") if row[field]}


def test_the_page_tells_of_the_plan(reported: Project):
    plan, page = reported.plan(), page_of(reported).read_text(encoding="utf-8")
    assert stat.S_IMODE(page_of(reported).stat().st_mode) == 0o600
    assert f"plan {plan['snapshot']}, {plan['counts']['changes']:,} changes" in page
    assert "not applied at 20" in page
    for heading in ("Changes", "Brakes", "Findings", "Conflicts", "Matching: leads"):
        assert f"<h2>{heading}</h2>" in page
    for heading in ("What was found", "What was learned", "Match weights", "What was compared"):
        assert f"<h3>{heading}</h3>" in page
    assert "rows that it was learned from" in page
    assert re.search(r'<th scope="row">name and [^<]*</th><td class="number">[1-9][0-9,]*</td>', page), (
        "keys with pairs"
    )
    assert "Conflicts that wait" in page
    assert "waits for a person" in page
    assert "src=" not in page
    assert "<script" not in page


def test_values_are_masked_unless_they_are_asked_for(reported: Project, tmp_path: Path):
    held = values(reported)
    page = page_of(reported).read_text(encoding="utf-8")
    assert "Values are masked." in page
    assert not [value for value in held if len(value) > 5 and value in page]
    ended = reported.dq("report", "--unmasked", "--out", str(tmp_path / "plain.html"))
    assert (ended.code, "holds the stores' values" in ended.err) == (0, True), ended
    plain = (tmp_path / "plain.html").read_text(encoding="utf-8")
    assert "as they are" in plain
    assert [value for value in held if len(value) > 5 and value in plain]


def test_what_is_told_is_where_the_page_is(reported: Project, tmp_path: Path):
    told = reported.dq("report", "--format", "json", "--out", str(tmp_path / "p.html")).json
    plan = reported.plan()
    assert told["format_version"] == 1
    assert told["snapshot"] == plan["snapshot"]
    assert (told["changes"], told["conflicts_waiting"]) == (plan["counts"]["changes"], plan["conflicts"])
    assert told["brakes"] == [brake["message"] for brake in plan["brakes"]]
    assert Path(told["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    ended = reported.dq("report", plan["snapshot"])
    assert ended.out.strip() == str(page_of(reported))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--out", "p.txt"), "use one of .html"),
        (("--out", "nowhere/p.html"), "no such folder"),
        (("29991231T000000Z-aaaaaa",), "There is no snapshot"),
    ],
)
def test_what_cannot_be_written_is_refused(reported: Project, words: tuple[str, ...], told: str):
    ended = reported.dq("report", *words)
    assert (ended.code, ended.out, told in ended.err) == (2, "", True), ended


def test_without_a_plan_there_is_nothing_to_tell(fresh: Project):
    assert fresh.dq("report").code == 2
    assert fresh.dq("snapshot").code == 0
    ended = fresh.dq("report")
    assert (ended.code, "dq clean" in ended.err) == (2, True), ended


def test_a_plan_file_is_told_of_in_a_file(reported: Project, tmp_path: Path):
    file, out = tmp_path / "plan.zip", tmp_path / "p.html"
    assert reported.dq("diff", "--out", str(file)).code == 0
    ended = reported.dq("report", str(file))
    assert (ended.code, "--out" in ended.err) == (2, True), ended
    ended = reported.dq("report", str(file), "--out", str(out))
    assert ended.code == 0, ended.err
    same = re.compile(r" at \d{4}-\d\d-\d\d \d\d:\d\d UTC")
    assert same.sub("", out.read_text()) == same.sub("", page_of(reported).read_text())


def test_a_plan_is_told_of_while_another_dq_works_on_it(reported: Project, tmp_path: Path):
    with locked(load(reported.root / "config" / "dq.yaml", secrets=False)):
        assert reported.dq("clean").code == 5
        ended = reported.dq("report", "--out", str(tmp_path / "p.html"))
    assert ended.code == 0, ended.err


def test_a_new_plan_takes_the_old_ones_page_away(reported: Project, tmp_path: Path):
    project = reported.copy(tmp_path / "project")
    assert page_of(project).exists()
    assert project.dq("clean").code == 0
    assert not list(project.snapshots.glob("*/report.html"))


def test_after_a_run_the_page_says_so(settled: Project):
    assert settled.dq("report").code == 0
    page = page_of(settled).read_text(encoding="utf-8")
    assert "applied at 20" in page
    assert "not applied" not in page
    assert settled.dq("--read-only", "report").code == 0
    assert settled.dq("prune", "--dry-run").code == 0
