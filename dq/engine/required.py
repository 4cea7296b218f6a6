"""Columns that an inserted database row must bring though no field is mapped to them."""

import json
from collections.abc import Mapping
from typing import Any

from dq.errors import ConfigurationError
from dq.manifest import TableSchema
from dq.rules import TableRules
from dq.schemas.values import Store


def extra_cells(
    rules: TableRules, schemas: Mapping[Store, TableSchema], stamp: str | int
) -> dict[Store, dict[str, str]]:
    """Per store: column → JSON text of the cells that every insert carries beside the mapped ones.

    The created column gets the plan's time; the configuration's `defaults:` give the others.

    Raises:
        ConfigurationError: A NOT NULL column has neither.
    """
    schema = schemas["database"]
    cells: dict[str, Any] = dict(rules.insert_defaults)
    if rules.created_database is not None:
        cells.setdefault(rules.created_database, stamp)
    mapped = {*rules.names, schema.key, rules.link_database, rules.modified_database}  # apply sets the modified time
    lacking = [c.name for c in (*schema.columns, *schema.unread) if c.required and c.name not in mapped | cells.keys()]
    if lacking and rules.sync.direction != "to_airtable":
        raise ConfigurationError(
            f"Rows of table {rules.table} need a value in {', '.join(lacking)}, and nothing gives one.",
            where=f"table {rules.table}",
            why="Leads that only Airtable has could not be inserted.",
            fix=f"Add `defaults: {{{lacking[0]}: …}}` to the table in config/dq.yaml.",
        )
    return {"database": {name: json.dumps(value, ensure_ascii=False) for name, value in cells.items()}, "airtable": {}}
