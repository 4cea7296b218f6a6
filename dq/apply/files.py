"""Files that must be whole or absent: written beside, synced, renamed; and their digests."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import polars as pl


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_json(data: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def write_parquet(frame: pl.DataFrame, path: Path) -> str:
    """Write a frame, private to its owner; returns its digest."""
    part = path.with_name(f".{path.name}.part")
    frame.write_parquet(part, compression="zstd", compression_level=1)
    _publish(part, path)
    return digest_of(path)


def write_json(data: Any, path: Path) -> None:
    """Write a JSON value, private to its owner."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
    _publish(part, path)


def _publish(part: Path, path: Path) -> None:
    part.chmod(0o600)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
