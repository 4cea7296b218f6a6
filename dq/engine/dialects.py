"""How a CSV file is written: what separates its columns, whether it begins with a mark, how its lines end."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from dq.errors import ConfigurationError

SEPARATORS = ",;\t|"
"""What is looked for where nobody says what separates the columns."""
_MARK = b"\xef\xbb\xbf"
_HEAD = 1 << 18
_RECORDS = 100
_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


@dataclass(frozen=True, slots=True)
class Dialect:
    r"""A CSV file's way of writing.

    Attributes:
        separator: One character between two cells.
        mark: Whether the file begins with a byte order mark, as Excel asks for.
        crlf: Whether lines end with `\r\n`.
    """

    separator: str = ","
    mark: bool = False
    crlf: bool = False

    @property
    def line_end(self) -> str:
        """What ends a line."""
        return "\r\n" if self.crlf else "\n"


def separator_of(text: str) -> str:
    """A separator as people name it: one character, or `tab`, `comma`, `semicolon`, `pipe`.

    Raises:
        ConfigurationError: It is more than one character, or one that cannot separate.
    """
    separator = _NAMES.get(text.lower(), text)
    if len(separator) != 1 or not separator.isascii() or separator in '"\r\n':
        raise ConfigurationError(
            f"{text!r} cannot separate columns.", why="It takes one ASCII character.", fix="--separator ';' or tab"
        )
    return separator


def dialect_of(path: Path, separator: str | None = None) -> Dialect:
    """How a CSV file is written, told from its beginning.

    Args:
        path: The file.
        separator: What separates the columns, where somebody says it.

    Raises:
        ConfigurationError: Several separators fit, or two columns have one name.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    mark = head.startswith(_MARK)
    text = head.removeprefix(_MARK).decode(errors="replace")
    header = _first_record(text)
    chosen = separator_of(separator) if separator is not None else _sniffed(text, header, path, whole=len(head) < _HEAD)
    _refuse_twins(header.rstrip("\r\n"), chosen, path)
    return Dialect(chosen, mark, header.endswith("\r\n"))


def _first_record(text: str) -> str:
    quoted = False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == "\n" and not quoted:
            return text[: position + 1]
    return text


def _sniffed(text: str, header: str, path: Path, *, whole: bool) -> str:
    """The separator that the header has; of several, the one that cuts all first records alike into most cells."""
    found = [one for one in SEPARATORS if len(_cells(header, one)) > 1]
    if len(found) < 2:
        return found[0] if found else ","
    widths = {one: _widths(text, one, whole=whole) for one in found}
    even = {one: width.pop() for one, width in widths.items() if len(width) == 1}
    best = [one for one, width in even.items() if width == max(even.values())]
    if len(best) != 1:
        told = " or ".join(repr(one) for one in found)
        raise ConfigurationError(
            f"The columns of {path.name} may be separated by {told}.", fix="say which: --separator CHARACTER"
        )
    return best[0]


def _widths(text: str, separator: str, *, whole: bool) -> set[int]:
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    widths = [len(cells) for _, cells in zip(range(_RECORDS), records, strict=False) if cells]
    return set(widths if whole or len(widths) == _RECORDS else widths[:-1])


def _cells(record: str, separator: str) -> list[str]:
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=separator), [])


def _refuse_twins(header: str, separator: str, path: Path) -> None:
    names = _cells(header, separator)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(
            f"The first line has {'a name' if len(twice) == 1 else f'{len(twice)} names'} of columns more than once: "
            f"{', '.join(twice[:3])}.",
            where=path.name,
            fix="rename them in the file, or name another separator with --separator",
        )
