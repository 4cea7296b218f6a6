"""Lists: joining, cutting, and leaving out what comes twice or is empty."""

from dq.sandbox.formula.functions.kind import ANY, Function
from dq.sandbox.formula.values import Value, items, number, text


def _unique(*values: Value) -> Value:
    found: dict[str, Value] = {}
    for value in items(values):
        if value is not None and value != "":
            found.setdefault(f"{isinstance(value, str)}{text(value)}", value)
    return tuple(found.values())


def _compact(*values: Value) -> Value:
    return tuple(value for value in items(values) if value is not None and value != "")


def _join(values: Value, separator: Value = ", ") -> Value:
    return text(separator).join(text(value) for value in items((values,)) if value is not None)


def _slice(values: Value, start: Value, end: Value = None) -> Value:
    """Items from a place on, counted from 1, to a place; negative places count from the end."""
    listed = tuple(items((values,)))
    begin = int(number(start))
    stop = len(listed) if end is None else int(number(end))
    return listed[begin - 1 if begin > 0 else begin : stop]


FUNCTIONS: dict[str, Function] = {
    "ARRAYCOMPACT": Function(1, ANY, _compact),
    "ARRAYFLATTEN": Function(1, ANY, lambda *values: tuple(items(values))),
    "ARRAYJOIN": Function(1, 2, _join),
    "ARRAYSLICE": Function(2, 3, _slice),
    "ARRAYUNIQUE": Function(1, ANY, _unique),
}
