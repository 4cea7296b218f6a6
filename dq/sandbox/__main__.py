"""`python -m dq.sandbox --data DB [--port N] …`: serve a sandbox without loading the rest of dq."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from dq.errors import DqError
from dq.sandbox.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it.

    Args:
        arguments: The command line; this process's own, where it is None.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    token = options.token
    if options.child:
        token = sys.stdin.readline().rstrip("\n") or None
        threading.Thread(target=_follow_parent, daemon=True).start()
    say = _say_port if options.child else _say_address
    try:
        serve(
            options.data,
            host=options.host,
            port=options.port,
            rps=options.rps,
            penalty=options.penalty,
            token=token,
            ready=say,
        )
    except DqError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dq.sandbox", description="Serve a local Airtable.")
    parser.add_argument("--data", type=Path, required=True, help="the sandbox's file")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--rps", type=float, default=5.0, help="requests a second for each base, 0 = off")
    parser.add_argument("--penalty", type=float, default=30.0, help="seconds of lock-out after one too many")
    parser.add_argument("--token", help="the only token to take (any, if absent)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser


def _follow_parent() -> None:
    """End this process when the parent's end of the pipe closes, however the parent ended."""
    sys.stdin.read()
    threading.Timer(5, os._exit, [1]).start()
    os.kill(os.getpid(), signal.SIGTERM)


def _say_port(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def _say_address(port: int) -> None:
    sys.stderr.write(f"Serving on http://127.0.0.1:{port}\n")


if __name__ == "__main__":
    sys.exit(main())
