"""A plan is the same whether its large frames wait on disk, as a large plan's do, or stay in memory."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from projects import Project

from dq.engine.parking import Park
from dq.pipeline import slicing

FILES = ("changeset", "base_next", "clean/golden", "clean/pairs", "clean/standardized_database", "clean/findings")
TIMES = pl.col("field").is_in(["created_at", "updated_at"])


def _plan(project: Project) -> dict[str, pl.DataFrame]:
    assert project.dq("clean").code == 0
    frames = {name: pl.read_parquet(project.latest / f"{name}.parquet") for name in FILES}
    frames["changeset"] = frames["changeset"].filter(~TIMES)
    return frames


def test_a_plan_in_parts_on_disk_is_the_plan_in_memory(fresh: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fresh.dq("snapshot").code == 0
    parked: list[str] = []
    inner = Park.put

    def put(self: Park, name: str, frame: pl.DataFrame, part: int = 0) -> pl.DataFrame:
        parked.append(name)
        return inner(self, name, frame, part)

    monkeypatch.setattr(Park, "put", put)
    held = _plan(fresh)
    assert not parked
    monkeypatch.setattr(slicing, "MOST_ROWS", 7)
    monkeypatch.setattr(slicing, "FEWEST_ROWS", 7)
    apart = _plan(fresh)
    assert set(parked) >= {"changes", "golden", "base", "pairs"}
    for name, frame in held.items():
        assert_frame_equal(apart[name], frame)
