"""What is right, as values: the rules that the pure steps are handed.

`dq.settings` reads `config/dq.yaml` and `rules/*.yaml` and makes these; nothing here reads a file.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dq.checks import Check, Dimension, Known, Level
from dq.matcherrules import Blocking, MatcherRules, Placeholder, Role

__all__ = [
    "ALL_STEPS",
    "Blocking",
    "BrakeRules",
    "Check",
    "Child",
    "DedupeRules",
    "Dimension",
    "Direction",
    "FieldRule",
    "Known",
    "Level",
    "Limit",
    "MatchKey",
    "MatcherRules",
    "Placeholder",
    "Policy",
    "Resolution",
    "Role",
    "Rule",
    "Scope",
    "Settle",
    "Standardizer",
    "Step",
    "Survivorship",
    "SyncRules",
    "TableRules",
]

Direction = Literal["both", "to_airtable", "to_database"]
Policy = Literal["most_recent", "highest_quality", "merge", "database_wins", "airtable_wins", "manual"]
Resolution = Literal["most_recent", "highest_quality", "merge", "none"]
Survivorship = Literal[
    "most_recent", "highest_quality", "most_complete", "most_frequent", "longest", "source_priority", "union"
]
OnInvalid = Literal["keep", "null", "quarantine"]
Step = Literal["standardize", "dedupe", "sync"]
ALL_STEPS: frozenset[Step] = frozenset({"standardize", "dedupe", "sync"})


class Rule(BaseModel):
    """A frozen rule; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Standardizer(Rule):
    """One named standardizer with its options, e.g. `website` with `preferred_protocol: https`.

    Attributes:
        name: Its name.
        options: Its options.
        version: Version of its standard form.
    """

    name: str
    options: dict[str, Any] = Field(default_factory=dict)
    version: int = 1


class FieldRule(Rule):
    """Everything that is ruled for one mapped field.

    Attributes:
        name: The database column; the name that frames use for the field.
        airtable: The Airtable field's name.
        standardize: Standardizers, run in order.
        default: The value that an empty cell gets after reconcile; never evidence.
        direction: Which store may be written.
        owner: The store whose value always wins.
        conflict: Policies in order; each that cannot decide hands over to the next, then `manual`.
        survivorship: How duplicates' values are chosen, in order.
        refers: The mapping whose rows the field names, by its database table; found in Airtable's schema.
        on_invalid: What becomes of a cell that does not hold what it should: it is kept, emptied, or its whole lead is
            left as it is.
        kind: Standardizer family that gives the field its meaning for matching: its last standardizer's name.
    """

    name: str
    airtable: str
    standardize: tuple[Standardizer, ...] = (Standardizer(name="text"),)
    default: str | None = None
    direction: Direction = "both"
    owner: Literal["database", "airtable"] | None = None
    conflict: tuple[Policy, ...] = ("most_recent",)
    survivorship: tuple[Survivorship, ...] = ("most_recent",)
    refers: str | None = None
    on_invalid: OnInvalid = "keep"

    @property
    def kind(self) -> str:
        """The last standardizer's name: `email`, `linkedin`, `company`, … or `text`."""
        return self.standardize[-1].name if self.standardize else "text"

    @property
    def of_company(self) -> bool:
        """Whether the field holds companies' LinkedIn pages: they tell companies apart, never people."""
        return self.kind == "linkedin" and self.standardize[-1].options.get("page") == "company"


class MatchKey(Rule):
    """Equality of one field's standard form that links rows, if the value is a key at all."""

    field: str
    identifying: bool = True
    """Whether the key merges alone; others (company) only support or contradict."""


class DedupeRules(Rule):
    """How rows are found to be the same lead.

    Attributes:
        keys: Fields whose equality is evidence.
        threshold: Match probability at which a pair is linked.
        name_field: The field that holds a person's name, for counting surnames; None if there is none.
        max_surnames: A value carried by this many surnames or more is no key.
        placeholders: Values that are nobody's own.
        resolve: The record-level strategy; `none` reports duplicates and leaves them.
        survivorship_priority: Stores in order, for `source_priority`.
        matcher: The matcher beside the keys; None goes by the keys alone.
        stated_fields: What `matching_fields` of the configuration names, for files.
        stated_threshold: Its `matching_threshold`, for files; None where it does not say.
    """

    keys: tuple[MatchKey, ...] = ()
    threshold: float = Field(default=0.85, ge=0, le=1)
    name_field: str | None = None
    max_surnames: int = Field(default=3, ge=2)
    placeholders: tuple[Placeholder, ...] = ()
    resolve: Resolution = "merge"
    survivorship_priority: tuple[Literal["database", "airtable"], ...] = ("database", "airtable")
    matcher: MatcherRules | None = None
    stated_fields: tuple[str, ...] = Field(default=(), exclude=True)
    stated_threshold: float | None = Field(default=None, exclude=True)


