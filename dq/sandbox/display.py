"""Cells as text, the way Airtable's own interface shows them: `cellFormat=string`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dq.sandbox import formats
from dq.sandbox.formula.functions.numbers import rounded
from dq.sandbox.formula.values import text as plain_text
from dq.sandbox.schema import Field

_DATE_FORMS = {"local": "l", "friendly": "LL", "us": "M/D/YYYY", "european": "D/M/YYYY", "iso": "YYYY-MM-DD"}
_TIME_FORMS = {"12hour": "h:mma", "24hour": "HH:mm"}
_DATES = frozenset({"date", "dateTime", "createdTime", "lastModifiedTime"})
_RESULTS = frozenset({"formula", "rollup", "multipleLookupValues"})


@dataclass(frozen=True)
class Shown:
    """A field whose cells are shown as text.

    Args:
        field: The field.
        zone: The time zone of its times.
        names: The names of linked records by id.
    """

    field: Field
    zone: str
    names: Mapping[str, str]


def texts(cells: Mapping[str, Any], shown: Sequence[Shown]) -> dict[str, Any]:
    """The cells of a record as texts; empty ones are left out.

    Args:
        cells: Values by field id.
        shown: The fields.
    """
    found = {one.field.id: text(one, cells.get(one.field.id)) for one in shown}
    return {key: value for key, value in found.items() if value}


def text(shown: Shown, cell: Any) -> str:
    """One cell as text.

    Args:
        shown: Its field.
        cell: The stored value, or None.
    """
    if isinstance(cell, list):
        return ", ".join(text(shown, item) for item in cell)
    if isinstance(cell, dict):
        return _object(cell)
    field, result = shown.field, shown.field.options.get("result")
    if field.type in _RESULTS and result:
        inner = Field(field.id, field.name, result.get("type", ""), result.get("options") or {})
        return _scalar(Shown(inner, shown.zone, shown.names), cell)
    return _scalar(shown, cell)


def _scalar(shown: Shown, cell: Any) -> str:
    field = shown.field
    if isinstance(cell, bool):
        return "checked" if cell else ""
    if isinstance(cell, int | float):
        return _number(field, cell)
    if field.type in _DATES and isinstance(cell, str):
        return _time(field, cell, shown.zone)
    return shown.names.get(cell, str(cell)) if cell is not None else ""


def _object(cell: Mapping[str, Any]) -> str:
    if "error" in cell:
        return str(cell["error"])
    if "filename" in cell:
        return f"{cell['filename']} ({cell.get('url', '')})"
    return next((str(cell[key]) for key in ("name", "text", "specialValue", "email", "value") if key in cell), "")


def _time(field: Field, cell: str, zone: str) -> str:
    options = field.options
    if field.type in ("createdTime", "lastModifiedTime"):
        result = options.get("result") or {}
        only_date, options = result.get("type") == "date", result.get("options") or {}
    else:
        only_date = field.type == "date"
    day = (options.get("dateFormat") or {}).get("name", "iso" if only_date else "local")
    form = _DATE_FORMS.get(day, "YYYY-MM-DD")
    try:
        time = datetime.fromisoformat(cell)
    except ValueError:
        return cell
    if only_date:
        return formats.formatted(time, form)
    clock = _TIME_FORMS.get((options.get("timeFormat") or {}).get("name", "12hour"), "h:mma")
    return formats.formatted(time.astimezone(ZoneInfo(zone)), f"{form} {clock}")


def _number(field: Field, cell: float) -> str:
    digits = field.options.get("precision")
    if field.type == "percent":
        return f"{rounded(cell * 100, digits or 0):.{digits or 0}f}%"
    if field.type == "duration":
        minutes, seconds = divmod(int(abs(cell)), 60)
        whole = f"{minutes // 60}:{minutes % 60:02d}"
        with_seconds = "ss" in field.options.get("durationFormat", "")
        return ("-" if cell < 0 else "") + (f"{whole}:{seconds:02d}" if with_seconds else whole)
    if field.type == "currency":
        amount = rounded(abs(cell), 2 if digits is None else digits)
        return (
            f"{'-' if cell < 0 else ''}{field.options.get('symbol', '$')}{amount:,.{2 if digits is None else digits}f}"
        )
    if isinstance(digits, int):
        return f"{rounded(cell, digits):.{digits}f}"
    return plain_text(cell)
