"""`dq prune`: what nobody needs goes, for a reason that is told; what is left does all that it did before."""

import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from projects import Project, everything

from dq import pipeline
from dq.apply.journal import JOURNAL, journal
from dq.digests import sealed, unsealed
from dq.settings import load

LATER = "2031-01-01T00:00:00+00:00"
STRICT = {"retention_days": 0, "keep_last": 0, "undo_runs": 1, "logs_days": 0, "trash_days": 0}
KILLING = """
import os, signal, sys
left = int(os.environ["KILL_AT"])
def hook(event, arguments):
    global left
    if event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir") and "snapshots" in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from dq.cli import main
main()
"""


@pytest.fixture(scope="module")
def old(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three runs, a plan that was never applied, a tagged snapshot, and a plan to be applied."""
    project = finished.copy(tmp_path_factory.mktemp("old") / "project")
    for number in range(2):
        _edited(project, f"run {number}")
        _ok(project, "run", "--yes")
    _edited(project, "never applied")
    _ok(project, "snapshot", "--tag", "release")
    _ok(project, "snapshot")
    _ok(project, "clean")
    _ok(project, "snapshot")
    _ok(project, "clean")
    return project


@pytest.fixture
def project(old: Project, tmp_path: Path) -> Project:
    return old.copy(tmp_path / "project")


def _ok(project: Project, *command: str) -> None:
    second = int(time.time())
    while int(time.time()) == second:  # two snapshots of the same rows in the same second are one
        time.sleep(0.02)
    ended = project.dq(*command)
    assert ended.code == 0, ended.err


def _edited(project: Project, title: str) -> None:
    project.sql(
        "UPDATE leads SET title = ?, updated_at = ? WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 3)",
        title,
        LATER,
    )


def retaining(project: Project, **said: Any) -> None:
    project.configure({**project.config(), "retention": said})


def ids(project: Project) -> list[str]:
    return sorted(path.parent.name for path in project.snapshots.glob("[0-9]*/manifest.json"))


def pruned(project: Project, *options: str) -> dict[str, tuple[str, str]]:
    """Name → fate and reason, of all but logs."""
    ended = project.dq("prune", "--format", "json", *options)
    assert ended.code == 0, ended.err
    return {one["name"]: (one["fate"], one["reason"]) for one in ended.json["items"] if one["kind"] != "log"}


def test_the_reasons_are_told_and_a_dry_run_touches_nothing(project: Project) -> None:
    retaining(project, **{**STRICT, "keep_tags": ["release"], "trash_days": 7})
    before = sorted(path for path in project.snapshots.rglob("*") if "logs" not in path.parts)
    told = pruned(project, "--dry-run")
    assert sorted(path for path in project.snapshots.rglob("*") if "logs" not in path.parts) == before
    assert [told[name] for name in ids(project)] == [
        ("trash", "0 days old; 0 are kept"),
        ("trash", "0 days old; 0 are kept"),
        ("keep", "the base state was made by its plan"),
        ("keep", "tagged release"),
        ("trash", "0 days old; 0 are kept"),
        ("keep", "the latest snapshot"),
    ]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, 6),
        ({**STRICT, "keep_last": 3}, 4),
        ({**STRICT, "retention_days": 1}, 6),
        ({**STRICT, "undo_runs": 2}, 3),
        (STRICT, 2),
    ],
)
def test_age_number_and_runs_keep_snapshots(project: Project, said: dict[str, Any], kept: int) -> None:
    retaining(project, **said)
    pruned(project)
    assert len(ids(project)) == kept


def test_to_the_trash_and_some_days_later_for_good(project: Project) -> None:
    retaining(project, **{**STRICT, "trash_days": 7})
    before = ids(project)
    gone = [name for name, (fate, _) in pruned(project).items() if fate == "trash"]
    trash = project.snapshots / ".trash"
    assert sorted([*ids(project), *gone]) == before
    assert len(gone) == 4
    settings, now = load(project.root / "config" / "dq.yaml"), datetime.now(UTC)
    shutil.move(trash / gone[0], project.snapshots / gone[0])
    assert ids(project)[0] == gone[0]  # a person took it back
    early = pipeline.tidied(settings, now + timedelta(days=6), dry=True)
    assert [item.name for item in early if item.kind == "trash"] == []
    pipeline.tidied(settings, now + timedelta(days=7, hours=1), dry=False)
    assert not any((trash / name).exists() for name in gone[1:])
    assert not list(project.snapshots.glob(f"{gone[0]}"))


def test_everything_works_on_what_is_left(project: Project) -> None:
    retaining(project, **STRICT)
    for _ in range(2):
        pruned(project)
    assert len(ids(project)) == 2
    assert not list((project.snapshots / ".trash").iterdir())
    for command in (
        ("status",),
        ("audit", "verify"),
        ("diff",),
        ("backup", "verify"),
        ("backup", "rehearse"),
        ("apply", "--yes"),
    ):
        _ok(project, *command)
    key = project.sql("SELECT id FROM leads ORDER BY id")[0][0]
    _ok(project, "why", "database", key)
    stores = everything(project)
    _ok(project, "undo", "--yes")
    assert everything(project) != stores
    _ok(project, "backup", "restore", "latest", "--yes")
    assert everything(project) == stores or project.dq("run", "--yes").code == 0


def test_an_unfinished_run_and_receipts_that_are_not_logged_are_kept(project: Project) -> None:
    retaining(project, **STRICT)
    settings = load(project.root / "config" / "dq.yaml")
    first, second, *_ = ids(project)
    for name, dropped in ((first, "ended"), (second, "audited")):
        with journal(project.snapshots / name / JOURNAL) as opened:
            opened._connection.execute("DELETE FROM meta WHERE name = ?", (dropped,))
            opened._connection.commit()
    told = {item.name: item.reason for item in pipeline.tidied(settings, datetime.now(UTC), dry=False)}
    assert told[first] == "its run is not finished: dq apply --resume"
    assert told[second] == "its receipts are not in the audit log yet"
    assert {first, second} < set(ids(project))


def test_what_is_damaged_is_left_to_a_person_and_the_latest_whole_one_stays(project: Project) -> None:
    retaining(project, **STRICT)
    first, *_, before_last, last = ids(project)
    (project.snapshots / first / "manifest.json").write_text("{", encoding="utf-8")
    next((project.snapshots / last / "airtable").iterdir()).write_bytes(b"no Parquet")
    told = pruned(project)
    assert told[first][1].startswith("a person must look at it: The manifest of snapshot")
    assert told[last] == ("keep", "the latest snapshot")
    assert told[before_last] == ("keep", "the latest whole snapshot")


def test_a_chain_of_incremental_snapshots_is_kept(project: Project) -> None:
    first, second, *_, last = ids(project)
    for name, based_on in ((last, second), (second, first)):
        path = project.snapshots / name / "manifest.json"
        manifest = unsealed(json.loads(path.read_text(encoding="utf-8")))
        table = next(one for one in manifest["tables"] if one["schema"]["store"] == "airtable")
        table["reading"] = {**table["reading"], "kind": "incremental", "based_on": based_on}
        path.write_text(json.dumps(sealed(manifest)), encoding="utf-8")
    retaining(project, **STRICT)
    told = pruned(project)
    assert told[second] == ("keep", f"{last} was read on from it")
    assert told[first] == ("keep", f"{second} was read on from it")


def test_logs_restores_and_what_killed_runs_left(project: Project) -> None:
    key, store = ids(project)[0], project.snapshots
    _ok(project, "backup", "restore", "latest", "--yes")
    _ok(project, "run", "--yes")
    left = [store / ".partial-x-1", store / key / ".parked-x", project.root / "backups" / ".partial-y-1"]
    for folder in left:
        (folder / "plain").mkdir(parents=True)
        (folder / "plain" / "leads.db").write_bytes(b"personal data")
    half = store / ".latest.1.partial"
    half.write_bytes(b"")
    old_log = store / "logs" / "20200101T000000.000000Z-run.jsonl"
    old_log.write_text("{}", encoding="utf-8")
    os.utime(old_log, (0, 0))
    (store / "logs" / "mine.txt").write_text("", encoding="utf-8")
    retaining(project, **{**STRICT, "trash_days": 7})
    told = pruned(project)
    assert {told[path.name][0] for path in [*left, half]} == {"remove"}
    assert not any(path.exists() for path in [*left, half, old_log])
    assert (store / "logs" / "mine.txt").exists()
    names = {path.name.split("-")[0] for path in (store / ".trash").iterdir()}
    assert {"logs", "restores"} < names
    assert not list((store / "restores").iterdir())
    _ok(project, "backup", "restore", "latest", "--yes")
    _ok(project, "backup", "restore", "latest", "--yes")
    assert len(list((store / "restores").iterdir())) == 2


@pytest.mark.parametrize("at", range(1, 16, 2))
def test_killed_half_way_it_is_done_again(project: Project, at: int) -> None:
    """At most one snapshot is half way, and it is where it was or in the trash; the next prune ends as an undisturbed one."""
    retaining(project, **{**STRICT, "trash_days": 7})
    before = ids(project)
    kept = [name for name, (fate, _) in pruned(project, "--dry-run").items() if fate == "keep" and name[0].isdigit()]
    ended = project.run("prune", program=KILLING, KILL_AT=str(at))
    assert ended.code in (0, -9), ended.err
    trash = project.snapshots / ".trash"
    found = [*ids(project), *(path.name for path in trash.glob("[0-9]*"))]
    assert sorted(found) == before
    pruned(project)
    assert ids(project) == sorted(kept)
    assert sorted([*kept, *(path.name for path in trash.glob("[0-9]*"))]) == before
    _ok(project, "audit", "verify")


def _refuses(project: Project) -> None:
    shutil.rmtree(project.snapshots / ".trash", ignore_errors=True)
    (project.snapshots / ".trash").write_text("in the way", encoding="utf-8")


@pytest.mark.parametrize(("obstacle", "kept"), [(None, 2), (_refuses, 7)], ids=["pruned", "not pruned"])
def test_a_run_prunes_where_it_is_told_to_and_is_none_the_worse(
    project: Project, obstacle: Callable[[Project], None] | None, kept: int
) -> None:
    retaining(project, **{**STRICT, "trash_days": 7, "prune": "after_run", "keep_tags": ["release"]})
    if obstacle is not None:
        obstacle(project)
    ended = project.dq("run", "--yes")
    assert ended.code == 0, ended.err
    assert ("nothing was pruned" if obstacle else "pruned: ") in ended.err
    assert len(ids(project)) == kept
