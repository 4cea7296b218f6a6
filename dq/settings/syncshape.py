"""The shape of what `config/dq.yaml` says about agreement: sync, scope and brakes."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from dq.rules import Direction
from dq.settings.validate import Shape
from dq.settings.words import Chain


def as_where(value: Any) -> Any:
    """A condition alone as a scope."""
    return {"where": value} if isinstance(value, str) else value


def as_seconds(value: Any) -> Any:
    """A number as the seconds of both stores."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"database": value, "airtable": value} if is_number else value


class SettleShape(Shape):
    """Seconds before the snapshot within which an edit lets its lead wait; 0 for none."""

    database: float = Field(0, ge=0, description="For edits in the database.")
    airtable: float = Field(
        30, ge=0, description="For edits in Airtable, where people type; 0 by default with `sandbox:`."
    )


class SyncShape(Shape):
    """How the stores are brought to agree."""

    direction: Direction = Field(
        "both", description="Which store may be written: `both`, `to_airtable`, `to_database`."
    )
    conflict: Chain = Field(
        ["most_recent"],
        description="Policy, or policies in order: `most_recent`, `highest_quality`, `merge`, "
        "`database_wins` (= `local_wins`), `airtable_wins`, `manual`.",
    )
    deletes: Literal["propagate", "ignore"] = Field(
        "propagate", description="What a proven delete on one side does to the other."
    )
    skew_seconds: float = Field(2.0, ge=0, description="Times at most this many seconds apart count as equal.")
    settle_seconds: Annotated[
        SettleShape | None, BeforeValidator(as_seconds, json_schema_input_type=float | SettleShape | None)
    ] = Field(
        None,
        description="A lead edited less than so many seconds before the snapshot waits; a number counts for both stores.",
    )
    flap_plans: int = Field(
        100,
        ge=0,
        description="A cell that goes to and fro three times within so many plans waits for a person; 0 never.",
    )
    tombstone_days: int | None = Field(
        None, ge=0, description="How long deleted leads are remembered; default: `backups.retention_days` and 30 days."
    )


class ScopeShape(Shape):
    """Which leads belong in Airtable at all."""

    where: str = Field(
        description="A condition in Polars SQL over the database table's columns; leads that do not meet it are not kept in Airtable."
    )
    leaving: Literal["keep", "delete"] = Field(
        "keep",
        description="The record of a lead that leaves the scope: `keep` stops synchronizing it, `delete` deletes it.",
    )


class LimitShape(Shape):
    """The smaller of the two holds."""

    share: float = Field(1.0, ge=0, le=1, description="Share of the rows, 0 to 1; left out, the brake keeps its own.")
    rows: int | None = Field(
        None, ge=0, description="Number of rows; left out, the brake keeps its own; `null` for no such limit."
    )


class BrakesShape(Shape):
    """When a plan must not be applied without a person's word."""

    max_deletes: LimitShape = Field(LimitShape(share=0.10, rows=100), description="Rows that a plan may delete.")
    max_merges: LimitShape = Field(LimitShape(share=0.50), description="Rows that a plan may merge away.")
    max_field_changes: LimitShape = Field(
        LimitShape(share=0.30), description="Rows of one side whose field may differ from the base."
    )
    max_rekeyed: LimitShape = Field(
        LimitShape(share=0.50), description="Rows of the base that a side holds under new keys."
    )
    max_returned: LimitShape = Field(
        LimitShape(share=0.10, rows=100), description="Rows of a side that were deleted in both stores and are back."
    )
    max_older: LimitShape = Field(
        LimitShape(share=0.10), description="Rows of a side that are older than when the base last saw them."
    )
    empty_side: float = Field(
        0.5, ge=0, le=1, description="A side with less than this share of the base's rows counts as emptied."
    )
