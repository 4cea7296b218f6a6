"""Quality rules over records, compiled to one pandera schema: what fails, how often, and whether that fails the gate."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandera.errors
import pandera.polars as pa
import polars as pl

from dq.rules import Check
from dq.schemas import Finding
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Store


@dataclass(frozen=True)
class Verdict:
    """One rule's outcome over `total` rows."""

    check: Check
    failed: int
    total: int

    @property
    def share(self) -> float:
        """Share of rows that fail."""
        return self.failed / self.total if self.total else 0.0

    @property
    def passed(self) -> bool:
        """Whether no more rows fail than the rule allows."""
        return self.share <= self.check.max_share


@dataclass(frozen=True)
class Verdicts:
    """All rules' outcomes, and a finding for each failing row."""

    verdicts: tuple[Verdict, ...]
    findings: pl.DataFrame

    @property
    def failed(self) -> list[Verdict]:
        """The rules that did not pass, errors first."""
        return sorted((v for v in self.verdicts if not v.passed), key=lambda v: v.check.severity != "error")

    @property
    def passed(self) -> bool:
        """Whether no rule of severity `error` failed."""
        return not any(v.check.severity == "error" for v in self.failed)


def judge(records: pl.DataFrame, checks: Sequence[Check], store: Store, table: str, key: str) -> Verdicts:
    """Records held against the quality rules whose field they have.

    Args:
        records: A collected frame; every judged field as text.
        checks: The rules.
        store: For the findings.
        table: For the findings.
        key: Column with the row's key.
    """
    known = [check for check in checks if check.field in records.columns]
    failing = _failing(records, known)
    verdicts = tuple(
        Verdict(check, failing.filter(pl.col("rule") == check.name).height, records.height) for check in known
    )
    rules = pl.DataFrame(
        [(c.name, c.severity, c.reason or f"{c.check} of {c.field}", c.field) for c in known],
        schema={"rule": pl.String, "severity": pl.String, "message": pl.String, "field": pl.String},
        orient="row",
    )
    keys = records.select(pl.col(key).cast(pl.String).alias(Finding.row_key)).with_row_index("index")
    told = (
        failing.join(keys, on="index", how="left")
        .join(rules, on="rule")
        .select(
            pl.lit(store).alias(Finding.store),
            pl.lit(table).alias(Finding.table),
            Finding.row_key,
            Finding.field,
            Finding.value,
            Finding.rule,
            Finding.severity,
            Finding.message,
        )
    )
    return Verdicts(verdicts, told.cast(FINDING_TYPES).sort(Finding.rule, Finding.row_key))


def _failing(records: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    """rule, index, value of every failing row."""
    types = {"rule": pl.String, "index": pl.UInt32, "value": pl.String}
    columns = {
        field: pa.Column(pl.String, nullable=True, checks=[_compiled(c) for c in checks if c.field == field])
        for field in {c.field for c in checks}
    }
    fields = records.select(pl.col(name).cast(pl.String) for name in columns)
    if not columns or records.is_empty():
        return pl.DataFrame(schema=types)
    try:
        pa.DataFrameSchema(columns).validate(fields, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
        value = pl.col("failure_case").cast(pl.String)
        return cases.select(pl.col("check").alias("rule"), pl.col("index").cast(pl.UInt32), value.alias("value")).sort(
            "rule", "index"
        )
    return pl.DataFrame(schema=types)


def _compiled(check: Check) -> pa.Check:
    """One rule as a pandera check; empty cells pass all but completeness."""

    def holds(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(_holds(check, pl.col(data.key)))

    return pa.Check(holds, name=check.name, ignore_na=False)


def _holds(check: Check, value: pl.Expr) -> pl.Expr:
    match check.check:
        case "completeness":
            return value.is_not_null() & (value != "")
        case "uniqueness":
            return value.is_null() | ~value.is_duplicated()
        case "membership":
            return value.is_null() | value.is_in(list(check.values))
        case "pattern" | "validity":
            return value.is_null() | value.str.contains(f"^(?:{check.pattern})$")
        case "max_length":
            return value.is_null() | (value.str.len_chars() <= (check.length or 0))
