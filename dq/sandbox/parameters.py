"""What a request asks for, read strictly from its query or its JSON body."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dq.sandbox import refusals

PAGE = 100
_ARRAY = re.compile(r"(fields|recordMetadata|records)(\[\d*\])?")
_SORT = re.compile(r"sort\[(\d{1,4})\]\[(field|direction)\]")
_LIST_KEYS = frozenset(
    {
        "pageSize",
        "maxRecords",
        "offset",
        "view",
        "sort",
        "fields",
        "filterByFormula",
        "cellFormat",
        "timeZone",
        "userLocale",
        "returnFieldsByFieldId",
        "recordMetadata",
    }
)
_RECORD_KEYS = frozenset({"cellFormat", "timeZone", "userLocale", "returnFieldsByFieldId"})


@dataclass(frozen=True)
class Sort:
    """One level of a sort: a field's name or id, and its direction."""

    field: str
    direction: Literal["asc", "desc"] = "asc"


@dataclass(frozen=True)
class Form:
    """How cells are returned.

    Args:
        by_id: Whether they stand under field ids.
        zone: The time zone of their texts; None where cells are returned as JSON values.
        locale: The language of their texts.
    """

    by_id: bool = False
    zone: str | None = None
    locale: str = ""


JSON = Form()


@dataclass(frozen=True)
class ListRequest:
    """The parameters of one page of a list; two pages of one list differ in `offset` only."""

    page_size: int = PAGE
    max_records: int | None = None
    offset: str = ""
    view: str | None = None
    sort: tuple[Sort, ...] = ()
    fields: tuple[str, ...] = ()
    formula: str = ""
    form: Form = JSON
    metadata: tuple[str, ...] = ()


def from_query(query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A query as the object that a JSON body would hold: arrays gathered, numbers and truth values read.

    Args:
        query: Names and values, decoded, in order.

    Raises:
        RefusalError: A number or truth value is not one, or a sort has no field.
    """
    found: dict[str, Any] = {}
    sort: dict[int, dict[str, str]] = {}
    for name, value in query:
        if level := _SORT.fullmatch(name):
            sort.setdefault(int(level[1]), {})[level[2]] = value
        elif array := _ARRAY.fullmatch(name):
            found.setdefault(array[1], []).append(value)
        elif name in ("pageSize", "maxRecords"):
            found[name] = _integer(value)
        elif name == "returnFieldsByFieldId":
            found[name] = _truth(value)
        else:
            found[name] = value
    if sort:
        found["sort"] = [sort[level] for level in sorted(sort)]
    return found


def list_request(body: Mapping[str, Any]) -> ListRequest:
    """The parameters of a list request.

    Args:
        body: The JSON body, or a query as `from_query` gives it.

    Raises:
        RefusalError: A parameter is unknown, out of range or of the wrong type.
    """
    _known(body, _LIST_KEYS)
    size, limit = body.get("pageSize", PAGE), body.get("maxRecords")
    if not _is_integer(size) or not 1 <= size <= PAGE:
        raise refusals.page_size_out_of_range()
    if limit is not None and (not _is_integer(limit) or limit < 1):
        raise refusals.invalid_request("Invalid request: maxRecords must be a positive integer.")
    return ListRequest(
        page_size=size,
        max_records=limit,
        offset=_text(body, "offset") or "",
        view=_text(body, "view") or None,
        sort=tuple(_sort(level) for level in _items(body, "sort")),
        fields=_names(body, "fields"),
        formula=_text(body, "filterByFormula") or "",
        form=_form(body),
        metadata=_metadata(body),
    )


def record_request(body: Mapping[str, Any]) -> Form:
    """How a read of one record wants its cells.

    Args:
        body: The query as `from_query` gives it.

    Raises:
        RefusalError: A parameter is unknown or of the wrong type.
    """
    _known(body, _RECORD_KEYS)
    return _form(body)


def returns_ids(body: Mapping[str, Any]) -> bool:
    """Whether the answer's cells are to stand under field ids.

    Args:
        body: The JSON body, or a query as `from_query` gives it.

    Raises:
        RefusalError: The parameter is not a truth value.
    """
    value = body.get("returnFieldsByFieldId", False)
    if not isinstance(value, bool):
        raise refusals.invalid_request()
    return value


def _known(body: Mapping[str, Any], keys: frozenset[str]) -> None:
    unknown = sorted(set(body) - keys)
    if unknown:
        raise refusals.invalid_request(f"Invalid request: unknown parameter {unknown[0]!r}.")


def _form(body: Mapping[str, Any]) -> Form:
    by_id, kind = returns_ids(body), body.get("cellFormat", "json")
    zone, locale = _text(body, "timeZone"), _text(body, "userLocale")
    if kind == "json":
        return Form(by_id)
    if kind != "string":
        raise refusals.invalid_request("Invalid request: cellFormat is json or string.")
    if not zone or not locale:
        raise refusals.invalid_request("Invalid request: cellFormat string needs timeZone and userLocale.")
    try:
        ZoneInfo("UTC" if zone.lower() == "utc" else zone)
    except (KeyError, ValueError, OSError) as error:
        raise refusals.invalid_request("Invalid request: timeZone is not a known time zone.") from error
    return Form(by_id, "UTC" if zone.lower() == "utc" else zone, locale)


def _metadata(body: Mapping[str, Any]) -> tuple[str, ...]:
    names = _names(body, "recordMetadata")
    if set(names) - {"commentCount"}:
        raise refusals.invalid_request("Invalid request: recordMetadata takes commentCount only.")
    return names


def _integer(value: str) -> int | str:
    return int(value) if re.fullmatch(r"-?\d{1,9}", value, re.ASCII) else value


def _truth(value: str) -> bool | str:
    return {"1": True, "true": True, "0": False, "false": False}.get(value.lower(), value)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(body: Mapping[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise refusals.invalid_request()
    return value


def _items(body: Mapping[str, Any], key: str) -> list[Any]:
    value = body.get(key) or []
    if not isinstance(value, list):
        raise refusals.invalid_request()
    return value


def _names(body: Mapping[str, Any], key: str) -> tuple[str, ...]:
    items = _items(body, key)
    if not all(isinstance(item, str) for item in items):
        raise refusals.invalid_request()
    return tuple(items)


def _sort(level: Any) -> Sort:
    if not isinstance(level, Mapping) or not isinstance(level.get("field"), str) or set(level) - {"field", "direction"}:
        raise refusals.invalid_request()
    direction = level.get("direction", "asc")
    if direction not in ("asc", "desc"):
        raise refusals.invalid_request("Invalid request: the direction of a sort is asc or desc.")
    return Sort(level["field"], direction)
