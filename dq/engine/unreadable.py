"""Why a data file cannot be read, told without a cell of it."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from dq.engine.dialects import dialect_of
from dq.errors import ConfigurationError

_HEAD = 1 << 18
_CHUNK = 1 << 20
_RECORDS = 100
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a file cannot be read, and what to do about it."""

    why: str
    fix: str


def disguised(path: Path) -> Reason | None:
    """What a text file is in place of text, told from its beginning; None if it looks like text."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip():
        return Reason("It is empty.", "write its columns' names into the first line, or leave the file out")
    if head.startswith(b"PK\x03\x04"):
        return Reason("It is a ZIP archive, as spreadsheets are.", "save the sheet as `CSV UTF-8`")
    if head.startswith(_UTF16):
        return Reason("It is UTF-16 text.", "save it as UTF-8")
    return None


def reason_of(path: Path, said: str) -> Reason:
    """Why Polars could not read a file.

    Args:
        path: The file.
        said: What Polars said; it may hold a cell, so that it is looked at and never repeated.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return Reason("It is no Parquet file, or a damaged one.", "write it anew; a CSV file is called .csv")
    found = disguised(path)
    if found is not None:
        return found
    if "utf-8" in said.lower() or "utf8" in said.lower():
        return Reason(f"{_line(path)}holds bytes that are no UTF-8.", "save it as UTF-8: iconv -f LATIN1 -t UTF-8")
    if suffix != ".csv":
        return Reason("A line is not one whole JSON object.", "write one JSON object a line")
    if "more fields" in said:
        fix = "quote cells that hold the separator, or name another with --separator"
        return Reason(f"{_wide(path)} more cells than the first line has names.", fix)
    return Reason(
        "A quoted cell does not end, or quotes stand inside a cell.", 'quote cells whole, and write " in them as ""'
    )


def _line(path: Path) -> str:
    """The first line that is no UTF-8."""
    line, rest = 1, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            held = rest + chunk
            try:
                held.decode()
                rest = b""
            except UnicodeDecodeError as error:
                cut = error.end == len(held) and error.reason == "unexpected end of data"
                if not cut:
                    number = line + held.count(b"\n", 0, error.start)
                    return f"Line {number:,} "
                rest = held[error.start :]
            line += held.count(b"\n", 0, len(held) - len(rest))
    return "The last line " if rest else "A line "


def _wide(path: Path) -> str:
    """The first row with more cells than names, if it stands among the first ones."""
    try:
        separator = dialect_of(path).separator
    except ConfigurationError:
        return "A row has"
    with path.open("rb") as file:
        text = file.read(_HEAD).decode("utf-8-sig", errors="replace")
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    widths = [len(cells) for _, cells in zip(range(_RECORDS), records, strict=False)]
    row = next((number for number, width in enumerate(widths) if width > widths[0]), None)
    return "A row has" if row is None else f"Row {row} has"
