"""What a field's own standardizers say about its values, as columns that the quality rules read."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import polars as pl

from dq.rules import Check, FieldRule, TableRules
from dq.standardize.findings import SEPARATOR, faults, finding
from dq.standardize.forms import Beside
from dq.standardize.kinds import step
from dq.standardize.neighbors import named

F = TypeVar("F", pl.DataFrame, pl.LazyFrame)
_OPAQUE = frozenset({"list", "json"})


def with_findings(
    frame: F,
    rules: TableRules,
    kinds: Mapping[str, frozenset[str]] | None = None,
    checks: Sequence[Check] | None = None,
) -> F:
    """The frame with `<field>_finding` for every field that a `validity` rule judges: null where nothing is wrong.

    Args:
        frame: One column a field, in standard form or not.
        rules: Fields with their standardizers, and the quality rules.
        kinds: Field → its kinds in the stores, where known: lists and JSON are not standardized.
        checks: Other quality rules than the mapping's.
    """
    names = set(frame.lazy().collect_schema())
    judged = {check.field for check in (rules.quality if checks is None else checks) if check.check == "validity"}
    fields = [field for field in rules.fields if field.name in judged & names]
    columns = [
        _finding(field, (kinds or {}).get(field.name, frozenset()), names).alias(finding(field.name))
        for field in fields
    ]
    return frame.with_columns(columns)


def _finding(field: FieldRule, kinds: frozenset[str], there: Collection[str]) -> pl.Expr:
    value, found = pl.col(field.name).cast(pl.String), [pl.lit(None, pl.String)]
    for standardizer in () if kinds & _OPAQUE else field.standardize:
        kind, options = step(standardizer)
        beside: Beside = {
            option: pl.col(name).cast(pl.String) if name in there else pl.lit(None, pl.String)
            for option, name in named(kind, options).items()
        }
        more = [beside] if kind.beside else []
        value = kind.standard(value, options, *more)
        found += [kind.finding(value, options, *more)] if kind.finding else []
    codes = pl.concat_str(found, separator=SEPARATOR, ignore_nulls=True)
    return faults(codes)
