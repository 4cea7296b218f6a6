"""The table of contents: one function a step, each a few lines that call the rooms below.

snapshot ─► clean ─► apply          run = all three
"""

from dq.pipeline.applying import Applied, Permission, Watch, applicable, apply, latest
from dq.pipeline.opening import Stores, claim, locked, opened
from dq.pipeline.planfiles import Cleaned
from dq.pipeline.planning import clean
from dq.pipeline.result import Result, to_dict
from dq.pipeline.running import Ran, result, run, settle, snapshot
from dq.pipeline.undoing import undo

__all__ = [
    "Applied",
    "Cleaned",
    "Permission",
    "Ran",
    "Result",
    "Stores",
    "Watch",
    "applicable",
    "apply",
    "claim",
    "clean",
    "latest",
    "locked",
    "opened",
    "result",
    "run",
    "settle",
    "snapshot",
    "to_dict",
    "undo",
]
