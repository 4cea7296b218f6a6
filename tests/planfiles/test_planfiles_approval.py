"""Approvals and owners: whose word a plan needs, whose counts, and that nothing else stands in for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import Project, everything

from dq.pipeline.approving import FILE

APPLY = ("apply", "--yes")


@pytest.fixture(autouse=True)
def _ann(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DQ_ACTOR", "ann")


@pytest.fixture(scope="module")
def edited(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Five edits that no plan has seen yet."""
    project = finished.copy(tmp_path_factory.mktemp("edited") / "project")
    project.sql(
        "UPDATE leads SET title = 'Chief ' || title, updated_at = '2031-01-01T00:00:00+00:00' WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 5)"
    )
    return project


@pytest.fixture
def make_planned(edited: Project, tmp_path: Path) -> Callable[..., Project]:
    """Make a plan of five changes under these rules of approval."""

    def made(**approval: Any) -> Project:
        project = edited.copy(tmp_path / "planned")
        project.configure({**project.config(), "approval": approval})
        for step in ("snapshot", "clean"):
            assert project.dq(step).code == 0
        return project

    return made


ABOVE = {"required_above": {"changes": 4}, "approvers": ["bob", "carl"]}


def _refused(project: Project, *arguments: str, code: int = 4) -> str:
    before = everything(project)
    ended = project.dq(*(arguments or APPLY))
    assert (ended.code, everything(project)) == (code, before), ended.err
    assert not (project.latest / "journal.sqlite").exists()
    return ended.err


def test_a_plan_over_the_limit_is_written_only_after_an_approval(make_planned: Callable[..., Project]):
    project = make_planned(**ABOVE)
    said = _refused(project)
    assert "5 changes, over 4" in said
    assert "bob, carl" in said
    approved = project.dq("approve", "--as", "bob", "--note", "looked at all five", "--format", "json")
    assert approved.code == 0, approved.err
    assert approved.json["plan"] == project.dq("diff", "--format", "json").json["digest"]
    ended = project.dq(*APPLY)
    assert ended.code == 0, ended.err
    assert project.dq("run", "--yes", "--format", "json").json["details"]["changes"] == 0


@pytest.mark.parametrize(
    ("above", "needs"),
    [({"changes": 5}, False), ({"changes": 0}, True), ({"deletes": 0, "merges": 0}, False), ({}, False)],
)
def test_a_limit_counts_what_it_names(make_planned: Callable[..., Project], above: dict[str, int], needs: bool):
    project = make_planned(required_above=above)
    assert project.dq("status", "--format", "json").json["plan"]["approval"]["lacking"] == needs
    assert project.dq(*APPLY).code == (4 if needs else 0)


def test_deletes_and_merges_are_counted_apart(fresh: Project):
    fresh.configure({**fresh.config(), "approval": {"required_above": {"merges": 0}}})
    assert fresh.dq("snapshot").code == fresh.dq("clean").code == 0
    counts = fresh.plan()["counts"]
    assert counts["merged"] > 0
    assert counts["deleted"] == 0
    assert f"{counts['merged']} merges, over 0" in _refused(fresh)


def test_run_leaves_the_plan_to_be_approved(make_planned: Callable[..., Project]):
    project = make_planned(**ABOVE)
    assert "dq approve" in _refused(project, "run", "--yes")
    assert project.dq("approve", "--as", "carl").code == 0
    assert project.dq(*APPLY).code == 0


def test_who_is_no_approver_may_not(make_planned: Callable[..., Project]):
    project = make_planned(**ABOVE)
    ended = project.dq("approve")
    assert (ended.code, ended.out) == (2, "")
    assert "bob, carl" in ended.err
    _refused(project)


def test_who_made_a_plan_does_not_approve_it(make_planned: Callable[..., Project], monkeypatch: pytest.MonkeyPatch):
    project = make_planned(required_above={"changes": 0}, four_eyes=True)
    for name in ("ann", "bob"):  # ann made it, and runs dq either time
        assert project.dq("approve", "--as", name).code == 2
    _refused(project)
    monkeypatch.setenv("DQ_ACTOR", "bob")
    assert project.dq("approve").code == 0
    assert project.dq(*APPLY).code == 0


def test_an_approval_is_of_one_plan(make_planned: Callable[..., Project]):
    project = make_planned(**ABOVE)
    assert project.dq("approve", "--as", "bob").code == 0
    assert project.dq("clean").code == 0
    assert project.dq("status", "--format", "json").json["plan"]["approval"] == {
        "needed": ["5 changes, over 4"], "lacking": True, "approvals": [],
    }  # fmt: skip
    _refused(project)


def test_an_approval_that_the_log_does_not_bear_out_does_not_count(make_planned: Callable[..., Project]):
    project = make_planned(**{**ABOVE, "approvers": ["ann", "bob"]})
    assert project.dq("approve").code == 0
    path = project.latest / FILE
    whole = path.read_text()
    for change in ({"by": "bob"}, {"entry": 1}, {"at": "2020-01-01T00:00:00+00:00"}, {"note": "and more"}):
        data = json.loads(whole)
        data["approvals"][0] |= change
        path.write_text(json.dumps(data))
        _refused(project)
    path.write_text("{")
    assert project.dq(*APPLY).code == 7
    path.write_text(whole)
    assert project.dq(*APPLY).code == 0


def test_diff_and_status_show_who_approved(make_planned: Callable[..., Project]):
    project = make_planned(**ABOVE)
    for command in ("diff", "status"):
        assert "needs an approval (5 changes, over 4): dq approve" in project.dq(command).out
    assert project.dq("approve", "--as", "bob", "--note", "fine").code == 0
    for command in (("diff",), ("status",), ("diff", "--format", "md")):
        assert "approved by bob at 20" in project.dq(*command).out
        assert ": fine" in project.dq(*command).out
    assert project.dq("diff", "--format", "json").json["approval"]["approvals"][0]["by"] == "bob"
    assert project.dq(*APPLY).code == 0
    assert "approved by" not in project.dq("status").out, "it is done"


