"""A sandbox in a process of its own that ends with its parent, and what its log says.

Nothing here imports the server, so that a command which only starts one starts fast.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO

from dq.errors import ConfigurationError, DqError, TemporaryError
from dq.sandbox import requestlog

_NONE: Mapping[str, object] = MappingProxyType({})


@contextmanager
def running(
    data: Path,
    *,
    rps: float = 5.0,
    penalty: float = 30.0,
    token: str | None = None,
    flags: Mapping[str, object] = _NONE,
) -> Iterator[str]:
    """A sandbox in a process of its own, from the first request it can answer until the block ends.

    The process holds a pipe to this one and ends when the pipe does, so it never outlives its parent.

    Args:
        data: The sandbox's file; it is made if it is absent.
        rps: Requests a second that each base takes; 0 means no limit.
        penalty: Seconds for which a base is locked after one request too many.
        token: The only token to take; any, where it is None.
        flags: Further flags of `python -m dq.sandbox`, as `{"latency": 0.3, "plan": "team"}`.

    Yields:
        Its address, `http://127.0.0.1:PORT`.

    Raises:
        ConfigurationError: The file is not a sandbox's.
        TemporaryError: The process ended before it answered.
    """
    # -P: a file of the current folder must not stand in for a module
    command = [sys.executable, "-P", "-m", "dq.sandbox", "--child", "--data", str(data.absolute())]
    for flag, value in {"rps": rps, "penalty": penalty, **flags}.items():
        command += [f"--{flag.replace('_', '-')}", str(value)]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603 - this interpreter and this package
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
            start_new_session=True,  # an interrupt at the terminal is its parent's to hear
        ) as child,
    ):
        try:
            yield f"http://127.0.0.1:{_handshake(child, token, errors, data)}"
        finally:
            _end(child)


def _handshake(child: "subprocess.Popen[bytes]", token: str | None, errors: IO[bytes], data: Path) -> int:
    """Hand the child its token, which no process list then shows, and take its port."""
    if child.stdin is None or child.stdout is None:
        raise TemporaryError("The sandbox has no pipes.")
    with suppress(BrokenPipeError):  # it has ended then, and what it wrote says why
        child.stdin.write(f"{token or ''}\n".encode())
        child.stdin.flush()
    line = child.stdout.readline()
    if line:
        return int(line)
    code = child.wait()
    errors.seek(0)
    said = errors.read().decode(errors="replace").strip().splitlines()
    kind: type[DqError] = ConfigurationError if code == ConfigurationError.exit_code else TemporaryError
    why = " ".join(said if code == kind.exit_code else said[-1:])  # of a traceback only what it ends with
    raise kind(f"The sandbox ended before it answered, with exit code {code}.", where=str(data), why=why or None)


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.stdin is not None:
        with suppress(BrokenPipeError):  # it ended before it read its token
            child.stdin.close()
    try:
        child.wait(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()


def _environment() -> dict[str, str]:
    """This process's environment, in which the child finds the same dq."""
    package = str(Path(__file__).resolve().parents[2])
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([package, before] if before else [package])}


def calls(address: str) -> dict[str, int]:
    """How many requests a running sandbox has had for each base since it started.

    Args:
        address: What `running` yields.
    """
    counts: dict[str, int] = requestlog.fetched(address, last="0")["calls"]
    return counts
