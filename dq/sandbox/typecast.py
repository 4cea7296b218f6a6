"""`typecast`: texts become what a field's type takes; options and linked records that are missing are made.

The documentation says "best effort" and no more; names are matched to the letter here.
"""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeAlias

from dq.sandbox import catalog, fields, formats, formula, ids, records, refusals, work
from dq.sandbox.fields import Terms
from dq.sandbox.records import Row, Stored
from dq.sandbox.schema import Field, parsed_table
from dq.sandbox.types.choices import RECORD_ID
from dq.sandbox.types.times import moment, zone_of
from dq.sandbox.work import Work

Plain: TypeAlias = Callable[[Field, Any], Any]
_YES = frozenset({"true", "checked", "yes", "1", "on"})
_NO = frozenset({"false", "unchecked", "no", "0", "off", ""})
_NUMBER = re.compile(r"[-+]?(\d[\d,]*(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_CLOCK = re.compile(r"(-?)(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?")


def cast(changes: Work, table_id: str, field: Field, value: Any, terms: Terms) -> Any:
    """The value in the form that the field's type takes.

    Args:
        changes: The changes so far; options and linked records that are made are among them.
        table_id: The table.
        field: A writable field.
        value: What the request sends.
        terms: The circumstances of the write.

    Raises:
        RefusalError: The value cannot be converted, or the user may not make what it names.
    """
    if value is None:
        return None
    try:
        if field.type in ("singleSelect", "multipleSelects"):
            return _selected(changes, table_id, field, value)
        if field.type == "multipleRecordLinks":
            return _linked(changes, field, _listed(value))
        if field.type in ("singleCollaborator", "multipleCollaborators"):
            return _collaborators(field, value, terms)
        return _PLAIN[field.type](field, value) if field.type in _PLAIN else value
    except (ValueError, TypeError, OverflowError) as error:
        if terms.switches.typecast_unreadable == "empty":
            return None
        raise refusals.value_refused(field.name) from error


def _as_text(_field: Field, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return formula.text(value)
    if isinstance(value, list):
        return ", ".join(_as_text(_field, item) for item in value)
    raise TypeError


def _as_number(field: Field, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text:
        return None
    for sign in {field.options.get("symbol", ""), "$", "€", "£", " "} - {""}:
        text = text.replace(sign, "")
    is_share = text.endswith("%")
    if not _NUMBER.fullmatch(text := text.removesuffix("%")):
        raise ValueError
    number = float(text.replace(",", ""))
    return number / 100 if is_share else number


def _as_duration(field: Field, value: Any) -> Any:
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return _as_number(field, value)
    hours, minutes, seconds = int(found[2]), int(found[3]), float(found[4] or 0)
    return (-1 if found[1] else 1) * (hours * 3600 + minutes * 60 + seconds)


def _as_box(_field: Field, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    text = _as_text(_field, value).strip().lower()
    if text not in _YES | _NO:
        raise ValueError
    return text in _YES


def _as_date(_field: Field, value: Any) -> Any:
    if not isinstance(value, str):
        raise TypeError
    if not value.strip():
        return None
    found = formats.parsed(value)
    if found is None:
        raise ValueError
    return found.date().isoformat()


def _as_time(field: Field, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    found = formats.parsed(value)
    if found is None:
        raise ValueError
    is_iso = re.match(r"\s*\d{4}-\d{2}-\d{2}[T ].*(Z|[+-]\d{2}:?\d{2})\s*$", value)
    return moment(found if is_iso else found.replace(tzinfo=zone_of(field)))


def _as_files(_field: Field, value: Any) -> Any:
    return [{"url": item} if isinstance(item, str) else item for item in _listed(value)]


def _as_barcode(_field: Field, value: Any) -> Any:
    return value if isinstance(value, Mapping) else {"text": _as_text(_field, value)}


def _listed(value: Any) -> list[Any]:
    """A list, or the parts of a text with commas between them."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        raise TypeError
    return value


def _selected(changes: Work, table_id: str, field: Field, value: Any) -> Any:
    if field.type == "singleSelect":
        name = _as_text(field, value)
        return _options(changes, table_id, field, [name])[0] if name else None
    return _options(changes, table_id, field, [_as_text(field, item) for item in _listed(value)])


def _options(changes: Work, table_id: str, field: Field, names: list[str]) -> list[str]:
    """The names, all of which are options of the field now."""
    names = list(dict.fromkeys(names))
    missing = [name for name in names if name not in field.choices]
    if not missing:
        return names
    if not changes.manner.may_create_options:
        raise refusals.not_permitted()
    stored = changes.tables[table_id]
    definition = deepcopy(stored.table.definition)
    choices = next(one for one in definition["fields"] if one["id"] == field.id)["options"]["choices"]
    for name in missing:
        number = ids.next_number(changes.connection, stored, "options")
        choices.append({"id": ids.nth_id("sel", f"{field.id}:options", number), "name": name})
    catalog.save_definition(changes.connection, stored, definition)
    changes.tables[table_id] = replace(stored, table=parsed_table(records.as_json(definition)))
    return names


def _linked(changes: Work, field: Field, listed: list[Any]) -> list[Any]:
    """Record ids; a text that is no record's id is the name of one."""
    linked = changes.tables[field.options["linkedTableId"]]
    found = []
    for item in listed:
        name = item.get("id") if isinstance(item, Mapping) else item
        if not isinstance(name, str):
            raise TypeError
        is_id = RECORD_ID.fullmatch(name) and work.fetched(changes, linked.table.id, [name])
        found.append(name if is_id else _named(changes, linked, name))
    return list(dict.fromkeys(found))


def _named(changes: Work, linked: Stored, name: str) -> str:
    """The id of the record of this name, which is made where there is none."""
    primary = linked.table.primary
    for (table_id, record_id), row in changes.after.items():
        if table_id == linked.table.id and row is not None and row.cells.get(primary.id) == name:
            return record_id
    stored = records.holding(changes.connection, linked, primary.id, [name])
    there = [row.id for row in stored if (linked.table.id, row.id) not in changes.after]
    if there:
        return there[0]
    if not fields.is_writable(primary):
        raise ValueError
    cell = fields.accept(primary, _PLAIN[primary.type](primary, name) if primary.type in _PLAIN else name)
    cells = {primary.id: cell}
    record_id = ids.new_ids(changes.connection, linked, [cells], changes.after)[0]
    work.add(changes, linked.table.id, Row(record_id, work.shown_now(changes), cells))
    return record_id


def _collaborators(field: Field, value: Any, terms: Terms) -> Any:
    listed = [_collaborator(item, terms) for item in (_listed(value) if isinstance(value, str | list) else [value])]
    if field.type == "multipleCollaborators":
        return listed
    if len(listed) != 1:
        raise ValueError
    return listed[0]


def _collaborator(item: Any, terms: Terms) -> Any:
    if not isinstance(item, str):
        return item
    by_name = [user for user in terms.users.values() if item in (user["id"], user.get("name"))]
    return by_name[0] if by_name else {"email": item}


_TEXTS = ("singleLineText", "multilineText", "richText", "email", "url", "phoneNumber")
_PLAIN: dict[str, Plain] = {
    **dict.fromkeys(_TEXTS, _as_text),
    **dict.fromkeys(("number", "currency", "percent", "rating"), _as_number),
    "duration": _as_duration,
    "checkbox": _as_box,
    "date": _as_date,
    "dateTime": _as_time,
    "multipleAttachments": _as_files,
    "barcode": _as_barcode,
}
