"""Rules about rows as Polars expressions: true where a row keeps the rule, never null.

Empty cells fail completeness only; a condition that an empty cell leaves open holds, as in a database's CHECK.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import reduce

import polars as pl

from dq.checks import TABLE_KINDS, Check
from dq.gate.cells import is_empty, number, text, time
from dq.schemas.finding import AGREES, DUPLICATE, FOUND

Sets = Mapping[str, pl.Series]
"""`table.column` → the texts that it holds."""

_ONE_CLASS = re.compile(r"\[([^\[\]^][^\[\]]*)\]([*+])")
"""A regular expression of one class of characters, any number of them."""


def is_row_rule(check: Check) -> bool:
    """Whether a rule is an expression over a row (or over a column, for uniqueness)."""
    return check.check not in TABLE_KINDS and check.check != "sql"


def judged(check: Check) -> pl.Expr | None:
    """The rows that a rule judges, never null; None for all of them."""
    where = None if check.where is None else pl.sql_expr(check.where).fill_null(False)
    if check.check != "agreement":
        return where
    linked = pl.col(f"{check.field}{AGREES}").is_not_null()
    return linked if where is None else linked & where


def holds(check: Check, schema: pl.Schema, sets: Sets | None = None) -> pl.Expr:
    """A row rule as an expression, true where a row keeps it.

    Args:
        check: The rule.
        schema: The types of the columns that it reads.
        sets: For `reference` to another table: the keys that it has.
    """
    match check.check:
        case "uniqueness":
            return _unique(check, schema)
        case "expression":
            return pl.sql_expr(str(check.expression)).fill_null(True)
        case "validity" | "agreement" | "duplicates":
            return _by_a_mark(check)
    name = str(check.field)
    if check.check == "completeness":
        return ~is_empty(name, schema)
    return is_empty(name, schema) | _of_a_value(check, name, schema, sets or {}).fill_null(False)


def _by_a_mark(check: Check) -> pl.Expr:
    """Rules whose answer stands in a column beside the table's own."""
    if check.check == "validity":
        return pl.col(f"{check.field}{FOUND}").is_null()
    if check.check == "agreement":
        return pl.col(f"{check.field}{AGREES}").fill_null(True)
    return ~pl.col(DUPLICATE).fill_null(False)


def _of_a_value(check: Check, name: str, schema: pl.Schema, sets: Sets) -> pl.Expr:
    """Whether a cell that is not empty keeps the rule; null where it cannot be read as what the rule is about."""
    match check.check:
        case "membership":
            return text(name, schema).is_in(list(check.values))
        case "pattern":
            return _matches(text(name, schema), str(check.pattern))
        case "length":
            return _between(text(name, schema).str.len_chars(), check.min, check.max)
        case "range":
            return _in_range(check, name, schema)
        case "reference":
            target = str(check.references)
            if target in sets:
                return text(name, schema).is_in(sets[target].implode())
            return text(name, schema).is_in(text(target, schema).drop_nulls().implode())
    raise AssertionError(check.check)


def _matches(value: pl.Expr, pattern: str) -> pl.Expr:
    """Whether a text matches as a whole; of one class of characters, whether it holds no other, which is a quarter faster."""
    if one := _ONE_CLASS.fullmatch(pattern):
        others = value.str.contains(f"[^{one[1]}]")
        return ~others if one[2] == "*" else ~others & (value != "")
    return value.str.contains(f"^(?:{pattern})$")


def parts_of(check: Check) -> list[pl.Expr]:
    """The columns of a uniqueness rule, the first of them empty in rows that it does not judge."""
    names, where = check.columns, judged(check)
    first = pl.col(names[0]) if where is None else pl.when(where).then(pl.col(names[0]))
    return [first, *(pl.col(name) for name in names[1:])]


def digest(check: Check, schema: pl.Schema) -> pl.Expr:
    """A uniqueness rule's values in 64 bits, null in rows that it does not judge: rows that repeat a value repeat its digest."""
    where = judged(check)
    mine = ~_has_empty(check, schema) if where is None else ~_has_empty(check, schema) & where
    parts = [_hashable(name, schema).hash() for name in check.columns]
    return pl.when(mine).then(reduce(lambda told, part: told * 3 + part, parts))


def _hashable(name: str, schema: pl.Schema) -> pl.Expr:
    is_text = schema[name].is_nested() or schema[name] in (pl.Categorical, pl.Enum)
    return text(name, schema) if is_text else pl.col(name)


def _unique(check: Check, schema: pl.Schema) -> pl.Expr:
    """Unique among the judged rows; a row with an empty part is no duplicate."""
    parts = parts_of(check)
    value = parts[0] if len(parts) == 1 else pl.struct(parts)
    return _has_empty(check, schema) | ~value.is_duplicated()


def _has_empty(check: Check, schema: pl.Schema) -> pl.Expr:
    return pl.any_horizontal(is_empty(name, schema) for name in check.columns)


def _in_range(check: Check, name: str, schema: pl.Schema) -> pl.Expr:
    bounds = (check.min, check.max)
    if not any(isinstance(bound, date) for bound in bounds):
        return _between(number(name, schema), *bounds)
    low, high = (None if bound is None else _moment(bound) for bound in bounds)
    value, whole = time(name, schema), isinstance(check.max, date) and not isinstance(check.max, datetime)
    if high is not None and whole:  # a day lasts to its end
        return _between(value, low, None) & (value < high + timedelta(days=1))
    return _between(value, low, high)


def _between(value: pl.Expr, low: object, high: object) -> pl.Expr:
    """Whether a value keeps the bounds that there are; null or false where there is no value."""
    low, high = _bound(low), _bound(high)
    if low is None or high is None:
        return value.is_not_null() if low is high else value <= pl.lit(high) if low is None else value >= pl.lit(low)
    return value.is_between(pl.lit(low), pl.lit(high))


def _bound(bound: object) -> object:
    """A whole number as such, so that whole numbers are not made fractions for it."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() and abs(bound) < 2**53 else bound


def _moment(bound: object) -> datetime:
    if isinstance(bound, datetime):
        return bound if bound.tzinfo else bound.replace(tzinfo=UTC)
    if isinstance(bound, date):
        return datetime(bound.year, bound.month, bound.day, tzinfo=UTC)
    raise AssertionError(bound)
