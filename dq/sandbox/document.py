"""The JSON document that a sandbox is loaded from, held to its format: bases with tables, fields and records.

Cells are held to their field's type as a write would be, so a loaded base is one that Airtable could hold. Computed
cells are taken as given.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from dq.errors import ConfigurationError
from dq.sandbox import computing, fields, formula, given, records
from dq.sandbox.records import Row
from dq.sandbox.refusals import RefusalError
from dq.sandbox.schema import Field, Table, table_of

_KEYS = {
    "document": ({"bases"}, set[str]()),
    "base": ({"id", "name", "tables"}, {"collaborators"}),
    "table": ({"id", "name", "primaryFieldId", "fields", "records"}, {"views", "description"}),
    "field": ({"id", "name", "type"}, {"options", "description"}),
    "record": ({"id", "createdTime", "fields"}, set[str]()),
}
_ID = {
    kind: re.compile(prefix + "[A-Za-z0-9]+")
    for kind, prefix in {
        "base": "app",
        "table": "tbl",
        "field": "fld",
        "record": "rec",
    }.items()
}
FIX = "`dq sandbox dump` shows the format."


def checked_document(document: Any, origin: str) -> list[tuple[dict[str, Any], list[tuple[Table, list[Row]]]]]:
    """The bases of a document, each with its tables and their records.

    Args:
        document: What was parsed from JSON.
        origin: Where it came from, for the errors.

    Raises:
        ConfigurationError: The document is not in the format; the error names the first place that is not.
    """
    found = []
    for i, base in enumerate(_checked_bases(document, origin)):
        tables = _checked_base(base, f"{origin}: bases[{i}]")
        found.append((base | {"collaborators": given.collaborators(base, tables)}, tables))
    return found


def _malformed(what: str, where: str) -> ConfigurationError:
    return ConfigurationError(what, where=where, why="Airtable could not hold it.", fix=FIX)


def _checked(kind: str, value: Any, where: str) -> dict[str, Any]:
    """The value, which is an object with the keys, id and name of its kind."""
    required, optional = _KEYS[kind]
    if not isinstance(value, Mapping):
        raise _malformed(f"A {kind} must be an object.", where)
    for key in value:
        if key not in required | optional:
            near = get_close_matches(str(key), required | optional, n=1)
            raise _malformed(f"Unknown key {key!r}." + (f" Did you mean {near[0]!r}?" if near else ""), where)
    for key in sorted(required - set(value)):
        raise _malformed(f"A {kind} must have {key!r}.", where)
    if kind in _ID and not (isinstance(value["id"], str) and _ID[kind].fullmatch(value["id"])):
        raise _malformed(f"The id of a {kind} must be {_ID[kind].pattern!r}.", where)
    for key in {"name", "type"} & set(value):
        if not isinstance(value[key], str) or not value[key]:
            raise _malformed(f"{key!r} must be text.", where)
    return dict(value)


def _checked_list(owner: Mapping[str, Any], key: str, where: str) -> list[Any]:
    if not isinstance(owner[key], list):
        raise _malformed(f"{key!r} must be a list.", where)
    return list(owner[key])


def _unique(values: Iterable[str], what: str, where: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise _malformed(f"{what} {value!r} comes twice.", where)
        seen.add(value)


def _checked_bases(document: Any, origin: str) -> list[dict[str, Any]]:
    listed = _checked_list(_checked("document", document, origin), "bases", origin)
    found = [_checked("base", base, f"{origin}: bases[{i}]") for i, base in enumerate(listed)]
    _unique((base["id"] for base in found), "The base id", origin)
    return found


def _checked_base(base: Mapping[str, Any], where: str) -> list[tuple[Table, list[Row]]]:
    users = base.get("collaborators", [])
    if not isinstance(users, list) or not all(isinstance(u, Mapping) and isinstance(u.get("id"), str) for u in users):
        raise _malformed("'collaborators' must be a list of objects with 'id'.", where)
    listed = _checked_list(base, "tables", where)
    tables = [_checked_table(table, f"{where}.tables[{i}]") for i, table in enumerate(listed)]
    for key in ("id", "name"):
        _unique((getattr(table, key) for table, _ in tables), f"The table {key}", where)
    rows = {table.id: {row.id for row in rows} for table, rows in tables}
    by_id = {table.id: table for table, _ in tables}
    for i, (table, own) in enumerate(tables):
        _check_links(table, own, rows, f"{where}.tables[{i}]")
        _check_other_sides(table, by_id, f"{where}.tables[{i}]")
    given.complete_links(tables)
    return tables


def _checked_table(value: Any, where: str) -> tuple[Table, list[Row]]:
    raw = _checked("table", value, where)
    listed = [_checked_field(f, f"{where}.fields[{i}]") for i, f in enumerate(_checked_list(raw, "fields", where))]
    for key in ("id", "name"):
        _unique((field[key] for field in listed), f"The field {key}", where)
    if raw["primaryFieldId"] not in {field["id"] for field in listed}:
        raise _malformed("'primaryFieldId' must be the id of one of the fields.", where)
    table = table_of({key: raw[key] for key in raw if key not in ("records", "fields")} | {"fields": listed})
    _check_views(table, raw.get("views", []), where)
    own = [_row(table, r, f"{where}.records[{i}]") for i, r in enumerate(_checked_list(raw, "records", where))]
    _unique((row.id for row in own), "The record id", where)
    return table, own


def _check_views(table: Table, views: Any, where: str) -> None:
    if not isinstance(views, list) or not all(isinstance(v, Mapping) and {"id", "name"} <= set(v) for v in views):
        raise _malformed("'views' must be a list of objects with 'id' and 'name'.", where)
    for i, view in enumerate(views):
        try:
            filtered = formula.references(formula.parse(view.get("filterByFormula") or "1"))
            sorted_by = {level["field"] for level in view.get("sort", ())}
        except (RefusalError, TypeError, KeyError) as error:
            raise _malformed("'filterByFormula' or 'sort' is not one.", f"{where}.views[{i}]") from error
        for name in filtered | sorted_by | set(view.get("visibleFieldIds", ())):
            if table.field(name) is None:
                raise _malformed(
                    f"The view names a field {name!r} that the table does not have.", f"{where}.views[{i}]"
                )


def _checked_field(value: Any, where: str) -> dict[str, Any]:
    raw = _checked("field", value, where)
    options = {} if raw.get("options") is None else raw["options"]
    if not isinstance(options, Mapping):
        raise _malformed("'options' must be an object.", where)
    if raw["type"] in ("singleSelect", "multipleSelects"):
        choices = options.get("choices")
        named = isinstance(choices, list) and all(
            isinstance(c, Mapping) and isinstance(c.get("name"), str) for c in choices
        )
        if not named:
            raise _malformed("A select must have 'choices', a list of objects with 'name'.", where)
    if raw["type"] == "multipleRecordLinks" and not isinstance(options.get("linkedTableId"), str):
        raise _malformed("A link field must have 'linkedTableId'.", where)
    if raw["type"] == "rating" and not isinstance(options.get("max", 5), int):
        raise _malformed("'max' of a rating must be an integer.", where)
    zone = options.get("timeZone", "utc")
    try:
        _ = zone in ("utc", "client") or ZoneInfo(zone)
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise _malformed("'timeZone' is not a known time zone.", where) from error
    return raw


def _row(table: Table, value: Any, where: str) -> Row:
    raw = _checked("record", value, where)
    if not isinstance(raw["fields"], Mapping):
        raise _malformed("'fields' must be an object.", where)
    try:
        created = datetime.fromisoformat(raw["createdTime"])
    except (ValueError, TypeError) as error:
        raise _malformed("'createdTime' must be an ISO time.", where) from error
    if created.tzinfo is None:
        raise _malformed("'createdTime' must name its zone, as in …Z.", where)
    cells = {}
    for name, cell in raw["fields"].items():
        field = table.by_name.get(name)
        if field is None:
            near = get_close_matches(str(name), table.by_name, n=1)
            raise _malformed(f"Unknown field {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""), where)
        cells[field.id] = _cell(field, cell, where)
    kept = {key: cell for key, cell in cells.items() if not fields.is_empty(cell)}
    return computing.on_load(table, Row(raw["id"], fields.moment(created), kept))


def _cell(field: Field, value: Any, where: str) -> Any:
    try:
        if not fields.is_writable(field):
            records.as_json(value)
            return value
        return None if fields.is_empty(value) else fields.accept_given(field, value)
    except (RefusalError, ValueError, TypeError) as error:
        raise _malformed(
            f"The value is not one of a field of type {field.type}.", f"{where}.fields[{field.name!r}]"
        ) from error


def _check_links(table: Table, own: Iterable[Row], ids: Mapping[str, set[str]], where: str) -> None:
    for field in table.fields:
        if field.type != "multipleRecordLinks":
            continue
        known = ids.get(field.options["linkedTableId"])
        if known is None:
            raise _malformed(f"Field {field.name!r} links to a table that the base does not have.", where)
        for row in own:
            if not known.issuperset(row.cells.get(field.id, ())):
                raise _malformed(f"Field {field.name!r} of {row.id} links to a record that does not exist.", where)


def _check_other_sides(table: Table, by_id: Mapping[str, Table], where: str) -> None:
    for field in table.links:
        if "inverseLinkFieldId" not in field.options:
            continue
        other = given.other_side(field, by_id)
        if other is None or other.type != "multipleRecordLinks" or other.options["linkedTableId"] != table.id:
            raise _malformed(f"'inverseLinkFieldId' of field {field.name!r} names no link that leads back.", where)
