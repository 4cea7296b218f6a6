"""The endpoints of schemas, and the sandbox's own pages for what Airtable has in its interface only."""

from typing import Any

from dq.sandbox import endpoints, listing, refusals, schemaedits, schemaforms, storage, trash, writes
from dq.sandbox.endpoints import Call, Endpoint, Sandbox
from dq.sandbox.parameters import Form
from dq.sandbox.records import Stored
from dq.sandbox.schema import Field

_TABLE = "/_sandbox/bases/{base}/tables/{table}"


def create_table(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Add a table."""
    with storage.writing(sandbox.connection):
        endpoints.check_base(sandbox, call)
        return schemaforms.shown_table(schemaedits.create_table(sandbox.connection, call.path["base"], call.body))


def change_table(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Give a table another name or description."""
    with storage.writing(sandbox.connection):
        stored = endpoints.found_table(sandbox, call)
        return schemaforms.shown_table(schemaedits.change_table(sandbox.connection, stored, call.body))


def create_field(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Add a field."""
    with storage.writing(sandbox.connection):
        return schemaedits.create_field(sandbox.connection, endpoints.found_table(sandbox, call), call.body)


def change_field(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Give a field another name or description."""
    with storage.writing(sandbox.connection):
        stored = endpoints.found_table(sandbox, call)
        return schemaedits.change_field(sandbox.connection, stored, _field(stored, call), call.body)


def delete_table(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Take a table out; Airtable's API cannot."""
    with storage.writing(sandbox.connection):
        stored = endpoints.found_table(sandbox, call)
        schemaedits.delete_table(sandbox.connection, stored, sandbox.now(), endpoints.manner_of(sandbox, call))
    return {"id": stored.table.id, "deleted": True}


def delete_field(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Take a field out; Airtable's API cannot."""
    with storage.writing(sandbox.connection):
        stored = endpoints.found_table(sandbox, call)
        field, manner = _field(stored, call), endpoints.manner_of(sandbox, call)
        schemaedits.delete_field(sandbox.connection, stored, field, sandbox.now(), manner)
    return {"id": field.id, "deleted": True}


def delete_option(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Take an option out of a select field; Airtable's API cannot."""
    with storage.writing(sandbox.connection):
        stored = endpoints.found_table(sandbox, call)
        field, manner, name = _field(stored, call), endpoints.manner_of(sandbox, call), call.path["option"]
        schemaedits.delete_option(sandbox.connection, stored, field, name, sandbox.now(), manner)
    return {"name": name, "deleted": True}


def list_trash(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """The deleted records that can be restored; Airtable's API does not list them."""
    with storage.reading(sandbox.connection):
        found = trash.listed(sandbox.connection, endpoints.found_table(sandbox, call), sandbox.now())
    return {"records": [{"id": record_id, "deletedTime": time} for record_id, time in found]}


def restore_record(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Take a record out of the trash; Airtable's API cannot."""
    with storage.writing(sandbox.connection):
        stored = endpoints.found_table(sandbox, call)
        manner = endpoints.manner_of(sandbox, call)
        row = writes.restore(sandbox.connection, stored, call.path["record"], sandbox.now(), manner)
        return listing.as_answers(sandbox.connection, stored, [row], stored.table.fields, Form())[0]


def _field(stored: Stored, call: Call) -> Field:
    found = stored.table.field(call.path["field"])
    if found is None:
        raise refusals.forbidden()
    return found


PAGES: tuple[tuple[str, str, Endpoint], ...] = (
    ("DELETE", _TABLE, delete_table),
    ("DELETE", _TABLE + "/fields/{field}", delete_field),
    ("DELETE", _TABLE + "/fields/{field}/options/{option}", delete_option),
    ("GET", _TABLE + "/trash", list_trash),
    ("POST", _TABLE + "/trash/{record}/restore", restore_record),
)
