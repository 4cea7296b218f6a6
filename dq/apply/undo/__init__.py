"""Undo: a run's writes taken back from its journal, last first, through the same journaled commit.

    journal of the run ─► inverse ─► saved as a plan of its own ─► backup ─► commit ─► verify ─► base

The whole run, one step of it, or one lead. What people changed since is left alone and listed. Deleted rows come back
whole; Airtable gives a re-created record a new id, which the links to it and the base then hold. A merge that is taken
back is remembered as a decision: these rows are not the same lead.
"""

from dq.apply.undo.inverse import Kept
from dq.apply.undo.planned import Undoing, undos, unfinished
from dq.apply.undo.scope import Scope
from dq.apply.undo.steps import Undone, carry_out, prepare

__all__ = ["Kept", "Scope", "Undoing", "Undone", "carry_out", "prepare", "undos", "unfinished"]
