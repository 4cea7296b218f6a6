"""Files that a command is asked to write: refused before anything is worked out, or written whole, for their owner only."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dq.engine import files
from dq.errors import ConfigurationError

STDOUT = Path("-")
PAGES = (".html", ".htm")


def demand_outputs(
    wanted: Mapping[str, Path | None],
    read: Sequence[Path] = (),
    *,
    force: bool = True,
    pages: Sequence[str] = (),
    fix: str | None = None,
) -> None:
    """Refuse files that cannot or must not be written.

    Args:
        wanted: Option → file; None and `-` are none.
        read: Files that are read, which need not be there.
        force: Whether a file that is there is replaced.
        pages: Options that take an HTML page; all others take rows.
        fix: What to do instead of writing to a file that is read.

    Raises:
        ConfigurationError: No such format or folder, a file that is read, one that two options name, or one that exists.
    """
    seen: dict[Path, str] = {}
    for option, path in wanted.items():
        if path is None or path == STDOUT:
            continue
        files.demand_format(path, PAGES if option in pages else files.SUFFIXES)
        if path.is_dir():
            raise ConfigurationError(f"{path.name} is a folder.", where=option, fix="name a file")
        if any(_is_same(path, other) for other in read):
            raise ConfigurationError(
                f"{option} {path.name} is a file that is read.", fix=fix or f"{option} another file"
            )
        if path.exists() and not force:
            raise ConfigurationError(f"{path.name} exists.", where=str(path.parent), fix="--force replaces it")
        other = next((name for there, name in seen.items() if _is_same(path, there)), None)
        if other is not None:
            raise ConfigurationError(
                f"{other} and {option} name one file.", where=path.name, fix=f"{option} another file"
            )
        seen[path] = option


def write_page(text: str, path: Path) -> None:
    """Write a page, whole or not at all.

    Raises:
        ConfigurationError: The folder may not be written.
        TemporaryError: The disk is full.
    """
    with files.beside(path) as written:
        written.write_text(text, encoding="utf-8")


def _is_same(one: Path, other: Path) -> bool:
    """Whether two paths are one file, by whatever names; one that is not there yet has its path alone."""
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()
