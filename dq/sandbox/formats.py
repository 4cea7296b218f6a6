"""Dates as text in the letters that Airtable's formulas and display options use: `YYYY-MM-DD`, `h:mma` and the like."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_LONG = {
    "LTS": "h:mm:ss A",
    "LT": "h:mm A",
    "LLLL": "dddd, MMMM D, YYYY h:mm A",
    "LLL": "MMMM D, YYYY h:mm A",
    "LL": "MMMM D, YYYY",
    "L": "MM/DD/YYYY",
    "llll": "ddd, MMM D, YYYY h:mm A",
    "lll": "MMM D, YYYY h:mm A",
    "ll": "MMM D, YYYY",
    "l": "M/D/YYYY",
}
_TOKEN = re.compile(
    r"\[([^\]]*)\]|LTS|LT|L{1,4}|l{1,4}|YYYY|YY|Q|MMMM|MMM|MM|Mo|M|DDDD|DDD|DD|Do|D|dddd|ddd|dd|d|E|e|"
    r"GGGG|WW|W|ww|w|HH|H|hh|h|kk|k|mm|m|ss|s|S{1,3}|A|a|ZZ|Z|X|x"
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?")
_CLOCK = re.compile(r"[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp])?\.?[Mm]?\.?\s*$")
_COMMON = ("M/D/YYYY", "YYYY/M/D", "YYYY-M-D", "D MMMM YYYY", "D MMM YYYY", "MMMM D, YYYY", "MMM D, YYYY", "M/D/YY")


def formatted(time: datetime, form: str) -> str:
    """A time as text.

    Args:
        time: With the zone in which it is shown.
        form: Letters that stand for parts of the time; text in square brackets stands for itself.
    """
    for short, long in _LONG.items():
        if form == short:
            return formatted(time, long)
    return _TOKEN.sub(lambda found: _part(time, found), form)


def parsed(text: str, form: str | None = None) -> datetime | None:
    """The time that a text names, or None; without a zone it is taken as UTC.

    Args:
        text: ISO, or one of the common forms of dates with or without a time of day.
        form: The only form to take.
    """
    if form is not None:
        return _read(text, _LONG.get(form, form))
    if _ISO.fullmatch(text.strip()):
        try:
            found = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return _common(text.strip())


def _common(text: str) -> datetime | None:
    clock = _CLOCK.search(text)
    day = text[: clock.start()] if clock else text
    found = next((time for form in _COMMON if (time := _read(day.strip(), form))), None)
    if found is None or clock is None:
        return found
    hour = int(clock[1])
    if clock[4]:
        hour = hour % 12 + 12 * (clock[4].lower() == "p")
    try:
        return found.replace(hour=hour, minute=int(clock[2]), second=int(clock[3] or 0))
    except ValueError:
        return None


def _part(time: datetime, found: re.Match[str]) -> str:
    if found[1] is not None:
        return found[1]
    token = found[0]
    return formatted(time, _LONG[token]) if token in _LONG else _PARTS[token](time)


def _ordinal(count: int) -> str:
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"


def _offset(time: datetime, colon: str) -> str:
    minutes = int((time.utcoffset() or timedelta()).total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{colon}{abs(minutes) % 60:02d}"


def week_number(day: date, *, monday: bool) -> int:
    """The week of a year that a day is in; the week that holds January 1 is the first.

    Args:
        day: The day.
        monday: Whether weeks begin on Monday, not on Sunday.
    """
    first = date(day.year, 1, 1)
    lead = (first.weekday() if monday else first.isoweekday() % 7) - 1
    return (day.timetuple().tm_yday + lead) // 7 + 1


_PARTS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda t: f"{t.year:04d}",
    "YY": lambda t: f"{t.year % 100:02d}",
    "Q": lambda t: str((t.month + 2) // 3),
    "MMMM": lambda t: MONTHS[t.month - 1],
    "MMM": lambda t: MONTHS[t.month - 1][:3],
    "MM": lambda t: f"{t.month:02d}",
    "Mo": lambda t: _ordinal(t.month),
    "M": lambda t: str(t.month),
    "DDDD": lambda t: f"{t.timetuple().tm_yday:03d}",
    "DDD": lambda t: str(t.timetuple().tm_yday),
    "DD": lambda t: f"{t.day:02d}",
    "Do": lambda t: _ordinal(t.day),
    "D": lambda t: str(t.day),
    "dddd": lambda t: DAYS[t.weekday()],
    "ddd": lambda t: DAYS[t.weekday()][:3],
    "dd": lambda t: DAYS[t.weekday()][:2],
    "d": lambda t: str(t.isoweekday() % 7),
    "e": lambda t: str(t.isoweekday() % 7),
    "E": lambda t: str(t.isoweekday()),
    "GGGG": lambda t: f"{t.isocalendar().year:04d}",
    "WW": lambda t: f"{t.isocalendar().week:02d}",
    "W": lambda t: str(t.isocalendar().week),
    "ww": lambda t: f"{week_number(t.date(), monday=False):02d}",
    "w": lambda t: str(week_number(t.date(), monday=False)),
    "HH": lambda t: f"{t.hour:02d}",
    "H": lambda t: str(t.hour),
    "hh": lambda t: f"{(t.hour + 11) % 12 + 1:02d}",
    "h": lambda t: str((t.hour + 11) % 12 + 1),
    "kk": lambda t: f"{t.hour or 24:02d}",
    "k": lambda t: str(t.hour or 24),
    "mm": lambda t: f"{t.minute:02d}",
    "m": lambda t: str(t.minute),
    "ss": lambda t: f"{t.second:02d}",
    "s": lambda t: str(t.second),
    "S": lambda t: str(t.microsecond // 100_000),
    "SS": lambda t: f"{t.microsecond // 10_000:02d}",
    "SSS": lambda t: f"{t.microsecond // 1000:03d}",
    "A": lambda t: "AM" if t.hour < 12 else "PM",
    "a": lambda t: "am" if t.hour < 12 else "pm",
    "Z": lambda t: _offset(t, ":"),
    "ZZ": lambda t: _offset(t, ""),
    "X": lambda t: str(int(t.timestamp())),
    "x": lambda t: str(int(t.timestamp() * 1000)),
}
_NAMES = "|".join
_READ = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short>\d{2})",
    "MMMM": rf"(?P<name>{_NAMES(MONTHS)})",
    "MMM": rf"(?P<name>{_NAMES(month[:3] for month in MONTHS)})",
    "MM": r"(?P<month>\d{2})",
    "M": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{2})",
    "D": r"(?P<day>\d{1,2})",
    "Do": r"(?P<day>\d{1,2})(?:st|nd|rd|th)",
    "HH": r"(?P<hour>\d{2})",
    "H": r"(?P<hour>\d{1,2})",
    "hh": r"(?P<hour>\d{2})",
    "h": r"(?P<hour>\d{1,2})",
    "mm": r"(?P<minute>\d{2})",
    "m": r"(?P<minute>\d{1,2})",
    "ss": r"(?P<second>\d{2})",
    "s": r"(?P<second>\d{1,2})",
    "SSS": r"(?P<milli>\d{3})",
    "A": r"(?P<half>[AaPp])[Mm]",
    "a": r"(?P<half>[AaPp])[Mm]",
    "Z": r"(?P<zone>Z|[+-]\d{2}:?\d{2})",
    "ZZ": r"(?P<zone>Z|[+-]\d{2}:?\d{2})",
    "X": r"(?P<unix>\d{1,11})",
    "x": r"(?P<unixms>\d{1,14})",
    "dddd": rf"(?:{_NAMES(DAYS)})",
    "ddd": rf"(?:{_NAMES(day[:3] for day in DAYS)})",
}


@lru_cache(maxsize=256)
def _reader(form: str) -> re.Pattern[str] | None:
    pattern, end = "", 0
    for found in _TOKEN.finditer(form):
        pattern += re.escape(form[end : found.start()])
        pattern += re.escape(found[1]) if found[1] is not None else _READ.get(found[0], re.escape(found[0]))
        end = found.end()
    try:
        return re.compile(pattern + re.escape(form[end:]), re.IGNORECASE)
    except re.error:  # the form names one part twice
        return None


def _read(text: str, form: str) -> datetime | None:
    pattern = _reader(form)
    found = pattern.fullmatch(text.strip()) if pattern else None
    if found is None:
        return None
    parts = {key: value for key, value in found.groupdict().items() if value is not None}
    try:
        return _built(parts)
    except (ValueError, OverflowError):
        return None


def _built(parts: dict[str, str]) -> datetime:
    if "unix" in parts or "unixms" in parts:
        milliseconds = int(parts.get("unixms", 0)) or int(parts.get("unix", 0)) * 1000
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    hour = int(parts.get("hour", 0))
    if "half" in parts:
        hour = hour % 12 + 12 * (parts["half"].lower() == "p")
    short = int(parts.get("short", 1))
    year = int(parts["year"]) if "year" in parts else short + (1900 if short > 68 else 2000)
    clock = (hour, int(parts.get("minute", 0)), int(parts.get("second", 0)), int(parts.get("milli", 0)) * 1000)
    found = datetime(year, _month(parts), int(parts.get("day", 1)), *clock, tzinfo=UTC)
    if (zone := parts.get("zone", "Z").upper()) == "Z":
        return found
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return found - ahead if zone[0] == "+" else found + ahead


def _month(parts: dict[str, str]) -> int:
    if "name" not in parts:
        return int(parts.get("month", 1))
    return next(place for place, month in enumerate(MONTHS, 1) if month[:3].lower() == parts["name"][:3].lower())
