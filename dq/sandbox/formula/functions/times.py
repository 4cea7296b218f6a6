"""Dates and times: parts, differences, sums, formats."""

import calendar
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dq.sandbox import formats
from dq.sandbox.formula.functions.kind import Function
from dq.sandbox.formula.values import FormulaError, Moment, Value, number, text

ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = {"millisecond": 0.001, "second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_SHORT = {"ms": "millisecond", "s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "M": "month"}
_SHORT |= {"Q": "quarter", "y": "year"}


def as_moment(value: Value) -> Moment:
    """A value as a time.

    Args:
        value: A time, a text that names one, or a list of one.

    Raises:
        FormulaError: It is none.
    """
    if isinstance(value, tuple) and len(value) == 1:
        return as_moment(value[0])
    if isinstance(value, Moment):
        return value
    found = formats.parsed(value) if isinstance(value, str) else None
    if found is None:
        raise FormulaError
    return Moment(found)


def _utc(value: Value) -> datetime:
    return as_moment(value).time.astimezone(UTC)


def _unit(value: Value) -> str:
    name = text(value)
    unit = _SHORT.get(name) or name.lower().removesuffix("s")
    if unit not in _SECONDS and unit not in _MONTHS:
        raise FormulaError
    return unit


def _months_later(time: datetime, months: int) -> datetime:
    year, month = divmod(time.year * 12 + time.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise FormulaError
    return time.replace(year=year, month=month + 1, day=min(time.day, calendar.monthrange(year, month + 1)[1]))


def _add(value: Value, amount: Value, unit: Value) -> Moment:
    moment, count, kind = as_moment(value), number(amount), _unit(unit)
    if kind in _MONTHS:
        return replace(moment, time=_months_later(moment.time, int(count) * _MONTHS[kind]))
    moved = moment.time + timedelta(seconds=count * _SECONDS[kind])
    return replace(moment, time=moved, only_date=moment.only_date and kind in ("day", "week"))


def _months_between(left: datetime, right: datetime) -> int:
    """Whole months from the right time to the left one, cut toward zero."""
    months = (left.year - right.year) * 12 + left.month - right.month
    anchor = _months_later(right, months)
    if months > 0 and anchor > left:
        months -= 1
    if months < 0 and anchor < left:
        months += 1
    return months


def _difference(left: Value, right: Value, unit: Value = "seconds") -> Value:
    first, second, kind = _utc(left), _utc(right), _unit(unit)
    if kind in _MONTHS:
        return int(_months_between(first, second) / _MONTHS[kind])
    return math.trunc(round((first - second).total_seconds() / _SECONDS[kind], 6))


def _format(value: Value, form: Value = None) -> str:
    moment = as_moment(value)
    try:
        shown = moment.time.astimezone(ZoneInfo(moment.zone))
    except (KeyError, ValueError, OSError) as error:
        raise FormulaError from error
    return formats.formatted(shown, text(form)) if form is not None else moment.iso


def _parse(value: Value, form: Value = None, _locale: Value = None) -> Moment:
    if isinstance(value, Moment):
        return value
    found = formats.parsed(text(value), None if form is None else text(form))
    if found is None:
        raise FormulaError
    return Moment(found)


def _begin(time: datetime, unit: str) -> datetime:
    """The first moment of the unit of time that a time is in."""
    if unit == "week":
        time -= timedelta(days=time.isoweekday() % 7)
    month = {"year": 1, "quarter": (time.month - 1) // 3 * 3 + 1}.get(unit, time.month)
    time = time.replace(month=month, day=1 if unit in _MONTHS else time.day)
    kept = {"millisecond": 4, "second": 3, "minute": 2, "hour": 1}.get(unit, 0)
    names = ("hour", "minute", "second", "microsecond")
    return time.replace(**dict.fromkeys(names[kept:], 0))  # type: ignore[arg-type]


def _is_same(left: Value, right: Value, unit: Value = None) -> bool:
    first, second = _utc(left), _utc(right)
    return first == second if unit is None else _begin(first, _unit(unit)) == _begin(second, _unit(unit))


def _starts_monday(start: Value) -> bool:
    return text(start).lower() == "monday"


def _weekday(value: Value, start: Value = "Sunday") -> int:
    time = _utc(value)
    return time.weekday() if _starts_monday(start) else time.isoweekday() % 7


def _zoned(value: Value, zone: Value) -> Moment:
    return replace(as_moment(value), zone=text(zone))


def _work_day(value: Value, count: Value, holidays: Value = "") -> Moment:
    """The time so many working days later; holidays are ISO dates with commas between."""
    moment, left = as_moment(value), int(number(count))
    if abs(left) > 100_000:
        raise FormulaError
    free, step, time = _free(holidays), 1 if left > 0 else -1, moment.time
    while left:
        time += timedelta(days=step)
        left -= 0 if _rests(time, free) else step
    return replace(moment, time=time)


def _work_days(start: Value, end: Value, holidays: Value = "") -> int:
    first, last = sorted((_utc(start), _utc(end)))
    if (last - first).days > 100_000:
        raise FormulaError
    days = [first + timedelta(days=n) for n in range((last.date() - first.date()).days + 1)]
    count = sum(not _rests(day, _free(holidays)) for day in days)
    return count if _utc(start) <= _utc(end) else -count


def _free(holidays: Value) -> frozenset[str]:
    return frozenset(day.strip() for day in text(holidays).split(","))


def _rests(time: datetime, free: frozenset[str]) -> bool:
    return time.weekday() > 4 or time.date().isoformat() in free


def _of(part: Callable[[datetime], int]) -> Function:
    return Function(1, 1, lambda value: part(_utc(value)))


def ago(time: datetime, now: datetime) -> str:
    """The time between two moments in words, as `3 hours`.

    Args:
        time: One moment.
        now: The other.
    """
    seconds = abs((now - time).total_seconds())
    names = ("year", 31_536_000), ("month", 2_592_000), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)
    for name, size in names:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "0 seconds"


FUNCTIONS: dict[str, Function] = {
    "DATEADD": Function(3, 3, _add),
    "DATESTR": Function(1, 1, lambda value: _utc(value).date().isoformat()),
    "DATETIME_DIFF": Function(2, 3, _difference),
    "DATETIME_FORMAT": Function(1, 2, _format),
    "DATETIME_PARSE": Function(1, 3, _parse),
    "DAY": _of(lambda time: time.day),
    "HOUR": _of(lambda time: time.hour),
    "IS_AFTER": Function(2, 2, lambda left, right: _utc(left) > _utc(right)),
    "IS_BEFORE": Function(2, 2, lambda left, right: _utc(left) < _utc(right)),
    "IS_SAME": Function(2, 3, _is_same),
    "MINUTE": _of(lambda time: time.minute),
    "MONTH": _of(lambda time: time.month),
    "SECOND": _of(lambda time: time.second),
    "SET_LOCALE": Function(2, 2, lambda value, _locale: as_moment(value)),
    "SET_TIMEZONE": Function(2, 2, _zoned),
    "TIMESTR": Function(1, 1, lambda value: _utc(value).strftime("%H:%M:%S")),
    "WEEKDAY": Function(1, 2, _weekday),
    "WEEKNUM": Function(
        1,
        2,
        lambda value, start="Sunday": formats.week_number(_utc(value).date(), monday=_starts_monday(start)),
    ),
    "WORKDAY": Function(2, 3, _work_day),
    "WORKDAY_DIFF": Function(2, 3, _work_days),
    "YEAR": _of(lambda time: time.year),
}
