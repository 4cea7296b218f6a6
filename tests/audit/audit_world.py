"""A small audit log."""

from pathlib import Path

import polars as pl

from dq import audit
from dq.schemas.audit import BODY


def rows(count: int, first: int = 0) -> pl.DataFrame:
    """Bodies of entries."""
    empty = dict.fromkeys(BODY)
    facts = {"time": "2026-07-01T12:00:00+00:00", "actor": "ann", "action": "apply", "after": '"é \\"x\\"\\n"'}
    return pl.DataFrame(
        [{**empty, **facts, "row_key": f"L{first + n}"} for n in range(count)], schema=dict.fromkeys(BODY, pl.String)
    )


def written(root: Path, *counts: int) -> Path:
    """A log of one file a month, with so many entries each."""
    for month, count in enumerate(counts, 1):
        audit.append(root, [rows(count)], f"2026-{month:02}")
    return root


def files(root: Path) -> list[Path]:
    return sorted((root / "audit").glob("*.ndjson"))
