"""A run that an error ends has a result as well: its category, what, where and why, in the same shape."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import typer

from dq.cli.options import Format
from dq.cli.session import DeclinedError, clock
from dq.errors import DqError


@contextmanager
def failures_told(config: Path | None, form: Format, *, fresh: bool) -> Iterator[None]:
    """Tell the category of an error that ends the block, with `--format json` as a whole result; the error goes on.

    Args:
        config: The configuration file.
        form: How results are told.
        fresh: Whether the command takes a snapshot of its own; else it works on the latest.
    """
    began = clock()
    try:
        yield
    except (typer.Exit, typer.Abort, DeclinedError):
        raise
    except BaseException as error:
        _tell(error, config, form, began, began if fresh else None)
        raise


def _tell(error: BaseException, config: Path | None, form: Format, began: datetime, since: datetime | None) -> None:
    from dq import pipeline
    from dq.cli.render import print_json

    result = pipeline.failed(error, _operation(config, since), began, clock())
    if form is Format.json:
        print_json(pipeline.to_dict(result))
    else:
        print(f"errors: 1 {result.errors[0]['category']}", file=sys.stderr)


def _operation(config: Path | None, since: datetime | None) -> str:
    """The latest snapshot's id, if it is of this run."""
    from dq.settings import load
    from dq.snapshot import open_snapshot

    with suppress(DqError):
        manifest, _ = open_snapshot(load(config, secrets=False).snapshots)
        if since is None or manifest.taken_at >= since:
            return manifest.id
    return ""
