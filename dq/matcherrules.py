"""What rules say of the matcher, as values."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal[
    "name", "given", "middle", "family", "organization", "email", "profile", "url", "phone", "date", "identifier", "code",
    "address", "place", "text", "category",
]  # fmt: skip
"""What a column is to the matcher."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Placeholder(_Value):
    """One line of `rules/lists/placeholders.csv`: a value, or a pattern, that is nobody's own."""

    kind: str
    """Standardizer family it applies to: `email`, `phone`, `linkedin`, `name`, `text`."""
    match: Literal["exact", "local_part", "regex"]
    value: str


class Blocking(_Value):
    """Blocking keys, each by the names of its parts, as the matcher tells them; what is not said here it chooses itself.

    Attributes:
        only: The keys, and no others.
        add: Keys that are taken whatever the data say.
        without: Keys that are not taken.
    """

    only: tuple[tuple[str, ...], ...] = ()
    add: tuple[tuple[str, ...], ...] = ()
    without: tuple[tuple[str, ...], ...] = ()


class MatcherRules(_Value):
    """The matcher, which learns from the rows themselves what makes two of them one lead.

    Attributes:
        merge: Match probability at which rows are one lead, unseen.
        review: Match probability at which people are asked.
        fewest_rows: Rows of both stores below which there is too little to learn from.
        columns: Field → its role; None leaves it out. The others' roles go by their rules, names and values.
        blocking: Blocking keys.
        never: Columns in which rows of one lead never differ: those that do are two, whatever else they share.
        always: Columns, or several that count together, in which only rows of one lead are equal.
        nicknames: Pairs of a formal name and one that is short for it.
        legal_forms: Legal form of companies → how it is written.
        public_domains: Domains whose mailboxes are anybody's.
        placeholders: Values that are nobody's own.
    """

    merge: float = Field(default=0.98, ge=0.5, lt=1)
    review: float = Field(default=0.6, ge=0.5, lt=1)
    fewest_rows: int = Field(default=1000, ge=0)
    columns: dict[str, Role | None] = Field(default_factory=dict)
    blocking: Blocking = Blocking()
    never: tuple[str, ...] = ()
    always: tuple[tuple[str, ...], ...] = ()
    nicknames: tuple[tuple[str, str], ...] = ()
    legal_forms: dict[str, str] = Field(default_factory=dict)
    public_domains: tuple[str, ...] = ()
    placeholders: tuple[Placeholder, ...] = ()
