"""Whatever people, stores and machines do: in the end both stores agree, and nothing that a person did is lost."""

from pathlib import Path

import pytest
from projects import Project
from simulation_lived import lived_through, worlds


@pytest.mark.parametrize("seed", worlds(2))
def test_a_world_agrees_in_the_end_and_no_edit_is_lost(peaceful: Project, tmp_path: Path, seed: int) -> None:
    lived_through(peaceful, tmp_path, seed)
