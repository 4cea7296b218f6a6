"""`python -m dq.sandbox --data DB [--port N] …`: serve a sandbox without loading the rest of dq."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from dq.errors import DqError
from dq.sandbox import tokens
from dq.sandbox.iterators import IDLE_SECONDS
from dq.sandbox.limits import Mode
from dq.sandbox.options import Options, switches_of
from dq.sandbox.plans import DEFAULT, PLANS, plan_of
from dq.sandbox.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it.

    Args:
        arguments: The command line; this process's own, where it is None.

    Returns:
        The exit code.
    """
    given = _parser().parse_args(arguments)
    token = given.token
    if given.child:
        token = sys.stdin.readline().rstrip("\n") or None
        threading.Thread(target=_follow_parent, daemon=True).start()
    say = _say_port if given.child else _say_address
    try:
        options = _options(given, token)
        serve(
            given.data,
            host=given.host,
            port=given.port,
            options=options,
            log=given.log,
            announced=not given.child,
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
    parser.add_argument("--mode", choices=get_args(Mode), default="lockout", help="what follows one too many")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each answer waits")
    parser.add_argument("--plan", choices=tuple(PLANS), default=DEFAULT.name, help="what the workspace has paid for")
    parser.add_argument("--quota", type=int, help="calls a month, in place of the plan's")
    parser.add_argument("--iterator-seconds", type=float, default=IDLE_SECONDS, help="life of a list nobody pages")
    parser.add_argument("--iterator-pages", type=int, help="pages after which a list expires")
    parser.add_argument("--body-limit", type=int, help="the most bytes that a body may have")
    parser.add_argument("--switch", action="append", default=[], help="NAME=VALUE, see dq.sandbox.switches")
    parser.add_argument("--tokens", type=Path, help="a file of tokens")
    parser.add_argument("--token", help="the only token to take (any, if absent)")
    parser.add_argument("--log", type=Path, help="a file for one line of JSON a request")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser


def _options(given: argparse.Namespace, token: str | None) -> Options:
    return Options(
        rps=given.rps,
        penalty=given.penalty,
        mode=given.mode,
        latency=given.latency,
        plan=plan_of(given.plan, given.quota),
        tokens=tokens.only(token) if given.tokens is None else tokens.from_file(given.tokens),
        switches=switches_of(given.switch),
        iterator_seconds=given.iterator_seconds,
        iterator_pages=given.iterator_pages,
        body_limit=given.body_limit,
    )


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
