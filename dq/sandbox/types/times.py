"""Dates, and dates with a time of day."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dq.sandbox.schema import Field
from dq.sandbox.types.terms import Take, Terms

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?")


def moment(value: datetime) -> str:
    """A time as Airtable writes it: UTC, milliseconds, `Z`.

    Args:
        value: A time with its zone.
    """
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def zone_of(field: Field) -> ZoneInfo:
    """The time zone in which a field's times are read and shown; a server has no client, so `client` is UTC.

    Args:
        field: A field with times.
    """
    name = field.options.get("timeZone", "utc")
    return ZoneInfo("UTC" if name in ("utc", "client") else name)


def _date(_field: Field, value: Any, _terms: Terms) -> str | None:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError
    return date.fromisoformat(value).isoformat()


def _date_time(field: Field, value: Any, _terms: Terms) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return moment(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value))
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError
    parsed = datetime.fromisoformat(value)
    return moment(parsed if parsed.tzinfo else parsed.replace(tzinfo=zone_of(field)))


TAKES: dict[str, Take] = {"date": _date, "dateTime": _date_time}
