"""The table of contents: one function a step, each a few lines that call the rooms below.

snapshot ─► clean ─► apply          run = all three
"""

from dq.pipeline.applying import Applied, Watch, latest
from dq.pipeline.approving import approve
from dq.pipeline.auditing import actor, event, healed
from dq.pipeline.backing import back_up, forgotten, opened_backup, policy_of, protected, pruned
from dq.pipeline.drilling import Drill, drill
from dq.pipeline.handing import Meant, demand_unbegun, hand_out, meant, take_in
from dq.pipeline.judging import judged
from dq.pipeline.lockout import Lockout, lock_out, lockout, unlock
from dq.pipeline.opening import Stores, claim, locked, opened
from dq.pipeline.permitting import Permission, applicable
from dq.pipeline.planfiles import Cleaned
from dq.pipeline.planning import clean
from dq.pipeline.readonly import demand_writable
from dq.pipeline.rebasing import Rebased, earlier
from dq.pipeline.rehearsing import Rehearsed, rehearsed
from dq.pipeline.restoring import Restored, Wanted, extract, restore
from dq.pipeline.result import Result, by_category, failed, to_dict
from dq.pipeline.reviewing import add_decisions, decide, decisions_of, said, waiting
from dq.pipeline.rollback import apply_safely as apply
from dq.pipeline.running import Ran, carry_on, result, run, settle, snapshot
from dq.pipeline.staling import Stale, stale
from dq.pipeline.tidying import Item, tidied
from dq.pipeline.undoing import Asked, Taken, merge_of, undo

__all__ = [
    "Applied",
    "Asked",
    "Cleaned",
    "Drill",
    "Item",
    "Lockout",
    "Meant",
    "Permission",
    "Ran",
    "Rebased",
    "Rehearsed",
    "Restored",
    "Result",
    "Stale",
    "Stores",
    "Taken",
    "Wanted",
    "Watch",
    "actor",
    "add_decisions",
    "applicable",
    "apply",
    "approve",
    "back_up",
    "by_category",
    "carry_on",
    "claim",
    "clean",
    "decide",
    "decisions_of",
    "demand_unbegun",
    "demand_writable",
    "drill",
    "earlier",
    "event",
    "extract",
    "failed",
    "forgotten",
    "hand_out",
    "healed",
    "judged",
    "latest",
    "lock_out",
    "locked",
    "lockout",
    "meant",
    "merge_of",
    "opened",
    "opened_backup",
    "policy_of",
    "protected",
    "pruned",
    "rehearsed",
    "restore",
    "result",
    "run",
    "said",
    "settle",
    "snapshot",
    "stale",
    "take_in",
    "tidied",
    "to_dict",
    "undo",
    "unlock",
    "waiting",
]
