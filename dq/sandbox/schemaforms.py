"""What a request may say of a new or changed table or field, and how the answer shows it."""

from collections.abc import Callable, Mapping
from typing import Any

from dq.sandbox import refusals
from dq.sandbox.schema import COMPUTED

MOST_DESCRIPTION = 20_000
MOST_NAME = 255
_PLAIN = frozenset(
    {
        "singleLineText",
        "email",
        "url",
        "multilineText",
        "richText",
        "phoneNumber",
        "singleCollaborator",
        "multipleCollaborators",
        "multipleAttachments",
        "barcode",
    }
)
_PRIMARY = frozenset(
    {"singleLineText", "email", "url", "multilineText", "phoneNumber", "number", "percent", "currency"}
    | {"date", "dateTime", "duration", "barcode", "autoNumber", "formula"}
)
"""Types that may stand in a table's first field."""


def _integer(options: Mapping[str, Any], key: str, least: int, most: int) -> bool:
    value = options.get(key)
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _named(options: Mapping[str, Any], key: str, names: set[str]) -> bool:
    value = options.get(key)
    return isinstance(value, Mapping) and value.get("name") in names


def _choices(options: Mapping[str, Any]) -> bool:
    choices = options.get("choices")
    if not isinstance(choices, list) or not all(isinstance(one, Mapping) for one in choices):
        return False
    names = [one.get("name") for one in choices]
    return all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names)


def _date(options: Mapping[str, Any]) -> bool:
    return _named(options, "dateFormat", {"local", "friendly", "us", "european", "iso"})


_OPTIONS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "number": lambda options: _integer(options, "precision", 0, 8),
    "percent": lambda options: _integer(options, "precision", 0, 8),
    "currency": lambda options: _integer(options, "precision", 0, 7) and isinstance(options.get("symbol"), str),
    "rating": lambda options: _integer(options, "max", 1, 10) and {"icon", "color"} <= set(options),
    "checkbox": lambda options: {"icon", "color"} <= set(options),
    "duration": lambda options: isinstance(options.get("durationFormat"), str),
    "date": _date,
    "dateTime": lambda options: (
        _date(options)
        and _named(options, "timeFormat", {"12hour", "24hour"})
        and isinstance(options.get("timeZone"), str)
    ),
    "singleSelect": _choices,
    "multipleSelects": _choices,
    "multipleRecordLinks": lambda options: isinstance(options.get("linkedTableId"), str),
}


def new_field(body: Any, *, primary: bool = False) -> dict[str, Any]:
    """The definition of a new field, without its id.

    Args:
        body: What the request says of it.
        primary: Whether it is a table's first field.

    Raises:
        RefusalError: The form, the type or its options are not ones of a field that can be made.
    """
    if not isinstance(body, Mapping) or set(body) - {"name", "type", "description", "options"}:
        raise refusals.invalid_request()
    found = names(body)
    kind, options = body.get("type"), body.get("options")
    if not isinstance(kind, str) or "name" not in found:
        raise refusals.invalid_request()
    if kind in COMPUTED:
        raise refusals.unsupported_type(kind)
    if kind not in _PLAIN and kind not in _OPTIONS:
        raise refusals.invalid_request()
    if primary and kind not in _PRIMARY:
        raise refusals.invalid_request(f"Invalid request: a field of type {kind} cannot be the primary field.")
    if kind in _PLAIN and options:
        raise refusals.invalid_options(kind)
    if kind in _OPTIONS and not (isinstance(options, Mapping) and _OPTIONS[kind](options)):
        raise refusals.invalid_options(kind)
    return found | {"type": kind} | ({"options": dict(options)} if options else {})


def names(body: Mapping[str, Any]) -> dict[str, str]:
    """The name and description that a request gives, as far as it gives them.

    Args:
        body: The request's body.

    Raises:
        RefusalError: One is not a text, or too long, or the name is empty.
    """
    found: dict[str, str] = {}
    for key, most in (("name", MOST_NAME), ("description", MOST_DESCRIPTION)):
        if key not in body:
            continue
        if not isinstance(body[key], str) or len(body[key]) > most or (key == "name" and not body[key].strip()):
            raise refusals.invalid_request()
        found[key] = body[key]
    return found


def shown_table(definition: Mapping[str, Any], *, with_visible: bool = False) -> dict[str, Any]:
    """A table as the metadata endpoints show it: of its views, what Airtable tells of them.

    Args:
        definition: As stored.
        with_visible: Whether views show which fields are visible in them.
    """
    keys = ("id", "name", "type", "personalForUserId", *(("visibleFieldIds",) if with_visible else ()))
    views = [{key: view[key] for key in keys if key in view} for view in definition.get("views", [])]
    return {**definition, "views": views}
