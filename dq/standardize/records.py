"""Records: a snapshot's frame with every mapped cell as exact text, in standard form, and with the rules that changed it.

snapshot column ──text_of──► f_raw ──meaning_of──► stage 0 ──text──► stage 1 ──email──► stage 2 = f
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from typing import Literal

import polars as pl

from dq import cells
from dq.errors import ConfigurationError
from dq.manifest import TableSchema
from dq.options import Options, TextOptions
from dq.rules import FieldRule, TableRules
from dq.schemas.record import RECORD_TYPES, Record, raw, rule
from dq.standardize import times
from dq.standardize.findings import SEPARATOR, finding, is_invalid
from dq.standardize.forms import Beside, Step, no_finding
from dq.standardize.kinds import Kind, step
from dq.standardize.neighbors import named, read_fields
from dq.standardize.remembered import remembered, text_of

Kinds = Mapping[str, frozenset[str]]
"""Field → the kinds of its columns in both stores."""

EMPTIED = "on_invalid"
"""The rule that emptied a cell which does not hold what it should."""
_AIRTABLE_CREATED = "createdTime"
_OPAQUE = frozenset({"list", "json"})
_MULTILINE = frozenset({"long_text", "rich_text"})


@dataclass(frozen=True, slots=True)
class Restless:
    """A field whose rules do not settle.

    Attributes:
        field: Its name.
        rules: The standardizers of its chain that change their own results.
        keys: The rows.
    """

    field: str
    rules: tuple[str, ...]
    keys: tuple[str, ...]


def standardize_records(raw_frame: pl.LazyFrame, schema: TableSchema, rules: TableRules, kinds: Kinds) -> pl.LazyFrame:
    """A store's rows as records; row by row, so any split of the rows gives the same.

    Beside the Record contract each field has `<field>_finding`; see `findings` and `without_findings`.

    Args:
        raw_frame: A snapshot's frame, columns under the store's own names.
        schema: The snapshot's schema of the table.
        rules: The mapping and each field's standardizers.
        kinds: What the field's columns hold on both sides; both stores must be given the same.

    Raises:
        ConfigurationError: A mapped column is not in the snapshot, or a field's name clashes with another column.
    """
    _refuse_clashes(rules)
    types = raw_frame.collect_schema()
    own = schema.store == "database"
    created, modified = (
        (rules.created_database, rules.modified_database) if own else (_AIRTABLE_CREATED, rules.modified_airtable)
    )
    records = raw_frame.select(
        _text(schema, types, schema.key).alias(Record.row_key),
        _time(types, created).alias(str(Record.created)),
        _time(types, modified).alias(str(Record.modified)),
        _link(schema, types, rules).alias(Record.link),
        *(_text(schema, types, _column(field, schema)).alias(raw(field.name)) for field in rules.fields),
    )
    return _all_standardized(records, rules, kinds).select(
        *RECORD_TYPES, *(column for field in rules.fields for column in _columns(field.name))
    )


def prove_idempotent(standardized: pl.DataFrame, rules: TableRules, kinds: Kinds) -> list[Restless]:
    """The fields with cells that a second run would change again; none when the rules settle.

    A snapshot taken after the plan is applied holds the standard forms; run through the rules they must stay. Rows that
    the first run left as they were have been through that already.
    """
    moving = standardized.filter(
        pl.any_horizontal(
            pl.lit(value=False), *(pl.col(field.name).ne_missing(pl.col(raw(field.name))) for field in rules.fields)
        )
    )
    if moving.is_empty():
        return []
    again = moving.lazy().select(Record.row_key, *(pl.col(f.name).alias(raw(f.name)) for f in rules.fields))
    rerun = _all_standardized(again, rules, kinds).collect()
    moved = {field.name: rerun.filter(pl.col(field.name).ne_missing(pl.col(raw(field.name)))) for field in rules.fields}
    return [
        Restless(name, _names_in(rows[rule(name)]), tuple(rows[Record.row_key].sort()))
        for name, rows in moved.items()
        if len(rows)
    ]


def _names_in(rules: pl.Series) -> tuple[str, ...]:
    return tuple(rules.drop_nulls().str.split(SEPARATOR).explode().unique().sort())


def _all_standardized(frame: pl.LazyFrame, rules: TableRules, kinds: Kinds) -> pl.LazyFrame:
    # those that read other fields come last: they read standard forms, which a second run does not change
    order = sorted(rules.fields, key=lambda field: bool(read_fields(field, rules)))
    return reduce(lambda frame, field: _standardized(frame, field, kinds[field.name]), order, frame)


def _standardized(frame: pl.LazyFrame, field: FieldRule, kinds: frozenset[str]) -> pl.LazyFrame:
    steps = [] if kinds & _OPAQUE else [_step(field, number, kinds) for number in range(len(field.standardize))]
    frame = frame.with_columns(cells.meaning_of(pl.col(raw(field.name)), kinds).alias(_stage(field, 0)))
    for number, (kind, options) in enumerate(steps):  # a stage each, so that no expression is worked out twice
        standard = _asked(field, number, kinds, "standard", kind, options)
        frame = frame.with_columns(standard(pl.col(_stage(field, number))).alias(_stage(field, number + 1)))
    changes = [
        pl.when(pl.col(_stage(field, number + 1)).ne_missing(pl.col(_stage(field, number)))).then(pl.lit(step.name))
        for number, step in enumerate(field.standardize[: len(steps)])
    ]
    found = [
        _asked(field, number, kinds, "finding", kind, options)(pl.col(_stage(field, number + 1)))
        for number, (kind, options) in enumerate(steps)
        if kind.finding
    ]
    found += [
        _asked(field, number, kinds, "guessed", kind, options)(pl.col(_stage(field, number)))
        for number, (kind, options) in enumerate(steps)
        if kind.guessed
    ]
    form, codes = pl.col(_stage(field, len(steps))), pl.col(finding(field.name))
    frame = frame.with_columns(_joined(found).alias(finding(field.name)))
    if field.on_invalid == "null":
        gone = is_invalid(codes, field) & form.is_not_null()
        form = pl.when(~gone).then(form)
        changes.append(pl.when(gone).then(pl.lit(EMPTIED)))
    return frame.with_columns(form.alias(field.name), _joined(changes).alias(rule(field.name))).drop(
        [_stage(field, number) for number in range(len(steps) + 1)]
    )


def _asked(
    field: FieldRule,
    number: int,
    kinds: frozenset[str],
    part: Literal["standard", "finding", "guessed"],
    kind: Kind,
    options: Options,
) -> Step:
    """A step's work on a column; its answers are remembered."""
    work: Callable[..., pl.Expr] = getattr(kind, part)
    named_by = (work, text_of(field.standardize[number]), bool(kinds & _MULTILINE))
    beside = _beside(kind, options) if part != "guessed" else []
    if not any(beside):
        return remembered(named_by, lambda value, _: work(value, options))
    return remembered(named_by, lambda value, others: work(value, options, others), *beside)


