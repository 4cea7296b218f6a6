"""Whatever people, stores and machines do: in the end both stores agree, and nothing that a person did is lost.

`make test` lives through 100 worlds, `make simulate` through 500 (`DQ_WORLDS`, a count or a range as `500-999`). With
`DQ_WORLDS_DONE` naming a file, worlds that held are noted there and not lived again. A world is its number: to see one
again, `DQ_WORLDS=17-17`.
"""

import os
import shutil
from pathlib import Path
from random import Random

import pytest
from projects import Project
from simulate_world import line
from simulation_laws import demand_agreement, demand_all, demand_nothing_twice
from simulation_world import POLICIES, World, lived, undone

ASKED = os.environ.get("DQ_WORLDS", "100")
FIRST, LAST = (int(part) for part in (ASKED.split("-") if "-" in ASKED else ("0", str(int(ASKED) - 1))))
DONE = os.environ.get("DQ_WORLDS_DONE")
ROUNDS = 4


@pytest.fixture(scope="session")
def peaceful(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small project in agreement: twelve leads, deletions as marks."""
    project = finished.copy(tmp_path_factory.mktemp("peaceful") / "project")
    for column in ("deleted_at", "merged_into"):
        project.sql(f"ALTER TABLE leads ADD COLUMN {column} TEXT")
    kept = {row[0] for row in project.sql("SELECT id FROM leads WHERE email <> '' ORDER BY id LIMIT 12")}
    records = {row[0] for row in project.sql("SELECT airtable_id FROM leads ORDER BY id") if row[0]}
    mine = {project.rows()["leads"][key]["airtable_id"] for key in kept}
    for key in set(project.rows()["leads"]) - kept:
        for table in ("lead_enrichment", "campaigns", "pipeline_activity"):
            project.sql(f"DELETE FROM {table} WHERE lead_id = ?", key)
        project.sql("DELETE FROM leads WHERE id = ?", key)
    assert mine <= records

    def change(base: dict) -> None:
        table = base["tables"][0]
        table["records"] = [record for record in table["records"] if record["id"] in mine]

    project.edit_records(change)
    for folder in ("snapshots", "backups"):
        shutil.rmtree(project.root / folder)
    ended = project.dq("run", "--yes")
    assert ended.code == 0, ended.err
    return project


def world(peaceful: Project, root: Path, seed: int) -> Project:
    project = peaceful.copy(root)
    config = project.config()
    config["sync"]["conflict"] = POLICIES[seed % len(POLICIES)]
    config["limits"] = {"requests_per_second": 50, "batch_size": 5}
    project.configure(config)
    return project


def live(peaceful: Project, root: Path, seed: int) -> World:
    """One world from its beginning to its end."""
    project = world(peaceful, root, seed)
    with line(project) as opened:
        made = World(project, opened, Random(seed))
        beginning = {row["email"] for row in made.rows()}
        lived(made, ROUNDS)
        demand_all(made, beginning)
        if seed % 3 == 0:
            undone(made)
            made.run(disturbed=False)
            for _ in range(3):
                if made.run(disturbed=False) == 0:
                    break
            demand_agreement(made)
        else:
            demand_nothing_twice(made)
    return made


def _finished() -> set[int]:
    return {int(text) for text in Path(DONE).read_text().split()} if DONE and Path(DONE).exists() else set()


@pytest.mark.parametrize("seed", sorted(set(range(FIRST, LAST + 1)) - _finished()))
def test_a_world_agrees_in_the_end_and_no_edit_is_lost(peaceful: Project, tmp_path: Path, seed: int) -> None:
    live(peaceful, tmp_path / "project", seed)
    shutil.rmtree(tmp_path / "project")
    if DONE:
        with Path(DONE).open("a", encoding="utf-8") as file:
            file.write(f"{seed}\n")
