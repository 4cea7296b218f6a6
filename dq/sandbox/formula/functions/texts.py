"""Texts: cutting, finding, replacing, regular expressions."""

import re
from functools import lru_cache
from urllib.parse import quote

from dq.sandbox.formula.functions.kind import ANY, Function
from dq.sandbox.formula.values import FormulaError, Value, items, number, text

LONGEST = 100_000
_NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?|-?\.\d+")


def _find(needle: Value, haystack: Value, start: Value = 1) -> int:
    begin = max(int(number(start)), 1) - 1
    return text(haystack).find(text(needle), begin) + 1


def _search(needle: Value, haystack: Value, start: Value = 1) -> int | None:
    return _find(needle, haystack, start) or None


def _count(value: Value) -> int:
    return max(int(number(value)), 0)


def _right(value: Value, count: Value = 1) -> str:
    kept = _count(count)
    return text(value)[-kept:] if kept else ""


def _middle(value: Value, start: Value, count: Value) -> str:
    begin = max(_count(start), 1) - 1
    return text(value)[begin : begin + _count(count)]


def _replace(value: Value, start: Value, count: Value, new: Value) -> str:
    begin, whole = max(_count(start), 1) - 1, text(value)
    return whole[:begin] + text(new) + whole[begin + _count(count) :]


def _substitute(value: Value, old: Value, new: Value, index: Value = None) -> str:
    whole, sought = text(value), text(old)
    if not sought:
        return whole
    if index is None:
        return whole.replace(sought, text(new))
    parts = whole.split(sought)
    place = _count(index)
    if not 1 <= place < len(parts):
        return whole
    return sought.join(parts[:place]) + text(new) + sought.join(parts[place:])


def _repeat(value: Value, count: Value) -> str:
    whole, times = text(value), _count(count)
    if len(whole) * times > LONGEST:
        raise FormulaError
    return whole * times


def _value(value: Value) -> Value:
    if not isinstance(value, str):
        return number(value)
    found = _NUMBER.search(value)
    if found is None:
        raise FormulaError
    return float(found[0].replace(",", ""))


@lru_cache(maxsize=64)
def _pattern(source: str) -> re.Pattern[str]:
    try:
        return re.compile(source)
    except (re.error, OverflowError) as error:
        raise FormulaError from error


def _extract(value: Value, pattern: Value) -> str:
    found = _pattern(text(pattern)).search(text(value))
    if found is None:
        raise FormulaError
    return found[0]


def _replace_all(value: Value, pattern: Value, new: Value) -> str:
    template = re.sub(r"\$(\d)", r"\\\1", text(new).replace("\\", "\\\\"))
    try:
        return _pattern(text(pattern)).sub(template, text(value))
    except (re.error, IndexError) as error:
        raise FormulaError from error


FUNCTIONS: dict[str, Function] = {
    "CONCATENATE": Function(1, ANY, lambda *values: "".join(map(text, items(values)))),
    "ENCODE_URL_COMPONENT": Function(1, 1, lambda value: quote(text(value), safe="!'()*-._~")),
    "FIND": Function(2, 3, _find),
    "LEFT": Function(1, 2, lambda value, count=1: text(value)[: _count(count)]),
    "LEN": Function(1, 1, lambda value: len(text(value))),
    "LOWER": Function(1, 1, lambda value: text(value).lower()),
    "MID": Function(3, 3, _middle),
    "REGEX_EXTRACT": Function(2, 2, _extract),
    "REGEX_MATCH": Function(2, 2, lambda value, pattern: bool(_pattern(text(pattern)).search(text(value)))),
    "REGEX_REPLACE": Function(3, 3, _replace_all),
    "REPLACE": Function(4, 4, _replace),
    "REPT": Function(2, 2, _repeat),
    "RIGHT": Function(1, 2, _right),
    "SEARCH": Function(2, 3, _search),
    "SUBSTITUTE": Function(3, 4, _substitute),
    "T": Function(1, 1, lambda value: value if isinstance(value, str) else None),
    "TRIM": Function(1, 1, lambda value: text(value).strip()),
    "UPPER": Function(1, 1, lambda value: text(value).upper()),
    "VALUE": Function(1, 1, _value),
}
