"""What the plans of a proof take from each other changes no file of the plan, whether it waits on disk or in memory."""

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from matched_projects import planned_project, ran
from polars.testing import assert_frame_equal
from projects import Project

from dq.engine import begun, local
from dq.pipeline import slicing

TIMES = pl.col("field").is_in(["created_at", "updated_at"])
PAGE = "https://www.linkedin.com/in/"
SHARED = (
    ("s1", "Ann Tolliver", f"{PAGE}ann-tolliver", "2026-02-02"),
    ("s2", "Ann Bexley", f"{PAGE}ann-tolliver", "2026-01-01"),
    ("s3", "Zoe Tolliver", None, "2026-01-01"),
    ("s4", "Bob Rackstraw", f"{PAGE}bob-rackstraw", "2026-01-01"),
)
"""A mailbox of three surnames is no key; once s1 and s2 are one lead it has two, and joins s3 to them."""


def planned(project: Project) -> dict[str, pl.DataFrame]:
    ran(project, "clean", "--relearn")
    frames = {file.name: pl.read_parquet(file) for file in sorted((project.latest / "clean").glob("*.parquet"))}
    return frames | {"changes": pl.read_parquet(project.latest / "changeset.parquet").filter(~TIMES)}


@pytest.mark.parametrize("rows", [25, slicing.MOST_ROWS])
def test_a_proof_that_begins_every_plan_anew_gives_the_same_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    project = planned_project(tmp_path)
    for key, name, page, day in SHARED:
        project.sql(
            "INSERT INTO leads(id, name, email, linkedin_url, status, created_at, updated_at)"
            " VALUES (?, ?, 'tolliver.rackstraw@gmail.com', ?, 'responded', '2026-01-01T00:00:00+00:00', ?)",
            *(key, name, page, f"{day}T00:00:00+00:00"),
        )
    ran(project, "snapshot")
    monkeypatch.setattr(slicing, "MOST_ROWS", rows)
    monkeypatch.setattr(slicing, "FEWEST_ROWS", min(rows, slicing.FEWEST_ROWS))
    asked, standardized, begin = Counter[str](), begun.standardized, local.begun

    def counted(inputs: Any) -> Any:
        asked["standardized"] += 1
        return standardized(inputs)

    monkeypatch.setattr(begun, "standardized", counted)
    ours, few = planned(project), asked.total()
    monkeypatch.setattr(local, "begun", lambda inputs, _: begin(inputs, None))
    anew = planned(project)
    assert few == 3
    assert asked.total() - few == 4
    assert ours.keys() == anew.keys()
    for name, frame in ours.items():
        assert_frame_equal(frame, anew[name])
    assert ours["pairs.parquet"].filter(match_key="match").height
