"""Making, renaming and deleting tables, fields and options."""

import sqlite3
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from dq.sandbox import catalog, computing, formula, ids, links, reading, records, refusals, schemaforms, work
from dq.sandbox.computing.graph import Node, nodes
from dq.sandbox.records import Stored
from dq.sandbox.schema import Field
from dq.sandbox.work import Manner


def create_table(connection: sqlite3.Connection, base_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Add a table with its fields, the first of which is the primary one.

    Args:
        connection: An open sandbox, in a writing transaction.
        base_id: The base.
        body: `{"name", "description"?, "fields"}`.

    Raises:
        RefusalError: The form, a name or a field is refused.
    """
    listed = body.get("fields")
    if (
        set(body) - {"name", "description", "fields"}
        or "name" not in body
        or not isinstance(listed, list)
        or not listed
    ):
        raise refusals.invalid_request()
    named = schemaforms.names(body)
    _check_table_name(connection, base_id, named["name"])
    forms = [schemaforms.new_field(one, primary=place == 0) for place, one in enumerate(listed)]
    own = {form["name"].lower() for form in forms}
    if len(own) < len(forms):
        raise refusals.duplicate_field()
    table_id = ids.nth_id("tbl", base_id, ids.next_of_base(connection, base_id))
    view = {"id": ids.nth_id("viw", table_id, 1), "name": "Grid view", "type": "grid"}
    primary = {"id": ids.nth_id("fld", f"{table_id}:fields", 0), **forms[0]}
    definition = {"id": table_id, **named, "primaryFieldId": primary["id"], "fields": [primary], "views": [view]}
    place = connection.execute('SELECT coalesce(max(position), -1) + 1 FROM "table" WHERE base_id = ?', (base_id,))
    catalog.add_table(connection, base_id, place.fetchone()[0], definition, [])
    for form in forms[1:]:
        _add_field(connection, _found(connection, base_id, table_id), form)
    return _found(connection, base_id, table_id).table.definition


def change_table(connection: sqlite3.Connection, stored: Stored, body: Mapping[str, Any]) -> dict[str, Any]:
    """Give a table another name or description.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        body: `{"name"?, "description"?}`.

    Raises:
        RefusalError: The body says more, or the name is taken.
    """
    if not body or set(body) - {"name", "description"}:
        raise refusals.invalid_request()
    named = schemaforms.names(body)
    if "name" in named and named["name"] != stored.table.name:
        _check_table_name(connection, stored.base_id, named["name"], stored.table.id)
    definition = {**stored.table.definition, **named}
    catalog.save_definition(connection, stored, definition)
    return definition


def create_field(connection: sqlite3.Connection, stored: Stored, body: Mapping[str, Any]) -> dict[str, Any]:
    """Add a field; a link gets its other side in the linked table.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        body: `{"name", "type", "description"?, "options"?}`.

    Raises:
        RefusalError: The form or the name is refused.
    """
    form = schemaforms.new_field(body)
    _check_field_name(stored, form["name"])
    return _add_field(connection, stored, form)


def change_field(
    connection: sqlite3.Connection, stored: Stored, field: Field, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Give a field another name or description; formulas that name it go on doing so.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        field: The field.
        body: `{"name"?, "description"?}`.

    Raises:
        RefusalError: The body says more, or the name is taken.
    """
    if not body or set(body) - {"name", "description"}:
        raise refusals.invalid_request()
    named = schemaforms.names(body)
    definition = deepcopy(stored.table.definition)
    if named.get("name", field.name) != field.name:
        _check_field_name(stored, named["name"], field.id)
        for one in definition["fields"]:
            if one["type"] == "formula":
                _name_by_id(one, field)
    changed: dict[str, Any] = next(one for one in definition["fields"] if one["id"] == field.id)
    changed |= named
    catalog.save_definition(connection, stored, definition)
    return changed


def delete_field(connection: sqlite3.Connection, stored: Stored, field: Field, now: datetime, manner: Manner) -> None:
    """Take a field out with its cells, and the other side of a link; what was computed from it becomes an error.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        field: The field.
        now: The time of the request.
        manner: How to write.

    Raises:
        RefusalError: It is the primary field.
    """
    if field.id == stored.table.definition["primaryFieldId"]:
        raise refusals.invalid_request("Invalid request: the primary field cannot be deleted.")
    before = work.begin(connection, stored.base_id, now, manner)
    tables = tuple(one.table for one in before.tables.values())
    gone = [(stored, field)]
    if field.type == "multipleRecordLinks" and (other := links.inverse(before, field)) is not None:
        gone.append((before.tables[field.options["linkedTableId"]], other))
    for table, one in gone:
        _drop_field(connection, _found(connection, stored.base_id, table.table.id), one)
    places = {(table.table.id, one.id) for table, one in gone}
    _invalidate(work.begin(connection, stored.base_id, now, manner), [n for n in nodes(tables) if _follows(n, places)])


def delete_table(connection: sqlite3.Connection, stored: Stored, now: datetime, manner: Manner) -> None:
    """Take a table out, and the fields of other tables that link to it.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        now: The time of the request.
        manner: How to write.

    Raises:
        RefusalError: It is the base's last table.
    """
    others = [one for one in records.list_tables(connection, stored.base_id) if one.table.id != stored.table.id]
    if not others:
        raise refusals.invalid_request("Invalid request: the last table of a base cannot be deleted.")
    for other in others:
        for field in other.table.links:
            if field.options["linkedTableId"] == stored.table.id:
                delete_field(connection, _found(connection, stored.base_id, other.table.id), field, now, manner)
    catalog.drop_table(connection, stored)


def delete_option(
    connection: sqlite3.Connection, stored: Stored, field: Field, name: str, now: datetime, manner: Manner
) -> None:
    """Take an option out of a select field and out of its cells.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        field: A select field.
        name: The option.
        now: The time of the request.
        manner: How to write.

    Raises:
        RefusalError: The field has no such option.
    """
    if name not in field.choices:
        raise refusals.not_found()
    changes = work.begin(connection, stored.base_id, now, manner)
    for row in records.scan(connection, stored):
        cell = row.cells.get(field.id)
        kept = [one for one in cell if one != name] if isinstance(cell, list) else None if cell == name else cell
        work.change(changes, stored.table.id, row, {field.id: kept or None})
    computing.stamp(changes)
    computing.recompute(changes)
    work.save(changes)
    definition = deepcopy(stored.table.definition)
    options = next(one for one in definition["fields"] if one["id"] == field.id)["options"]
    options["choices"] = [choice for choice in options["choices"] if choice["name"] != name]
    catalog.save_definition(connection, stored, definition)


def _found(connection: sqlite3.Connection, base_id: str, table_id: str) -> Stored:
    stored = records.find_table(connection, base_id, table_id)
    if stored is None:
        raise refusals.forbidden()
    return stored


def _check_table_name(connection: sqlite3.Connection, base_id: str, name: str, own_id: str = "") -> None:
    others = [one.table for one in records.list_tables(connection, base_id) if one.table.id != own_id]
    if name.lower() in {table.name.lower() for table in others}:
        raise refusals.duplicate_table()


def _check_field_name(stored: Stored, name: str, own_id: str = "") -> None:
    if name.lower() in {field.name.lower() for field in stored.table.fields if field.id != own_id}:
        raise refusals.duplicate_field()


def _add_field(connection: sqlite3.Connection, stored: Stored, form: Mapping[str, Any]) -> dict[str, Any]:
    made = deepcopy(dict(form)) | {"id": _new_field_id(connection, stored)}
    if made["type"] in ("singleSelect", "multipleSelects"):
        for place, choice in enumerate(made["options"]["choices"]):
            choice.setdefault("id", ids.nth_id("sel", f"{made['id']}:choices", place))
    if made["type"] == "multipleRecordLinks":
        made["options"] |= {"isReversed": False, "prefersSingleRecordLink": False}
        _add_other_side(connection, stored, made)
    _append(connection, _found(connection, stored.base_id, stored.table.id), made)
    return made


def _add_other_side(connection: sqlite3.Connection, stored: Stored, made: dict[str, Any]) -> None:
    linked = records.find_table(connection, stored.base_id, made["options"]["linkedTableId"])
    if linked is None or linked.table.id != made["options"]["linkedTableId"]:
        raise refusals.invalid_options("multipleRecordLinks")
    if linked.table.id == stored.table.id:
        return  # a table's links to itself have one side
    name, count = stored.table.name, 1
    while linked.table.field(name) is not None:
        count += 1
        name = f"{stored.table.name} {count}"
    other = {"id": _new_field_id(connection, linked), "name": name, "type": "multipleRecordLinks"}
    other_options = {"linkedTableId": stored.table.id, "isReversed": False, "prefersSingleRecordLink": False}
    _append(connection, linked, other | {"options": other_options | {"inverseLinkFieldId": made["id"]}})
    made["options"]["inverseLinkFieldId"] = other["id"]


def _new_field_id(connection: sqlite3.Connection, stored: Stored) -> str:
    return ids.nth_id("fld", f"{stored.table.id}:fields", ids.next_number(connection, stored, "fields"))


def _append(connection: sqlite3.Connection, stored: Stored, made: Mapping[str, Any]) -> None:
    definition = stored.table.definition
    catalog.save_definition(connection, stored, {**definition, "fields": [*definition["fields"], dict(made)]})


def _drop_field(connection: sqlite3.Connection, stored: Stored, field: Field) -> None:
    definition = deepcopy(stored.table.definition)
    definition["fields"] = [one for one in definition["fields"] if one["id"] != field.id]
    for view in definition.get("views", []):
        if "visibleFieldIds" in view:
            view["visibleFieldIds"] = [one for one in view["visibleFieldIds"] if one != field.id]
    catalog.save_definition(connection, stored, definition)
    path = f"$.{field.id}"
    query = "UPDATE record SET cells = json_remove(cells, ?) WHERE table_number = ? AND json_type(cells, ?) IS NOT NULL"
    connection.execute(query, (path, stored.number, path))


def _follows(node: Node, places: set[tuple[str, str]]) -> bool:
    local = any((node.table_id, field_id) in places for field_id in node.local)
    return local or any((through.table_id, through.field_id) in places for through in node.through)


def _invalidate(changes: work.Work, followers: Sequence[Node]) -> None:
    """Let computed cells show that what they follow from is not there any more."""
    for node in followers:
        stored = changes.tables[node.table_id]
        if node.field.id not in stored.table.by_id:
            continue
        cell = reading.ERROR if node.field.type == "formula" else None
        for row in records.scan(changes.connection, stored):
            now = changes.after.get((node.table_id, row.id)) or row
            work.change(changes, node.table_id, now, {node.field.id: cell})
    computing.recompute(changes)
    work.save(changes)


def _name_by_id(definition: dict[str, Any], field: Field) -> None:
    options = definition.get("options") or {}
    if isinstance(options.get("formula"), str):
        try:
            definition["options"] = options | {"formula": formula.with_ids(options["formula"], {field.name: field.id})}
        except refusals.RefusalError:
            return  # it is no formula, so it names nothing
