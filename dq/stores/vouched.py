"""Small tables that dq remembers things in: Parquet files that tell by themselves whether they are as they were written.

A file's metadata hold its SHA-256, taken with zeros in its place. It is checked before anything is parsed: what a parser
makes of a damaged file, nobody knows.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import polars as pl

from dq.errors import DamagedError
from dq.stores.private import write_file

_NAME, _NONE = "dq.sha256", "0" * 64
_OWN = re.compile(rb"dq\.sha256.{1,4}?([0-9a-f]{64})", re.DOTALL)


def write_vouched(frame: pl.DataFrame, path: Path) -> None:
    """Write a small frame, whole or not at all, private to its owner."""
    buffer = BytesIO()
    frame.write_parquet(buffer, metadata={_NAME: _NONE})
    held = buffer.getvalue()
    write_file(path, _with(held, sha256(held).hexdigest().encode()))


def read_vouched(path: Path) -> pl.DataFrame:
    """The frame that `write_vouched` wrote, or an older dq, without a digest.

    Raises:
        ValueError: The file is not as it was written.
        OSError: It cannot be read.
        polars.exceptions.PolarsError: It is no Parquet.
    """
    held = path.read_bytes()
    own = _OWN.search(held)
    if own and sha256(_with(held, _NONE.encode())).hexdigest().encode() != own[1]:
        raise ValueError(path.name)
    return pl.read_parquet(BytesIO(held))


@contextmanager
def damaged(what: str, where: str, fix: str, why: str = "") -> Iterator[None]:
    """Tell in a person's words that a remembered table cannot be read while the block reads it.

    Args:
        what: What cannot be read, as a sentence.
        where: The file.
        fix: The next command.
        why: What would go wrong without the table.

    Raises:
        DamagedError: It is not as it was written, or cannot be read.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        kind = type(error).__name__
        raise DamagedError(what, where=where, why=f"{kind}. {why}" if why else kind, fix=fix) from error


def _with(held: bytes, digest: bytes) -> bytes:
    place = _OWN.search(held)
    return held[: place.start(1)] + digest + held[place.end(1) :] if place else held
