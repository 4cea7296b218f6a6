"""A disk of a few kilobytes that fills up in the middle of a command: nothing is lost, and with room it goes on.

The disk is a file system of its own in memory, mounted where only the command sees it. `DQ_MOMENTS=all` (`make simulate`)
fills it at every page of four kilobytes that a command writes; else at three of them.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forking
import pytest
from living import lived_in
from projects import ENTRY, Ended, Project, configuration, everything

from dq.leads.generate import sample, write
from dq.sandbox import served
from dq.sandbox.options import Options

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
OWN = ("unshare", "--map-root-user", "--mount")
"""A process that sees disks of its own."""
SHELL = "import subprocess, sys; sys.exit(subprocess.run(['sh', '-ec', sys.argv[1]]).returncode)"
USED = "df -k --output=used . | tail -1"
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
    disk = root / "disk"
    disk.mkdir(parents=True)
    mine = project.copy(root / "mine")
    airtable = mine.airtable.rename(root / "airtable.db")  # Airtable has a disk of its own
    mine.airtable.symlink_to(airtable)
    environment = {**os.environ, "DQ_STATE_HOME": str(root / "state")}
    with served(airtable, options=Options(rps=0)) as url:

        def ended(program: str, *arguments: str, cwd: Path = disk) -> Ended:
            return Ended(*forking.run(program, list(arguments), cwd, environment, url, OWN))

        def done(script: str, cwd: Path = disk) -> str:
            told = ended(SHELL, script, cwd=cwd)
            assert told.code == 0, (script, told.err)
            return told.out

        before = int(
            done(f"mount -t tmpfs -o size={size}k none {disk}; cd {disk}; cp -a {mine.root}/. .; {USED}", root)
        )
        first = ended(ENTRY, *STEPS[step])
        after = int(done(f"{USED}; mount -o remount,size=1g {disk}").split()[0])
        again = ("snapshot",) if "undo is done" in first.err else AGAIN[step]  # an undo said twice takes the run before
        second = ended(ENTRY, *again) if first.code else Ended(0, "", "")
        done(f"cp -a {disk} {root}/project; umount {disk}", root)
    left = Project(root / "project")
    left.airtable.unlink()
    shutil.copy(airtable, left.airtable)
    return Filled(first, second, left, before, after)


def contents(project: Project) -> dict[str, Any]:
    """Both stores, but for times and for the ids that Airtable gives: a record is known by its name and address."""
    held = everything(project)
    names = {key: f"{cells.get('Full Name')} <{cells.get('Email')}>" for key, cells in held["airtable"].items()}
    leads = {key: {**row, "airtable_id": names.get(row["airtable_id"])} for key, row in held["leads"].items()}
    airtable = sorted(json.dumps(cells, sort_keys=True) for cells in held["airtable"].values())
    return {**held, "leads": leads, "airtable": airtable}


@pytest.fixture(scope="module", autouse=True)
def _may_mount(tmp_path_factory: pytest.TempPathFactory) -> None:
    command = [*OWN, "mount", "-t", "tmpfs", "none", str(tmp_path_factory.mktemp("disk"))]
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
