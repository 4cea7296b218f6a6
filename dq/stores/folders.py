"""Folders that count only with a manifest in them: snapshots, backups. One that was cut off does not exist for readers."""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dq.errors import ConfigurationError, DamagedError

MANIFEST = "manifest.json"


def ids_in(root: Path) -> list[str]:
    """Names of the folders that have a manifest, oldest first."""
    if not root.is_dir():
        return []
    return sorted(entry.name for entry in root.iterdir() if entry.name[:8].isdigit() and (entry / MANIFEST).is_file())


def chosen(ids: list[str], wanted: str, kind: str, where: Path, fix: str) -> str:
    """The id that is meant: the whole of it, or its unambiguous beginning.

    Args:
        ids: Those that there are, oldest first; at least one.
        wanted: What a person wrote.
        kind: What they are, for messages: `snapshot`.
        where: Their folder.
        fix: What to type next.

    Raises:
        ConfigurationError: None or several are meant; the message names the near miss.
    """
    if wanted in ids:
        return wanted
    matches = [known for known in ids if wanted and known.startswith(wanted)]
    if len(matches) == 1:
        return matches[0]
    near = get_close_matches(wanted, ids, n=1, cutoff=0.5)
    hint = f" (did you mean {near[0]}?)" if near and not matches else ""
    what = f"{len(matches)} {kind}s begin with {wanted!r}" if matches else f"There is no {kind} {wanted!r}{hint}"
    raise ConfigurationError(what, where=str(where), why=f"The newest of {len(ids)} is {ids[-1]}.", fix=fix)


def read_manifest(path: Path, kind: str, version: int, fix: str) -> dict[str, Any]:
    """The manifest of a folder as JSON values.

    Args:
        path: The folder.
        kind: What it is, for messages.
        version: The newest format that this dq reads.
        fix: What to type where it is newer.

    Raises:
        ConfigurationError: Its format is newer than this dq.
        OSError: It cannot be read.
        ValueError: It is no JSON object with a format version.
    """
    data: dict[str, Any] = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    found = data.get("format_version") if isinstance(data, dict) else None
    if not isinstance(found, int):
        raise ValueError(MANIFEST)  # noqa: TRY004 -- like any other text that is no manifest
    if found > version:
        what = f"{kind.capitalize()} {path.name} has format {found}; this dq reads up to {version}"
        raise ConfigurationError(what, where=str(path), fix=fix)
    return data


def unreadable(path: Path, kind: str, why: str, fix: str) -> DamagedError:
    """The error of a folder whose manifest says nothing."""
    what = f"The manifest of {kind} {path.name} cannot be read"
    return DamagedError(what, where=str(path / MANIFEST), why=why, fix=fix)
