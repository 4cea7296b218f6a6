"""Small files that the processes of one user on one machine share: made private, changed under a lock of the system.

A lock dies with its process, and a file is written in one piece, so a process that is killed leaves neither a lock nor
half a file.
"""

import fcntl
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from dq.stores.private import disk_errors, make_folder

T = TypeVar("T")
VARIABLE = "DQ_STATE_HOME"
"""The environment variable that names the folder."""


def state_folder(environment: Mapping[str, str]) -> Path:
    """Where the files are: `DQ_STATE_HOME`, else `dq` in the user's state folder (`XDG_STATE_HOME`)."""
    if environment.get(VARIABLE):
        return Path(environment[VARIABLE])
    home = environment.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "dq"


def state_name(kind: str, endpoint_url: str, base: str) -> str:
    """A file's name: what it is for, and a digest of the base that it belongs to."""
    place = f"{endpoint_url.rstrip('/').lower()}/{base}"
    return f"{kind}-{sha256(place.encode()).hexdigest()[:16]}.json"


def change(path: Path, step: Callable[[str], tuple[str | None, T]]) -> T:
    """Change a file while no other process does.

    Args:
        path: The file; it is made if it is absent.
        step: Gets the text that is there; gives the text to write, or None to leave it, and a result.

    Returns:
        The step's result.

    Raises:
        ConfigurationError: The folder may not be written.
        TemporaryError: The disk fails.
    """
    with disk_errors(path.parent, VARIABLE):
        make_folder(path.parent)
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            text, result = step(os.pread(number, os.fstat(number).st_size, 0).decode(errors="replace").rstrip())
            if text is not None:
                data = text.encode()
                os.pwrite(number, data.ljust(os.fstat(number).st_size), 0)
            return result
        finally:
            os.close(number)
