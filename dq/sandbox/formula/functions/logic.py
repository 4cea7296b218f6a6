"""Truth: AND, OR, XOR, NOT and the constants."""

from dq.sandbox.formula.functions.kind import ANY, Function
from dq.sandbox.formula.values import FormulaError, Value, items, truth


def _error(_message: Value = None) -> Value:
    raise FormulaError


FUNCTIONS: dict[str, Function] = {
    "AND": Function(1, ANY, lambda *values: all([truth(value) for value in items(values)])),  # noqa: C419 - an error counts wherever it stands
    "OR": Function(1, ANY, lambda *values: any([truth(value) for value in items(values)])),  # noqa: C419 - as in AND
    "XOR": Function(1, ANY, lambda *values: sum(truth(value) for value in items(values)) % 2 == 1),
    "NOT": Function(1, 1, lambda value: not truth(value)),
    "TRUE": Function(0, 0, lambda: True),
    "FALSE": Function(0, 0, lambda: False),
    "BLANK": Function(0, 0, lambda: None),
    "ERROR": Function(0, 1, _error),
}
