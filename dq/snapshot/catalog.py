"""The snapshots that are there, and their frames."""

from difflib import get_close_matches
from pathlib import Path

import polars as pl

from dq.digests import unsealed
from dq.errors import ConfigurationError, DamagedError
from dq.manifest import FORMAT_VERSION, Manifest, TableFile, from_dict
from dq.schemas.values import Store
from dq.stores.folders import chosen, ids_in, read_manifest, unreadable
from dq.stores.private import digest_of

LATEST = "latest"


def list_snapshots(root: Path) -> list[Manifest]:
    """The complete snapshots in `root`, oldest first; an id tells only the second."""
    return sorted((read(root / name) for name in ids_in(root)), key=lambda manifest: (manifest.taken_at, manifest.id))


def open_snapshot(root: Path, snapshot_id: str = LATEST) -> tuple[Manifest, Path]:
    """A snapshot's manifest and folder.

    Args:
        root: The snapshots folder.
        snapshot_id: A snapshot's id or the unambiguous beginning of one; by default what `latest` points at.

    Raises:
        ConfigurationError: There is no snapshot yet, or none with this id.
        DamagedError: Its manifest cannot be read.
    """
    ids = ids_in(root)
    if not ids:
        raise ConfigurationError("There is no snapshot yet", where=str(root), fix="dq snapshot")
    if snapshot_id == LATEST:
        pointer = root / LATEST
        snapshot_id = pointer.read_text().strip() if pointer.is_file() else ids[-1]
    found = chosen(ids, snapshot_id, "snapshot", root, "dq snapshot")
    return read(root / found), root / found


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


def read(path: Path) -> Manifest:
    """The manifest in a snapshot's folder.

    Raises:
        DamagedError: It cannot be read.
    """
    try:
        return from_dict(
            unsealed(read_manifest(path, "snapshot", FORMAT_VERSION, "use the newer dq, or `dq snapshot`"))
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = "Nobody can tell what the snapshot holds."
        raise unreadable(path, "snapshot", why, "dq snapshot") from error
