"""Rules over a table: the failures of all of them counted in one select, and the failing rows of those that have any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dq.checks import Check, Known
from dq.gate.accepted import WHERE
from dq.gate.cells import text
from dq.gate.holds import Sets, holds, is_row_rule, judged, may_repeat, parts_of
from dq.gate.wholes import figures
from dq.schemas.finding import Finding

Failing = Mapping[str, pl.Expr]
"""Rule → true for its failing rows."""


@dataclass(frozen=True)
class Named:
    """How findings name a record: expressions over its columns for store, table and row key."""

    store: pl.Expr
    table: pl.Expr
    key: pl.Expr


def breaks(check: Check, schema: pl.Schema, sets: Sets | None = None) -> pl.Expr:
    """A row rule as an expression, true for rows that fail it; rows that it does not judge do not."""
    fails, where = ~holds(check, schema, sets), judged(check)
    return fails if where is None else fails & where


def may_break(check: Check, schema: pl.Schema, sets: Sets | None = None) -> pl.Expr:
    """The same, of a uniqueness rule perhaps with a few rows more; `failing_rows` leaves them out again."""
    if check.check != "uniqueness":
        return breaks(check, schema, sets)
    where = judged(check)
    return may_repeat(check, schema) if where is None else may_repeat(check, schema) & where


def counts(frame: pl.LazyFrame, checks: Sequence[Check], sets: Sets) -> tuple[int, dict[str, dict[str, Any]]]:
    """The rows of a table, and for each rule what it counts: `failed` and `rows`, or the figures of rules about the whole.

    One select, so that the table is read once however many rules there are.

    Args:
        frame: The table.
        checks: Rules whose columns it has; of those in SQL only `rows` is counted, of uniqueness as `may_break` tells them.
        sets: Keys of other tables, for `reference`.
    """
    schema = frame.collect_schema()
    asked: dict[str, pl.Expr] = {"": pl.len()}
    for number, check in enumerate(checks):
        where = judged(check)
        parts = {"rows": pl.len() if where is None else where.sum(), **figures(check, schema)}
        parts |= {"failed": may_break(check, schema, sets).sum()} if is_row_rule(check) else {}
        asked |= {f"{number} {name}": part for name, part in parts.items()}
    told = frame.select(part.alias(name) for name, part in asked.items()).collect(engine="streaming").row(0, named=True)
    found: dict[str, dict[str, Any]] = {check.name: {} for check in checks}
    for name, value in told.items():
        if name:
            place, _, part = name.partition(" ")
            found[checks[int(place)].name][part] = value
    return told[""], found


def failing_rows(
    frame: pl.LazyFrame, broken: Mapping[Check, pl.Expr], known: Sequence[Known], named: Named
) -> dict[Check, pl.DataFrame]:
    """The failing rows of each rule as findings, with `where<n>` for its known failures that have a condition.

    Args:
        frame: The table.
        broken: Rule → true for its failing rows, of uniqueness as `may_break` tells them.
        known: The list of known failures.
        named: How a finding names a row.
    """
    if not broken:
        return {}
    schema = frame.collect_schema()
    marks = {f"{number} fails": fails for number, fails in enumerate(broken.values())}
    for number, check in enumerate(broken):
        marks[f"{number} value"] = _value(check, schema)
        parts = parts_of(check) if check.check == "uniqueness" else []
        marks |= {f"{number} part{n}": part for n, part in enumerate(parts)}
        mine = [one for one in known if one.rule == check.name]
        for n, one in enumerate(mine):
            if one.where:
                marks[f"{number} {WHERE}{n}"] = pl.sql_expr(one.where).fill_null(False)
    names = {
        Finding.store: named.store,
        Finding.table: named.table,
        Finding.row_key: named.key.cast(pl.String),
    }
    wide = frame.select(part.alias(name) for name, part in {**names, **marks}.items())
    any_fails = pl.any_horizontal(f"{number} fails" for number in range(len(broken)))
    rows = wide.filter(any_fails).collect(engine="streaming").sort(Finding.row_key, nulls_last=True)
    return {check: _told(rows, number, check) for number, check in enumerate(broken)}


def _told(rows: pl.DataFrame, number: int, check: Check) -> pl.DataFrame:
    """A rule's failing rows in the columns of a finding, and its marks."""
    own = [name for name in rows.columns if name.startswith(f"{number} {WHERE}")]
    failing = rows.filter(pl.col(f"{number} fails"))
    if check.check == "uniqueness":  # found by digests, told by the values themselves
        failing = failing.filter(pl.struct(f"^{number} part\\d+$").is_duplicated())
    return failing.select(
        Finding.store,
        Finding.table,
        Finding.row_key,
        pl.lit(check.about).alias(Finding.field),
        pl.col(f"{number} value").alias(Finding.value),
        pl.lit(check.name).alias(Finding.rule),
        *(pl.col(name).alias(name.partition(" ")[2]) for name in own),
    )


def _value(check: Check, schema: pl.Schema) -> pl.Expr:
    names = [name for name in check.columns if name in schema]
    if len(names) == 1:
        return text(names[0], schema)
    return pl.concat_str([text(name, schema) for name in names], separator=", ") if names else pl.lit(None, pl.String)
