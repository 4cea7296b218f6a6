"""The gate: schemas at the doors, quality rules, brakes and the fixpoint proof. Only it approves a changeset."""

from dq.gate.accepted import Accepted, Entry, entry_of
from dq.gate.brakes import brakes, lifted, under_new_rules
from dq.gate.counting import Named
from dq.gate.fitting import Misfit, misfits
from dq.gate.frames import at_the_door
from dq.gate.generated import schema_of
from dq.gate.identity import rekeyed, returned
from dq.gate.proof import created_keys, moves, placeholders, planned, with_placeholders
from dq.gate.quality import Beside, judge, named_by, named_golden
from dq.gate.verdicts import DIMENSIONS, Ratchet, Report, Status, Verdict, scores_of

__all__ = [
    "DIMENSIONS",
    "Accepted",
    "Beside",
    "Entry",
    "Misfit",
    "Named",
    "Ratchet",
    "Report",
    "Status",
    "Verdict",
    "at_the_door",
    "brakes",
    "created_keys",
    "entry_of",
    "judge",
    "lifted",
    "misfits",
    "moves",
    "named_by",
    "named_golden",
    "placeholders",
    "planned",
    "rekeyed",
    "returned",
    "schema_of",
    "scores_of",
    "under_new_rules",
    "with_placeholders",
]
