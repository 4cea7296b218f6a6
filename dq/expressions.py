"""What people write in rules for Polars to run: patterns, date formats, SQL; each told apart from what cannot work.

All is tried on a few texts before any data is read.
"""

import json
import re
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

VALUE = "value"
_OTHERS = frozenset({"Agg", "Over", "Window", "Rolling", "SubPlan"})
_TRIALS = ("", "a", "b, c", " Ä ß 1", "12", "-1.5", "2024-01-31", "a@b.co", "日本", "O'Hara\n", "x" * 300, None)
_REFERENCE = re.compile(r"\$\$|\$(?:\{([^}]*)\}|([0-9A-Za-z_]+))")
_INSTANT = datetime(2024, 2, 29, 13, 45, 58)  # noqa: DTZ001 (a wall time: what a format is tried on)
_LONG_AGO = date(1931, 12, 5)
_TIMES = re.compile(r"%[-_0]?(?:H|I|k|l|M|S|T|R|X|r|c|s|\.?\d?f|p|P)")
_UNSUPPORTED = re.compile(r"unsupported function '(\w+)'")
_FUNCTIONS = (
    "coalesce", "concat", "concat_ws", "ends_with", "greatest", "if", "ifnull", "initcap", "least", "left", "length", "lower",
    "lpad", "ltrim", "normalize", "nullif", "regexp_like", "replace", "reverse", "right", "rpad", "rtrim", "split_part",
    "starts_with", "strpos", "substr", "trim", "upper",
)  # fmt: skip
"""Functions that text is changed with, for near misses."""
_LINE = 160


def regex_problem(pattern: str) -> str | None:
    """What is wrong with a regular expression, as Rust reads it; None when nothing is."""
    try:
        pl.select(pl.lit("").str.contains(pattern))
    except PolarsError as error:
        reason = next((line for line in str(error).splitlines() if line.startswith("error:")), "error: unreadable")
        return f"not a regular expression that Rust's regex reads: {reason.removeprefix('error: ')}"
    return None


def replacement_problem(pattern: str, replacement: str) -> str | None:
    """What is wrong with a replacement: a group that its pattern does not have would silently be nothing."""
    groups = pl.select(pl.lit("").str.extract_groups(f"()(?:{pattern})")).to_series().struct.fields
    known = {"0", *map(str, range(1, len(groups))), *groups[1:]}
    named = {whole or short for whole, short in _REFERENCE.findall(replacement)} - {""}
    unknown = sorted(named - known)
    if not unknown:
        return None
    return f"`replace` names the group {unknown[0]}, the pattern has {len(groups) - 1}; write ${{1}}text, and $$ for a dollar"


def has_time(form: str) -> bool:
    """Whether a date format holds a time of day."""
    return _TIMES.search(form) is not None


def output_format_problem(form: str) -> str | None:
    """What is wrong with a format that dates are written in: it must say the whole date and nothing else."""
    if has_time(form):
        return f"`{form}` has a time of day; times are always written in ISO 8601"
    problem = date_format_problem(form)
    if problem is None and pl.Series([_LONG_AGO]).dt.strftime(form).str.to_date(form, strict=False).item() != _LONG_AGO:
        return f"`{form}` does not say the century: write %Y"
    return problem


def date_format_problem(form: str) -> str | None:
    """What is wrong with a date format; None when it says a whole date and reads what it writes."""
    kind = pl.Datetime("us") if has_time(form) else pl.Date
    try:
        told = pl.Series([_INSTANT]).cast(kind).dt.strftime(form)
        read = told.str.strptime(kind, form, strict=False)
    except PolarsError:
        return f"`{form}` is not a date format, such as %d.%m.%Y"
    if read.is_null().any() or read.cast(pl.Date).item() != _INSTANT.date():
        return f"`{form}` does not say a whole date, such as %d.%m.%Y does"
    return None


def expression_problem(sql: str) -> str | None:
    """What is wrong with an SQL expression over `value`; None when it gives text row by row."""
    try:
        told = pl.sql_expr(sql)
        names = set(told.meta.root_names())
        if names - {VALUE}:
            return f"unknown column `{min(names - {VALUE})}`; an expression sees its own cell alone, as `value`"
        if not names:
            return "the expression does not ask for `value`"
        if looks_at_others(json.loads(told.meta.serialize(format="json"))):
            return "an expression must be told by its own row: no aggregates, windows or subqueries"
        return _trial_problem(told)
    except PolarsError as error:
        return f"not an expression in Polars SQL: {first_line(error)}{_near(str(error))}"


def _near(message: str) -> str:
    found = _UNSUPPORTED.search(message)
    close = get_close_matches(found[1].lower(), _FUNCTIONS, n=1) if found else []
    return f"; did you mean `{close[0]}`?" if close else ""


def _trial_problem(told: pl.Expr) -> str | None:
    trials = pl.DataFrame({VALUE: _TRIALS}, schema={VALUE: pl.String})
    try:
        whole = trials.select(told).to_series()
        rows = [trials[at].select(told).to_series() for at in range(trials.height)]
    except PolarsError as error:
        return f"the expression fails on a text: {first_line(error)}"
    if whole.dtype != pl.String:
        return f"the expression gives {whole.dtype}, not text; wrap it in CAST(… AS VARCHAR)"
    if any(len(row) != 1 for row in rows) or not pl.concat(rows).equals(whole):
        return "an expression must be told by its own row: its answer depends on other rows"
    return None


def looks_at_others(node: Any, name: str = "") -> bool:
    """Whether any part of a serialized expression is an aggregate, a window, a count of rows or a subquery."""
    if isinstance(node, dict):
        return not _OTHERS.isdisjoint(node) or any(looks_at_others(part, key) for key, part in node.items())
    if isinstance(node, list):
        return any(looks_at_others(part) for part in node)
    return node == "Len" and name not in ("String", "Column")


def first_line(error: PolarsError) -> str:
    """What Polars says first, without the values that it lists."""
    return str(error).splitlines()[0].partition(": [")[0][:_LINE]
