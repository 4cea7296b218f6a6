"""Whole bases in and out of a sandbox's file, as one JSON document."""

import json
import sqlite3
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from dq.errors import ConfigurationError
from dq.sandbox import catalog, records, storage
from dq.sandbox.document import FIX, checked_document
from dq.sandbox.records import Row
from dq.sandbox.schema import Table


def load(source: Path | Mapping[str, Any], data: Path) -> None:
    """Put bases into a sandbox's file, in place of those of equal id; other bases stay.

    All of the source is checked first and then written in one transaction, so a server that has the file open answers
    from the old state or from the new one. Values of computed fields are taken as given.

    Args:
        source: A JSON file or its content.
        data: The sandbox's file; it is made if it is absent.

    Raises:
        ConfigurationError: The source is not in the format; the error names the first place that is not.
    """
    if isinstance(source, Mapping):
        loaded = checked_document(source, "the document")
    else:
        loaded = checked_document(_read(source), str(source))
    connection = storage.opened(data, create=True)
    try:
        with storage.writing(connection):
            position = connection.execute("SELECT coalesce(max(position), -1) + 1 FROM base").fetchone()[0]
            for place, (base, tables) in enumerate(loaded, position):
                catalog.add_base(connection, base["id"], base["name"], place, base["collaborators"])
                for order, (table, rows) in enumerate(tables):
                    catalog.add_table(connection, base["id"], order, table.definition, rows)
    finally:
        connection.close()


def dump(data: Path) -> dict[str, Any]:
    """All that a sandbox's file holds, in the format that `load` reads, computed values included.

    Args:
        data: The sandbox's file.

    Raises:
        ConfigurationError: The file is absent or is not a sandbox's.
    """
    connection = storage.opened(data, create=False)
    try:
        with storage.reading(connection):
            return {"bases": [_base(connection, *base) for base in records.list_bases(connection)]}
    finally:
        connection.close()


def bases(data: Path) -> list[tuple[str, str]]:
    """Id and name of every base in a sandbox's file.

    Args:
        data: The sandbox's file.

    Raises:
        ConfigurationError: The file is absent or is not a sandbox's.
    """
    connection = storage.opened(data, create=False)
    try:
        return records.list_bases(connection)
    finally:
        connection.close()


def _base(connection: sqlite3.Connection, base_id: str, name: str) -> dict[str, Any]:
    tables = [
        {
            **deepcopy(stored.table.definition),  # a table's definition is shared, and callers edit
            "records": [_record(stored.table, row) for row in records.scan_by_arrival(connection, stored)],
        }
        for stored in records.list_tables(connection, base_id)
    ]
    users = catalog.collaborators(connection, base_id)
    return {"id": base_id, "name": name, "tables": tables} | ({"collaborators": users} if users else {})


def _record(table: Table, row: Row) -> dict[str, Any]:
    cells = {field.name: row.cells[field.id] for field in table.fields if field.id in row.cells}
    return {"id": row.id, "createdTime": row.created, "fields": cells}


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise ConfigurationError(f"The file cannot be read: {error.strerror}.", where=str(path)) from error
    except (ValueError, RecursionError) as error:
        where = f"{path}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else str(path)
        raise ConfigurationError("The file is not JSON in UTF-8.", where=where, fix=FIX) from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)
