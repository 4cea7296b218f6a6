"""Which worlds a test session lives through, and one of them from its beginning to its end.

`make test` lives through 32, `make simulate` through 500 (`DQ_WORLDS`, a count or a range as `500-999`). With
`DQ_WORLDS_DONE` naming a file, worlds that held are noted there and not lived again. A world is its number: to see one
again, `DQ_WORLDS=17-17`. They stand in four files, so that workers that take whole files share them.
"""

import os
from pathlib import Path

from projects import Project
from simulation_laws import live

FILES = 4
ASKED = os.environ.get("DQ_WORLDS", "32")
FIRST, LAST = (int(part) for part in (ASKED.split("-") if "-" in ASKED else ("0", str(int(ASKED) - 1))))
DONE = os.environ.get("DQ_WORLDS_DONE")


def _finished() -> set[int]:
    return {int(text) for text in Path(DONE).read_text().split()} if DONE and Path(DONE).exists() else set()


def worlds(file: int) -> list[int]:
    """The numbers of one file's worlds."""
    return sorted({seed for seed in range(FIRST, LAST + 1) if seed % FILES == file} - _finished())


def lived_through(peaceful: Project, root: Path, seed: int) -> None:
    """One world; it is noted if it held."""
    live(peaceful, root / "project", seed)
    if DONE:
        with Path(DONE).open("a", encoding="utf-8") as file:
            file.write(f"{seed}\n")
