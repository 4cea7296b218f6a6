"""Row rules as a pandera schema, for notebooks and as a second way to the same counts.

A run counts failures in one select; pandera collects a frame of failure cases for every check, which takes a multiple of the
time and memory. The schema is made of the same rules, and the tests hold both to the same rows.
"""

from collections.abc import Mapping, Sequence

import pandera.polars as pa
import polars as pl

from dq.checks import Check
from dq.gate.counting import breaks
from dq.gate.holds import Sets, is_row_rule
from dq.rulesql import named_columns
from dq.schemas.finding import AGREES, DUPLICATE, FOUND


def schema_of(
    checks: Sequence[Check],
    types: Mapping[str, pl.DataType] | None = None,
    sets: Sets | None = None,
    name: str = "Lead",
) -> pa.DataFrameSchema:
    """The rules about rows as a pandera schema; each check is called as its rule.

    Validate collected frames with `lazy=True`: on a LazyFrame pandera looks at names and types only, and lets bad data pass.
    Rules about the whole table and rules in DuckDB's SQL are no checks of a schema, and left out.

    Args:
        checks: The rules.
        types: Column → type; columns that it does not name are text.
        sets: `table.column` → its keys, for rules that refer to another table.
        name: The schema's name.
    """
    mine = [check for check in checks if is_row_rule(check)]
    schema = pl.Schema(
        {column: pl.String() for check in mine for column in _read(check)} | _marks(mine) | dict(types or {})
    )
    alone = {check: _read(check)[0] for check in mine if len(_read(check)) == 1}
    columns = {
        column: pa.Column(
            dtype,
            nullable=True,
            checks=[_compiled(check, schema, sets) for check in mine if alone.get(check) == column],
        )
        for column, dtype in schema.items()
        if any(column in _read(check) for check in mine)
    }
    return pa.DataFrameSchema(
        columns, checks=[_compiled(check, schema, sets) for check in mine if check not in alone], name=name
    )


def _read(check: Check) -> list[str]:
    """The columns that a rule reads."""
    own = {"validity": f"{check.field}{FOUND}", "agreement": f"{check.field}{AGREES}", "duplicates": DUPLICATE}
    mark = own.get(check.check)
    named = [name for name in named_columns(check) if mark is None or name != check.field]
    return named if mark is None else [mark, *named]


def _marks(checks: Sequence[Check]) -> dict[str, pl.DataType]:
    agreed: dict[str, pl.DataType] = {f"{c.field}{AGREES}": pl.Boolean() for c in checks if c.check == "agreement"}
    return agreed | ({DUPLICATE: pl.Boolean()} if any(c.check == "duplicates" for c in checks) else {})


def _compiled(check: Check, schema: pl.Schema, sets: Sets | None) -> pa.Check:
    """One rule as a pandera check, which sees empty cells too."""

    def passes(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(~breaks(check, schema, sets))

    return pa.Check(passes, name=check.name, ignore_na=False)
