"""Whatever people, stores and machines do: in the end both stores agree, and nothing that a person did is lost.

`make test` lives through 12 worlds, `make simulate` through 500 (`DQ_WORLDS`, a count or a range as `500-999`). With
`DQ_WORLDS_DONE` naming a file, worlds that held are noted there and not lived again. A world is its number: to see one
again, `DQ_WORLDS=17-17`.
"""

import os
import shutil
from pathlib import Path

import pytest
from projects import Project
from simulation_laws import live

ASKED = os.environ.get("DQ_WORLDS", "12")
FIRST, LAST = (int(part) for part in (ASKED.split("-") if "-" in ASKED else ("0", str(int(ASKED) - 1))))
DONE = os.environ.get("DQ_WORLDS_DONE")


def _finished() -> set[int]:
    return {int(text) for text in Path(DONE).read_text().split()} if DONE and Path(DONE).exists() else set()


@pytest.mark.parametrize("seed", sorted(set(range(FIRST, LAST + 1)) - _finished()))
def test_a_world_agrees_in_the_end_and_no_edit_is_lost(peaceful: Project, tmp_path: Path, seed: int) -> None:
    live(peaceful, tmp_path / "project", seed)
    shutil.rmtree(tmp_path / "project")
    if DONE:
        with Path(DONE).open("a", encoding="utf-8") as file:
            file.write(f"{seed}\n")
