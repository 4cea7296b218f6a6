"""A session: settings, lock, log and progress of one command, opened and closed together."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dq.cli.interrupts import Interrupts, heard
from dq.cli.progress import Progress
from dq.errors import ConfigurationError, DqError
from dq.memory import Usage, watching

if TYPE_CHECKING:
    from dq.pipeline import Stores, Watch
    from dq.pipeline.log import Log
    from dq.settings import Settings


@dataclass(frozen=True)
class Session:
    """What a command that works on stores is handed."""

    settings: "Settings"
    stores: "Stores"
    watch: "Watch"
    interrupts: Interrupts
    log: "Log"
    memory: Usage


@dataclass(frozen=True)
class Aside:
    """What a command is handed that works beside the stores."""

    settings: "Settings"
    watch: "Watch"
    log: "Log"
    interrupts: Interrupts


def clock() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@contextmanager
def session(command: str, config: Path | None, *, writes: str | None = None) -> Iterator[Session]:
    """Settings, the project's lock, both stores, the command's log.

    Args:
        command: The command's name, for the log.
        config: The configuration file.
        writes: For a command that writes to a store: as it is typed. It is refused where only reading is allowed.

    Raises:
        DqError: Whatever keeps the command from its work; the log has its category and exit code.
    """
    from dq.pipeline import Watch, demand_writable, healed, locked, opened
    from dq.pipeline.log import logged
    from dq.settings import load

    settings = load(config)
    with (
        locked(settings),
        logged(settings.snapshots, command, clock) as log,
        heard() as interrupts,
        Progress() as progress,
        _measured(settings, log) as memory,
    ):
        told = _steps(settings, log, progress, memory)
        if writes is not None:
            demand_writable(settings, writes)
        healed(settings, clock())
        with opened(settings) as stores:
            yield Session(settings, stores, Watch(clock, told, interrupts.asked), interrupts, log, memory)


@contextmanager
def _measured(settings: "Settings", log: "Log") -> Iterator[Usage]:
    """Watch the command's memory; its log has the peak of every step."""

    def tell(text: str) -> None:
        print(text, file=sys.stderr)

    with watching(Usage(settings.limits.max_memory_usage_mb, tell)) as memory:
        try:
            yield memory
        finally:
            log.event("memory", **memory.facts())


def _steps(settings: "Settings", log: "Log", progress: Progress, memory: Usage) -> Callable[[str, int, int], None]:
    """What is told how far a step is: the log, the watch over memory, and, every so many rows, the terminal."""
    every, shown = settings.limits.progress_update_interval, {"": 0}

    def told(step: str, done: int, total: int) -> None:
        log.step(step, done)
        memory.begin(step)
        if step not in shown or done >= shown[step] + every or done == total:
            shown.clear()
            shown[step] = done
            progress(step, done, total)

    return told


@contextmanager
def watched(command: str, config: Path | None, *, alone: bool = True, secrets: bool = False) -> Iterator[Aside]:
    """Settings, the command's log and its progress, for a command that opens no store.

    Args:
        command: The command's name, for the log.
        config: The configuration file.
        alone: Whether it takes the project's lock.
        secrets: Whether the stores' credentials must be there.
    """
    from dq.pipeline import Watch, locked
    from dq.pipeline.log import logged
    from dq.settings import load

    settings = load(config, secrets=secrets)
    with (
        locked(settings) if alone else nullcontext(),
        logged(settings.snapshots, command, clock) as log,
        heard() as interrupts,
        Progress() as progress,
        _measured(settings, log) as memory,
    ):
        told = _steps(settings, log, progress, memory)
        yield Aside(settings, Watch(clock, told, interrupts.asked), log, interrupts)


def confirm(question: str, flag: str, *, yes: bool, look: str = "dq diff") -> None:
    """Ask on a terminal, default no; elsewhere refuse and name the flag.

    Raises:
        ConfigurationError: There is nobody to ask.
        DqError: The answer was no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigurationError(
            f"{question} There is no terminal to answer on.", fix=f"look at `{look}`, then say {flag}"
        )
    if not typer.confirm(question, default=False, err=True):
        raise DeclinedError("Nothing was written.")


class DeclinedError(DqError):
    """A person said no."""

    exit_code = 1
    category = "configuration"
