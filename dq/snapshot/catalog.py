"""The snapshots that are there, and their frames."""

import json
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from dq.errors import ConfigurationError, DamagedError
from dq.manifest import FORMAT_VERSION, Manifest, TableFile, from_dict
from dq.schemas.values import Store
from dq.stores.private import digest_of

MANIFEST = "manifest.json"
LATEST = "latest"


def list_snapshots(root: Path) -> list[Manifest]:
    """The complete snapshots in `root`, oldest first; an id tells only the second."""
    return sorted((_read(root / name) for name in _ids(root)), key=lambda manifest: (manifest.taken_at, manifest.id))


def open_snapshot(root: Path, snapshot_id: str = LATEST) -> tuple[Manifest, Path]:
    """A snapshot's manifest and folder.

    Args:
        root: The snapshots folder.
        snapshot_id: A snapshot's id or the unambiguous beginning of one; by default what `latest` points at.

    Raises:
        ConfigurationError: There is no snapshot yet, or none with this id.
        DamagedError: Its manifest cannot be read.
    """
    ids = _ids(root)
    if not ids:
        raise ConfigurationError("There is no snapshot yet", where=str(root), fix="dq snapshot")
    if snapshot_id == LATEST:
        pointer = root / LATEST
        snapshot_id = pointer.read_text().strip() if pointer.is_file() else ids[-1]
    matches = [known for known in ids if known == snapshot_id]
    matches = matches or [known for known in ids if snapshot_id and known.startswith(snapshot_id)]
    if len(matches) != 1:
        near = get_close_matches(snapshot_id, ids, n=1, cutoff=0.5)
        hint = f" (did you mean {near[0]}?)" if near and not matches else ""
        what = (
            f"{len(matches)} snapshots begin with {snapshot_id!r}"
            if matches
            else f"There is no snapshot {snapshot_id!r}{hint}"
        )
        raise ConfigurationError(
            what, where=str(root), why=f"The newest of {len(ids)} is {ids[-1]}.", fix="dq snapshot"
        )
    return _read(root / matches[0]), root / matches[0]


def verify(manifest: Manifest, path: Path) -> None:
    """Hold every file against its digest.

    Raises:
        DamagedError: A file is gone or differs.
    """
    for table in manifest.tables:
        file = path / table.file
        if not file.is_file() or digest_of(file) != table.digest:
            state = "does not match its digest" if file.is_file() else "is gone"
            why = "A plan made from it could write anything."
            raise DamagedError(
                f"A file of snapshot {manifest.id} {state}: {table.file}", where=str(file), why=why, fix="dq snapshot"
            )


def scan(manifest: Manifest, path: Path, store: Store, table: str) -> pl.LazyFrame:
    """A table of a snapshot as a lazy frame, sorted by key; columns have the store's own names.

    Raises:
        ConfigurationError: The snapshot does not hold the table.
    """
    return pl.scan_parquet(path / _table(manifest, store, table).file, glob=False)


def _table(manifest: Manifest, store: Store, table: str) -> TableFile:
    try:
        return manifest.table(store, table)
    except StopIteration:
        names = [file.schema.name for file in manifest.tables if file.schema.store == store]
        near = get_close_matches(table, names, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        what = f"The snapshot holds no {store} table {table!r}{hint}"
        raise ConfigurationError(what, where=f"snapshot {manifest.id}", fix="dq snapshot") from None


def _ids(root: Path) -> list[str]:
    """Ids of the directories that have a manifest; a half-written one does not exist."""
    if not root.is_dir():
        return []
    found = (entry for entry in root.iterdir() if not entry.name.startswith(".") and (entry / MANIFEST).is_file())
    return sorted(entry.name for entry in found if entry.name[:8].isdigit())


def _read(path: Path) -> Manifest:
    try:
        data = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        version = data["format_version"]
        if version > FORMAT_VERSION:
            what = f"Snapshot {path.name} has format {version}; this dq reads up to {FORMAT_VERSION}"
            raise ConfigurationError(what, where=str(path), fix="use the newer dq that took it, or `dq snapshot`")
        return from_dict(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = "Nobody can tell what the snapshot holds."
        raise DamagedError(
            f"The manifest of snapshot {path.name} cannot be read",
            where=str(path / MANIFEST),
            why=why,
            fix="dq snapshot",
        ) from error
