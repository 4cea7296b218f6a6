"""Files of the plan and the base: whole or absent, private, known by their digests."""

import io
import json
from pathlib import Path
from typing import Any

import polars as pl

from dq.stores.private import digest_of, write_file


def write_parquet(frame: pl.DataFrame, path: Path) -> str:
    """Write a frame, private to its owner; returns its digest."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", compression_level=1)
    write_file(path, buffer.getbuffer())
    return digest_of(path)


def write_json(data: Any, path: Path) -> None:
    """Write a JSON value, private to its owner."""
    write_file(path, (json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n").encode())