def test_approvals_stand_in_the_audit_log(make_planned: Callable[..., Project]):
    project = make_planned(**ABOVE)
    assert project.dq("approve", "--as", "bob", "--note", "fine").code == 0
    log = project.dq("audit", "export", "--format", "json").json
    entry = next(one for one in log["entries"] if one["action"] == "plan_approved")
    assert (entry["actor"], json.loads(entry["detail"])["by"]) == ("ann", "bob")
    assert project.dq("audit", "verify").code == 0


def test_there_is_nothing_to_approve_in_an_empty_or_a_written_plan(
    settled: Project, make_planned: Callable[..., Project]
):
    assert settled.dq("approve").code == 2
    project = make_planned(**ABOVE)
    assert project.dq("approve", "--as", "bob").code == 0
    assert project.dq(*APPLY).code == 0
    assert project.dq("approve", "--as", "carl").code == 2


@pytest.fixture
def elsewhere(edited: Project, tmp_path: Path) -> Project:
    """Another machine that asks for an approval."""
    project = edited.copy(tmp_path / "elsewhere")
    project.configure({**project.config(), "approval": ABOVE})
    return project


def test_approvals_travel_in_the_plan_file(make_planned: Callable[..., Project], elsewhere: Project):
    project = make_planned(**ABOVE)
    assert project.dq("diff", "--out", "plan.zip").code == 0
    file = elsewhere.root / "plan.zip"
    file.write_bytes((project.root / "plan.zip").read_bytes())
    before = (elsewhere.snapshots / "latest").read_text()
    assert elsewhere.dq("apply", "plan.zip", "--yes").code == 4
    assert (elsewhere.snapshots / "latest").read_text() == before
    assert project.dq("approve", "--as", "bob").code == 0
    assert project.dq("diff", "--out", "plan.zip", "--force").code == 0
    file.write_bytes((project.root / "plan.zip").read_bytes())
    assert "approved by bob" in elsewhere.dq("diff", "plan.zip").out
    ended = elsewhere.dq("apply", "plan.zip", "--yes")
    assert ended.code == 0, ended.err
    actions = [one["action"] for one in elsewhere.dq("audit", "export").json["entries"]]
    assert [name for name in actions if name.startswith("plan_")] == ["plan_received", "plan_approved"]


def test_a_plan_file_is_approved_by_itself(make_planned: Callable[..., Project], elsewhere: Project):
    project = make_planned(**ABOVE)
    assert project.dq("diff", "--out", "plan.zip").code == 0
    file = elsewhere.root / "plan.zip"
    file.write_bytes((project.root / "plan.zip").read_bytes())
    assert elsewhere.dq("approve", "plan.zip").code == 2, "ann is no approver"
    assert file.read_bytes() == (project.root / "plan.zip").read_bytes()
    assert elsewhere.dq("approve", "plan.zip", "--as", "carl").code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    (project.root / "plan.zip").write_bytes(file.read_bytes())
    ended = project.dq("apply", "plan.zip", "--yes")  # back where the plan was made
    assert ended.code == 0, ended.err


OWNERS = [
    ("max_merges", "--max-merges"),
    ("max_deletes", "--max-deletes"),
    ("max_field_changes", "--max-field-changes"),
]


@pytest.mark.parametrize(("brake", "flag"), OWNERS, ids=[brake for brake, _ in OWNERS])
@pytest.mark.parametrize("command", ["apply", "run"])
def test_a_brake_is_opened_by_its_owners_only(
    make_planned: Callable[..., Project], brake: str, flag: str, command: str
):
    project = make_planned(brake_owners={brake: ["bob"]})
    said = _refused(project, command, "--yes", flag, "100")
    assert f"ann may not open {brake}" in said
    assert "bob" in said
    assert project.dq(command, "--yes").code == 0


def test_an_owner_opens_a_brake(make_planned: Callable[..., Project], monkeypatch: pytest.MonkeyPatch):
    project = make_planned(brake_owners={"max_deletes": ["bob", "carl"]})
    monkeypatch.setenv("DQ_ACTOR", "carl")
    assert project.dq(*APPLY, "--max-deletes", "100").code == 0


def test_a_restore_asks_for_the_owner_as_well(settled: Project):
    settled.configure({**settled.config(), "approval": {"brake_owners": {"max_deletes": "bob"}}})
    backup = max(path.name for path in (settled.root / "backups").glob("2*"))
    settled.edit_records(lambda base: base["tables"][0]["records"][0]["fields"].update({"Title": "Other"}))
    before = everything(settled)
    ended = settled.dq("backup", "restore", backup, "--yes", "--delete-extra", "--max-deletes", "100")
    assert (ended.code, everything(settled)) == (4, before), ended.err


MISTAKES = [
    ({"approvers": "bob", "brake_owners": {"max_delete": ["bob"]}}, "max_deletes"),
    ({"required_above": {"changes": -1}}, "at least 0"),
    ({"four_eyes": "sometimes"}, "true or false"),
    ({"brake_owners": {"max_deletes": []}}, "at least 1"),
]


@pytest.mark.parametrize(("approval", "hint"), MISTAKES)
def test_mistakes_in_the_configuration_are_named(settled: Project, approval: dict[str, Any], hint: str):
    settled.configure({**settled.config(), "approval": approval})
    ended = settled.dq("config", "check")
    assert ended.code == 2
    assert hint in ended.err
