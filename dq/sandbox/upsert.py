"""`performUpsert`: records are found by the values of one to three fields, changed if there is one, made if none."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dq.sandbox import formula, records, refusals, work, writes
from dq.sandbox.bodies import Entry
from dq.sandbox.records import Row, Stored
from dq.sandbox.schema import COMPUTED, Field
from dq.sandbox.work import Manner, Work

_MERGEABLE = frozenset({"number", "singleLineText", "multilineText", "singleSelect", "multipleSelects", "date"})
_CONTACT = frozenset({"email", "phoneNumber", "url"})


@dataclass
class Upserted:
    """What an upsert did.

    Args:
        rows: The records in the order of the request.
        created: The ids of those that are new.
        updated: The ids of the others.
    """

    rows: list[Row] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)


def upsert(
    connection: sqlite3.Connection,
    stored: Stored,
    entries: Sequence[Entry],
    merge_on: Sequence[str],
    now: datetime,
    manner: Manner,
    *,
    clear: bool,
) -> Upserted:
    """Change the records that are found by the merge fields or named by id, and add the others.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        entries: Cells, and an id where the merge fields are not to count.
        merge_on: One to three field names or ids.
        now: The time of the request.
        manner: How to write.
        clear: Whether writable cells that an entry does not name are emptied in records that are there.

    Raises:
        RefusalError: A merge field may not be one, an entry lacks a key, a key finds several records, an id none, or a
            cell is refused; nothing may be committed then.
    """
    changes = work.begin(connection, stored.base_id, now, manner)
    keys = [_merge_field(stored, name, manner) for name in merge_on]
    if len({key.id for key in keys}) < len(keys):
        raise refusals.invalid_request("Invalid request: fieldsToMergeOn names one field twice.")
    writes.existing(changes, stored.table.id, [entry.id for entry in entries if entry.id])
    wanted = [None if entry.id else _key(changes, stored, keys, entry) for entry in entries]
    found = _candidates(changes, stored, [key for key in wanted if key is not None])
    done, ids = _carried_out(changes, stored, list(zip(entries, wanted, strict=True)), found, clear=clear)
    done.rows = writes.finished(changes, stored, ids)
    return done


def _carried_out(
    changes: Work,
    stored: Stored,
    entries: Sequence[tuple[Entry, dict[str, Any] | None]],
    found: Sequence[Row],
    *,
    clear: bool,
) -> tuple[Upserted, list[str]]:
    """Change or add the record of each entry, which comes with its key where it has no id; return all ids in order."""
    manner, done, ids, seen = changes.manner, Upserted(), list[str](), dict[str, str]()
    for entry, key in entries:
        record_id = entry.id if key is None else _meant(manner, key, found, seen)
        if record_id and record_id in ids and manner.switches.upsert_duplicate_keys == "refuse":
            raise refusals.repeated_record()
        if record_id:
            writes.changed(changes, stored, [Entry(record_id, entry.fields)], clear=clear)
            done.updated += [record_id] if record_id not in done.created + done.updated else []
        else:
            [record_id] = writes.added(changes, stored, [entry.fields])
            done.created.append(record_id)
        if key is not None:
            seen[_as_key(key, manner)] = record_id
        ids.append(record_id)
    return done, ids


def _merge_field(stored: Stored, name: str, manner: Manner) -> Field:
    found = stored.table.field(name)
    if found is None:
        raise refusals.unknown_field(name)
    if found.type in _MERGEABLE or (found.type in _CONTACT and manner.switches.upsert_on_contact_fields == "allow"):
        return found
    reason = "it is computed" if found.type in COMPUTED else f"its type is {found.type}"
    raise refusals.invalid_request(f"Invalid request: cannot merge on field {found.name!r} because {reason}.")


def _key(changes: Work, stored: Stored, keys: Sequence[Field], entry: Entry) -> dict[str, Any]:
    """The values of the merge fields by field id, as cells would hold them; None for an empty one."""
    named = {name: value for name, value in entry.fields.items() if stored.table.field(name) in keys}
    found = writes.accepted(changes, stored, named, {})
    if set(found) != {key.id for key in keys}:
        raise refusals.invalid_request("Invalid request: each record without an id must have all fieldsToMergeOn.")
    return found


def _meant(manner: Manner, key: Mapping[str, Any], found: Sequence[Row], seen: Mapping[str, str]) -> str:
    """The id of the record that a key means, empty where it is a new one."""
    switches, name = manner.switches, _as_key(key, manner)
    if name in seen:
        if switches.upsert_duplicate_keys == "refuse":
            raise refusals.repeated_record()
        return seen[name]
    if any(value is None for value in key.values()):
        if switches.upsert_null_key == "refuse":
            raise refusals.invalid_request("Invalid request: a field of fieldsToMergeOn is empty.")
        if switches.upsert_null_key == "create":
            return ""
    matches = [row.id for row in found if _as_key(_of(row, key), manner) == name]
    if len(matches) > 1:
        raise refusals.ambiguous_upsert()
    return matches[0] if matches else ""


def _candidates(changes: Work, stored: Stored, keys: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The records that may have one of some keys: those with one of the values in the first merge field."""
    if not keys:
        return []
    if changes.manner.switches.upsert_matching == "fold":
        return list(records.scan(changes.connection, stored))
    field_id = next(iter(keys[0]))
    values = [key[field_id] for key in keys if key[field_id] is not None]
    texts = [records.as_json(value) if isinstance(value, list) else value for value in values]
    found = records.holding(changes.connection, stored, field_id, texts) if texts else []
    if len(values) < len(keys):
        found += records.lacking(changes.connection, stored, field_id)
    return found


def _of(row: Row, key: Mapping[str, Any]) -> dict[str, Any]:
    return {field_id: row.cells.get(field_id) for field_id in key}


def _as_key(key: Mapping[str, Any], manner: Manner) -> str:
    values: list[Any] = [key[field_id] for field_id in sorted(key)]
    if manner.switches.upsert_matching == "fold":
        values = [
            None if value is None else formula.text(formula.plain_value(value)).strip().casefold() for value in values
        ]
    return records.as_json(values)
