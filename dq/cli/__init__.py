"""The command line: the only place that prints, reads arguments or exits."""

from dq.cli.main import app, main

__all__ = ["app", "main"]
