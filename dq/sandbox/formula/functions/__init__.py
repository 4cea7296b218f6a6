"""The functions of formulas: how many arguments each takes, and what it gives for their values.

Functions that leave an argument alone (IF, SWITCH, ISERROR), those of the record and those of the clock are not here:
the evaluator knows them.
"""

from dq.sandbox.formula.functions import arrays, logic, numbers, texts, times
from dq.sandbox.formula.functions.kind import ANY, Function

FUNCTIONS: dict[str, Function] = {
    **logic.FUNCTIONS,
    **texts.FUNCTIONS,
    **numbers.FUNCTIONS,
    **times.FUNCTIONS,
    **arrays.FUNCTIONS,
}

__all__ = ["ANY", "FUNCTIONS", "Function"]
