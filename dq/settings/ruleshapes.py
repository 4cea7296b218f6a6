"""The shapes of the rule files: standardize, dedupe, survivorship, quality."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from dq.options import Text
from dq.rules import OnInvalid, Role
from dq.settings.shape import SurvivorshipChain
from dq.settings.validate import KEYS_TAG, LIST_TAG, Shape
from dq.settings.words import one_or_more


def _named(value: Any) -> Any:
    return {value: {}} if isinstance(value, str) else value


Named = Annotated[
    dict[str, dict[str, Any]], BeforeValidator(_named, json_schema_input_type=str | dict[str, dict[str, Any]])
]
"""A standardizer: its name, or its name with options."""


def _key(value: Any) -> Any:
    return {"field": value} if isinstance(value, str) else value


def _word(value: Any) -> Any:
    return "null" if value is None else value


class FieldEntry(Shape):
    """What is ruled for one field, where it is more than its standardizers."""

    standardize: list[Named] = Field([], description="Standardizers, run in order; none = text.")
    on_invalid: Annotated[OnInvalid, BeforeValidator(_word, json_schema_input_type=OnInvalid | None)] = Field(
        "keep", description="What becomes of an invalid cell: it is kept, emptied, or its lead is left as it is."
    )


def _form(value: Any) -> str:
    return KEYS_TAG if isinstance(value, dict) else LIST_TAG


Entry = Annotated[Annotated[list[Named], Tag(LIST_TAG)] | Annotated[FieldEntry, Tag(KEYS_TAG)], Discriminator(_form)]
"""A field's standardizers, or keys with them."""


class StandardizeFile(Shape):
    """`rules/standardize.yaml`."""

    version: Text | None = Field(None, description="The rules' own version; it stands in every plan.")
    fields: dict[str, Entry] = Field({}, description="Field → standardizers, run in order, or keys with them.")
    defaults: dict[str, Text] = Field({}, description="Field → what an empty cell gets.")


class KeyShape(Shape):
    """A field whose equality is evidence."""

    field: str = Field(description="The field.")
    identifying: bool | None = Field(
        None, description="Whether it merges alone; default: email and LinkedIn fields do."
    )


class BlockingShape(Shape):
    """Blocking keys: each the names of its parts, as `dq dedupe --explain` tells them."""

    only: list[list[str]] = Field([], description="The keys, and no others.")
    add: list[list[str]] = Field([], description="Keys that are taken whatever the data say.")
    without: list[list[str]] = Field([], description="Keys that are not taken.")


Columns = Annotated[
    list[str], Field(min_length=1), BeforeValidator(one_or_more, json_schema_input_type=str | list[str])
]
"""A column, or several that count together."""


class MatcherShape(Shape):
    """The matcher beside the keys."""

    enabled: bool = Field(default=True, description="Whether plans use it; files are always matched by it.")
    merge: float = Field(0.98, ge=0.5, lt=1, description="Match probability at which rows are merged unseen.")
    review: float = Field(0.6, ge=0.5, lt=1, description="Match probability at which people are asked.")
    fewest_rows: int = Field(1000, ge=0, description="Rows of both stores below which plans go by the keys alone.")
    columns: dict[str, Role | None] = Field({}, description="Column → its role, or null to leave it out.")
    blocking: BlockingShape = Field(BlockingShape(), description="Blocking keys to take or to leave.")
    never: list[str] = Field([], description="Columns in which rows of one lead never differ.")
    always: list[Columns] = Field(
        [], description="Columns, or lists that count together, equal only in rows of one lead."
    )


class DedupeFile(Shape):
    """`rules/dedupe.yaml`."""

    keys: list[Annotated[KeyShape, BeforeValidator(_key, json_schema_input_type=str | KeyShape)]] = Field(
        [], description="Fields whose equality is evidence."
    )
    threshold: float = Field(0.85, ge=0, le=1, description="Match probability at which a pair is linked.")
    name_field: str | None = Field(None, description="The field with a person's name.")
    max_surnames: int = Field(3, ge=2, description="A value carried by this many surnames or more is no key.")
    matcher: MatcherShape = Field(MatcherShape(enabled=False), description="The matcher beside the keys.")


class SurvivorshipFile(Shape):
    """`rules/survivorship.yaml`."""

    default: SurvivorshipChain = Field(["most_recent"], description="For fields that are not named.")
    fields: dict[str, SurvivorshipChain] = Field({}, description="Field → how its value is chosen, in order.")
    source_priority: Annotated[
        list[Literal["database", "airtable"]], BeforeValidator(one_or_more), Field(min_length=1)
    ] = Field(["database", "airtable"], description="The stores in order, for `source_priority`.")
