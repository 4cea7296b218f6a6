"""A side: one store's word on every entity, one row each. What dedupe hands to reconcile."""

from dataclasses import dataclass

import polars as pl

from dq.rules import FieldRule
from dq.schemas import Cluster, Record

ENTITY, KEY = Cluster.entity_id, Record.row_key
CREATED, MODIFIED = str(Record.created), str(Record.modified)
"""Column names as text: the class attributes are typed as their cells are."""
QUALITY = "quality#"
"""A row's quality beside its fields, of which one may be called `quality`."""

MUTE = "?"
"""Start of a cell that should name a row of another mapping, and names none that is known, or several: it says nothing."""
CLEARED_TYPES = {
    "store": pl.String(),
    ENTITY: pl.String(),
    "field": pl.String(),
    "value": pl.String(),
    "source": pl.String(),
    "time": pl.Datetime("us", "UTC"),
}
"""What people took away from leads with duplicates: the value that the base remembers, and the row and store where."""


@dataclass(frozen=True)
class Side:
    """One store's word on every entity.

    Attributes:
        rows: entity_id, row_key (the survivor's), created, modified, link, quality#, and per field `f` (chosen
            standard form), `f_held` (the survivor's own), `f_raw` and `f_rule` (the survivor's).
        sources: entity_id, field, source (row key), time: where chosen values came from that are not the survivor's.
        merged: entity_id, row_key, survivor of the rows that lose.
        kept: entity_id, row_key, and per field `f`, `f_raw` and `f_rule` of rows beside the survivor that stay, as
            duplicates are not resolved.
    """

    rows: pl.DataFrame
    sources: pl.DataFrame
    merged: pl.DataFrame
    kept: pl.DataFrame


ATOMIC = frozenset({"integer", "number", "boolean", "date", "datetime"})
"""Kinds of columns whose cells have one value by their nature: they are never united."""
_LONG = frozenset({"long_text", "rich_text"})


def own_value(value: pl.Expr, field: FieldRule) -> pl.Expr:
    """Whether a value is more than the field's default: a default is no evidence."""
    return pl.lit(value=True) if field.default is None else value.ne_missing(pl.lit(field.default))


def keeps_lines(field: FieldRule, kinds: frozenset[str]) -> bool:
    """Whether a field's standard form is text of several lines, so that lines of different rows can be united.

    Args:
        field: Its rule.
        kinds: The kinds of its columns on both sides; long text of one side keeps the lines of both.
    """
    texts = [step for step in field.standardize if step.name == "text"]
    is_text = field.kind in ("text", "expression", "regex")
    return is_text and (bool(kinds & _LONG) or all(step.options.get("multiline") for step in texts))


def is_mute(value: pl.Expr) -> pl.Expr:
    """Whether a cell that should name a row of another mapping names none that is known, or several."""
    return value.str.starts_with(MUTE).fill_null(value=False)


def held_name(field: str) -> str:
    """Name of the column that holds the standard form of the survivor's own cell."""
    return f"{field}_held"
