"""What each route does: a call in, the JSON of its answer out."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from dq.sandbox import bodies, listing, parameters, records, refusals, schemaforms, storage, tokens, upsert, writes
from dq.sandbox.faults import Faults
from dq.sandbox.iterators import Iterators
from dq.sandbox.limits import Limiter
from dq.sandbox.parameters import Form
from dq.sandbox.people import People
from dq.sandbox.plans import DEFAULT, Plan
from dq.sandbox.records import Row, Stored
from dq.sandbox.requestlog import RequestLog
from dq.sandbox.switches import STRICT, Switches
from dq.sandbox.tokens import ANYONE, Token, Tokens
from dq.sandbox.work import Author, Manner

_BASE_ID = re.compile("app[A-Za-z0-9]+")


@dataclass(frozen=True)
class Sandbox:
    """All that one running server holds.

    Args:
        connection: Its file.
        limiter: The rate limit.
        under_way: The lists that are being paged through.
        log: What it was asked.
        tokens: The tokens that it takes.
        now: The wall clock.
        switches: What it does where Airtable's behavior is unknown.
        plan: What the workspace has paid for.
        faults: What goes wrong.
        people: Who else is at work.
        latency: Seconds that each answer waits.
        body_limit: The most bytes that a request's body may have; None is no limit.
    """

    connection: sqlite3.Connection
    limiter: Limiter
    under_way: Iterators
    log: RequestLog
    tokens: Tokens
    now: Callable[[], datetime]
    switches: Switches = STRICT
    plan: Plan = DEFAULT
    faults: Faults = field(default_factory=Faults)
    people: People = field(default_factory=People)
    latency: float = 0.0
    body_limit: int | None = None


@dataclass(frozen=True)
class Call:
    """One request: names and ids of its path, its query, its body (empty where it has none), and whose it is."""

    method: str
    path: Mapping[str, str]
    query: list[tuple[str, str]] = field(default_factory=list)
    body: Mapping[str, Any] = field(default_factory=dict)
    token: Token = ANYONE


Endpoint: TypeAlias = Callable[[Sandbox, Call], dict[str, Any]]


def whoami(_sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """The user of the token; a personal token shows no scopes."""
    return tokens.whoami(call.token)


def list_bases(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """A page of the bases that the token reaches."""
    found = records.list_bases(sandbox.connection)
    offset = parameters.from_query(call.query).get("offset", "")
    return tokens.reached(call.token, found, offset)


def list_tables(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """The tables of a base, with fields and views."""
    with storage.reading(sandbox.connection):
        check_base(sandbox, call)
        tables = records.list_tables(sandbox.connection, call.path["base"])
    visible = any(name in ("include", "include[]") and value == "visibleFieldIds" for name, value in call.query)
    return {"tables": [schemaforms.shown_table(stored.table.definition, with_visible=visible) for stored in tables]}


def record_ids(sandbox: Sandbox, call: Call) -> list[str]:
    """The ids of a table's records in their order; for the sandbox's own use."""
    return records.record_ids(sandbox.connection, found_table(sandbox, call))


def list_by_query(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """A page of records, with the parameters in the URL."""
    return _list(sandbox, call, parameters.from_query(call.query))


def list_by_body(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """A page of records, with the parameters in the body; a client may leave some in the URL."""
    return _list(sandbox, call, {**parameters.from_query(call.query), **call.body})


def get_record(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """One record."""
    with storage.reading(sandbox.connection):
        stored = found_table(sandbox, call)
        form = parameters.record_request(parameters.from_query(call.query))
        row = found_record(sandbox, call, stored)
        return listing.as_answers(sandbox.connection, stored, [row], stored.table.fields, form)[0]


def create_records(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Create up to ten records."""
    with storage.writing(sandbox.connection):
        stored = found_table(sandbox, call)
        request = bodies.create_request(call.body)
        manner = manner_of(sandbox, call, request)
        rows = writes.create(sandbox.connection, stored, request.entries, sandbox.now(), manner)
        return _written(sandbox, stored, request, rows)


