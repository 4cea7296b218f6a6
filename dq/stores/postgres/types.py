"""PostgreSQL's types: what kind of cell each is, how it is read as text or number, and how text becomes it again.

column ──read──► what every step sees ──plan──► text ──assigned──► the column's own type
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dq.cells import Kind
from dq.stores.meaning import exact

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("int2", "int4", "int8"), "integer"),
    **dict.fromkeys(("float4", "float8", "numeric"), "number"),
    "bool": "boolean",
    "date": "date",
    **dict.fromkeys(("timestamp", "timestamptz"), "datetime"),
    "jsonb": "list",
}
TEXTS = frozenset({"text", "varchar", "citext"})
"""Types that keep every text as it is."""
BINARY = "bytea"
_FAITHFUL = TEXTS | {"int2", "int4", "int8", "float8", "bool", "json"}
"""Types that keep a value as it was planned, or refuse it."""
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z")
_SHAPES = {
    "date": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "timestamp": _ISO,
    "timestamptz": _ISO,
}
_INTEGER = re.compile(r"0|-?[1-9]\d{0,18}", re.ASCII)
_INT64 = 2**63
_ESCAPED = re.compile(r'(["\\])')


@dataclass(frozen=True, slots=True)
class Type:
    """A column's type; that of a domain is the type behind it.

    Attributes:
        name: The catalog's name of it (`int4`, `timestamptz`); of an array, its elements' type's.
        cast: The type as SQL, without length or precision, so that a text too long is refused and not cut.
        whole: The same with length and precision.
        modifier: Length or precision as the catalog has it; -1 for none.
        is_array: Whether it is an array of `name`.
        is_enum: Whether it is an enum.
        kind: What its cells are.
    """

    name: str
    cast: str
    whole: str
    modifier: int = -1
    is_array: bool = False
    is_enum: bool = False
    kind: Kind = "text"


def declared_kind(name: str, *, is_array: bool) -> Kind:
    """The kind that a type's cells have, as far as the type alone tells."""
    return "list" if is_array else _KINDS.get(name, "text")


def read(type_: Type, column: str) -> str:
    """SQL that reads a column, or any expression of the type, as numbers, booleans or exact text.

    Times are ISO text in UTC, their fraction in milliseconds where that is exact, as Airtable has it.
    """
    if type_.is_array:
        return f"to_json({column}::text[])::text"
    if type_.kind == "integer":
        return f"{column}::int8"
    if type_.kind == "number":
        return f"{column}::text::float8" if type_.name == "float4" else f"{column}::float8"
    if type_.name in ("timestamp", "timestamptz"):
        return _time_text(column)
    return column if type_.kind == "boolean" else f"{column}::text"


def _time_text(column: str) -> str:
    iso = """'YYYY-MM-DD"T"HH24:MI:SS.{}"Z"'"""
    form = f"CASE WHEN date_part('microseconds', {column})::int % 1000 = 0 THEN {iso.format('MS')} ELSE {iso.format('US')} END"
    return f"CASE WHEN {column} >= '0001-01-01' AND {column} < '10000-01-01' THEN to_char({column}, {form}) ELSE {column}::text END"


def assigned(type_: Type, value: str) -> str:
    """SQL that turns a text into the type; empty text clears a cell that cannot hold it. Naive times are UTC."""
    if not type_.is_array and type_.name in TEXTS:
        return f"{value}::{type_.cast}"
    text = f"nullif({value}, '')"
    return (
        f"({text}::timestamptz AT TIME ZONE 'UTC')"
        if type_.name == "timestamp" and not type_.is_array
        else f"{text}::{type_.cast}"
    )


def as_text(type_: Type, value: Any) -> str | None:
    """A planned value as the text that `assigned` takes."""
    if not type_.is_array:
        return exact(value)
    items = _items(value) if isinstance(value, str) else value
    return _array(items) if isinstance(items, list) else exact(items)


def _items(text: str) -> Any:
    """The list that JSON text stands for; any other text as it is."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, list) else text


def _array(items: Sequence[Any]) -> str:
    return "{" + ",".join(_item(item) for item in items) + "}"


def _item(item: Any) -> str:
    if item is None:
        return "NULL"
    return _array(item) if isinstance(item, list) else '"' + _ESCAPED.sub(r"\\\1", str(exact(item))) + '"'


def keeps(type_: Type, text: str | None) -> bool:
    """Whether a cell surely comes back as it was planned: other values are asked about before they are written."""
    if not text:
        return True
    if type_.is_array:
        return type_.name in TEXTS
    if (
        type_.is_enum
        or type_.name in _FAITHFUL
        or (type_.name == "numeric" and type_.kind == "number" and type_.modifier == -1)
    ):
        return True
    shape = _SHAPES.get(type_.name)
    return type_.modifier == -1 and (shape is not None and shape.fullmatch(text) is not None)


def is_integer_text(text: str) -> bool:
    """Whether a key's text is how a 64-bit integer is written."""
    return _INTEGER.fullmatch(text) is not None and -_INT64 <= int(text) < _INT64


def is_uuid_text(text: str) -> bool:
    """Whether a key's text is how PostgreSQL writes a UUID."""
    return _SHAPES["uuid"].fullmatch(text) is not None
