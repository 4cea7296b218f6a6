"""What a write asks for, read strictly from its JSON body."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dq.sandbox import refusals
from dq.sandbox.parameters import returns_ids

MOST = 10
MOST_MERGED = 3
_OPTIONS = frozenset({"typecast", "returnFieldsByFieldId"})


@dataclass(frozen=True)
class Entry:
    """One record of a write: its id (empty for a new one) and its cells under field names or ids."""

    id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class WriteRequest:
    """A write.

    Args:
        entries: Its records in order.
        single: Whether it came in the form of a single record.
        by_id: Whether the answer's cells stand under field ids.
        typecast: Whether values are converted.
        merge_on: The fields by which an upsert finds its records; None where it is no upsert.
    """

    entries: tuple[Entry, ...]
    single: bool
    by_id: bool
    typecast: bool = False
    merge_on: tuple[str, ...] | None = None


def create_request(body: Mapping[str, Any]) -> WriteRequest:
    """The records to create: `{"fields"}` for one, `{"records": [{"fields"}]}` for up to ten.

    Args:
        body: The JSON body.

    Raises:
        RefusalError: The body has another shape.
    """
    if "records" not in body:
        return _single(body, "")
    _check_options(body, "records")
    entries = _entries(body["records"], "created", {"fields"})
    return WriteRequest(tuple(entries), single=False, by_id=returns_ids(body), typecast=_typecast(body))


def update_request(body: Mapping[str, Any]) -> WriteRequest:
    """The records to update: `{"records": [{"id", "fields"}]}`, up to ten.

    Args:
        body: The JSON body.

    Raises:
        RefusalError: The body has another shape.
    """
    _check_options(body, "records", "performUpsert")
    if "records" not in body:
        raise refusals.invalid_records(with_id=True)
    merge_on = _merge_on(body.get("performUpsert"))
    entries = _entries(body["records"], "updated", {"id", "fields"}, may_lack_id=merge_on is not None)
    check_distinct([entry.id for entry in entries if entry.id])
    by_id = returns_ids(body)
    return WriteRequest(tuple(entries), single=False, by_id=by_id, typecast=_typecast(body), merge_on=merge_on)


def single_update_request(body: Mapping[str, Any], record_id: str) -> WriteRequest:
    """The one record to update: `{"fields"}`.

    Args:
        body: The JSON body.
        record_id: The record that the URL names.

    Raises:
        RefusalError: The body has another shape.
    """
    return _single(body, record_id)


def check_distinct(ids: Sequence[str]) -> None:
    """Refuse a request that names one record twice.

    Args:
        ids: The record ids of the request.

    Raises:
        RefusalError: One comes twice.
    """
    if len(set(ids)) < len(ids):
        raise refusals.repeated_record()


def _single(body: Mapping[str, Any], record_id: str) -> WriteRequest:
    if "fields" not in body:
        raise refusals.fields_missing()
    _check_options(body, "fields")
    if not isinstance(body["fields"], Mapping):
        raise refusals.invalid_request()
    entry = Entry(record_id, body["fields"])
    return WriteRequest((entry,), single=True, by_id=returns_ids(body), typecast=_typecast(body))


def _check_options(body: Mapping[str, Any], *content: str) -> None:
    unknown = sorted(set(body) - _OPTIONS - set(content))
    if unknown:
        raise refusals.invalid_request(f"Invalid request: unknown parameter {unknown[0]!r}.")


def _typecast(body: Mapping[str, Any]) -> bool:
    value = body.get("typecast", False)
    if not isinstance(value, bool):
        raise refusals.invalid_request()
    return value


def _merge_on(asked: Any) -> tuple[str, ...] | None:
    """The fields to merge on: one to three names or ids."""
    if asked is None:
        return None
    names = asked.get("fieldsToMergeOn") if isinstance(asked, Mapping) else None
    if not isinstance(names, list) or set(asked) != {"fieldsToMergeOn"}:
        raise refusals.invalid_request()
    if not 1 <= len(names) <= MOST_MERGED or not all(isinstance(name, str) for name in names):
        raise refusals.invalid_request("Invalid request: fieldsToMergeOn takes one to three field names or ids.")
    return tuple(names)


def _entries(listed: Any, verb: str, keys: set[str], *, may_lack_id: bool = False) -> list[Entry]:
    if isinstance(listed, list) and len(listed) > MOST:
        raise refusals.too_many_records(verb, len(listed))
    least = keys - {"id"} if may_lack_id else keys
    if not isinstance(listed, list) or not listed or not all(_is_entry(entry, least, keys) for entry in listed):
        raise refusals.invalid_records(with_id="id" in keys)
    return [Entry(entry.get("id", ""), entry["fields"]) for entry in listed]


def _is_entry(entry: Any, least: set[str], most: set[str]) -> bool:
    if not isinstance(entry, Mapping) or not least <= set(entry) <= most:
        return False
    return isinstance(entry["fields"], Mapping) and isinstance(entry.get("id", ""), str)
