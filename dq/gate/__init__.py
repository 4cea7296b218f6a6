"""The gate: schemas at the doors, quality rules, brakes and the fixpoint proof. Only it approves a changeset."""

from dq.gate.brakes import brakes, lifted, under_new_rules
from dq.gate.frames import at_the_door
from dq.gate.identity import rekeyed, returned
from dq.gate.proof import created_keys, moves, placeholders, planned, with_placeholders
from dq.gate.quality import Named, judge, named_by, named_golden
from dq.gate.verdicts import DIMENSIONS, Ratchet, Report, Status, Verdict, scores_of

__all__ = [
    "DIMENSIONS",
    "Named",
    "Ratchet",
    "Report",
    "Status",
    "Verdict",
    "at_the_door",
    "brakes",
    "created_keys",
    "judge",
    "lifted",
    "moves",
    "named_by",
    "named_golden",
    "placeholders",
    "planned",
    "rekeyed",
    "returned",
    "scores_of",
    "under_new_rules",
    "with_placeholders",
]