def update_records(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Update up to ten records; PUT empties the cells that it does not name."""
    with storage.writing(sandbox.connection):
        stored = found_table(sandbox, call)
        request = bodies.update_request(call.body)
        manner, clear = manner_of(sandbox, call, request), call.method == "PUT"
        if request.merge_on is not None:
            return _upsert(sandbox, stored, request, manner, clear=clear)
        rows = writes.update(sandbox.connection, stored, request.entries, sandbox.now(), manner, clear=clear)
        return _written(sandbox, stored, request, rows)


def update_record(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Update one record; PUT empties the cells that it does not name."""
    with storage.writing(sandbox.connection):
        stored = found_table(sandbox, call)
        request = bodies.single_update_request(call.body, found_record(sandbox, call, stored).id)
        manner, clear = manner_of(sandbox, call, request), call.method == "PUT"
        rows = writes.update(sandbox.connection, stored, request.entries, sandbox.now(), manner, clear=clear)
        return _written(sandbox, stored, request, rows)


def delete_records(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Delete up to ten records."""
    with storage.writing(sandbox.connection):
        stored = found_table(sandbox, call)
        ids = parameters.from_query(call.query).get("records", [])
        if len(ids) > bodies.MOST:
            raise refusals.too_many_records("deleted", len(ids))
        if not ids:
            raise refusals.invalid_request()
        bodies.check_distinct(ids)
        writes.delete(sandbox.connection, stored, ids, sandbox.now(), manner_of(sandbox, call))
    return {"records": [{"id": record_id, "deleted": True} for record_id in ids]}


def delete_record(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Delete one record."""
    with storage.writing(sandbox.connection):
        stored = found_table(sandbox, call)
        record_id = found_record(sandbox, call, stored).id
        writes.delete(sandbox.connection, stored, [record_id], sandbox.now(), manner_of(sandbox, call))
    return {"id": record_id, "deleted": True}


def _list(sandbox: Sandbox, call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
    with storage.reading(sandbox.connection):
        stored = found_table(sandbox, call)
        return listing.page(sandbox.connection, stored, parameters.list_request(body), sandbox.under_way, sandbox.now())


def check_base(sandbox: Sandbox, call: Call) -> None:
    """Refuse a call to a base that does not exist.

    Raises:
        RefusalError: There is no such base.
    """
    base_id = call.path["base"]
    if not _BASE_ID.fullmatch(base_id):
        raise refusals.not_found()
    if not any(base_id == known for known, _ in records.list_bases(sandbox.connection)):
        raise refusals.forbidden()


def found_table(sandbox: Sandbox, call: Call) -> Stored:
    """The table that a call's path names.

    Raises:
        RefusalError: There is no such base or table.
    """
    check_base(sandbox, call)
    base_id, name = call.path["base"], call.path["table"]
    stored = records.find_table(sandbox.connection, base_id, name)
    if stored is None and sandbox.switches.table_names_fold:
        tables = records.list_tables(sandbox.connection, base_id)
        stored = next((one for one in tables if one.table.name.lower() == name.lower()), None)
    if stored is None:
        raise refusals.forbidden()
    return stored


def found_record(sandbox: Sandbox, call: Call, stored: Stored) -> Row:
    """The record that a call's path names.

    Raises:
        RefusalError: The table does not have it, or no longer.
    """
    record_id = call.path["record"]
    found = records.fetch(sandbox.connection, stored, [record_id])
    if record_id not in found:
        deleted = records.was_deleted(sandbox.connection, stored, record_id)
        raise refusals.record_deleted() if deleted else refusals.not_found()
    return found[record_id]


def manner_of(sandbox: Sandbox, call: Call, request: bodies.WriteRequest | None = None) -> Manner:
    """How a call writes: in the name of its token's user, and as far as the user's role goes.

    Args:
        sandbox: The running sandbox.
        call: The call.
        request: What it asks for, where it is a write of records.
    """
    user = call.token.user
    author = Author(user, call.token.email or f"{user}@sandbox.invalid", user) if user != Author.id else Author()
    return Manner(
        author,
        sandbox.switches,
        typecast=request is not None and request.typecast,
        may_create_options=call.token.role(call.path["base"]) in ("create", "owner"),
        record_limit=sandbox.plan.records,
    )


def _upsert(
    sandbox: Sandbox, stored: Stored, request: bodies.WriteRequest, manner: Manner, *, clear: bool
) -> dict[str, Any]:
    merge_on = request.merge_on or ()
    done = upsert.upsert(sandbox.connection, stored, request.entries, merge_on, sandbox.now(), manner, clear=clear)
    lists = {"createdRecords": done.created, "updatedRecords": done.updated}
    return _written(sandbox, stored, request, done.rows) | lists


def _written(sandbox: Sandbox, stored: Stored, request: bodies.WriteRequest, rows: list[Row]) -> dict[str, Any]:
    form = Form(request.by_id)
    answers = listing.as_answers(sandbox.connection, stored, rows, stored.table.fields, form)
    return answers[0] if request.single else {"records": answers}
