"""Airtable's field types: what kind of cell each is, and which may be written."""

from collections.abc import Mapping
from typing import Any

from dq.cells import Kind
from dq.manifest import Column

KEY = Column("id", "text", "recordId", writable=False)
CREATED = Column("createdTime", "datetime", "recordCreatedTime", writable=False)

_WRITABLE: dict[str, Kind] = {
    **dict.fromkeys(("singleLineText", "email", "url", "phoneNumber", "singleSelect"), "text"),
    "multilineText": "long_text",
    "richText": "rich_text",
    **dict.fromkeys(("number", "currency", "percent", "duration", "rating"), "number"),
    "checkbox": "boolean",
    "date": "date",
    "dateTime": "datetime",
    **dict.fromkeys(("multipleSelects", "multipleRecordLinks"), "list"),
}
_COMPUTED: dict[str, Kind] = {
    "createdTime": "datetime",
    "lastModifiedTime": "datetime",
    "autoNumber": "number",
    "count": "number",
}
_BY_RESULT = frozenset({"formula", "rollup", "createdTime", "lastModifiedTime"})
FOLLOWED = (frozenset(_WRITABLE) - {"multipleRecordLinks"}) | {
    KEY.type, CREATED.type, "createdTime", "autoNumber", "lastModifiedTime",
}  # fmt: skip
"""Types whose cells change by edits of their own record only, so that its time of last modification tells."""
_FLEETING = frozenset({"url", "thumbnails"})
"""What Airtable renews in an attachment although nobody changed it."""
_STABLE: frozenset[Kind] = frozenset({"text", "long_text", "rich_text", "date", "datetime"})


def column_of(field: Mapping[str, Any]) -> Column:
    """A field of the metadata API as a column; a type that dq does not know is JSON, and read-only."""
    options = field.get("options") or {}
    type_ = field["type"]
    choices = tuple(choice["name"] for choice in options.get("choices", ()))
    writable = type_ in _WRITABLE
    kind = _WRITABLE.get(type_) or _computed_kind(type_, options)
    return Column(
        field["name"],
        kind,
        type_,
        id=field["id"],
        writable=writable,
        choices=choices,
        moved_by=tuple(options.get("referencedFieldIds") or ()) if type_ == "lastModifiedTime" else (),
        linked=options.get("linkedTableId") if type_ == "multipleRecordLinks" else None,
    )


def _computed_kind(type_: str, options: Mapping[str, Any]) -> Kind:
    """The kind of what a computed field gives.

    Formulas and rollups give error objects beside their results: text can hold both, so a number or a tick that
    may turn into an object is kept as JSON text.
    """
    if type_ in _BY_RESULT:
        result = _WRITABLE.get((options.get("result") or {}).get("type", ""))
        if result in _STABLE:
            return result
    return _COMPUTED.get(type_, "json")


def lasting(value: Any) -> Any:
    """A cell as it stays while nobody changes it: an object's parts in order, an attachment's without its addresses."""
    if isinstance(value, list):
        return [lasting(item) for item in value]
    if isinstance(value, dict):
        left_out = _FLEETING if str(value.get("id")).startswith("att") else frozenset[str]()
        return {name: lasting(value[name]) for name in sorted(value) if name not in left_out}
    return value
