"""Programs of the tests' own as processes, forked from one that has imported dq: importing would take most of their time.

What is proved of the command line as users start it is proved with an interpreter of its own: `Project.run` without a
program. Run as a script, this is the process that forks: a line of JSON for each process, and its exit code as the answer.
"""

import atexit
import gc
import json
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from dq import sandbox

IMPORTED = (
    "dq.apply.undo",
    "dq.cli.render",
    "dq.cli.run",
    "dq.pipeline",
    "pandera.backends.polars.builtin_checks",
    "scipy.sparse.csgraph",
)
"""What a command takes its time to import."""
_begun: dict[tuple[str, ...], "subprocess.Popen[str]"] = {}


def run(
    program: str, arguments: list[str], cwd: Path, environment: dict[str, str], url: str, inside: tuple[str, ...] = ()
) -> tuple[int, str, str]:
    """Run a program to its end; its exit code, negative where a signal ended it, and what it wrote to both outputs.

    Args:
        program: Its text.
        arguments: What follows its name.
        cwd: Where it runs.
        environment: All of its environment.
        url: Where its embedded Airtable answers: none is started for it.
        inside: The command that the process which forks is begun by, `unshare` for example.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        asked = {"program": program, "arguments": arguments, "cwd": str(cwd), "environment": environment, "url": url}
        process = _forking(inside)
        try:
            _tell(process.stdin, {**asked, "out": str(out), "err": str(err)})
            code = int(process.stdout.readline())
        except BaseException:  # a test that ran out of time: the answer would be taken for the next one's
            _end()
            raise
        return code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")


def _forking(inside: tuple[str, ...]) -> "subprocess.Popen[str]":
    if inside not in _begun:
        command = [*inside, sys.executable, __file__]
        one_core = {**os.environ, "POLARS_MAX_THREADS": "1"}  # small tables: a second thread waits for the first
        _begun[inside] = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=one_core
        )
    return _begun[inside]


@atexit.register
def _end() -> None:
    while _begun:
        with _begun.popitem()[1] as process:
            process.kill()


def _tell(stream: Any, what: Any) -> None:
    stream.write(f"{json.dumps(what)}\n")
    stream.flush()


def _asked() -> dict[str, Any] | None:
    """In the process that forks, None when nobody asks any more; in a forked one, what it is to run."""
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            return json.loads(line)
        _tell(sys.stdout, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return None


def _become(asked: dict[str, Any]) -> None:
    """Take over the folder, the environment, the arguments and the outputs that the process was asked to have."""
    opened = [(os.devnull, os.O_RDONLY), *((asked[name], os.O_WRONLY | os.O_CREAT) for name in ("out", "err"))]
    for number, (name, flags) in enumerate(opened):
        file = os.open(name, flags, 0o600)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)  # the other one has read ahead
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv[1:] = asked["arguments"]
    sys.path[0] = ""
    sandbox.running = lambda *_arguments, **_options: nullcontext(asked["url"])


if __name__ == "__main__":
    for module in IMPORTED:
        import_module(module)
    gc.freeze()  # pages that nobody looks through stay shared
    if (wanted := _asked()) is not None:
        _become(wanted)
        exec(compile(wanted["program"], "<string>", "exec"), {"__name__": "__main__"})
