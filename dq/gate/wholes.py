"""Rules about a table as a whole: how many rows, how fresh, and how far it drifted from the last snapshot.

What they need of a table is a handful of numbers: `figures` are computed beside the counts of the row rules, in one select.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from dq.checks import Check
from dq.gate.cells import is_empty, number, text, time
from dq.gate.holds import judged

BINS = 10
"""Parts of equal size that numbers and times of the last snapshot are cut into, to compare distributions."""
_LEAST = 1e-4
"""The smallest share in a population stability index, which knows no empty parts."""
EMPTY, VALUE, SHARE = "empty", "value", "share"


@dataclass(frozen=True)
class Measure:
    """What a rule about the whole table found: the value, what is allowed, and the unit of both; or why it found nothing."""

    value: float | None
    allowed: float | int | None
    unit: str
    holds: bool
    why_skipped: str | None = None
    note: str | None = None


def skipped(why: str) -> Measure:
    """A rule that could not be judged."""
    return Measure(None, None, "rows", holds=True, why_skipped=why)


def figures(check: Check, schema: pl.Schema) -> dict[str, pl.Expr]:
    """What a rule needs of a table, by name; every expression gives one value."""
    where = judged(check)
    rows = pl.len() if where is None else where.sum()
    match check.check:
        case "row_count":
            return {"rows": rows}
        case "null_rate":
            empty = is_empty(str(check.field), schema)
            return {"rows": rows, "empty": (empty if where is None else empty & where).sum()}
        case "freshness":
            value = time(str(check.field), schema)
            return {"newest": (value if where is None else value.filter(where)).max()}
    return {}


def measured(check: Check, now: Mapping[str, Any], before: Mapping[str, Any] | None, at: datetime | None) -> Measure:
    """A rule's measure out of its figures.

    Args:
        check: The rule: `row_count`, `null_rate` or `freshness`.
        now: The figures of the table.
        before: Those of the last snapshot; None if there is none.
        at: The time; None if nobody knows it.
    """
    match check.check:
        case "freshness":
            return _age(check, now["newest"], at)
        case "row_count":
            return _row_count(check, now["rows"], None if before is None else before["rows"])
    if before is None:
        return skipped(NO_LAST)
    rates = [part["empty"] / part["rows"] if part["rows"] else 0.0 for part in (now, before)]
    change = abs(rates[0] - rates[1])
    return Measure(change, check.max_change, "share", holds=change <= (check.max_change or 0.0) + 1e-12)


NO_LAST = "there is no earlier snapshot to compare with"


def _age(check: Check, newest: datetime | None, at: datetime | None) -> Measure:
    if at is None:
        return skipped("nobody said what time it is")
    if newest is None:
        return Measure(None, check.max_age, "seconds", holds=False, note="no row has a time")
    age = (at.astimezone(UTC) - newest).total_seconds()
    note = "the newest time lies in the future" if age < -timedelta(days=1).total_seconds() else None
    return Measure(age, check.max_age, "seconds", holds=age <= (check.max_age or 0.0), note=note)


def _row_count(check: Check, rows: int, before: int | None) -> Measure:
    for bound, is_kept in ((check.min, int.__ge__), (check.max, int.__le__)):
        if isinstance(bound, int | float) and not is_kept(rows, int(bound)):
            return Measure(rows, int(bound), "rows", holds=False)
    if check.max_change is None:
        bound = check.min if check.max is None else check.max
        return Measure(rows, int(bound) if isinstance(bound, int | float) else None, "rows", holds=True)
    if before is None:
        return skipped(NO_LAST) if check.min is None and check.max is None else Measure(rows, None, "rows", holds=True)
    change = abs(rows - before) / before if before else float(rows > 0)
    return Measure(change, check.max_change, "share", holds=change <= check.max_change + 1e-12)


def drifted(check: Check, now: pl.LazyFrame, before: pl.LazyFrame | None, schema: pl.Schema) -> Measure:
    """How far a column's distribution is from the last snapshot's.

    Numbers and times are compared by the tenths of the last snapshot's values, everything else value by value; empty cells
    are a value of their own.
    """
    if before is None:
        return skipped(NO_LAST)
    where = judged(check)
    parts = [frame if where is None else frame.filter(where) for frame in (now, before)]
    value = _binned(check, parts[1], schema)
    shares = [_shares(part, value).rename({SHARE: f"{SHARE}{n}"}) for n, part in enumerate(parts)]
    both = shares[0].join(shares[1], on=VALUE, how="full", coalesce=True, nulls_equal=True).fill_null(0.0)
    left, right = pl.col(f"{SHARE}0"), pl.col(f"{SHARE}1")
    if check.distance == "psi":
        left, right = left.clip(lower_bound=_LEAST), right.clip(lower_bound=_LEAST)
        told = both.select(((left - right) * (left / right).log()).sum())
    else:
        told = both.select((left - right).abs().sum() / 2)
    distance = float(told.item())
    return Measure(distance, check.max_distance, "distance", holds=distance <= (check.max_distance or 0.0) + 1e-12)


def _binned(check: Check, before: pl.LazyFrame, schema: pl.Schema) -> pl.Expr:
    """The column as what is counted: texts, or the tenth that a number or time lies in."""
    name = str(check.field)
    dtype = schema[name]
    if not (dtype.is_numeric() or dtype.is_temporal()):
        return pl.when(~is_empty(name, schema)).then(text(name, schema))
    value = number(name, schema) if dtype.is_numeric() else pl.col(name).to_physical()
    cuts = (
        before.select(value.quantile(n / BINS).cast(pl.Float64).alias(str(n)) for n in range(1, BINS)).collect().row(0)
    )
    edges = sorted({cut for cut in cuts if cut is not None})
    bin_of = pl.sum_horizontal([(value.cast(pl.Float64) > edge).cast(pl.Int32) for edge in edges] or [pl.lit(0)])
    return pl.when(~is_empty(name, schema)).then(bin_of)


def _shares(frame: pl.LazyFrame, value: pl.Expr) -> pl.DataFrame:
    counts = frame.group_by(value.alias(VALUE)).len().collect(engine="streaming")
    return counts.select(VALUE, (pl.col("len") / pl.col("len").sum()).alias(SHARE)).sort(VALUE)
