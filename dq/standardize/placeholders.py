"""Placeholders: cells that stand where a value should, such as `n/a`, `-` and `test@test.com`.

Only the whole cell counts, in any case: `None` is a placeholder where a person is called `Anna None` is not.
"""

import re
from collections.abc import Sequence

import polars as pl

NEVER = "[^\\s\\S]"
"""Matches nothing."""


def pattern(lines: Sequence[str] | None) -> str:
    """A regular expression that finds the values of a list; a line between slashes is an expression itself."""
    expressions = [line[1:-1] for line in lines or [] if is_expression(line)]
    exact = [re.escape(line) for line in lines or [] if not is_expression(line)]
    whole = [f"^(?:{'|'.join(exact)})$"] if exact else []
    return "(?i:" + "|".join([f"(?:{expression})" for expression in [*whole, *expressions]] or [NEVER]) + ")"


def is_expression(line: str) -> bool:
    """Whether a line of a list is a regular expression between slashes."""
    return len(line) > len("//") and line[0] == line[-1] == "/"


def found(value: pl.Expr, lines: Sequence[str] | None, code: str) -> pl.Expr:
    """The code where the value is one of the list's, else null."""
    return pl.when(value.str.contains(pattern(lines))).then(pl.lit(code))
