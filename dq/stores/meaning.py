"""What single values mean: the twin of `dq.cells` for the few cells that a guard compares.

store value ──exact──► exact text ──meaning──► text that is equal when the values mean the same
"""

import json
import math
import re
from collections.abc import Collection
from typing import Any

from dq.cells import Kind

_EMPTY_LINE_END = re.compile(r"[\n\r]+\Z")
_BULLET = re.compile(r"(?m)^([^\S\x1c-\x1f]*)[*+] ")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_YES_NO = {"true": "true", "1": "true", "": "false", "false": "false", "0": "false"}
_EXACT_DIGITS = 15
_INT64 = 2**63
_LAST_PLAIN = -5


def exact(value: Any, kind: Kind = "text") -> str | None:
    """A store's value as exact text, as `dq.cells.text_of` makes it of a column."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or (kind == "boolean" and value in (0, 1)):
        return "true" if value else "false"
    if isinstance(value, float):
        return _shortest(value)
    if isinstance(value, int):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def meaning(text: str | None, kinds: Collection[str]) -> str | None:
    """Exact text as the text that counts, as `dq.cells.meaning_of` makes it of a column."""
    if "boolean" in kinds:
        return _YES_NO.get((text or "").lower(), text)
    if text is None:
        return None
    if "rich_text" in kinds:
        text = _EMPTY_LINE_END.sub("", _BULLET.sub(r"\1- ", text))
    if "list" in kinds:
        text = _list(text)
    if text is not None and ("number" in kinds or "integer" in kinds):
        text = _number(text)
    return text or None


def is_same(held: Any, expected: Any, kind: Kind) -> bool:
    """Whether two values of one cell mean the same; an empty cell is empty in any form.

    A number beside a text (loosely typed columns) is compared as a number.
    """
    if held == expected and type(held) is type(expected):
        return True
    kinds = {kind, "number"} if kind != "boolean" and _is_number(held) != _is_number(expected) else {kind}
    return meaning(exact(held, kind), kinds) == meaning(exact(expected, kind), kinds)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list(text: str) -> str | None:
    """One spelling of a list of texts; None for an empty one."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(items, list) or not all(isinstance(item, str) and _is_whole(item) for item in items):
        return text
    return exact(items) if items else None


def _is_whole(item: str) -> bool:
    """Whether no half of a pair stands alone, which no UTF-8 text can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in item)


def _number(text: str) -> str:
    """7, 7.0 and 0007 as one text; what is no number, or has more digits than a float keeps, stays as it is."""
    if not _NUMBER.fullmatch(text):
        return text
    if _WHOLE.fullmatch(text) and -_INT64 <= int(text) < _INT64:
        return str(int(text))
    digits = re.sub(r"[eE].*$|\D", "", text).lstrip("0")
    number = float(text)
    return _shortest(number) if math.isfinite(number) and len(digits) <= _EXACT_DIGITS else text


def _shortest(number: float) -> str:
    if math.isfinite(number) and abs(number) < _INT64 and number == int(number):
        return str(int(number))
    digits, _, exponent = repr(number).partition("e")
    if not exponent:
        return digits
    if int(exponent) == _LAST_PLAIN:  # Polars writes one more zero than Python before it takes an exponent
        return f"{number:.{len(digits.lstrip('-').replace('.', '')) - _LAST_PLAIN - 1}f}"
    return f"{digits}e{int(exponent):+d}" if int(exponent) > 0 else f"{digits}e{int(exponent)}"
