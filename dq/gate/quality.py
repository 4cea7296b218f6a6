"""Quality rules over records, compiled to one pandera schema: what fails, how often, and whether that fails the gate."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandera.errors
import pandera.polars as pa
import polars as pl

from dq.gate.limits import ROUNDING
from dq.gate.verdicts import SAMPLE, Ratchet, Report, Verdict, scores_of
from dq.rules import Check, TableRules
from dq.schemas import Finding
from dq.schemas.finding import FINDING_TYPES


@dataclass(frozen=True)
class Named:
    """How findings name a record: expressions over its columns for store, table and row key."""

    store: pl.Expr
    table: pl.Expr
    key: pl.Expr


def named_by(table: str, key: str) -> Named:
    """Records of one table, named by one column."""
    return Named(pl.lit("database"), pl.lit(table), pl.col(key))


def named_golden(rules: TableRules) -> Named:
    """Golden records, named by their database row; those that only Airtable has, by their record."""
    here = pl.col("database_key").is_not_null()
    return Named(
        pl.when(here).then(pl.lit("database")).otherwise(pl.lit("airtable")),
        pl.when(here).then(pl.lit(rules.table)).otherwise(pl.lit(rules.airtable)),
        pl.coalesce("database_key", "airtable_key"),
    )


def judge(records: pl.DataFrame, checks: Sequence[Check], named: Named, target: str = "") -> Report:
    """Records held against the quality rules whose field they have.

    Args:
        records: A collected frame; every judged field as text. A `validity` rule reads `<field>_finding`: what the
            field's standardizers found wrong with the value, null for nothing; without that column it is left out.
        checks: The rules.
        named: How the findings name a record.
        target: What the report is about.
    """
    known = [check for check in checks if {check.field, _judged(check)} <= set(records.columns)]
    failing = _failing(records, known)
    counts = dict(failing.group_by("rule").len().iter_rows())  # a handful: one a rule
    findings = _findings(failing, records, [check for check in known if check.name in counts], named)
    verdicts = tuple(_verdict(check, counts.get(check.name, 0), records.height, findings) for check in known)
    scores, total = scores_of(verdicts)
    new = sum(verdict.new for verdict in verdicts)
    return Report(target, records.height, verdicts, scores, total, findings, Ratchet(new=new))


def _verdict(check: Check, failed: int, total: int, findings: pl.DataFrame) -> Verdict:
    passes = failed <= check.max_share * total + ROUNDING
    keys = findings.filter(pl.col(Finding.rule) == check.name)[Finding.row_key].head(SAMPLE) if failed else ()
    return Verdict(
        check, "passed" if passes else check.severity, failed, total, allowed=check.max_share, sample=tuple(keys)
    )


def _judged(check: Check) -> str:
    """The column that a rule reads."""
    return f"{check.field}_finding" if check.check == "validity" else check.field


def _findings(failing: pl.DataFrame, records: pl.DataFrame, checks: Sequence[Check], named: Named) -> pl.DataFrame:
    """A finding for each failing row; its value is the field's, whatever column the rule read."""
    keys = records.select(
        named.store.alias(Finding.store),
        named.table.alias(Finding.table),
        named.key.cast(pl.String).alias(Finding.row_key),
    ).with_row_index("index")
    parts = [pl.DataFrame(schema=FINDING_TYPES)]
    for check in checks:
        values = records.select(pl.col(check.field).cast(pl.String).alias(Finding.value)).with_row_index("index")
        rows = failing.filter(pl.col("rule") == check.name).join(keys, on="index").join(values, on="index")
        told = rows.select(
            Finding.store,
            Finding.table,
            Finding.row_key,
            pl.lit(check.field).alias(Finding.field),
            Finding.value,
            Finding.rule,
            pl.lit(check.severity).alias(Finding.severity),
            pl.lit(check.reason or f"{check.check} of {check.field}").alias(Finding.message),
        )
        parts.append(told.cast(pl.Schema(FINDING_TYPES)))
    return pl.concat(parts).sort(Finding.rule, Finding.row_key)


def _failing(records: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    """rule, index of every failing row."""
    none = pl.DataFrame(schema={"rule": pl.String, "index": pl.UInt32})
    columns = {
        name: pa.Column(pl.String, nullable=True, checks=[_compiled(c) for c in checks if _judged(c) == name])
        for name in sorted({_judged(c) for c in checks})
    }
    if not columns or records.is_empty():
        return none
    fields = records.select(pl.col(name).cast(pl.String) for name in columns)
    try:
        pa.DataFrameSchema(columns).validate(fields, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases: pl.DataFrame = error.failure_cases
        return cases.select(pl.col("check").alias("rule"), pl.col("index").cast(pl.UInt32))
    return none


def _compiled(check: Check) -> pa.Check:
    """One rule as a pandera check; empty cells pass all but completeness."""

    def passes(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(holds(check, pl.col(data.key)))

    return pa.Check(passes, name=check.name, ignore_na=False)


def holds(check: Check, value: pl.Expr) -> pl.Expr:
    """A rule as an expression over the column that it reads, true where a row keeps it."""
    match check.check:
        case "completeness":
            return value.is_not_null() & (value != "")
        case "uniqueness":
            return value.is_null() | ~value.is_duplicated()
        case "membership":
            return value.is_null() | value.is_in(list(check.values))
        case "pattern":
            return value.is_null() | value.str.contains(f"^(?:{check.pattern})$")
        case "validity":
            return value.is_null()
        case "max_length":
            return value.is_null() | (value.str.len_chars() <= (check.length or 0))
