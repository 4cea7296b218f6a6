"""A plan as one file: what another machine with the same base and the same stores needs to carry it out.

plan.zip   contents.json          format, the plan's digest, size and SHA-256 of every other file
           plan.json, changeset.parquet, base_next.parquet, manifest.json, approvals.json
           database/*.parquet  airtable/*.parquet  clean/*.parquet
           (the zip's comment)    SHA-256 of all bytes before it: not one can differ unseen

Equal content makes equal bytes: no times, no owners, nothing compressed (Parquet is already).
"""

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from dq.errors import ConfigurationError, DamagedError
from dq.stores.private import digest_of, make_folder, open_file, partial_folder, sync_folder

CONTENTS = "contents.json"
FORMAT_VERSION = 1
_SEAL = b"sha256:"
_SEALED = len(_SEAL) + 64
_BLOCK = 1 << 20
_MOST_FILES, _LONGEST_TEXT = 10_000, 64 << 20
_START = b"PK\x03\x04"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NAME = re.compile(
    r"(?:plan|manifest|approvals)\.json|(?:changeset|base_next)\.parquet"
    r"|(?:clean|database|airtable)/[A-Za-z0-9_][A-Za-z0-9_ .-]{0,150}\.parquet"
)
"""Files that a plan file may hold: no other name leaves it."""


def pack(folder: Path, names: Sequence[str], plan: str, target: Path) -> str:
    """Write a plan file, whole or not at all, readable by its owner only.

    Args:
        folder: The snapshot's folder.
        names: The files in it that belong to the plan.
        plan: The plan's digest.
        target: The file to make; one that is there is replaced.

    Returns:
        SHA-256 of the file.
    """
    files = {name: {"bytes": (folder / name).stat().st_size, "sha256": digest_of(folder / name)} for name in names}
    contents = {"format_version": FORMAT_VERSION, "plan": plan, "files": files}
    beside = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with open_file(beside) as number, os.fdopen(os.dup(number), "w+b") as file:
            _write(file, folder, sorted(names), json.dumps(contents, indent=1, sort_keys=True).encode())
            file.flush()
            os.fsync(number)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(target.parent)
    return digest_of(target)


def _write(file: IO[bytes], folder: Path, names: Sequence[str], contents: bytes) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry(CONTENTS, len(contents)), contents)
        for name in names:
            with (folder / name).open("rb") as source, archive.open(_entry(name, _size(source)), "w") as member:
                while block := source.read(_BLOCK):
                    member.write(block)
        archive.comment = _SEAL + b"0" * 64
    end = file.seek(0, os.SEEK_END) - _SEALED
    digest = _digest_up_to(file, end)
    file.seek(end)
    file.write(_SEAL + digest)


def _entry(name: str, size: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system, entry.external_attr, entry.file_size = 3, 0o100600 << 16, size
    return entry


def _size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


def _digest_up_to(file: IO[bytes], end: int) -> bytes:
    file.seek(0)
    digest = hashlib.sha256()
    while end > 0:
        block = file.read(min(end, _BLOCK))
        digest.update(block)
        end -= len(block) or end
    return digest.hexdigest().encode()


@contextmanager
def unpacked(file: Path, root: Path) -> Iterator[Path]:
    """A plan file's content in a private folder, every byte checked; the folder goes when the block ends.

    Args:
        file: The plan file.
        root: Where the folder is made.

    Raises:
        ConfigurationError: There is no such file, it is no plan file, or a newer dq made it.
        DamagedError: It is not as dq wrote it.
    """
    with _opened(file) as stream, partial_folder(root, "plan") as folder:
        _demand_sealed(stream, file)
        try:
            with zipfile.ZipFile(stream) as archive:
                _extract(archive, folder, file, _size(stream))
        except (
            zipfile.BadZipFile,
            KeyError,
            ValueError,
            TypeError,
            RuntimeError,
            EOFError,
        ) as error:
            raise damaged(file, type(error).__name__) from error
        yield folder


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise ConfigurationError(
            f"The plan file cannot be read: {os.strerror(error.errno or 0)}.",
            where=str(file),
            fix="dq diff --out FILE makes one",
        ) from error
    with stream:
        yield stream


def _demand_sealed(stream: IO[bytes], file: Path) -> None:
    size = _size(stream)
    start = stream.read(len(_START))
    stream.seek(max(size - _SEALED, 0))
    seal = stream.read(_SEALED)
    if start != _START and not seal.startswith(_SEAL):
        raise ConfigurationError("This is no plan file of dq.", where=str(file), fix="dq diff --out FILE makes one")
    if start != _START or seal != _SEAL + _digest_up_to(stream, size - _SEALED):
        raise damaged(file, "It does not match its own digest")


def _extract(archive: zipfile.ZipFile, folder: Path, file: Path, size: int) -> None:
    contents = json.loads(_text(archive, CONTENTS))
    if contents["format_version"] > FORMAT_VERSION:
        raise ConfigurationError("A newer dq made this plan file.", where=str(file), fix="use that version of dq")
    files: Mapping[str, Mapping[str, Any]] = contents["files"]
    if sorted(archive.namelist()) != sorted([CONTENTS, *files]) or len(files) > _MOST_FILES:
        raise damaged(file, "Its contents are not those that it lists")
    if sum(archive.getinfo(name).file_size for name in files) > size:
        raise damaged(file, "It holds more than its own size")
    for name, facts in files.items():
        if not _NAME.fullmatch(name):
            raise damaged(file, "It holds a file that belongs to no plan")
        if _copied(archive, name, folder / name) != (facts["bytes"], facts["sha256"]):
            raise damaged(file, f"{name} does not match its digest")


def _copied(archive: zipfile.ZipFile, name: str, target: Path) -> tuple[int, str]:
    """Write a member as a file; its size and digest."""
    digest, size = hashlib.sha256(), 0
    _demand_plain(archive, name)
    make_folder(target.parent)
    with archive.open(name) as member, open_file(target) as number, os.fdopen(os.dup(number), "wb") as copy:
        while block := member.read(_BLOCK):
            digest.update(block)
            size += copy.write(block)
        copy.flush()
        os.fsync(number)
    return size, digest.hexdigest()


def _demand_plain(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """A member that is stored as it is: what is compressed could be of any size."""
    entry = archive.getinfo(name)
    is_text = name.endswith(".json")
    if entry.compress_type != zipfile.ZIP_STORED or (is_text and entry.file_size > _LONGEST_TEXT):
        raise ValueError(name)
    return entry


def _text(archive: zipfile.ZipFile, name: str) -> bytes:
    return archive.read(_demand_plain(archive, name))


def damaged(file: Path, why: str) -> DamagedError:
    """The error for a plan file that is not as dq wrote it."""
    return DamagedError(
        "The plan file is damaged or was altered.",
        where=str(file),
        why=f"{why}. Nothing was written.",
        fix="get the file once more, or make it again: dq diff --out FILE",
    )
