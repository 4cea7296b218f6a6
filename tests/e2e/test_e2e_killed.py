"""Promise 4: a crash is a pause. Killed at any instant, `dq apply --resume` ends where an undisturbed run ends."""

import random
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from living import lived_in
from projects import Project, everything

from dq import audit
from dq.apply import base as base_state
from dq.apply.journal import journal

PROGRAM = (Path(__file__).parent / "dying.py").read_text(encoding="utf-8")
APPLY = ("apply", "--yes", "--max-deletes", "100", "--max-merges", "100", "--max-field-changes", "100")
RESUME = ("apply", "--resume", *APPLY[2:])
MOMENTS = 14
DIFFERENT = ("database_written", "airtable_written", "database_human", "airtable_human")


@pytest.fixture(scope="module")
def planned(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose plan deletes, inserts and updates on both sides and merges; nothing of it is written."""
    project = finished.copy(tmp_path_factory.mktemp("planned") / "project")
    config = project.config()
    config["limits"]["batch_size"] = 5
    project.configure(config)
    lived_in(project)
    assert project.dq("snapshot").code == 0
    assert project.dq("clean").code == 0
    counts = project.plan()["counts"]
    assert counts["merged"] >= 6
    assert {"insert", "update", "delete"} <= set(counts["rows"]["airtable"]) & set(counts["rows"]["database"])
    return project


@pytest.fixture(scope="module")
def undisturbed(
    planned: Project, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], pl.DataFrame, list[str]]:
    """What an apply leaves in both stores and in the base, and the moments that it passes."""
    root = tmp_path_factory.mktemp("undisturbed")
    project = planned.copy(root / "project")
    ended = project.run(*APPLY, program=PROGRAM, DYING_AT="0", DYING_TRACE=str(root / "trace"))
    assert ended.code == 0, ended.err
    again = project.dq("run", "--yes", "--format", "json")
    assert again.code == 0, again.err
    assert again.json["details"]["changes"] == 0
    return everything(project), _base(project, 2), (root / "trace").read_text().split("\n")


def _base(project: Project, serial: int) -> pl.DataFrame:
    return base_state.at(project.snapshots, serial).drop(DIFFERENT)


def _moments(names: list[str]) -> list[int]:
    """A moment after each kind of step first, then others, by a fixed seed; numbered from 1.

    Every moment of a smaller plan is in `test_e2e_killed_everywhere.py`.
    """
    pick = random.Random(7)
    kinds = sorted({name for name in names if name.startswith("after")})
    first = [pick.choice([n for n, name in enumerate(names, 1) if name == kind]) for kind in kinds]
    rest = [n for n in range(1, len(names) + 1) if n not in first]
    return sorted([*first, *pick.sample(rest, max(MOMENTS - len(first), 0))])


@pytest.mark.parametrize("case", range(MOMENTS))
def test_edge_45_killed_at_any_moment_a_resumed_run_ends_where_an_undisturbed_one_does(
    case: int, planned: Project, undisturbed: tuple[dict[str, Any], pl.DataFrame, list[str]], tmp_path: Path
) -> None:
    stores, base, names = undisturbed
    number = _moments(names)[case]
    project = planned.copy(tmp_path / "project")
    killed = project.run(*APPLY, program=PROGRAM, DYING_AT=str(number))
    assert killed.code == -9, killed.err
    resumed = project.dq(*RESUME)
    assert resumed.code == 0, f"{names[number - 1]}: {resumed.err}"
    _demand_equal(everything(project), stores, names[number - 1])
    assert _base(project, 2).equals(base)
    assert base_state.pointer(project.snapshots).serial == 2
    finished = project.dq("apply", "--resume")
    assert (finished.code, "already" in finished.out) == (0, True)
    _demand_logged(project)


def test_killed_again_and_again_a_run_still_ends_where_an_undisturbed_one_does(
    planned: Project, undisturbed: tuple[dict[str, Any], pl.DataFrame, list[str]], tmp_path: Path
) -> None:
    stores, base, _ = undisturbed
    project = planned.copy(tmp_path / "project")
    for attempt in count(1):
        ended = project.run(*RESUME, "--yes", program=PROGRAM, DYING_AT=str(30 + attempt))
        assert ended.code in (0, -9), ended.err
        if ended.code == 0:
            break
    assert attempt > 3
    _demand_equal(everything(project), stores, "again and again")
    assert _base(project, 2).equals(base)


def test_a_killed_run_is_settled_by_the_next_run(
    planned: Project, undisturbed: tuple[dict[str, Any], pl.DataFrame, list[str]], tmp_path: Path
) -> None:
    stores, _, names = undisturbed
    project = planned.copy(tmp_path / "project")
    middle = [n for n, name in enumerate(names, 1) if name == "after airtable request"][3]
    assert project.run(*APPLY, program=PROGRAM, DYING_AT=str(middle)).code == -9
    refused = project.dq("apply", "--yes")
    assert (refused.code, "--resume" in refused.err) == (2, True)
    assert project.dq("clean").code == 2, "a plan whose journal was open is settled, and then it is applied already"
    ended = project.dq("run", "--yes", "--format", "json")
    assert (ended.code, ended.json["details"]["changes"]) == (0, 0), ended.err
    _demand_equal(everything(project), stores, "settled by the next run")


def _demand_logged(project: Project) -> None:
    """Every receipt of the run stands in the audit log once."""
    with journal(project.latest / "journal.sqlite") as done:
        cells = [cell for part in done.cells() for cell in part]
    logged = audit.entries(project.snapshots, pl.col("run") == project.latest.name, pl.col("action") == "apply")
    assert logged.select("store", "table", "row_key", "field").rows() == [(c[0], c[1], c[5], c[6]) for c in cells]
    assert project.dq("audit", "verify").code == 0


def _demand_equal(held: dict[str, Any], wanted: dict[str, Any], where: str) -> None:
    for table, rows in wanted.items():
        assert set(held[table]) == set(rows), f"{table} after a kill {where}"
        different = {key: (held[table][key], rows[key]) for key in rows if held[table][key] != rows[key]}
        assert not different, f"{table} after a kill {where}"
