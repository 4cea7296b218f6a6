"""What a backup is made of, and its manifest: written last, with a digest of every file and of itself."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

FORMAT_VERSION = 2
"""Backups of format 1 held the two stores only."""
MadeBy = Literal["create", "apply", "restore"]
_SUM = "sum"


@dataclass(frozen=True, slots=True)
class Stored:
    """How a file lies on the disk: its name, size in bytes and SHA-256."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup: its name, size in bytes, SHA-256, and the rows of each table in it; `sealed` if encrypted."""

    name: str
    size: int
    digest: str
    rows: Mapping[str, int]
    sealed: Stored | None = None

    @property
    def stored(self) -> Stored:
        """How it lies on the disk."""
        return self.sealed or Stored(self.name, self.size, self.digest)


@dataclass(frozen=True, slots=True)
class Seal:
    """How a backup is encrypted.

    Attributes:
        method: By public keys, or by a passphrase.
        name: Names the keys, and tells nothing of them: files of equal content under equal keys are shared.
        wrapped: With a passphrase: the private key, encrypted by it, in age's armor.
    """

    method: Literal["recipients", "passphrase"]
    name: str
    wrapped: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What a backup is of.

    Attributes:
        lineage: The stores: database, airtable, tables; empty where nobody said.
        base: The pointer of the base state as it was; None if there was none.
        rules: Digest of the rules in force.
        config: Digest of the configuration in force.
        app: dq's version.
    """

    lineage: Mapping[str, Any] = field(default_factory=dict)
    base: Mapping[str, Any] | None = None
    rules: str = ""
    config: str = ""
    app: str = ""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup of both stores.

    Attributes:
        id: Its time and a short digest; the name of its folder.
        path: Its folder.
        taken_at: When it was begun, in UTC.
        files: Its files, the manifest not among them.
        tags: A person's words for it.
        made_by: What asked for it.
        origin: What it is of.
        seal: How it is encrypted; None for plain.
        checked: Whether it was read back when it was made.
    """

    id: str
    path: Path
    taken_at: datetime
    files: tuple[BackupFile, ...]
    tags: tuple[str, ...] = ()
    made_by: MadeBy = "create"
    origin: Origin = field(default_factory=Origin)
    seal: Seal | None = None
    checked: bool = True

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 by file name, of the files in plain."""
        return {file.name: file.digest for file in self.files}

    @property
    def size(self) -> int:
        """Bytes of its files on the disk; a file that several backups share counts in each."""
        return sum(file.stored.size for file in self.files)

    def file(self, stem: str) -> BackupFile | None:
        """The file of this name without its ending (`database`, `airtable`, `base`, `quarantine`), or None."""
        return next((file for file in self.files if Path(file.name).stem == stem), None)


def to_dict(backup: Backup) -> dict[str, Any]:
    """The backup's manifest as JSON-ready values, with its own digest."""
    whole = asdict(backup)
    del whole["path"]
    data = {"format_version": FORMAT_VERSION, **whole, "taken_at": backup.taken_at.isoformat()}
    return {**data, _SUM: _sum(data)}


def from_dict(data: Mapping[str, Any], path: Path) -> Backup:
    """The backup of a manifest.

    Args:
        data: The manifest, of this format or an earlier one.
        path: Its folder.

    Raises:
        ValueError: It was changed after it was written, or names a file outside its folder.
        KeyError: A part is missing.
        TypeError: A part is of another kind.
    """
    said = {name: value for name, value in data.items() if name not in ("format_version", _SUM)}
    if data["format_version"] > 1 and data[_SUM] != _sum({name: data[name] for name in data if name != _SUM}):
        raise ValueError("it does not match its own digest")
    taken = datetime.fromisoformat(said["taken_at"])
    known = {"id": said["id"], "path": path, "files": tuple(_file(file) for file in said["files"])}
    known["taken_at"] = taken.replace(tzinfo=UTC) if taken.tzinfo is None else taken.astimezone(UTC)
    if data["format_version"] > 1:
        known |= {"tags": tuple(said["tags"]), "made_by": said["made_by"], "checked": said["checked"]}
        known |= {"origin": Origin(**said["origin"]), "seal": Seal(**said["seal"]) if said["seal"] else None}
    return Backup(**known)


def _sum(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False, default=list).encode()).hexdigest()


def _file(data: Mapping[str, Any]) -> BackupFile:
    sealed = data.get("sealed")
    file = BackupFile(**{**data, "sealed": Stored(**sealed) if sealed else None})
    if any(Path(name).name != name or name in ("", ".", "..") for name in (file.name, file.stored.name)):
        raise ValueError("it names a file outside its folder")
    return file
