"""A disk of a few kilobytes that fills up in the middle of a command: nothing is lost, and with room it goes on.

The disk is a file system of its own in memory, mounted where only the command sees it. `DQ_MOMENTS=all` (`make simulate`)
fills it at every page of four kilobytes that a command writes; else at three of them.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from living import lived_in
from projects import ENTRY, Ended, Project, configuration, everything

from dq.leads.generate import sample, write

PAGE = 4
"""Kilobytes."""
ALLOWED = ("--max-deletes", "99", "--max-merges", "99", "--max-field-changes", "99")
STEPS = {
    "snapshot": ("snapshot",),
    "clean": ("clean",),
    "apply": ("apply", "--yes", *ALLOWED),
    "undo": ("undo", "--yes"),
}
AGAIN = {**STEPS, "apply": ("apply", "--resume", *ALLOWED)}
SCRIPT = """
mount -t tmpfs -o size="$SIZE"k none "$DISK" || exit 99
cp -a "$PROJECT/." "$DISK" && cd "$DISK" || exit 98
df -k --output=used . | tail -1 > "$OUT/before"
FIRST
echo $? > "$OUT/code"
df -k --output=used . | tail -1 > "$OUT/after"
mount -o remount,size=1g "$DISK" || exit 97
cp "$OUT/code" "$OUT/code.again"
if [ "$(cat "$OUT/code")" != 0 ]; then THEN; echo $? > "$OUT/code.again"; fi
cp -a . "$OUT/project"
"""
MANY = os.environ.get("DQ_MOMENTS") == "all"


@dataclass(frozen=True)
class Filled:
    """How it went on a disk of a size.

    Attributes:
        first: How the command ended on the full disk; None where the disk does not even take the project.
        again: How the next one did, with room; the first one's code and no output where that had been enough.
        project: What both left.
        before: Kilobytes that the project took.
        after: Kilobytes that it took when the command had ended.
    """

    first: Ended
    again: Ended
    project: Project
    before: int
    after: int


def filled(project: Project, root: Path, size: int, step: str) -> Filled:
    """A command on a disk of so many kilobytes, and once more when there is room."""
    (root / "disk").mkdir(parents=True)
    (root / "state").mkdir()
    mine = project.copy(root / "mine")
    airtable = mine.airtable.rename(root / "airtable.db")  # Airtable has a disk of its own
    mine.airtable.symlink_to(airtable)
    script = SCRIPT
    for place, commands in (("FIRST", STEPS), ("THEN", AGAIN)):
        words = " ".join(commands[step])
        if place == "THEN":  # an undo said twice takes the run before
            words = f'$(grep -q "undo is done" "$OUT/FIRST.err" && echo snapshot || echo {words})'
        script = script.replace(place, f'"$PYTHON" -c "$ENTRY" {words} > "$OUT/{place}.out" 2> "$OUT/{place}.err"')
    given = {
        "PROJECT": mine.root,
        "DISK": root / "disk",
        "OUT": root,
        "SIZE": size,
        "PYTHON": sys.executable,
        "ENTRY": ENTRY,
    }
    environment = {
        **os.environ,
        **{name: str(value) for name, value in given.items()},
        "DQ_STATE_HOME": str(root / "state"),
    }
    subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script], env=environment, check=True, timeout=200
    )
    first, again = (
        Ended(int((root / code).read_text()), _said(root / f"{name}.out"), _said(root / f"{name}.err"))
        for name, code in (("FIRST", "code"), ("THEN", "code.again"))
    )
    left = Project(root / "project")
    left.airtable.unlink()
    shutil.copy(airtable, left.airtable)
    before, after = (int((root / name).read_text()) for name in ("before", "after"))
    return Filled(first, again, left, before, after)


def _said(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def contents(project: Project) -> dict[str, Any]:
    """Both stores, but for times and for the ids that Airtable gives: a record is known by its name and address."""
    held = everything(project)
    names = {key: f"{cells.get('Full Name')} <{cells.get('Email')}>" for key, cells in held["airtable"].items()}
    leads = {key: {**row, "airtable_id": names.get(row["airtable_id"])} for key, row in held["leads"].items()}
    airtable = sorted(json.dumps(cells, sort_keys=True) for cells in held["airtable"].values())
    return {**held, "leads": leads, "airtable": airtable}


@pytest.fixture(scope="module", autouse=True)
def _may_mount(tmp_path_factory: pytest.TempPathFactory) -> None:
    command = [
        "unshare",
        "--map-root-user",
        "--mount",
        "mount",
        "-t",
        "tmpfs",
        "none",
        str(tmp_path_factory.mktemp("disk")),
    ]
    if shutil.which("unshare") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a disk of their own")


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """A small project before each of the steps: all kinds of writes are planned."""
    root = tmp_path_factory.mktemp("stages")
    project = Project(root / "snapshot")
    project.database.parent.mkdir(parents=True)
    write(sample(5, 24), project.database, project.airtable)
    project.configure(configuration())
    assert project.dq("run", "--yes").code == 0
    lived_in(project)
    found = {"snapshot": project}
    for step, following in (("snapshot", "clean"), ("clean", "apply"), ("apply", "undo")):
        project = project.copy(root / following)
        ended = project.dq(*STEPS[step])
        assert ended.code == 0, ended.err
        found[following] = project
    return found


@pytest.mark.parametrize("step", STEPS)
def test_edge_45_a_disk_that_fills_up_at_any_write(stages: dict[str, Project], step: str, tmp_path: Path) -> None:
    project = stages[step]
    wide = filled(project, tmp_path / "wide", 1 << 20, step)
    assert wide.first.code == 0, wide.first.err
    wanted, taken = contents(wide.project), wide.after - wide.before
    assert taken >= PAGE
    sizes = range(0, taken, PAGE) if MANY else sorted({taken * part // 3 // PAGE * PAGE for part in range(3)})
    refused = 0
    for more in sizes:
        root = tmp_path / str(more)
        full = filled(project, root, wide.before + more, step)
        where = f"{step} with {more} kB of {taken} free"
        assert full.first.code in (0, 5), f"{where}: {full.first.err}"
        refused += full.first.code == 5
        assert full.again.code == 0, f"{where}: {full.again.err}"
        assert contents(full.project) == wanted, where
        shutil.rmtree(root)
    assert refused >= 2, "the disk was never full"
