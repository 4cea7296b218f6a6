"""What each field type takes on a write, and the form in which it is stored and read back.

`accept` is strict: it converts nothing that Airtable would convert only with `typecast`. A value that leaves the cell
empty gives None. A type that is neither listed here nor computed is read-only.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dq.sandbox import refusals
from dq.sandbox.schema import COMPUTED, Field

MAX_TEXT = 100_000
RECORD_ID = re.compile(r"rec[A-Za-z0-9]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?")
_BULLET = re.compile(r"^(\s*)[*+] ", re.MULTILINE)


def is_writable(field: Field) -> bool:
    """Whether a value may be sent for this field.

    Args:
        field: The field.
    """
    return field.type in _TAKES


def accept(field: Field, value: Any) -> Any:
    """The value as the cell will hold it, None for an empty cell.

    Args:
        field: The field that is written.
        value: What the request sends, parsed from JSON.

    Raises:
        RefusalError: The field is computed or read-only, or its type does not take the value.
    """
    if field.type in COMPUTED:
        raise refusals.field_computed(field.name)
    if field.type not in _TAKES:
        raise refusals.value_refused(field.name)
    if value is None:
        return None
    try:
        return _TAKES[field.type](field, value)
    except (ValueError, TypeError, OverflowError) as error:
        raise refusals.value_refused(field.name) from error


def is_empty(value: Any) -> bool:
    """Whether a value is one that Airtable leaves out of its answers; 0 is not.

    Args:
        value: A cell's value.
    """
    return value is None or value is False or value in ("", [])


def moment(value: datetime) -> str:
    """A time as Airtable writes it: UTC, milliseconds, `Z`.

    Args:
        value: A time with its zone.
    """
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(_field: Field, value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError
    return value or None


def _rich_text(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    return None if text is None else _BULLET.sub(r"\1- ", text).rstrip("\n") + "\n"


def _number(_field: Field, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(number := float(value)):
        raise ValueError
    return int(number) if number.is_integer() and abs(number) < 1e21 else number  # as JavaScript writes numbers


def _rating(field: Field, value: Any) -> int:
    number = _number(field, value)
    if not isinstance(number, int) or not 1 <= number <= field.options.get("max", 5):
        raise ValueError
    return number


def _checkbox(_field: Field, value: Any) -> bool | None:
    if not isinstance(value, bool):
        raise TypeError
    return value or None


def _date(_field: Field, value: Any) -> str | None:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError
    return date.fromisoformat(value).isoformat()


def _date_time(field: Field, value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return moment(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value))
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError
    parsed = datetime.fromisoformat(value)
    return moment(parsed if parsed.tzinfo else parsed.replace(tzinfo=_zone(field)))


def _zone(field: Field) -> ZoneInfo:
    name = field.options.get("timeZone", "utc")
    return ZoneInfo("UTC" if name in ("utc", "client") else name)  # a server has no client: its zone is UTC


def _select(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if value not in field.choices:
        raise refusals.unknown_option(value)
    return value


def _selects(field: Field, value: Any) -> list[str] | None:
    return _distinct([_select(field, item) for item in _list(value)])


def _links(_field: Field, value: Any) -> list[str] | None:
    ids = _list(value)
    if not all(isinstance(item, str) and RECORD_ID.fullmatch(item) for item in ids):
        raise ValueError
    return _distinct(ids)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _distinct(items: list[str]) -> list[str] | None:
    if len(set(items)) < len(items):
        raise ValueError
    return items or None


_TAKES: dict[str, Callable[[Field, Any], Any]] = {
    "singleLineText": _text,
    "multilineText": _text,
    "email": _text,
    "url": _text,
    "phoneNumber": _text,
    "richText": _rich_text,
    "number": _number,
    "currency": _number,
    "percent": _number,
    "duration": _number,
    "rating": _rating,
    "checkbox": _checkbox,
    "date": _date,
    "dateTime": _date_time,
    "singleSelect": _select,
    "multipleSelects": _selects,
    "multipleRecordLinks": _links,
}
