"""A plan as one file: equal bytes for equal plans, applied elsewhere as here, and refused when anything of it is amiss."""

import hashlib
import json
import random
import signal
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import Project, everything

from dq.apply.portable import CONTENTS, pack, unpacked
from dq.digests import sealed, unsealed
from dq.errors import ConfigurationError, DamagedError

DYING = (Path(__file__).parents[1] / "e2e" / "dying.py").read_text()
APPLY = ("apply", "plan.zip", "--yes")


@pytest.fixture
def here(planned: Project, tmp_path: Path) -> Project:
    return planned.copy(tmp_path / "here")


@pytest.fixture
def elsewhere(finished: Project, planned: Project, tmp_path: Path) -> Project:
    """Another machine: the same base; the stores as they are; none of the plan but its file."""
    project = finished.copy(tmp_path / "elsewhere")
    for name in ("data/leads.db", "data/airtable.db", "plan.zip"):
        (project.root / name).write_bytes((planned.root / name).read_bytes())
    return project


def _base(project: Project) -> dict[str, Any]:
    return json.loads((project.snapshots / "base" / "current.json").read_text())


def _state(project: Project) -> dict[str, Any]:
    folders = sorted(path.name for path in project.snapshots.glob("2*"))
    latest = (project.snapshots / "latest").read_text()
    return {"stores": everything(project), "base": _base(project), "folders": folders, "latest": latest}


def test_a_plan_file_is_private_and_equal_plans_make_equal_bytes(here: Project):
    file, again = here.root / "plan.zip", here.root / "again.zip"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert here.dq("diff", "--out", "again.zip").code == 0
    assert again.read_bytes() == file.read_bytes()
    assert zipfile.ZipFile(file).testzip() is None
    assert not list(here.root.glob(".*.partial"))


def test_a_file_that_is_there_is_replaced_only_when_that_is_said(here: Project):
    before = (here.root / "plan.zip").read_bytes()
    (here.root / "plan.zip").write_bytes(b"mine")
    refused = here.dq("diff", "--out", "plan.zip")
    assert refused.code == 2
    assert "--force" in refused.err
    assert (here.root / "plan.zip").read_bytes() == b"mine"
    assert here.dq("diff", "--out", "plan.zip", "--force").code == 0
    assert (here.root / "plan.zip").read_bytes() == before


def test_it_is_applied_elsewhere_as_it_is_here(here: Project, elsewhere: Project):
    shown = elsewhere.dq("diff", "plan.zip", "--format", "json", "--limit", "0").json
    assert shown == here.dq("diff", "--format", "json", "--limit", "0").json
    assert elsewhere.dq("diff", "--format", "json").json["changes"] == []
    for project, command in ((here, ("apply", "--yes")), (elsewhere, APPLY)):
        ended = project.run(*command)
        assert ended.code == 0, ended.err
    assert everything(here) == everything(elsewhere)
    assert here.plan() == elsewhere.plan()
    assert _base(here)["plan"] == _base(elsewhere)["plan"]
    assert not list(elsewhere.snapshots.glob(".p*"))


def test_what_was_applied_from_a_file_is_at_rest_explained_and_undone(elsewhere: Project):
    before = everything(elsewhere)
    assert elsewhere.dq(*APPLY).code == 0
    again = elsewhere.dq(*APPLY)
    assert again.code == 0, again.err
    assert "already" in again.out + again.err
    key = next(iter(elsewhere.rows()["leads"]))
    assert elsewhere.dq("why", "database", key).code == 0
    assert elsewhere.dq("audit", "verify").code == 0
    undone = elsewhere.dq("undo", "--yes")
    assert undone.code == 0, undone.err
    assert everything(elsewhere) == before


def test_the_next_plan_after_a_plan_file_is_empty(elsewhere: Project):
    assert elsewhere.dq(*APPLY).code == 0
    again = elsewhere.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err


def test_an_apply_of_a_file_that_was_killed_goes_on(elsewhere: Project):
    killed = elsewhere.run(*APPLY, program=DYING, DYING_AT="9")
    assert killed.code == -signal.SIGKILL, killed.err
    assert elsewhere.dq("apply", "plan.zip").code == 2, "it was begun, and nobody said --resume"
    resumed = elsewhere.dq("apply", "plan.zip", "--resume", "--yes")
    assert resumed.code == 0, resumed.err
    assert elsewhere.dq("run", "--yes", "--format", "json").json["details"]["changes"] == 0


