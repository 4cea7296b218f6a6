"""Bases, tables and fields as values, and how a name or id finds its table or field."""

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

COMPUTED = frozenset(
    {
        "aiText",
        "autoNumber",
        "button",
        "count",
        "createdBy",
        "createdTime",
        "externalSyncSource",
        "formula",
        "lastModifiedBy",
        "lastModifiedTime",
        "manualSort",
        "multipleLookupValues",
        "rollup",
    }
)


@dataclass(frozen=True, eq=False)
class Field:
    """One field of a table, as the metadata endpoint shows it.

    Args:
        id: `fld…`.
        name: What people call it.
        type: Airtable's name of the type.
        options: The type's options; empty where it has none.
    """

    id: str
    name: str
    type: str
    options: dict[str, Any]

    @cached_property
    def choices(self) -> dict[str, int]:
        """The names of a select's options, with their positions."""
        choices = self.options.get("choices", [])
        return {choice["name"]: position for position, choice in enumerate(choices)}


@dataclass(frozen=True, eq=False)
class Table:
    """One table: its fields in order, without its records.

    Args:
        id: `tbl…`.
        name: What people call it.
        definition: All that the metadata endpoint shows of it, as loaded.
        fields: Its fields.
    """

    id: str
    name: str
    definition: dict[str, Any]
    fields: tuple[Field, ...]

    @cached_property
    def by_id(self) -> dict[str, Field]:
        """The fields by id."""
        return {field.id: field for field in self.fields}

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def links(self) -> tuple[Field, ...]:
        """The fields that link to records."""
        return tuple(field for field in self.fields if field.type == "multipleRecordLinks")

    @cached_property
    def primary(self) -> Field:
        """The field whose cell is a record's name."""
        return self.by_id[self.definition["primaryFieldId"]]

    @cached_property
    def view_names(self) -> frozenset[str]:
        """Names and ids of the views."""
        views = self.definition.get("views", [])
        return frozenset(view[key] for view in views for key in ("id", "name") if key in view)

    def field(self, name_or_id: str) -> Field | None:
        """The field of this id or name, or None.

        Args:
            name_or_id: An id is tried first, then an exact name.
        """
        return self.by_id.get(name_or_id) or self.by_name.get(name_or_id)


def table_of(definition: dict[str, Any]) -> Table:
    """The table that a checked definition describes.

    Args:
        definition: `{"id", "name", "primaryFieldId", "fields", …}`.
    """
    fields = tuple(Field(f["id"], f["name"], f["type"], f.get("options") or {}) for f in definition["fields"])
    return Table(definition["id"], definition["name"], definition, fields)


@lru_cache(maxsize=256)
def parsed_table(definition: str) -> Table:
    """The table of a definition in JSON; equal texts share one value.

    Args:
        definition: JSON text.
    """
    return table_of(json.loads(definition))
