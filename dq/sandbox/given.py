"""What a loaded base implies: the other side of its links, and the users that its cells name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dq.sandbox.records import Row
from dq.sandbox.schema import Field, Table
from dq.sandbox.types.people import KINDS


def complete_links(tables: Sequence[tuple[Table, list[Row]]]) -> None:
    """Add to each link cell the records that name its record from the other side, as after a write.

    A base that was read page by page while people worked may have one side without the other.

    Args:
        tables: The tables of a base with their records, whose cells this may extend.
    """
    rows = {table.id: {row.id: row for row in own} for table, own in tables}
    by_id = {table.id: table for table, _ in tables}
    for table, own in tables:
        for field in table.links:
            other = other_side(field, by_id)
            if other is None:
                continue
            linked = rows[field.options["linkedTableId"]]
            for row in own:
                for record_id in row.cells.get(field.id, ()):
                    cells = linked[record_id].cells
                    if row.id not in (named := cells.get(other.id, ())):
                        cells[other.id] = [*named, row.id]


def other_side(field: Field, by_id: Mapping[str, Table]) -> Field | None:
    """The field that a link field names as its other side; None where it names none.

    Args:
        field: A link field.
        by_id: The tables of its base.
    """
    linked = by_id.get(field.options["linkedTableId"])
    return linked.by_id.get(field.options.get("inverseLinkFieldId", "")) if linked else None


def collaborators(base: Mapping[str, Any], tables: Iterable[tuple[Table, list[Row]]]) -> list[dict[str, Any]]:
    """The users that a base knows: those that it lists, and those that its cells name.

    Args:
        base: The base's object in a document.
        tables: Its tables with their records.
    """
    found = {user["id"]: dict(user) for user in base.get("collaborators", [])}
    for table, own in tables:
        keys = [field.id for field in table.fields if field.type in KINDS]
        cells = (row.cells.get(key) for key in keys for row in own)
        for cell in cells:
            for user in cell if isinstance(cell, list) else [cell]:
                if isinstance(user, Mapping) and isinstance(user.get("id"), str):
                    found.setdefault(user["id"], dict(user))
    return list(found.values())
