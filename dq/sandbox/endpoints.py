"""What each route does: a call in, the JSON of its answer out."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from dq.sandbox import bodies, listing, parameters, records, refusals, requestlog, storage, writes
from dq.sandbox.iterators import Iterators
from dq.sandbox.limits import Limiter
from dq.sandbox.records import Row, Stored
from dq.sandbox.requestlog import RequestLog

USER_ID = "usrSandboxOwner00"
_BASE_ID = re.compile("app[A-Za-z0-9]+")


@dataclass(frozen=True)
class Sandbox:
    """All that one running server holds.

    Args:
        connection: Its file.
        limiter: The rate limit.
        under_way: The lists that are being paged through.
        log: What it was asked.
        token: The only token that it takes, or None for any.
        now: The wall clock.
    """

    connection: sqlite3.Connection
    limiter: Limiter
    under_way: Iterators
    log: RequestLog
    token: str | None
    now: Callable[[], datetime]


@dataclass(frozen=True)
class Call:
    """One request: names and ids of its path, its query, and its body (empty where it has none)."""

    method: str
    path: Mapping[str, str]
    query: list[tuple[str, str]]
    body: Mapping[str, Any]


Endpoint: TypeAlias = Callable[[Sandbox, Call], dict[str, Any]]


def whoami(_sandbox: Sandbox, _call: Call) -> dict[str, Any]:
    """The user of the token; a personal token shows no scopes."""
    return {"id": USER_ID}


def list_bases(sandbox: Sandbox, _call: Call) -> dict[str, Any]:
    """All bases."""
    found = records.list_bases(sandbox.connection)
    return {"bases": [{"id": base_id, "name": name, "permissionLevel": "create"} for base_id, name in found]}


def list_tables(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """The tables of a base, with fields and views."""
    with storage.reading(sandbox.connection):
        _base(sandbox, call)
        tables = records.list_tables(sandbox.connection, call.path["base"])
    return {"tables": [{"views": [], **stored.table.definition} for stored in tables]}


def show_log(sandbox: Sandbox, _call: Call) -> dict[str, Any]:
    """The sandbox's own page: what the server was asked since it started."""
    return requestlog.summary(sandbox.log)


def list_by_query(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """A page of records, with the parameters in the URL."""
    return _list(sandbox, call, parameters.from_query(call.query))


def list_by_body(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """A page of records, with the parameters in the body; a client may leave some in the URL."""
    return _list(sandbox, call, {**parameters.from_query(call.query), **call.body})


def get_record(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """One record."""
    with storage.reading(sandbox.connection):
        stored = _table(sandbox, call)
        by_id = parameters.record_request(parameters.from_query(call.query))
        return _answer(stored, _record(sandbox, call, stored), by_id)


def create_records(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Create up to ten records."""
    with storage.writing(sandbox.connection):
        stored = _table(sandbox, call)
        request = bodies.create_request(call.body)
        rows = writes.create(sandbox.connection, stored, request.entries, sandbox.now())
    return _written(stored, request, rows)


def update_records(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Update up to ten records; PUT empties the cells that it does not name."""
    with storage.writing(sandbox.connection):
        stored = _table(sandbox, call)
        request = bodies.update_request(call.body)
        clear = call.method == "PUT"
        rows = writes.update(sandbox.connection, stored, request.entries, sandbox.now(), clear=clear)
    return _written(stored, request, rows)


def update_record(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Update one record; PUT empties the cells that it does not name."""
    with storage.writing(sandbox.connection):
        stored = _table(sandbox, call)
        request = bodies.single_update_request(call.body, _record(sandbox, call, stored).id)
        clear = call.method == "PUT"
        rows = writes.update(sandbox.connection, stored, request.entries, sandbox.now(), clear=clear)
    return _written(stored, request, rows)


def delete_records(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Delete up to ten records."""
    with storage.writing(sandbox.connection):
        stored = _table(sandbox, call)
        ids = parameters.from_query(call.query).get("records", [])
        if len(ids) > bodies.MOST:
            raise refusals.too_many_records("deleted", len(ids))
        if not ids:
            raise refusals.invalid_request()
        bodies.check_distinct(ids)
        writes.delete(sandbox.connection, stored, ids, sandbox.now())
    return {"records": [{"id": record_id, "deleted": True} for record_id in ids]}


def delete_record(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Delete one record."""
    with storage.writing(sandbox.connection):
        stored = _table(sandbox, call)
        record_id = _record(sandbox, call, stored).id
        writes.delete(sandbox.connection, stored, [record_id], sandbox.now())
    return {"id": record_id, "deleted": True}


def _list(sandbox: Sandbox, call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
    with storage.reading(sandbox.connection):
        stored = _table(sandbox, call)
        return listing.page(sandbox.connection, stored, parameters.list_request(body), sandbox.under_way)


def _base(sandbox: Sandbox, call: Call) -> None:
    base_id = call.path["base"]
    if not _BASE_ID.fullmatch(base_id):
        raise refusals.not_found()
    if not any(base_id == known for known, _ in records.list_bases(sandbox.connection)):
        raise refusals.forbidden()


def _table(sandbox: Sandbox, call: Call) -> Stored:
    _base(sandbox, call)
    stored = records.find_table(sandbox.connection, call.path["base"], call.path["table"])
    if stored is None:
        raise refusals.forbidden()
    return stored


def _record(sandbox: Sandbox, call: Call, stored: Stored) -> Row:
    record_id = call.path["record"]
    found = records.fetch(sandbox.connection, stored, [record_id])
    if record_id not in found:
        deleted = records.was_deleted(sandbox.connection, stored, record_id)
        raise refusals.record_deleted() if deleted else refusals.not_found()
    return found[record_id]


def _written(stored: Stored, request: bodies.WriteRequest, rows: list[Row]) -> dict[str, Any]:
    answers = [_answer(stored, row, request.by_id) for row in rows]
    return answers[0] if request.single else {"records": answers}


def _answer(stored: Stored, row: Row, by_id: bool) -> dict[str, Any]:
    return listing.as_answer(row, stored.table.fields, by_id=by_id)
