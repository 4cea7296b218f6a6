"""dq: plan/apply for rows, with a remembered base, over a lead database and an Airtable base.

    import dq

    run = dq.open("snapshots")   # the latest run
    run.changes                  # what it would write, or wrote
    run.clusters                 # which rows are the same lead
    run.conflicts.filter(resolved=False)

Every attribute is a Polars frame, read when it is first asked for.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dq.face import Run

__all__ = ["open"]


def open(folder: "str | Path" = "snapshots", snapshot: str = "latest") -> "Run":  # noqa: A001 - `dq.open` is its name
    """A run's frames.

    Args:
        folder: The snapshots folder.
        snapshot: A snapshot's id, or the beginning of one; by default the latest.

    Raises:
        ConfigurationError: There is no such snapshot.
    """
    from dq.face import open_run

    return open_run(folder, snapshot)
