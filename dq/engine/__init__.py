"""Where the pure steps run: here on one machine, in as many parts as memory asks for."""

from dq.engine.local import Inputs, TablePlan, plan_table

__all__ = ["Inputs", "TablePlan", "plan_table"]
