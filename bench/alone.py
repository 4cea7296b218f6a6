"""A command in a process of its own and what it cost, by the operating system's account of it and of the processes it waited for.

python -I bench/alone.py SECONDS LOG COMMAND ... prints {"code", "wall", "cpu", "peak"} as JSON: seconds and MiB.

Nothing but the standard library: a child's peak begins at its parent's size, so the parent has to be a small one. The peak is that of
the largest process, not of all together. After SECONDS the command is killed, and its code is -9.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(limit: str, log: str, *command: str) -> None:
    """Run and print."""
    with Path(log).open("wb") as told:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT, start_new_session=True)
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(child.pid, signal.SIGKILL))
        signal.alarm(int(limit))
        try:
            _, status, used = os.wait4(child.pid, 0)
        except BaseException:  # interrupted: nothing goes on behind the terminal
            os.killpg(child.pid, signal.SIGKILL)
            raise
        wall = time.perf_counter() - began
    cost = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}
    print(json.dumps({"code": os.waitstatus_to_exitcode(status), **cost}))


if __name__ == "__main__":
    main(*sys.argv[1:])