class Settle(Rule):
    """Seconds before a snapshot within which an edit lets its lead wait, by store; 0 for none."""

    database: float = Field(default=0.0, ge=0)
    airtable: float = Field(default=0.0, ge=0)


class SyncRules(Rule):
    """How the two stores are brought to agree.

    Attributes:
        direction: Which store may be written.
        deletes: What a proven delete on one side does to the other.
        skew_seconds: Times of different stores at most this far apart count as equal.
        settle: How long an edit lets its lead wait.
        flap_plans: Plans within which a cell that goes back and forth is frozen; 0 for never.
        tombstone_days: How long deleted leads are remembered.
    """

    direction: Direction = "both"
    deletes: Literal["propagate", "ignore"] = "propagate"
    skew_seconds: float = Field(default=2.0, ge=0)
    settle: Settle = Settle()
    flap_plans: int = Field(default=100, ge=0)
    tombstone_days: int = Field(default=60, ge=0)


class Scope(Rule):
    """Which leads belong in Airtable at all.

    Attributes:
        where: A Polars SQL expression over the database table's columns; a lead for which it is not true is out of scope.
        columns: The columns that it names.
        leaving: What happens to the record of a lead that leaves the scope: it is kept and no longer synchronized, or
            deleted once the database has all that it held.
    """

    where: str
    columns: tuple[str, ...]
    leaving: Literal["keep", "delete"] = "keep"


class Limit(Rule):
    """A brake's limit: the smaller of a share and a number of rows."""

    share: float = Field(default=0.10, ge=0, le=1)
    rows: int | None = Field(default=None, ge=0)


class BrakeRules(Rule):
    """When a plan must not be applied without a person's word."""

    max_deletes: Limit = Limit(share=0.10, rows=100)
    max_merges: Limit = Limit(share=0.50)
    max_field_changes: Limit = Limit(share=0.30)
    max_rekeyed: Limit = Limit(share=0.50)
    max_returned: Limit = Limit(share=0.10, rows=100)
    max_older: Limit = Limit(share=0.10)
    empty_side: float = Field(default=0.5, ge=0, le=1)
    """A side that holds less than this share of the base's rows counts as emptied."""


class Child(Rule):
    """A table whose rows belong to a lead: `column` holds the lead's key."""

    table: str
    column: str


class TableRules(Rule):
    """One mapping: a database table, an Airtable table, and every rule between them.

    Attributes:
        table: Database table.
        airtable: Airtable table, by name or id.
        key: The database table's single-column key.
        modified_database: Column with the row's modified time, or None.
        modified_airtable: Field with the record's modified time, or None.
        created_database: Column with the row's created time, or None.
        link_database: Column that keeps the record id, or None.
        link_airtable: Field that keeps the database key, or None.
        fields: The mapped fields in order.
        children: Tables that point at the lead.
        insert_defaults: Values for unmapped NOT NULL columns of inserted database rows.
        scope: Which leads belong in Airtable; None for all.
        quality: What the planned result must hold.
        known: Failures of quality rules that are accepted until a day.
    """

    table: str = "leads"
    airtable: str = "Leads"
    key: str = "id"
    modified_database: str | None = "updated_at"
    modified_airtable: str | None = "Last Modified"
    created_database: str | None = "created_at"
    link_database: str | None = None
    link_airtable: str | None = None
    fields: tuple[FieldRule, ...] = ()
    children: tuple[Child, ...] = ()
    insert_defaults: dict[str, Any] = Field(default_factory=dict)
    scope: Scope | None = None
    dedupe: DedupeRules = DedupeRules()
    sync: SyncRules = SyncRules()
    brakes: BrakeRules = BrakeRules()
    quality: tuple[Check, ...] = ()
    known: tuple[Known, ...] = ()

    def field(self, name: str) -> FieldRule:
        """The rule of the field that the database calls `name`."""
        return next(field for field in self.fields if field.name == name)

    @property
    def names(self) -> list[str]:
        """The mapped fields' database names, in order."""
        return [field.name for field in self.fields]
