"""The backups that are there."""

from dataclasses import dataclass
from pathlib import Path

from dq.backup.manifest import FORMAT_VERSION, Backup, from_dict
from dq.errors import ConfigurationError, DqError
from dq.stores.folders import chosen, ids_in, read_manifest, unreadable
from dq.stores.trash import TRASH

LATEST = "latest"
_FIX = "dq backup list"


@dataclass(frozen=True)
class Broken:
    """A backup whose manifest cannot be read: its id, and what is wrong."""

    id: str
    problem: str


@dataclass(frozen=True)
class Survey:
    """All that lies in the backups folder.

    Attributes:
        backups: Those that can be read, oldest first.
        broken: Those that cannot.
        trash: Ids of those that were pruned and wait to be removed.
    """

    backups: tuple[Backup, ...]
    broken: tuple[Broken, ...]
    trash: tuple[str, ...]


def survey(root: Path) -> Survey:
    """All that lies in the backups folder `root`; what is half made does not exist."""
    backups: list[Backup] = []
    broken: list[Broken] = []
    for name in ids_in(root):
        try:
            backups.append(read(root / name))
        except DqError as error:
            broken.append(Broken(name, error.what))
    backups.sort(key=lambda backup: (backup.taken_at, backup.id))
    return Survey(tuple(backups), tuple(broken), tuple(ids_in(root / TRASH)))


def list_backups(root: Path) -> list[Backup]:
    """The complete backups in `root` that can be read, oldest first."""
    return list(survey(root).backups)


def open_backup(root: Path, backup_id: str = LATEST) -> Backup:
    """A backup by its id.

    Args:
        root: The backups folder.
        backup_id: Its id, the unambiguous beginning of one, or `latest`.

    Raises:
        ConfigurationError: There is none of this id, or its format is newer than this dq.
        DamagedError: Its manifest cannot be read.
    """
    ids = ids_in(root)
    if not ids:
        raise ConfigurationError("There is no backup yet", where=str(root), fix="dq backup create")
    if backup_id == LATEST:
        found = survey(root)
        newest = _second(found.backups[-1].id) if found.backups else ""
        damaged = [one.id for one in found.broken if _second(one.id) >= newest]  # an older one must be asked for
        return read(root / damaged[-1]) if damaged else found.backups[-1]
    if backup_id not in ids and backup_id in (trash := ids_in(root / TRASH)):
        fix = f"mv {root / TRASH / backup_id} {root}"
        raise ConfigurationError(f"The backup {backup_id} was pruned", where=f"{len(trash)} lie in {TRASH}", fix=fix)
    return read(root / chosen(ids, backup_id, "backup", root, _FIX))


def _second(backup_id: str) -> str:
    """When a backup was taken, to the second; what follows tells those of one second apart, in no order."""
    return backup_id.partition("-")[0]


def read(path: Path) -> Backup:
    """The backup in a folder.

    Raises:
        ConfigurationError: Its format is newer than this dq.
        DamagedError: Its manifest cannot be read.
    """
    try:
        return from_dict(read_manifest(path, "backup", FORMAT_VERSION, "use the newer dq that made it"), path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unreadable(path, "backup", "Nobody can tell what the backup holds.", _FIX) from error
