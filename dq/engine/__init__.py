"""Where the pure steps run: here on one machine, in as many parts as memory asks for."""

from dq.engine.erasing import erase
from dq.engine.inputs import Hints, Inputs
from dq.engine.local import TablePlan, plan_table
from dq.engine.mappings import in_order, references
from dq.engine.ordering import ordered
from dq.engine.parking import Park
from dq.engine.records import field_kinds
from dq.engine.resting import carried_out, plan_to_rest
from dq.engine.together import Rested, plan_together
from dq.engine.validity import with_findings
from dq.reconcile import resolved

__all__ = [
    "Hints",
    "Inputs",
    "Park",
    "Rested",
    "TablePlan",
    "carried_out",
    "erase",
    "field_kinds",
    "in_order",
    "ordered",
    "plan_table",
    "plan_to_rest",
    "plan_together",
    "references",
    "resolved",
    "with_findings",
]
