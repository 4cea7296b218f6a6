"""An export of a base, read back as the tables that a snapshot would have made of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from dq.errors import DamagedError
from dq.manifest import Column, TableSchema
from dq.stores.airtable.fields import CREATED, KEY, column_of
from dq.stores.airtable.reading import record_batch


@dataclass(frozen=True)
class ExportedTable:
    """A table of an export.

    Attributes:
        schema: Its schema then, all fields in it.
        records: Its records, one column a field, and `id` and `createdTime`; sorted by id.
        inverses: Link field's id → id of the field in the linked table that Airtable keeps in step with it.
    """

    schema: TableSchema
    records: pl.DataFrame
    inverses: Mapping[str, str]


def exported(path: Path) -> tuple[str, list[ExportedTable]]:
    """The base's id and its tables.

    Args:
        path: The file that `AirtableStore.backup` made.

    Raises:
        DamagedError: It is not one.
    """
    try:
        (base,) = json.loads(path.read_text(encoding="utf-8"))["bases"]
        return base["id"], [_table(table) for table in base["tables"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"The Airtable export cannot be read: {path.name}"
        raise DamagedError(what, where=str(path), why=type(error).__name__, fix="dq backup verify --all") from error


def _table(table: Mapping[str, Any]) -> ExportedTable:
    fields = [field for field in table["fields"] if field["name"] not in (KEY.name, CREATED.name)]
    columns: tuple[Column, ...] = (KEY, CREATED, *map(column_of, fields))
    schema = TableSchema("airtable", table["name"], KEY.name, columns, id=table["id"])
    ids = {field["name"]: field["id"] for field in fields}
    records = [
        {**record, "fields": {ids[name]: value for name, value in record["fields"].items() if name in ids}}
        for record in table["records"]
    ]
    frame = pl.from_arrow(record_batch(records, schema))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 -- a batch is no column
    inverses = {
        field["id"]: inverse for field in fields if (inverse := (field.get("options") or {}).get("inverseLinkFieldId"))
    }
    return ExportedTable(schema, frame.sort(KEY.name), inverses)
