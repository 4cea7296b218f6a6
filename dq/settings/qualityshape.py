"""The shape of `rules/quality.yaml`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from dq.checks import CheckKind
from dq.options import Text
from dq.settings.validate import Shape
from dq.settings.words import one_or_more

Bound = int | float | str | None


class LevelShape(Shape):
    """How much may fail at one level."""

    share: float | None = Field(None, ge=0, le=1, description="Share of the judged rows.")
    rows: int | None = Field(None, ge=0, description="Number of rows.")


class CheckShape(Shape):
    """One quality rule."""

    name: str = Field(min_length=1, description="Unique among the rules.")
    check: Literal[CheckKind, "max_length"] = Field(description="The kind of rule.")
    field: str | None = Field(None, min_length=1, description="The column it judges.")
    fields: Annotated[list[str], BeforeValidator(one_or_more)] = Field(
        [], description="For `uniqueness`: columns that are unique together."
    )
    table: str | None = Field(None, description="The mapping it is for, by its database table; default: all.")
    severity: Literal["info", "warning", "error"] | None = Field(
        None, description="Only `error` fails the gate; default: warning."
    )
    max_share: float | None = Field(None, ge=0, le=1, description="Share of rows that may fail; default: none.")
    max_rows: int | None = Field(None, ge=0, description="Number of rows that may fail, instead of a share.")
    warn: LevelShape | None = Field(None, description="Above it the rule fails as a warning.")
    error: LevelShape | None = Field(None, description="Above it the rule fails as an error.")
    where: str | None = Field(None, min_length=1, description="Polars SQL: only rows for which it is true are judged.")
    values: list[Text] = Field([], description="For `membership`.")
    list: str | None = Field(
        None, min_length=1, description="For `membership`: a file in `rules/lists`, one value a line."
    )
    pattern: str | None = Field(None, description="For `pattern`: every non-empty value must match it whole.")
    min: Bound = Field(None, description="For `range` a number, day or time; for `length` and `row_count` a count.")
    max: Bound = Field(None, description="The same; inclusive.")
    length: int | None = Field(None, ge=1, description="For `max_length`: characters.")
    references: str | None = Field(
        None,
        min_length=1,
        description="For `reference`: `table.column` of the snapshot, or a column of the table itself.",
    )
    max_age: Text | None = Field(None, description="For `freshness`: `90m`, `36h`, `30d` or `8w`.")
    max_change: float | None = Field(
        None, ge=0, description="For `row_count`, `null_rate`: how far from the last snapshot, as a share."
    )
    max_distance: float | None = Field(None, ge=0, description="For `distribution`: how far from the last snapshot.")
    distance: Literal["tvd", "psi"] = Field(
        "tvd", description="For `distribution`: total variation distance, or population stability index."
    )
    sql: str | None = Field(
        None, min_length=1, description="For `sql`: a DuckDB condition that rows keep, or a SELECT of failing rows."
    )
    expression: str | None = Field(
        None, min_length=1, description="For `expression`: a Polars SQL condition that rows keep."
    )
    owner: str | None = Field(None, description="Who looks after it.")
    reason: str | None = Field(None, description="Why it matters.")


class KnownShape(Shape):
    """Failures that are accepted until a day."""

    rule: str = Field(min_length=1, description="The rule's name.")
    reason: str = Field(min_length=1, description="Why they are accepted.")
    until: str = Field(description="The last day on which they are (UTC).")
    where: str | None = Field(None, min_length=1, description="Polars SQL: only failing rows for which it is true.")
    rows: int | None = Field(None, ge=0, description="How many failing rows at most.")
    owner: str | None = Field(None, description="Who looks after it.")


class QualityFile(Shape):
    """`rules/quality.yaml`."""

    checks: list[CheckShape] = Field([], description="The rules.")
    known: list[KnownShape] = Field([], description="Failures that are accepted until a day.")
