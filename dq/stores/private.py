"""Files that hold personal data: for their owner only, on the disk before they count, known by their SHA-256."""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dq.errors import ConfigurationError, TemporaryError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}
_ZEROS = bytes(1 << 20)
PLAIN = "plain"
"""Name of the folder for files that must never stay in plain."""


def make_folder(path: Path) -> Path:
    """Make a folder, and those above it, readable by their owner only; one that is there already stays as it is."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def write_file(path: Path, data: bytes | memoryview) -> None:
    """Write a file whole or not at all: beside its place, synced, then renamed to it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with open_file(beside) as number, os.fdopen(os.dup(number), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(number)
    beside.replace(path)
    sync_folder(path.parent)


def copy_file(source: Path, target: Path) -> Path:
    """Copy a file whole or not at all, private to its owner whatever the source is; returns the target."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with source.open("rb") as file, open_file(beside) as number, os.fdopen(os.dup(number), "wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.flush()
            os.fsync(number)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(target.parent)
    return target


@contextmanager
def open_file(path: Path) -> Iterator[int]:
    """A new, empty file with mode 0600 as a descriptor; a file of that name is replaced."""
    with suppress(FileNotFoundError):
        path.unlink()
    number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        yield number
    finally:
        os.close(number)


def sync_file(path: Path) -> None:
    """Bring a written file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Bring a folder's names to the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def partial_folder(root: Path, label: str) -> Iterator[Path]:
    """A folder to fill, beside its later place; gone again unless it was renamed. Those of dead processes go as well.

    Files in a folder `plain` in it are overwritten before they are removed, see `wipe`.
    """
    make_folder(root)
    sweep(root)
    folder = root / f".partial-{label}-{os.getpid()}"
    number = _taken(folder)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(number)


def sweep(root: Path) -> None:
    """Remove the partial folders that processes which ended in the middle left behind."""
    for left in root.glob(".partial-*"):
        with suppress(OSError):
            number = os.open(left, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its process lives
                _remove(left)
            finally:
                os.close(number)


def abandoned(root: Path) -> list[Path]:
    """The partial folders that processes which ended in the middle left behind; `sweep` removes them."""
    return [left for left in sorted(root.glob(".partial-*")) if _is_abandoned(left)]


def _is_abandoned(folder: Path) -> bool:
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(number)


def _taken(folder: Path) -> int:
    """Make a folder and lock it, as a descriptor; the lock dies with the process."""
    while True:
        number = os.open(make_folder(folder), os.O_RDONLY | os.O_DIRECTORY)
        with suppress(OSError):  # on a disk without locks nothing is swept, either
            fcntl.flock(number, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(number), folder.stat()):
                return number
        os.close(number)  # a sweep was faster: once more


def wipe(path: Path) -> None:
    """Overwrite a file, then remove it: as good as the disk allows. One that has a second name is only removed."""
    with suppress(OSError):
        if path.stat().st_nlink == 1:
            with path.open("r+b") as file:
                left = path.stat().st_size
                while left > 0:
                    left -= file.write(_ZEROS[:left])
                file.flush()
                os.fsync(file.fileno())
    path.unlink(missing_ok=True)


def _remove(folder: Path) -> None:
    for path in folder.glob(f"{PLAIN}/**/*"):
        with suppress(OSError):
            if path.is_file() and not path.is_symlink():
                wipe(path)
    shutil.rmtree(folder, ignore_errors=True)


UNTOUCHED = "Nothing was written to a store."
BEGUN = "What was begun is in the journal."


@contextmanager
def disk_errors(folder: Path, setting: str, why: str = UNTOUCHED) -> Iterator[None]:
    """Raise what the disk refuses as dq's errors.

    Args:
        folder: Where the files go.
        setting: The setting that names the folder.
        why: What is told of a full disk: what becomes of the command's work.

    Raises:
        TemporaryError: The disk is full.
        ConfigurationError: The folder may not be written.
    """
    try:
        yield
    except OSError as error:
        reason = _reason(error)
        if error.errno in _FULL:
            raise _full(error, str(folder), why) from error
        if error.errno in _DENIED:
            fix = f"chmod u+rwx the folder, or name another as `{setting}`"
            raise ConfigurationError(f"The folder cannot be written: {reason}", where=str(folder), fix=fix) from error
        raise TemporaryError(
            f"The disk fails: {reason}", where=str(folder), fix="look at the disk, then run the command again"
        ) from error


@contextmanager
def full_disk_errors() -> Iterator[None]:
    """Raise what a full disk refuses, wherever it was written, as dq's error.

    Raises:
        TemporaryError: The disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _full(error, error.filename, BEGUN) from error


def _full(error: OSError, where: str | None, why: str) -> TemporaryError:
    fix = "free some space, then run the command again"
    return TemporaryError(f"The disk is full: {_reason(error)}", where=where, why=why, fix=fix)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
