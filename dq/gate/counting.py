"""Rules over a table: the failures of all of them counted in one select, and the failing rows of those that have any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dq.checks import Check, Known
from dq.gate.accepted import WHERE
from dq.gate.cells import text
from dq.gate.holds import Sets, digest, holds, is_row_rule, judged, parts_of
from dq.gate.wholes import figures
from dq.schemas.finding import Finding

Failing = Mapping[str, pl.Expr]
"""Rule → true for its failing rows."""
MARK = "\0 mark "
"""What begins the names of columns that are made beside the table's own."""


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


def fails(check: Check, counted: Mapping[str, Any], schema: pl.Schema, sets: Sets) -> pl.Expr:
    """The rows that `failing_rows` is to look at: those that fail, judged or not, or that have a repeated digest."""
    if check.check == "uniqueness":
        return digest(check, schema).is_in(counted["repeated"].implode()).fill_null(False)
    return ~holds(check, schema, sets)


def counts(frame: pl.LazyFrame, checks: Sequence[Check], sets: Sets) -> tuple[int, dict[str, dict[str, Any]]]:
    """The rows of a table, and for each rule what it counts: `failed` and `rows`, or the figures of rules about the whole.

    One select, so that the table is read once however many rules there are. Uniqueness rules have `repeated` besides, the
    digests that more than one row has; `failed` is then their number, and which rows fail is for `failing_rows` to tell.

    Args:
        frame: The table.
        checks: Rules whose columns it has; of those in SQL only `rows` is counted.
        sets: Keys of other tables, for `reference`.
    """
    schema = frame.collect_schema()
    columns, told_by = _once_each(_of_rows(checks, schema, sets))
    asked: dict[str, pl.Expr] = {"": pl.len()}
    for number, check in enumerate(checks):
        where, fails = told_by.get(f"{number} judged"), told_by.get(f"{number} fails")
        parts = {"rows": pl.len() if where is None else where.sum(), **figures(check, schema)}
        if check.check == "uniqueness":
            parts["repeated"] = told_by[f"{number} digest"].implode()
        elif fails is not None:
            parts["failed"] = (fails if where is None else fails & where).sum()
        asked |= {f"{number} {name}": part for name, part in parts.items()}
    wide = frame.with_columns(columns).select(part.alias(name) for name, part in asked.items())
    told = wide.collect(engine="streaming")
    found: dict[str, dict[str, Any]] = {check.name: {} for check in checks}
    for name in told.columns[1:]:
        place, _, part = name.partition(" ")
        value = told[name].item()
        found[checks[int(place)].name] |= _repeated(value) if part == "repeated" else {part: value}
    return told[""].item(), found


def _of_rows(checks: Sequence[Check], schema: pl.Schema, sets: Sets) -> dict[str, pl.Expr]:
    """What is asked of every row: whether a rule judges it, whether it fails, or what must not be repeated."""
    parts: dict[str, pl.Expr] = {}
    for number, check in enumerate(checks):
        if (where := judged(check)) is not None:
            parts[f"{number} judged"] = where
        if check.check == "uniqueness":
            parts[f"{number} digest"] = digest(check, schema)
        elif is_row_rule(check):
            parts[f"{number} fails"] = ~holds(check, schema, sets)
    return parts


def _once_each(parts: Mapping[str, pl.Expr]) -> tuple[list[pl.Expr], dict[str, pl.Expr]]:
    """Expressions as columns, equal ones as the same, which the streaming engine does not see: and every name's column."""
    columns: list[pl.Expr] = []
    places: dict[str, pl.Expr] = {}
    for name, part in parts.items():
        place = next((n for n, other in enumerate(columns) if part.meta.eq(other)), len(columns))
        columns += [part] if place == len(columns) else []
        places[name] = pl.col(f"{MARK}{place}")
    return [part.alias(f"{MARK}{n}") for n, part in enumerate(columns)], places


def _repeated(digests: pl.Series) -> dict[str, Any]:
    """The digests that more than one row has."""
    ordered = digests.sort(multithreaded=False)  # half the work of sorting by several threads, at a million rows
    repeated = ordered[1:].filter(ordered[1:] == ordered[:-1]).unique()
    return {"repeated": repeated, "failed": len(repeated)}


def failing_rows(
    frame: pl.LazyFrame, broken: Mapping[Check, pl.Expr], known: Sequence[Known], named: Named
) -> dict[Check, pl.DataFrame]:
    """The failing rows of each rule as findings, with `where<n>` for its known failures that have a condition.

    Args:
        frame: The table.
        broken: Rule → true for its failing rows, whether it judges them or not; for uniqueness perhaps a few more.
        known: The list of known failures.
        named: How a finding names a row.
    """
    if not broken:
        return {}
    schema = frame.collect_schema()
    asked: dict[str, pl.Expr] = {}
    for number, (check, fails) in enumerate(broken.items()):
        where = judged(check)
        asked |= {f"{number} fails": fails} | ({} if where is None else {f"{number} judged": where})
    columns, marks = _once_each(asked)
    for number, check in enumerate(broken):
        marks[f"{number} fails"] &= marks.get(f"{number} judged", pl.lit(True))
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
    wide = frame.with_columns(columns).select(part.alias(name) for name, part in {**names, **marks}.items())
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
