"""What a webhook wants to hear of: its specification, and whether that still fits the base."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from dq.sandbox.parsing import STRICT_KEYS, parsed
from dq.sandbox.records import Stored

DataType: TypeAlias = Literal["tableData", "tableFields", "tableMetadata"]
ChangeType: TypeAlias = Literal["add", "remove", "update"]
FromSource: TypeAlias = Literal[
    "client",
    "publicApi",
    "formSubmission",
    "formPageSubmission",
    "automation",
    "system",
    "sync",
    "anonymousUser",
    "unknown",
]


@dataclass(frozen=True)
class Filters:
    """Which changes give payloads; an absent filter lets all pass."""

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    dataTypes: tuple[DataType, ...]  # noqa: N815 - the API's own names
    recordChangeScope: str | None = None  # noqa: N815
    changeTypes: tuple[ChangeType, ...] = ()  # noqa: N815
    fromSources: tuple[FromSource, ...] = ()  # noqa: N815
    sourceOptions: dict[str, Any] | None = None  # noqa: N815
    watchDataInFieldIds: tuple[str, ...] = ()  # noqa: N815
    watchSchemasOfFieldIds: tuple[str, ...] = ()  # noqa: N815

    def __post_init__(self) -> None:
        if not self.dataTypes:
            raise ValueError("dataTypes must not be empty")


@dataclass(frozen=True)
class Includes:
    """What payloads hold beside the changes."""

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    includeCellValuesInFieldIds: tuple[str, ...] | Literal["all"] | None = None  # noqa: N815
    includePreviousCellValues: bool = False  # noqa: N815
    includePreviousFieldDefinitions: bool = False  # noqa: N815


@dataclass(frozen=True)
class Options:
    """Filters and what to include."""

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    filters: Filters
    includes: Includes = field(default_factory=Includes)


@dataclass(frozen=True)
class Specification:
    """A webhook's specification, as the API takes it."""

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    options: Options


def specification(data: Mapping[str, Any]) -> Specification:
    """The specification of a request or of the file.

    Args:
        data: Parsed JSON.

    Raises:
        ValueError: It is none; the text says where.
    """
    return parsed(Specification, data)


def fits(spec: Specification, tables: Iterable[Stored]) -> bool:
    """Whether all that a specification names is in the base.

    Args:
        spec: The specification.
        tables: The base's tables.
    """
    filters, includes = spec.options.filters, spec.options.includes
    named = set(filters.watchDataInFieldIds) | set(filters.watchSchemasOfFieldIds)
    if isinstance(includes.includeCellValuesInFieldIds, tuple):
        named |= set(includes.includeCellValuesInFieldIds)
    scopes: set[str | None] = {None}
    known: set[str] = set()
    for stored in tables:
        known |= {one.id for one in stored.table.fields}
        scopes |= {stored.table.id, *(view["id"] for view in stored.table.definition.get("views", ()))}
    return named <= known and (filters.recordChangeScope or None) in scopes