def test_a_flipped_bit_anywhere_is_seen_before_anything_is_written(elsewhere: Project):
    file = elsewhere.root / "plan.zip"
    whole, before = file.read_bytes(), _state(elsewhere)
    draw = random.Random(7)
    places = [0, 5, len(whole) - 1, len(whole) - 70, len(whole) - 80, *(draw.randrange(len(whole)) for _ in range(40))]
    for place in places:
        data = bytearray(whole)
        data[place] ^= 1 << draw.randrange(8)
        file.write_bytes(data)
        with pytest.raises(DamagedError), unpacked(file, elsewhere.snapshots):
            pass
    ended = elsewhere.dq(*APPLY)
    assert (ended.code, _state(elsewhere)) == (7, before), ended.err


@pytest.mark.parametrize("cut", [1, 71, 4000])
def test_a_file_that_was_cut_off_is_damaged(elsewhere: Project, cut: int):
    file = elsewhere.root / "plan.zip"
    file.write_bytes(file.read_bytes()[:-cut])
    assert elsewhere.dq(*APPLY).code == 7


def test_what_is_no_plan_file_is_a_mistake_of_usage(elsewhere: Project):
    (elsewhere.root / "plan.zip").write_text("hello")
    assert elsewhere.dq(*APPLY).code == 2
    missing = elsewhere.dq("apply", "missing.zip", "--yes")
    assert missing.code == 2
    assert "missing.zip" in missing.err


