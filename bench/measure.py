"""Wall, CPU and peak memory of a step, by the operating system's own account."""

import gc
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dq.memory import SETTING, SOON, give_back
from dq.processor import choose_sort

MIB = 2**20


@dataclass(frozen=True)
class Figure:
    """One step's cost: seconds of wall and CPU time, MiB at its peak."""

    name: str
    wall: float
    cpu: float
    peak: float


def as_the_command(module: str) -> None:
    """Begin again under the settings of the command line, if they are not there: libraries read them at the start."""
    if SOON not in os.environ.get(SETTING, ""):  # Polars, when it is imported, leaves a setting of its own there
        os.environ[SETTING] = SOON
        choose_sort()
        os.execv(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]])
    give_back()


def measured(name: str, step: Callable[[], Any]) -> tuple[Figure, Any]:
    """Run a step once and account for it; the peak is the process's own during the step."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    cpu, wall = _cpu(), time.perf_counter()
    result = step()
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    return Figure(name, wall, cpu, _peak()), result


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def machine() -> str:
    """The machine and the versions that the figures depend on."""
    cores = len(Path("/proc/cpuinfo").read_text().split("processor\t")) - 1
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / MIB
    libraries = ", ".join(f"{name} {version(name)}" for name in ("polars", "pyarrow", "pandera", "pyairtable"))
    return f"{cores} cores, {memory:.0f} GiB, Python {platform.python_version()}, {libraries}"


def table(title: str, figures: list[tuple[Figure, Figure | None]]) -> str:
    """Figures beside their floors, as Markdown."""
    lines = [
        f"### {title}",
        "",
        "| step | wall s | CPU s | peak MiB | floor wall s | x floor |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for figure, floor in figures:
        beside = f"{floor.wall:.2f} | {figure.wall / floor.wall:.1f}" if floor else " | "
        lines.append(f"| {figure.name} | {figure.wall:.2f} | {figure.cpu:.2f} | {figure.peak:.0f} | {beside} |")
    return "\n".join(lines)
