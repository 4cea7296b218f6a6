"""The audit log: what dq did to either store, and who let it, each entry chained to the one before by its SHA-256.

snapshots/audit/<yyyy-mm>.ndjson    the entries, only ever appended to
snapshots/audit/head.json           how many there are and the digest of the last: what is cut off shows
"""

from dq.audit.chain import NOTHING, Break, Link
from dq.audit.log import append, entries, head, ready
from dq.audit.verify import Anchor, Verified, verify

__all__ = [
    "NOTHING",
    "Anchor",
    "Break",
    "Link",
    "Verified",
    "append",
    "entries",
    "head",
    "ready",
    "verify",
]
