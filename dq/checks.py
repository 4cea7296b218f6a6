"""Quality rules as values; `dq.settings` reads them from `rules/quality.yaml`, `dq.gate` judges by them."""

from datetime import date, datetime
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

CheckKind = Literal[
    "completeness",
    "uniqueness",
    "validity",
    "membership",
    "range",
    "pattern",
    "length",
    "reference",
    "agreement",
    "duplicates",
    "freshness",
    "row_count",
    "null_rate",
    "distribution",
    "sql",
    "expression",
]
CHECK_KINDS: tuple[CheckKind, ...] = get_args(CheckKind)
Dimension = Literal["completeness", "uniqueness", "validity", "consistency", "timeliness", "integrity"]
"""What a quality rule is about; scores are told by it."""
DIMENSION_OF: dict[CheckKind, Dimension] = {
    "completeness": "completeness",
    "row_count": "completeness",
    "null_rate": "completeness",
    "uniqueness": "uniqueness",
    "duplicates": "uniqueness",
    "validity": "validity",
    "membership": "validity",
    "range": "validity",
    "pattern": "validity",
    "length": "validity",
    "agreement": "consistency",
    "distribution": "consistency",
    "expression": "consistency",
    "sql": "consistency",
    "freshness": "timeliness",
    "reference": "integrity",
}
"""The dimension of each kind of rule."""
TABLE_KINDS: frozenset[CheckKind] = frozenset({"freshness", "row_count", "null_rate", "distribution"})
"""Kinds that judge the table as a whole; the others name failing rows."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Level(_Value):
    """How much may fail: a share of the judged rows, or a number of them."""

    share: float | None = Field(default=None, ge=0, le=1)
    rows: int | None = Field(default=None, ge=0)


class Check(_Value):
    """One quality rule.

    Attributes:
        name: Unique among the rules.
        check: The kind of rule.
        field: The column it judges; None for rules about rows or the table.
        fields: For `uniqueness`: columns that are unique together.
        table: The mapping it is for, by its database table; None for every one that has its columns.
        severity: What a failure means; only `error` fails the gate.
        max_share: Share of rows that may fail.
        max_rows: Number of rows that may fail, instead of a share.
        warn: Above it the rule fails as a warning, whatever `severity` says.
        error: Above it the rule fails as an error.
        where: Polars SQL; only rows for which it is true are judged.
        values: For `membership`.
        pattern: For `pattern`: a regular expression that every non-empty value must match whole.
        min: For `range` a number or a day; for `length` and `row_count` a count.
        max: The same; inclusive, a day to its end.
        references: For `reference`: `table.column` of the snapshot, or another column of the table itself.
        max_age: For `freshness`: seconds that the newest time may be old.
        max_change: For `row_count` and `null_rate`: how far they may be from the last snapshot's, as a share.
        max_distance: For `distribution`: how far it may be from the last snapshot's.
        distance: For `distribution`: total variation distance, or population stability index.
        sql: For `sql`: a DuckDB condition that rows keep, or a SELECT of failing rows from `rows`.
        expression: For `expression`: a Polars SQL condition that rows keep.
        owner: Who looks after it.
        reason: Why it matters.
        source: File and line, for messages; no part of the rule.
    """

    name: str
    check: CheckKind
    field: str | None = None
    fields: tuple[str, ...] = ()
    table: str | None = None
    severity: Literal["info", "warning", "error"] = "warning"
    max_share: float = Field(default=0.0, ge=0, le=1)
    max_rows: int | None = Field(default=None, ge=0)
    warn: Level | None = None
    error: Level | None = None
    where: str | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    min: float | date | datetime | None = Field(default=None, union_mode="left_to_right")
    max: float | date | datetime | None = Field(default=None, union_mode="left_to_right")
    references: str | None = None
    max_age: float | None = None
    max_change: float | None = None
    max_distance: float | None = None
    distance: Literal["tvd", "psi"] = "tvd"
    sql: str | None = None
    expression: str | None = None
    owner: str | None = None
    reason: str | None = None
    source: str | None = Field(default=None, exclude=True, repr=False)

    @property
    def dimension(self) -> Dimension:
        """The dimension of quality that the rule measures."""
        return DIMENSION_OF[self.check]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it judges by name."""
        return self.fields or ((self.field,) if self.field else ())

    @property
    def about(self) -> str:
        """What findings name as the field: its columns, or the kind of rule."""
        return ", ".join(self.columns) or self.check


class Known(_Value):
    """Failures that are known and accepted until a day.

    Attributes:
        rule: The rule's name.
        reason: Why they are accepted.
        until: The last day on which they are (UTC).
        where: Polars SQL; only failing rows for which it is true. None for any.
        rows: How many failing rows at most; None for any number.
        owner: Who looks after it.
        source: File and line, for messages.
    """

    rule: str
    reason: str
    until: date
    where: str | None = None
    rows: int | None = Field(default=None, ge=0)
    owner: str | None = None
    source: str | None = Field(default=None, exclude=True, repr=False)
