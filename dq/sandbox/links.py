"""Links between records: what one side names, the other side names too."""

from collections.abc import Iterable, Sequence
from typing import Any

from dq.sandbox import records, refusals, work
from dq.sandbox.records import Row
from dq.sandbox.schema import Field
from dq.sandbox.work import Work


def check(changes: Work, field: Field, ids: Sequence[str]) -> None:
    """Refuse links to records that do not exist.

    Args:
        changes: The changes so far.
        field: A link field.
        ids: What a cell is to name.

    Raises:
        RefusalError: One does not exist.
    """
    table_id = field.options["linkedTableId"]
    found = work.fetched(changes, table_id, ids) if table_id in changes.tables else {}
    for record_id in ids:
        if record_id not in found:
            raise refusals.unknown_record(record_id)


def inverse(changes: Work, field: Field) -> Field | None:
    """The field in the linked table that shows the other side of a link, if there is one.

    Args:
        changes: The changes so far.
        field: A link field.
    """
    linked = changes.tables.get(field.options["linkedTableId"])
    found = linked.table.by_id.get(field.options.get("inverseLinkFieldId", "")) if linked else None
    return found if found is not None and found.type == "multipleRecordLinks" else None


def spread(changes: Work) -> None:
    """Let the other side of each changed link follow, and let nothing name a deleted record.

    Args:
        changes: The changes that the request asks for.
    """
    for (table_id, record_id), differing in list(changes.changed.items()):
        before, after = changes.before[table_id, record_id], changes.after[table_id, record_id]
        for field in changes.tables[table_id].table.links:
            other = inverse(changes, field) if field.id in differing else None
            if other is not None:
                old, new = (row.cells.get(field.id, []) if row else [] for row in (before, after))
                _follow(changes, field.options["linkedTableId"], other, record_id, old, new)
        if after is None:
            _unlink(changes, table_id, record_id)


def holders(changes: Work, table_id: str, field: Field, record_ids: Iterable[str]) -> dict[str, Row]:
    """The records that link to one of some records.

    Args:
        changes: The changes so far.
        table_id: The table that links.
        field: Its link field.
        record_ids: Records of the linked table.
    """
    wanted = set(record_ids)
    other = inverse(changes, field)
    if other is not None:
        linked = work.fetched(changes, field.options["linkedTableId"], wanted)
        ids = {holder for row in linked.values() for holder in row.cells.get(other.id, ())}
    else:
        stored = changes.tables[table_id]
        ids = {row.id for one in wanted for row in records.mentions(changes.connection, stored, one)}
        ids |= {key[1] for key in changes.after if key[0] == table_id}
    found = work.fetched(changes, table_id, sorted(ids))
    return {key: row for key, row in found.items() if wanted.intersection(row.cells.get(field.id, ()))}


def _follow(changes: Work, table_id: str, other: Field, record_id: str, old: Any, new: Any) -> None:
    """Put a record into the cells of those that it names now, and take it out of those that it named before."""
    touched = [one for one in new if one not in old] + [one for one in old if one not in new]
    for row in work.fetched(changes, table_id, touched).values():
        held = row.cells.get(other.id, [])
        if row.id in new:
            held = held if record_id in held else [*held, record_id]
        else:
            held = [one for one in held if one != record_id]
        work.change(changes, table_id, row, {other.id: held or None})


def _unlink(changes: Work, table_id: str, record_id: str) -> None:
    for other_id, stored in changes.tables.items():
        for field in stored.table.links:
            if field.options["linkedTableId"] != table_id or inverse(changes, field) is not None:
                continue  # where there is an inverse, the deleted record knew who named it
            for row in holders(changes, other_id, field, [record_id]).values():
                held = [one for one in row.cells[field.id] if one != record_id]
                work.change(changes, other_id, row, {field.id: held or None})
