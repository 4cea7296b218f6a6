"""What a write asks for, read strictly from its JSON body."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dq.sandbox import refusals
from dq.sandbox.parameters import returns_ids

MOST = 10
_OPTIONS = frozenset({"typecast", "returnFieldsByFieldId", "performUpsert"})


@dataclass(frozen=True)
class Entry:
    """One record of a write: its id (empty for a new one) and its cells under field names or ids."""

    id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class WriteRequest:
    """A write: its entries in order, whether it came in the form of a single record, and how to answer."""

    entries: tuple[Entry, ...]
    single: bool
    by_id: bool


def create_request(body: Mapping[str, Any]) -> WriteRequest:
    """The records to create: `{"fields"}` for one, `{"records": [{"fields"}]}` for up to ten.

    Args:
        body: The JSON body.

    Raises:
        RefusalError: The body has another shape, or asks for what this sandbox does not take.
    """
    if "records" not in body:
        return _single(body, "")
    _check_options(body, "records")
    entries = _entries(body["records"], "created", {"fields"})
    return WriteRequest(tuple(entries), single=False, by_id=returns_ids(body))


def update_request(body: Mapping[str, Any]) -> WriteRequest:
    """The records to update: `{"records": [{"id", "fields"}]}`, up to ten.

    Args:
        body: The JSON body.

    Raises:
        RefusalError: The body has another shape, or asks for what this sandbox does not take.
    """
    _check_options(body, "records")
    if "records" not in body:
        raise refusals.invalid_records(with_id=True)
    entries = _entries(body["records"], "updated", {"id", "fields"})
    check_distinct([entry.id for entry in entries])
    return WriteRequest(tuple(entries), single=False, by_id=returns_ids(body))


def single_update_request(body: Mapping[str, Any], record_id: str) -> WriteRequest:
    """The one record to update: `{"fields"}`.

    Args:
        body: The JSON body.
        record_id: The record that the URL names.

    Raises:
        RefusalError: The body has another shape, or asks for what this sandbox does not take.
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
    return WriteRequest((Entry(record_id, body["fields"]),), single=True, by_id=returns_ids(body))


def _check_options(body: Mapping[str, Any], content: str) -> None:
    unknown = sorted(set(body) - _OPTIONS - {content})
    if unknown:
        raise refusals.invalid_request(f"Invalid request: unknown parameter {unknown[0]!r}.")
    if body.get("typecast", False) is not False:
        raise refusals.invalid_request("Invalid request: this sandbox does not take typecast yet.")
    if body.get("performUpsert") is not None:
        raise refusals.invalid_request("Invalid request: this sandbox does not take performUpsert yet.")


def _entries(listed: Any, verb: str, keys: set[str]) -> list[Entry]:
    if isinstance(listed, list) and len(listed) > MOST:
        raise refusals.too_many_records(verb, len(listed))
    if not isinstance(listed, list) or not listed or not all(_is_entry(entry, keys) for entry in listed):
        raise refusals.invalid_records(with_id="id" in keys)
    return [Entry(entry.get("id", ""), entry["fields"]) for entry in listed]


def _is_entry(entry: Any, keys: set[str]) -> bool:
    if not isinstance(entry, Mapping) or set(entry) != keys:
        return False
    return isinstance(entry["fields"], Mapping) and isinstance(entry.get("id", ""), str)
