"""What a file holds, column by column: one pass over all rows, then exact counts only where they are small or needed.

The pass counts distinct values by estimate, in a few kilobytes a column. Exact counts follow for columns that may have
a closed list of values, and for columns that may be keys.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import polars as pl

from dq.suggest.seen import asked, filled, is_text, read
from dq.suggest.shapes import ENOUGH, PATTERNS, CodeForm, code_form, fits, may_have

Kind = Literal["text", "number", "date", "other"]
MOST_VALUES = 20
"""A column with no more values than these may be a closed list."""
SAMPLE = 5_000
"""Rows that tell which shape a column of text is held against."""
_KEY = re.compile(r"(^|[_\W])(id|key|uuid|guid|code|sku|ean|isbn|e-?mail|linkedin)($|[_\W])", re.IGNORECASE)
_SURE = 0.7
"""Estimated share of distinct values from which a key is counted exactly; the estimate errs by up to a fifth."""
_KEY_SHAPES = ("uuid", "email", "linkedin", "code")
_KINDS: Mapping[str | None, Kind] = {"number": "number", "date": "date", "time": "date"}


@dataclass(frozen=True)
class ColumnProfile:
    """What was seen in one column. An empty text counts as empty, like null.

    Attributes:
        name: The column.
        kind: What its values are; text of digits or ISO dates is a number or a date.
        filled: Values that are not empty.
        distinct: How many different values, by estimate.
        shape: The shape that most of its texts have.
        fitting: Values that have the shape.
        form: What its codes have in common.
        values: All its values, where they are few; in order.
        repeated: Values that another row has too, where it was counted.
        shortest: Characters of its shortest text.
        longest: Characters of its longest text.
        read: Values that are a finite number, or a day of these times.
        least: Its least number or day.
        greatest: Its greatest number or day.
    """

    name: str
    kind: Kind
    filled: int
    distinct: int = 0
    shape: str | None = None
    fitting: int = 0
    form: CodeForm | None = None
    values: tuple[str, ...] | None = None
    repeated: int | None = None
    shortest: int | None = None
    longest: int | None = None
    read: int = 0
    least: float | date | None = None
    greatest: float | date | None = None

    @property
    def is_named_as_key(self) -> bool:
        """Whether its name says that it tells rows apart."""
        return _KEY.search(self.name) is not None


@dataclass(frozen=True)
class Profile:
    """What a file holds: its rows, and what was seen in each column."""

    rows: int
    columns: tuple[ColumnProfile, ...]


def profiled(frame: pl.LazyFrame) -> Profile:
    """The profile of a frame of any columns; of lists, structs and bytes only the filled cells are counted."""
    schema = frame.collect_schema()
    shapes = _shapes(frame, schema)
    parts = [read(name, schema, shapes.get(name)) for name in schema]
    read_once = [one.alias(f"{place}.{part}") for place, found in enumerate(parts) for part, one in found.items()]
    questions = [
        question.alias(f"{place}#{question.meta.output_name()}")
        for place, (found, kind) in enumerate(zip(parts, schema.dtypes(), strict=True))
        for question in asked({part: pl.col(f"{place}.{part}") for part in found}, kind)
    ]
    rows = pl.len().alias("rows")
    facts = frame.select(read_once).select(rows, *questions).collect(engine="streaming").row(0, named=True)
    columns = [
        _column(name, kind, shapes.get(name), _part(facts, place)) for place, (name, kind) in enumerate(schema.items())
    ]
    columns = _with_lists(frame, schema, columns)
    return Profile(int(facts["rows"]), tuple(_with_repeated(frame, schema, columns)))


def _shapes(frame: pl.LazyFrame, schema: pl.Schema) -> dict[str, str]:
    """Text column → the first shape that most values of a sample have."""
    tried = [
        (name, shape) for name, kind in schema.items() if is_text(kind) for shape in PATTERNS if may_have(name, shape)
    ]
    sample = frame.head(SAMPLE)
    asked_for = [fits(filled(name, schema), shape).mean().alias(str(n)) for n, (name, shape) in enumerate(tried)]
    shares = sample.select(asked_for).collect().row(0) if asked_for else ()
    found: dict[str, str] = {}
    for (name, shape), share in zip(tried, shares, strict=True):
        if share is not None and share >= ENOUGH:
            found.setdefault(name, shape)
    return found


def _part(facts: Mapping[str, Any], place: int) -> dict[str, Any]:
    """One column's answers."""
    start = f"{place}#"
    return {name.removeprefix(start): value for name, value in facts.items() if name.startswith(start)}


def _column(name: str, kind: pl.DataType, shape: str | None, facts: Mapping[str, Any]) -> ColumnProfile:
    told = {key: value for key, value in facts.items() if key in ColumnProfile.__dataclass_fields__}
    if is_text(kind):
        form = code_form(facts) if shape == "code" and facts["fitting"] else None
        return ColumnProfile(name, _KINDS.get(shape, "text"), **told, shape=shape, form=form)
    if kind.is_numeric():
        return ColumnProfile(name, "number", **told)
    return ColumnProfile(name, "date" if kind in (pl.Date, pl.Datetime) else "other", **told)


def _with_lists(frame: pl.LazyFrame, schema: pl.Schema, columns: Sequence[ColumnProfile]) -> list[ColumnProfile]:
    """The columns, with all values of those that have few."""
    few = [c.name for c in columns if c.kind == "text" and 0 < c.distinct <= 2 * MOST_VALUES]
    if not few:
        return list(columns)
    lists = frame.select(filled(name, schema).drop_nulls().unique().sort().implode().alias(name) for name in few)
    found = lists.collect(engine="streaming").row(0, named=True)
    return [
        replace(c, values=tuple(found[c.name])) if c.name in found and 0 < len(found[c.name]) <= MOST_VALUES else c
        for c in columns
    ]


def _with_repeated(frame: pl.LazyFrame, schema: pl.Schema, columns: Sequence[ColumnProfile]) -> list[ColumnProfile]:
    """The columns, with the exact number of repeated values of those that may be keys."""
    keys = [c.name for c in columns if _may_be_key(c, schema[c.name])]
    if not keys:
        return list(columns)
    counts = frame.select(filled(name, schema).drop_nulls().is_duplicated().sum().alias(name) for name in keys)
    found = counts.collect(engine="streaming").row(0, named=True)
    return [replace(c, repeated=found.get(c.name)) for c in columns]


def _may_be_key(column: ColumnProfile, kind: pl.DataType) -> bool:
    named = column.shape in _KEY_SHAPES or (column.is_named_as_key and (is_text(kind) or kind.is_integer()))
    return named and 0 < column.filled * _SURE <= column.distinct
