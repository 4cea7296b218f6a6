"""What the matcher costs as tables grow: `dq leads generate`, then `dq dedupe FILE --out CLUSTERS`, each in a process of its own.

Beside each size stands the exponent by which CPU seconds and memory grew since the size before: 1 is a cost in proportion.
"""

import json
import math
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DQ = Path(sys.executable).parent / "dq"
HEAD = (
    "| rows | wall s | CPU s | peak MiB | CPU grows with | memory grows with |",
    "|---:|---:|---:|---:|---:|---:|",
)


def grow(sizes: list[int], folder: Path, limit: int) -> None:
    """Measure and print a table.

    Args:
        sizes: Rows, least first.
        folder: For tables and clusters.
        limit: Seconds after which a run is stopped.
    """
    print("\n".join(HEAD), flush=True)
    before: tuple[int, dict[str, float]] | None = None
    for rows in sorted(sizes):
        table = folder / f"leads_{rows}.parquet"
        if not table.exists():
            subprocess.run(
                [DQ, "leads", "generate", "--rows", str(rows), "--out", table], check=True, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        cost = _cost([DQ, "dedupe", table, "--out", folder / f"clusters_{rows}.parquet"], folder / "log", limit)
        if cost["code"]:
            print(
                f"| {rows:,}: failed | {cost['wall']:.1f} | {cost['cpu']:.1f} | {cost['peak']:,.0f} | | |", flush=True
            )
            continue
        growth = ["", ""] if before is None else [_exponent(before, rows, cost, what) for what in ("cpu", "peak")]
        figures = [f"{rows:,}", f"{cost['wall']:.1f}", f"{cost['cpu']:.1f}", f"{cost['peak']:,.0f}", *growth]
        print(f"| {' | '.join(figures)} |", flush=True)
        before = rows, cost


def _cost(command: list[Path | str], log: Path, limit: int) -> dict[str, float]:
    alone = [sys.executable, "-I", ROOT / "bench" / "alone.py", str(limit), log, *command]
    told = subprocess.run(alone, cwd=ROOT, capture_output=True, text=True, check=True)
    cost: dict[str, float] = json.loads(told.stdout)
    return cost


def _exponent(before: tuple[int, dict[str, float]], rows: int, cost: dict[str, float], what: str) -> str:
    fewer, less = before
    return f"{math.log(cost[what] / less[what]) / math.log(rows / fewer):.2f}"
