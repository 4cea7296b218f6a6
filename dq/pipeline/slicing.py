"""In how many slices a plan is made, so that it stays within the memory that the configuration allows.

The figures were measured on the generated sample of 20,000 and 50,000 leads (docs/benchmarks.md): what all rows take
together, and what the rows of one slice take besides. Both go by the bytes of the tables, uncompressed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import pyarrow.parquet as pq

from dq.manifest import TableFile
from dq.schemas.values import Store

MOST_ROWS, FEWEST_ROWS = 20_000, 2_500
"""Rows of the longer table that one slice takes: more make it no faster, fewer save nothing worth their time."""
_ITSELF = 240
"""MB that the process takes before there is a row."""
_WHOLE, _SLICE = 25, 9
"""Bytes in memory for a byte of the tables, and for one of a slice."""
_SPARE = 0.9
_LEAST = 0.1
"""A slice need not take less than this share of what all rows take: that would cost time and save nothing to speak of."""
_MB = 1_000_000


@dataclass(frozen=True)
class Slices:
    """How a mapping's rows are cut.

    Attributes:
        parts: Slices.
        expected: MB that the plan is expected to take at its peak.
        fits: Whether that is within the limit.
    """

    parts: int
    expected: int
    fits: bool


def slices_of(folder: Path, tables: Mapping[Store, TableFile], limit: int) -> Slices:
    """In how many slices a mapping is planned.

    Args:
        folder: The snapshot's folder.
        tables: The mapping's two tables.
        limit: MB to stay within.
    """
    rows = max(table.rows for table in tables.values())
    size = sum(_uncompressed(folder / table.file) for table in tables.values())
    return sliced(rows, size, limit)


def sliced(rows: int, size: int, limit: int) -> Slices:
    """The same for so many rows of the longer table, and so many bytes of both.

    Args:
        rows: Rows of the longer table.
        size: Bytes of both tables, uncompressed.
        limit: MB to stay within.
    """
    fewest, most = max(ceil(rows / MOST_ROWS), 1), max(ceil(rows / FEWEST_ROWS), 1)
    held = _ITSELF * _MB + _WHOLE * size
    room = max(_SPARE * limit * _MB - held, _LEAST * held)
    parts = min(max(ceil(_SLICE * size / room), fewest), most)
    expected = round((held + _SLICE * size / parts) / _MB)
    return Slices(parts, expected, expected <= limit)


def _uncompressed(path: Path) -> int:
    metadata = pq.read_metadata(path)
    return sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
