"""Whatever the line does, and whoever works in Airtable meanwhile: what was planned is written once, and nothing else.

`make test` runs 100 schedules, `make simulate` 2,000 (`DQ_SCHEDULES`).
"""

import os
import shutil
from pathlib import Path

import polars as pl
import pytest
from projects import Project
from simulate_world import ALL, Scene, crowd, expected, held, line, staged, trouble

from dq import pipeline, sandbox
from dq.pipeline.opening import Stores
from dq.rules import ALL_STEPS
from dq.sandbox import faults, people, requestlog
from dq.settings import Settings

SCHEDULES = int(os.environ.get("DQ_SCHEDULES", "100"))
GROUPS = max(SCHEDULES // 10, 1)
"""Schedules come in groups of ten, so that a failure names few and a run can be cut over workers."""


@pytest.fixture(scope="module")
def scene(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return staged(finished.copy(tmp_path_factory.mktemp("scene") / "project"))


@pytest.mark.parametrize("group", range(GROUPS))
def test_edge_37_and_41_faults_and_people_change_nothing_of_what_is_written(
    scene: Scene, tmp_path: Path, group: int
) -> None:
    injected = 0
    for seed in range(group, SCHEDULES, GROUPS):
        project = scene.project.copy(tmp_path / str(seed))
        injected += _carried_out(scene, project, seed)
        shutil.rmtree(project.root)
    assert injected >= SCHEDULES // GROUPS, "the schedules hardly disturbed anything"


def _carried_out(scene: Scene, project: Project, seed: int) -> int:
    """Apply the scene's plan under one schedule, then read the base under it; the number of faults."""
    with line(project) as opened:
        faults.put(opened.url, trouble(seed, rate=0.15 + 0.1 * (seed % 4), slow=seed % 25 == 0))
        people.put(opened.url, crowd(scene, seed))
        applied, _ = opened.insisted(lambda settings, stores, watch: pipeline.apply(settings, stores, ALL, watch))
        deeds = people.done(opened.url)
        people.clear(opened.url)
        manifest, _ = opened.insisted(pipeline.snapshot)
        injected = len(faults.listed(opened.url)["injected"])
        too_fast = [one for one in requestlog.fetched(opened.url, status="429")["requests"] if one["fault"] is None]
    assert too_fast == [], f"schedule {seed}"
    if applied.report is not None:
        assert applied.report.failed == (), f"schedule {seed}"
        assert applied.report.mismatches == (), f"schedule {seed}"
    table = sandbox.dump(project.airtable)["bases"][0]["tables"][0]
    names = {field["id"]: field["name"] for field in table["fields"]}
    assert held(project) == expected(scene, deeds, names), f"schedule {seed}"
    read = pl.read_parquet(project.snapshots / manifest.id / "airtable" / "Leads.parquet")
    assert sorted(read["id"]) == sorted(project.records()), f"schedule {seed}"
    return injected


@pytest.mark.parametrize("seed", range(SCHEDULES // 25))
def test_a_run_afterwards_brings_what_people_did_to_both_stores_and_the_next_plan_is_empty(
    scene: Scene, tmp_path: Path, seed: int
) -> None:
    project = scene.project.copy(tmp_path / "project")
    with line(project) as opened:
        faults.put(opened.url, trouble(seed, rate=0.3, slow=False))
        people.put(opened.url, crowd(scene, seed))
        opened.insisted(lambda settings, stores, watch: pipeline.apply(settings, stores, ALL, watch))
        people.clear(opened.url)
        counts = [opened.insisted(_run)[0] for _ in range(2)]
    assert counts[-1] == 0
    titles = {cells.get("Lead ID"): cells.get("Title") for cells in project.records().values()}
    rows = project.rows()["leads"]
    assert set(titles) <= set(rows)
    assert {key: rows[key]["title"] for key in titles} == titles


def _run(settings: Settings, stores: Stores, watch: pipeline.Watch) -> int:
    """A whole run; the number of changes that it planned."""
    ran = pipeline.run(settings, stores, ALL_STEPS, watch, dry=False, permission=ALL, confirm=lambda _: None)
    return ran.cleaned.plan.changes