def _beside(kind: Kind, options: Options) -> list[Beside]:
    return [{name: pl.col(field) for name, field in named(kind, options).items()}] if kind.beside else []


def _step(field: FieldRule, number: int, kinds: frozenset[str]) -> tuple[Kind, Options]:
    kind, options = step(field.standardize[number])
    if kinds & _MULTILINE and isinstance(options, TextOptions):
        return kind, options.model_copy(update={"multiline": True})
    return kind, options


def _joined(parts: Sequence[pl.Expr]) -> pl.Expr:
    if len(parts) <= 1:
        return parts[0] if parts else no_finding()
    joined = pl.concat_str(parts, separator=SEPARATOR, ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _columns(field: str) -> list[str]:
    return [field, raw(field), rule(field), finding(field)]


def _stage(field: FieldRule, number: int) -> str:
    return f"{field.name} #{number}"


def _column(field: FieldRule, schema: TableSchema) -> str:
    return field.name if schema.store == "database" else field.airtable


def _text(schema: TableSchema, types: pl.Schema, name: str) -> pl.Expr:
    if name not in schema or name not in types:
        near = get_close_matches(name, list(types), n=1)
        raise ConfigurationError(
            f"column `{name}` is mapped, but the snapshot does not hold it",
            where=f"{schema.store} table {schema.name}",
            fix=f"did you mean `{near[0]}`?" if near else "dq config check",
        )
    return cells.text_of(pl.col(name), schema.column(name).kind, types[name])


def _time(types: pl.Schema, name: str | None) -> pl.Expr:
    if name is None or name not in types:
        return pl.lit(None, dtype=times.UTC_TIME)
    return times.parse(pl.col(name), types[name])


def _link(schema: TableSchema, types: pl.Schema, rules: TableRules) -> pl.Expr:
    name = rules.link_database if schema.store == "database" else rules.link_airtable
    if name is None or name not in schema:
        return pl.lit(None, dtype=pl.String)
    link = _text(schema, types, name).str.strip_chars()
    return pl.when(link != "").then(link)


def _refuse_clashes(rules: TableRules) -> None:
    names = [*RECORD_TYPES, *(column for field in rules.fields for column in _columns(field.name))]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(
            f"{len(twice)} mapped fields have names that dq needs for itself: {', '.join(twice)}",
            where=f"table {rules.table}",
            why=f"beside each field stand its `_raw`, `_rule` and `_finding`, and in each row {', '.join(RECORD_TYPES)}",
        )
