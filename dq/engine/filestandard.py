"""Standard forms in a plain file: batch by batch, every other cell as it was, and the rules proved on the data.

file ──batches──► standardize_records ──► the same columns and rows, changed cells only
                         └──► counts, findings, the distinct changes (Tally)
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from dq.engine.filecolumns import Columns, Ruled
from dq.errors import ConfigurationError
from dq.manifest import Column, TableSchema
from dq.masking import masked_key
from dq.report.standardized import CHANGE_TYPES, COUNT_TYPES, StandardColumn, Standardized
from dq.rules import TableRules
from dq.schemas.finding import FINDING_TYPES, Finding
from dq.schemas.record import Record, raw, rule
from dq.standardize import findings, prove_idempotent, standardize_records
from dq.standardize.findings import finding

_ROW, _KEY = "#row", "#key"
_SAMPLES = 3


@dataclass(frozen=True)
class Tally:
    """What the batches of a run have told so far; they may come in any order.

    Attributes:
        explained: Whether every distinct change is kept, and not its number alone.
        listed: Whether the findings themselves are kept.
        counts: column, rule, code, rows: cells changed by rules, and cells with a finding; one frame a batch and column.
        changes: column, rule, before, after, rows, row: one frame a batch and column.
        findings: Finding contract with the row's number, one frame a batch.
        rows: Rows and changed rows, one pair a batch.
    """

    explained: bool = False
    listed: bool = False
    counts: list[pl.DataFrame] = field(default_factory=list)
    changes: list[pl.DataFrame] = field(default_factory=list)
    findings: list[pl.DataFrame] = field(default_factory=list)
    rows: list[tuple[int, int]] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """Rows that changed."""
        return sum(changed for _, changed in self.rows)


@dataclass(frozen=True)
class Plan:
    """What is done to a file.

    Attributes:
        file: The file's name without its suffix.
        columns: Its columns and their rules.
        key: The column that names rows in findings and errors; None for their numbers from 1.
        rules: The mapping's rules with the file's columns as its fields.
    """

    file: str
    columns: Columns
    key: str | None
    rules: TableRules


def plan_of(path: Path, frame: pl.LazyFrame, columns: Columns, key: str | None, rules: TableRules) -> Plan:
    """What is to be done to a file; the rules are tried on no rows.

    Args:
        path: The file.
        frame: Its rows.
        columns: See `columns_of`.
        key: The column that names rows; None takes `id` where there is one.
        rules: The mapping.

    Raises:
        ConfigurationError: No such key column, or a rule does not fit.
    """
    schema = frame.collect_schema()
    if key is not None and key not in schema:
        raise ConfigurationError(f"The file has no column {key!r}.", fix=f"--key one of {', '.join(list(schema)[:8])}")
    chosen = key or ("id" if "id" in schema else None)
    if chosen is not None and schema[chosen].is_nested():
        raise ConfigurationError(f"Column {chosen} holds lists or structs: it names no rows.", fix="--key another")
    own = rules.model_copy(
        update={
            "fields": tuple(one.rule for one in columns.ruled),
            "modified_database": None,
            "created_database": None,
            "link_database": None,
        }
    )
    plan = Plan(path.stem, columns, chosen, own)
    _records(plan, pl.DataFrame(schema={**schema, _ROW: pl.UInt32}))
    return plan


def standardized(frame: pl.LazyFrame, plan: Plan, tally: Tally | None = None) -> pl.LazyFrame:
    """The file's rows in standard form: the same columns, types and order, worked out batch by batch.

    Args:
        frame: The file.
        plan: What is done to it.
        tally: Is told what every batch changed, and has the rules proved on it.

    Raises:
        ConfigurationError: When the rows are asked for: a rule is not idempotent on them.
    """
    return _by_batch(frame, lambda batch: _changed(plan, batch, tally))


def tallied(frame: pl.LazyFrame, plan: Plan, tally: Tally) -> None:
    """Tell the tally what standard forms would change, and write nothing.

    Raises:
        ConfigurationError: A rule is not idempotent on the rows.
    """
    _by_batch(frame, lambda batch: _changed(plan, batch, tally).clear()).collect()


def told(plan: Plan, tally: Tally, top: int) -> Standardized:
    """What a run did, for people and programs.

    Args:
        plan: What was done.
        tally: What the batches told.
        top: How many of the most repeated changes of a column are kept.
    """
    by = ["column", "rule", "code"]
    counts = pl.concat([pl.DataFrame(schema=COUNT_TYPES), *tally.counts]).group_by(by).agg(pl.col("rows").sum())
    changes = _distinct(pl.concat([pl.DataFrame(schema=CHANGE_TYPES), *tally.changes])) if tally.explained else None
    return Standardized(
        columns=tuple(StandardColumn(one.column, one.field, one.chain) for one in plan.columns.ruled),
        left=plan.columns.left,
        rows=sum(rows for rows, _ in tally.rows),
        changed_rows=tally.changed,
        counts=counts.sort(by, nulls_last=True),
        top=None if changes is None else changes.group_by("column", maintain_order=True).head(top),
        samples=None if changes is None else _samples(changes),
    )


def findings_of(tally: Tally) -> pl.DataFrame:
    """The findings of a run (Finding contract), by field and then in the order of the file."""
    found = pl.concat([pl.DataFrame(schema={**FINDING_TYPES, _ROW: pl.UInt32}), *tally.findings])
    return found.sort(Finding.field, _ROW, Finding.rule).drop(_ROW)


def _by_batch(frame: pl.LazyFrame, step: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.LazyFrame:
    schema = frame.collect_schema()
    numbered = frame.with_row_index(_ROW, offset=1)
    return numbered.map_batches(lambda batch: step(batch).drop(_ROW), schema=schema, streamable=True)


def _records(plan: Plan, batch: pl.DataFrame) -> pl.DataFrame:
    number = pl.col(_ROW).cast(pl.String)
    key = number if plan.key is None else pl.coalesce(pl.col(plan.key).cast(pl.String), "row " + number)
    fields = [pl.col(one.column).alias(one.rule.name) for one in plan.columns.ruled]
    return _run(plan, batch.lazy().select(key.alias(_KEY), *fields))


def _run(plan: Plan, texts: pl.LazyFrame) -> pl.DataFrame:
    columns = tuple(Column(name, "text", "text") for name in (_KEY, *plan.rules.names))
    schema = TableSchema("database", plan.file, _KEY, columns)
    # in memory, as this runs inside a streaming query: a batch is small
    return standardize_records(texts, schema, plan.rules, _kinds(plan)).collect(engine="in-memory")


def _kinds(plan: Plan) -> dict[str, frozenset[str]]:
    return dict.fromkeys(plan.rules.names, frozenset({"text"}))


def _changed(plan: Plan, batch: pl.DataFrame, tally: Tally | None) -> pl.DataFrame:
    records = _records(plan, batch)
    if tally is not None and len(records):
        _demand_idempotent(plan, records)
        _tell(plan, records.with_columns(batch[_ROW]), tally)
    cells = [records.select(_cell(one).alias(one.column)).to_series() for one in plan.columns.ruled]
    return batch.with_columns(cells)


def _is_changed(one: Ruled) -> pl.Expr:
    """An empty text that no standardizer touched stays what it is, though it means the same as an empty cell."""
    name = one.rule.name
    return pl.col(name).ne_missing(pl.col(raw(name))) & pl.col(rule(name)).is_not_null()


def _cell(one: Ruled) -> pl.Expr:
    return pl.when(_is_changed(one)).then(pl.col(one.rule.name)).otherwise(pl.col(raw(one.rule.name)))


def _tell(plan: Plan, records: pl.DataFrame, tally: Tally) -> None:
    any_changed = pl.any_horizontal(_is_changed(one) for one in plan.columns.ruled)
    tally.rows.append((records.height, int(records.select(any_changed.sum()).item())))
    for one in plan.columns.ruled:
        name = one.rule.name
        moved = records.lazy().filter(_is_changed(one)).select(_ROW, rule=rule(name), before=raw(name), after=name)
        if tally.explained:
            by = ["rule", "before", "after"]
            grouped = moved.group_by(by).agg(rows=pl.len(), row=pl.col(_ROW).min())
            changes = grouped.select(pl.lit(one.column).alias("column"), *by, "rows", "row")
            tally.changes.append(changes.cast(CHANGE_TYPES).collect(engine="in-memory"))
        changed = moved.group_by("rule").agg(rows=pl.len()).with_columns(code=None)
        found = (
            records.lazy().group_by(code=finding(name)).agg(rows=pl.len()).drop_nulls("code").with_columns(rule=None)
        )
        counts = pl.concat(
            part.select(pl.lit(one.column).alias("column"), "rule", "code", "rows").cast(COUNT_TYPES)
            for part in (changed, found)
        )
        tally.counts.append(counts.collect(engine="in-memory"))
    if tally.listed:
        tally.findings.append(_found(plan, records))


def _found(plan: Plan, records: pl.DataFrame) -> pl.DataFrame:
    """Findings with the row's number; the fields under the file's own names."""
    columns = {one.rule.name: one.column for one in plan.columns.ruled}
    numbered = records.with_columns(pl.col(_ROW).cast(pl.String).alias(Record.row_key))
    keys = records.select(pl.col(_ROW).cast(pl.String).alias("number"), pl.col(Record.row_key), _ROW)
    found = findings(numbered, store="database", table=plan.file, fields=list(columns))
    return (
        found.rename({Finding.row_key: "number"})
        .join(keys, on="number", how="left", maintain_order="left")
        .with_columns(pl.col(Finding.field).replace_strict(columns, return_dtype=pl.String))
        .select(*FINDING_TYPES, _ROW)
    )


def _distinct(changes: pl.DataFrame) -> pl.DataFrame:
    """Every distinct change once, the most repeated of a column first, then the earliest."""
    by = ["column", "rule", "before", "after"]
    merged = changes.lazy().group_by(by).agg(pl.col("rows").sum(), pl.col("row").min())
    return merged.sort("column", "rows", "row", descending=[False, True, False]).collect()


def _samples(changes: pl.DataFrame) -> pl.DataFrame:
    """The first changes of every column and combination of rules."""
    return changes.sort("row").group_by("column", "rule", maintain_order=True).head(_SAMPLES)


def _demand_idempotent(plan: Plan, records: pl.DataFrame) -> None:
    for restless in prove_idempotent(records, plan.rules, _kinds(plan))[:1]:
        one = next(ruled for ruled in plan.columns.ruled if ruled.rule.name == restless.field)
        keys = pl.Series("key", restless.keys[:_SAMPLES], pl.String).to_frame().select(masked_key(pl.col("key")))
        again = " or ".join(f"rule {name}" for name in restless.rules)
        raise ConfigurationError(
            f"Column {one.column}: its own standard form changes again by {again}.",
            where=f"rules of field {one.field}: {', '.join(one.chain)}; rows {', '.join(keys.to_series())}",
            why="Rules that do not settle would change the file in every run; nothing was written.",
            fix="change the field's standardizers, or their order",
        )
