"""Texts: single lines, long and rich texts, addresses, bar codes. None of them is validated, as Airtable does not."""

import re
from collections.abc import Mapping
from typing import Any

from dq.sandbox.schema import Field
from dq.sandbox.types.terms import Take, Terms

_BULLET = re.compile(r"^(\s*)[*+] ", re.MULTILINE)


def _text(_field: Field, value: Any, terms: Terms) -> str | None:
    if not isinstance(value, str) or len(value) > terms.switches.text_limit:
        raise ValueError
    return value or None


def _rich_text(field: Field, value: Any, terms: Terms) -> str | None:
    """Markdown as Airtable rewrites it: bullets are dashes, and one line end stands at the end."""
    text = _text(field, value, terms)
    return None if text is None else _BULLET.sub(r"\1- ", text).rstrip("\n") + "\n"


def _barcode(field: Field, value: Any, terms: Terms) -> dict[str, str]:
    if not isinstance(value, Mapping) or not {"text"} <= set(value) <= {"text", "type"}:
        raise ValueError
    text = _text(field, value["text"], terms)
    if text is None or not isinstance(value.get("type") or "", str):
        raise ValueError
    return {"text": text} | ({"type": value["type"]} if value.get("type") else {})


TAKES: dict[str, Take] = {
    "singleLineText": _text,
    "multilineText": _text,
    "email": _text,
    "url": _text,
    "phoneNumber": _text,
    "richText": _rich_text,
    "barcode": _barcode,
}
