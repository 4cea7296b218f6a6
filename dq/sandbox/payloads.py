"""A webhook's payload for one deed: the changes that its specification lets pass, in the form of webhooks.

A cell has another form there than in a list: a select's option is an object, a link names its record, an emptied cell
is null.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dq.sandbox import records
from dq.sandbox.hookspec import ChangeType, Specification
from dq.sandbox.journal import Change, Deed
from dq.sandbox.records import Stored
from dq.sandbox.schema import Field, Table

FORMAT = "v0"


@dataclass(frozen=True)
class _Reader:
    """What it takes to turn changes into payloads."""

    connection: sqlite3.Connection
    base_id: str
    spec: Specification
    tables: Mapping[str, Stored]

    def lets(self, kind: ChangeType) -> bool:
        wanted = self.spec.options.filters.changeTypes
        return not wanted or kind in wanted


def payload(
    connection: sqlite3.Connection, tables: Iterable[Stored], spec: Specification, deed: Deed
) -> dict[str, Any] | None:
    """What a webhook is told of a deed; None where nothing passes its filters.

    Args:
        connection: An open sandbox.
        tables: The base's tables.
        spec: What the webhook wants to hear of.
        deed: What was done.
    """
    filters = spec.options.filters
    if filters.fromSources and deed.source not in filters.fromSources:
        return None
    reader = _Reader(connection, deed.base_id, spec, {stored.table.id: stored for stored in tables})
    scope = _scope_table(reader, filters.recordChangeScope)
    changes = [change for change in deed.changes if scope in (None, change.table_id)]
    told = {**_tables(reader, changes), **_changed_tables(reader, changes)}
    return {**head(deed), **_action(deed), **told} if told else None


def invalid(deed: Deed) -> dict[str, Any]:
    """The last payload of a webhook whose specification names what is gone.

    Args:
        deed: What took it away.
    """
    return {**head(deed), "error": True, "code": "INVALID_HOOK"}


def head(deed: Deed) -> dict[str, Any]:
    """What every payload of a deed begins with.

    Args:
        deed: What was done.
    """
    return {"timestamp": deed.time, "baseTransactionNumber": deed.changes[0].number, "payloadFormat": FORMAT}


def _action(deed: Deed) -> dict[str, Any]:
    return {"actionMetadata": {"source": deed.source, "sourceMetadata": {"user": deed.user}}}


def _scope_table(reader: _Reader, scope: str | None) -> str | None:
    """The table that a scope confines a webhook to: the scope itself, or the table of that view."""
    if not scope or scope in reader.tables:
        return scope or None
    for table_id, stored in reader.tables.items():
        if any(view["id"] == scope for view in stored.table.definition.get("views", ())):
            return table_id
    return scope


def _tables(reader: _Reader, changes: Iterable[Change]) -> dict[str, Any]:
    """Tables that came or went."""
    if "tableMetadata" not in reader.spec.options.filters.dataTypes:
        return {}
    ofs = [change for change in changes if change.kind == "table"]
    made = {c.id: _made_table(c.new) for c in ofs if c.old is None and c.new is not None and reader.lets("add")}
    gone = [c.id for c in ofs if c.new is None and reader.lets("remove")]
    told: dict[str, Any] = {"createdTablesById": made} if made else {}
    return told | ({"destroyedTableIds": gone} if gone else {})


def _made_table(definition: Mapping[str, Any]) -> dict[str, Any]:
    fields = {field["id"]: {"name": field["name"], "type": field["type"]} for field in definition["fields"]}
    return {"metadata": _metadata(definition), "fieldsById": fields, "recordsById": {}}


def _changed_tables(reader: _Reader, changes: Iterable[Change]) -> dict[str, Any]:
    by_table: dict[str, list[Change]] = {}
    for change in changes:
        by_table.setdefault(change.table_id, []).append(change)
    told = {table_id: _changed_table(reader, table_id, own) for table_id, own in by_table.items()}
    told = {table_id: changed for table_id, changed in told.items() if changed}
    return {"changedTablesById": told} if told else {}


def _changed_table(reader: _Reader, table_id: str, changes: list[Change]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for change in changes:
        if change.kind == "table" and change.old is not None and change.new is not None:
            told |= _changed_definition(reader, change.old, change.new)
    stored = reader.tables.get(table_id)
    if stored is None or "tableData" not in reader.spec.options.filters.dataTypes:
        return told
    of_records = _changed_records(reader, stored, [change for change in changes if change.kind == "record"])
    scope = reader.spec.options.filters.recordChangeScope or ""
    if of_records and scope.startswith("viw"):
        of_records = {"changedViewsById": {scope: of_records}}
    return {**told, **of_records}


def _changed_definition(reader: _Reader, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    filters = reader.spec.options.filters
    told: dict[str, Any] = {}
    before, after = _metadata(old), _metadata(new)
    if "tableMetadata" in filters.dataTypes and before != after and reader.lets("update"):
        told["changedMetadata"] = {"current": after, "previous": before}
    if "tableFields" not in filters.dataTypes:
        return told
    watched = filters.watchSchemasOfFieldIds
    fields = [{field["id"]: _field(field) for field in definition["fields"]} for definition in (old, new)]
    held = [{key: one for key, one in part.items() if not watched or key in watched} for part in fields]
    made = {key: field for key, field in held[1].items() if key not in held[0]}
    gone = [key for key in held[0] if key not in held[1]]
    changed = {key: _changed_field(reader, held[0][key], held[1][key]) for key in held[0] if key in held[1]}
    changed = {key: change for key, change in changed.items() if change}
    told |= {"createdFieldsById": made} if made and reader.lets("add") else {}
    told |= {"destroyedFieldIds": gone} if gone and reader.lets("remove") else {}
    return told | ({"changedFieldsById": changed} if changed and reader.lets("update") else {})


def _changed_field(reader: _Reader, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    differing = [key for key in new if new[key] != old[key]]
    if not differing:
        return {}
    told = {"current": {key: new[key] for key in differing}}
    if reader.spec.options.includes.includePreviousFieldDefinitions:
        told["previous"] = {key: old[key] for key in differing}
    return told


def _field(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": definition["name"], "type": definition["type"]}


def _metadata(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {key: definition[key] for key in ("name", "description") if key in definition}


def _changed_records(reader: _Reader, stored: Stored, changes: list[Change]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    changed: dict[str, Any] = {}
    gone: list[str] = []
    for change in _folded(changes):
        if change.old is None and change.new is not None:
            cells = _cells(reader, stored, change.new, _wanted(reader, stored.table))
            made[change.id] = {"createdTime": change.created, "cellValuesByFieldId": cells}
        elif change.new is None:
            gone.append(change.id)
        elif one := _changed_record(reader, stored, change.old or {}, change.new):
            changed[change.id] = one
    told: dict[str, Any] = {"createdRecordsById": made} if made and reader.lets("add") else {}
    told |= {"changedRecordsById": changed} if changed and reader.lets("update") else {}
    return told | ({"destroyedRecordIds": gone} if gone and reader.lets("remove") else {})


def _folded(changes: Iterable[Change]) -> list[Change]:
    """One change for each record, from its first state to its last."""
    first: dict[str, Change] = {}
    last: dict[str, Change] = {}
    for change in changes:
        first.setdefault(change.id, change)
        last[change.id] = change
    pairs = ((first[key], last[key]) for key in first)
    folded = [Change(a.number, a.table_id, a.kind, a.id, a.old, b.new, a.created) for a, b in pairs]
    return [change for change in folded if change.old is not None or change.new is not None]


def _wanted(reader: _Reader, table: Table) -> set[str]:
    """The fields whose cells a payload shows of a new record."""
    watched, included = set(reader.spec.options.filters.watchDataInFieldIds), _included(reader, table)
    return watched | included if watched else {field.id for field in table.fields}


def _included(reader: _Reader, table: Table) -> set[str]:
    named = reader.spec.options.includes.includeCellValuesInFieldIds
    return {field.id for field in table.fields} if named == "all" else set(named or ())


def _changed_record(
    reader: _Reader, stored: Stored, old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, Any] | None:
    watched = reader.spec.options.filters.watchDataInFieldIds
    differing = {key for key in {*old, *new} if old.get(key) != new.get(key) and (not watched or key in watched)}
    if not differing:
        return None
    told = {"current": {"cellValuesByFieldId": _cells(reader, stored, new, differing, empty=True)}}
    if reader.spec.options.includes.includePreviousCellValues:
        told["previous"] = {"cellValuesByFieldId": _cells(reader, stored, old, differing, empty=True)}
    unchanged = _included(reader, stored.table) - differing
    if unchanged:
        told["unchanged"] = {"cellValuesByFieldId": _cells(reader, stored, new, unchanged)}
    return told


def _cells(
    reader: _Reader, stored: Stored, cells: Mapping[str, Any], wanted: set[str], *, empty: bool = False
) -> dict[str, Any]:
    shown = {field.id: field for field in stored.table.fields if field.id in wanted and (empty or field.id in cells)}
    return {key: _cell(reader, field, cells.get(key), cells) for key, field in shown.items()}


def _cell(reader: _Reader, field: Field, value: Any, cells: Mapping[str, Any]) -> Any:
    if value is None:
        return None
    if field.type == "singleSelect":
        return _option(field, value)
    if field.type == "multipleSelects":
        return [_option(field, name) for name in value]
    if field.type == "multipleRecordLinks":
        names = _names(reader, str(field.options.get("linkedTableId")), value)
        return [{"id": record_id, "name": names.get(record_id, "")} for record_id in value]
    if field.type == "multipleLookupValues":
        return _lookup(reader, field, cells)
    return value


def _lookup(reader: _Reader, field: Field, cells: Mapping[str, Any]) -> dict[str, Any]:
    """What a lookup shows, by the linked record that it comes from."""
    link, looked = (str(field.options.get(key)) for key in ("recordLinkFieldId", "fieldIdInLinkedTable"))
    ids = cells.get(link, [])
    table_id = next(
        (
            str(one.options.get("linkedTableId"))
            for stored in reader.tables.values()
            for one in stored.table.fields
            if one.id == link
        ),
        "",
    )
    linked = reader.tables.get(table_id)
    found = records.fetch(reader.connection, linked, ids) if linked else {}
    values = {key: [row.cells[looked]] for key, row in found.items() if looked in row.cells}
    return {"linkedRecordIds": ids, "valuesByLinkedRecordId": values}


def _option(field: Field, name: str) -> dict[str, Any]:
    for choice in field.options.get("choices", ()):
        if choice["name"] == name:
            return {key: choice[key] for key in ("id", "name", "color") if key in choice}
    return {"name": name}


def _names(reader: _Reader, table_id: str, ids: list[str]) -> dict[str, str]:
    """What the linked records are called: the text of their primary field."""
    linked = reader.tables.get(table_id)
    if linked is None:
        return {}
    primary = linked.table.definition["primaryFieldId"]
    found = records.fetch(reader.connection, linked, ids)
    return {key: str(row.cells.get(primary, "")) for key, row in found.items()}