def _sealed(file: Path, members: dict[str, bytes], listed: dict[str, bytes] | None = None, kind: int = 0) -> None:
    """A zip with a good seal and whatever content."""
    files = {n: {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in (listed or members).items()}
    with zipfile.ZipFile(file, "w", kind) as archive:
        archive.writestr(CONTENTS, json.dumps({"format_version": 1, "plan": "x", "files": files}))
        for name, data in members.items():
            archive.writestr(name, data)
        archive.comment = b"sha256:" + b"0" * 64
    body = file.read_bytes()[:-71]
    file.write_bytes(body + b"sha256:" + hashlib.sha256(body).hexdigest().encode())


CRAFTED: dict[str, Callable[[Path], None]] = {
    "a path out of the folder": lambda file: _sealed(file, {"../evil.parquet": b"x"}),
    "a path out of a folder in it": lambda file: _sealed(file, {"clean/../../evil.parquet": b"x"}),
    "a path from the root": lambda file: _sealed(file, {"/tmp/evil.parquet": b"x"}),
    "a file that belongs to no plan": lambda file: _sealed(file, {"journal.sqlite": b"x"}),
    "a file that is not listed": lambda file: _sealed(file, {"plan.json": b"{}", "clean/a.parquet": b"x"}, {"plan.json": b"{}"}),
    "a file that is listed and lacks": lambda file: _sealed(file, {"plan.json": b"{}"}, {"plan.json": b"{}", "manifest.json": b"{}"}),
    "another content than is listed": lambda file: _sealed(file, {"plan.json": b"{}"}, {"plan.json": b"[]"}),
    "what unpacks to any size": lambda file: _sealed(file, {"clean/a.parquet": bytes(1 << 20)}, kind=zipfile.ZIP_DEFLATED),
    "no contents": lambda file: _sealed(file, {}),
}  # fmt: skip


@pytest.mark.parametrize("craft", CRAFTED.values(), ids=CRAFTED.keys())
def test_a_crafted_file_leaves_nothing_behind(elsewhere: Project, craft: Callable[[Path], None]):
    before, around = _state(elsewhere), sorted(path.name for path in elsewhere.root.parent.rglob("*"))
    craft(elsewhere.root / "plan.zip")
    ended = elsewhere.dq(*APPLY)
    assert ended.code == 7, ended.err
    assert _state(elsewhere) == before
    after = sorted(
        path.name for path in elsewhere.root.parent.rglob("*") if path.suffix != ".jsonl" and path.name != "logs"
    )
    assert [name for name in after if name not in around] in ([], [".lock"])


def test_a_newer_format_is_told_apart_from_damage(tmp_path: Path):
    _sealed(tmp_path / "plan.zip", {"plan.json": b"{}"})
    file = tmp_path / "plan.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(CONTENTS, json.dumps({"format_version": 99, "files": {}}))
        archive.comment = b"sha256:" + b"0" * 64
    body = file.read_bytes()[:-71]
    file.write_bytes(body + b"sha256:" + hashlib.sha256(body).hexdigest().encode())
    with pytest.raises(ConfigurationError, match="newer"), unpacked(file, tmp_path):
        pass


def _config(**changes: Any) -> Callable[[Project], None]:
    return lambda project: project.configure({**project.config(), **changes})


def _moved_on(project: Project) -> None:
    project.sql(
        "UPDATE leads SET title = 'Other', updated_at = '2032-01-01' WHERE id IN (SELECT id FROM leads LIMIT 1)"
    )
    assert project.dq("run", "--yes").code == 0


def _other_base(project: Project) -> None:
    """A base of the same serial with another history."""
    path = project.snapshots / "base" / _base(project)["file"]
    path.write_bytes(path.read_bytes())
    pointer = _base(project)
    import polars as pl

    pl.read_parquet(path).head(40).write_parquet(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (project.snapshots / "base" / "current.json").write_text(
        json.dumps(sealed({**unsealed(pointer), "digest": digest}))
    )


def _other_place(project: Project) -> None:
    (project.root / "data" / "leads.db").rename(project.root / "data" / "other.db")
    config = project.config()
    project.configure({**config, "stores": {**config["stores"], "database": {"url": "sqlite:///data/other.db"}}})


STALE: dict[str, tuple[int, Callable[[Project], None]]] = {
    "the base moved on": (4, _moved_on),
    "another base of the same serial": (4, _other_base),
    "other policies": (2, _config(sync={"direction": "to_airtable", "settle_seconds": 0})),
    "another database": (2, _other_place),
}


@pytest.mark.parametrize(("code", "change"), STALE.values(), ids=STALE.keys())
def test_a_plan_file_that_does_not_fit_here_changes_nothing(
    elsewhere: Project, code: int, change: Callable[[Project], None]
):
    change(elsewhere)
    latest, folders = (elsewhere.snapshots / "latest").read_text(), sorted(elsewhere.snapshots.glob("2*"))
    ended = elsewhere.dq(*APPLY)
    assert ended.code == code, ended.err
    assert "fix:" in ended.err
    assert ((elsewhere.snapshots / "latest").read_text(), sorted(elsewhere.snapshots.glob("2*"))) == (latest, folders)


def test_a_plan_that_was_written_is_not_handed_on(here: Project):
    assert here.dq("apply", "--yes").code == 0
    ended = here.dq("diff", "--out", "late.zip")
    assert ended.code == 2
    assert not (here.root / "late.zip").exists()


def test_a_plan_file_takes_the_place_of_a_newer_plan_of_the_same_snapshot(here: Project):
    first = here.plan()
    assert here.dq("clean").code == 0
    assert here.plan()["made_at"] != first["made_at"]
    assert here.dq("apply", "plan.zip").code == 2, "nobody said yes"
    assert here.plan() == first
    assert here.dq(*APPLY).code == 0


def test_packing_is_refused_for_a_damaged_plan(here: Project):
    path = here.latest / "changeset.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    assert here.dq("diff", "--out", "bad.zip").code == 7
    assert not (here.root / "bad.zip").exists()


def test_pack_and_unpack_are_inverse(tmp_path: Path):
    folder = tmp_path / "folder"
    (folder / "clean").mkdir(parents=True)
    (folder / "clean" / "a b.parquet").write_bytes(b"PAR1" * 1000)
    (folder / "plan.json").write_bytes(b"{}")
    pack(folder, ["plan.json", "clean/a b.parquet"], "digest", tmp_path / "plan.zip")
    with unpacked(tmp_path / "plan.zip", tmp_path) as held:
        assert {p.name: p.read_bytes() for p in held.rglob("*.*")} == {
            p.name: p.read_bytes() for p in folder.rglob("*.*")
        }
        assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in held.rglob("*.*"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "plan.zip"]
