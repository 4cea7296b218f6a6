"""Attachments: a new one is named by its address and gets an id, one that is there is kept by its id.

Nothing is fetched: the address stays the one that was sent, where Airtable would give one of its own that expires.
"""

import mimetypes
import posixpath
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from dq.sandbox.schema import Field
from dq.sandbox.types.choices import listed
from dq.sandbox.types.terms import Take, Terms


def _attachments(field: Field, value: Any, terms: Terms) -> list[dict[str, Any]] | None:
    there = {one["id"]: one for one in terms.old.get(field.id, ()) if "id" in one}
    found = [_kept(item, there) if "id" in item else _new(item, terms) for item in map(_mapping, listed(value))]
    if len({one["id"] for one in found}) < len(found):
        raise ValueError
    return found or None


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError
    return value


def _kept(item: Mapping[str, Any], there: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """An attachment of this very cell; beside its id only its name counts."""
    if item["id"] not in there:
        raise ValueError
    name = item.get("filename")
    return {**there[item["id"]], **({"filename": name} if isinstance(name, str) and name else {})}


def _new(item: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    address, name = item.get("url"), item.get("filename")
    if set(item) - {"url", "filename"} or not isinstance(address, str) or not isinstance(name, str | None):
        raise ValueError
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError
    name = name or unquote(posixpath.basename(parts.path)) or "file"
    kind = mimetypes.guess_type(name)[0]
    return {"id": terms.new_id(), "url": address, "filename": name} | ({"type": kind} if kind else {})


TAKES: dict[str, Take] = {"multipleAttachments": _attachments}
