"""Which endpoint answers which request, what kind of request that is, and what a token must hold for it.

The scopes and roles are those of Airtable's own documentation: reading records needs the role `read`, comments need
`comment`, writing records needs `edit`, schemas and webhooks need `create`.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from dq.sandbox import comments, endpoints, schemapages, webhooks
from dq.sandbox.endpoints import Endpoint

Role: TypeAlias = Literal["read", "comment", "edit", "create", "owner"]
Kind: TypeAlias = Literal["", "list", "get", "create", "update", "delete", "schema", "meta", "webhooks", "comments"]


@dataclass(frozen=True)
class Way:
    """One route.

    Args:
        method: HTTP verb.
        path: Its pattern; the first that fits answers.
        endpoint: What answers.
        kind: What a fault's matcher and the log call it.
        scope: The scope that a token must hold; None where any token will do.
        role: The least role in the base that the token's user must have.
    """

    method: str
    path: str
    endpoint: Endpoint
    kind: Kind
    scope: str | None = None
    role: Role = "read"


_READ, _WRITE, _SCHEMA = "data.records:read", "data.records:write", "schema.bases:write"
_TABLES = "/v0/meta/bases/{base}/tables"
_TABLE = "/v0/{base}/{table}"
_RECORD = "/v0/{base}/{table}/{record}"
_HOOKS = "/v0/bases/{base}/webhooks"
_HOOK = _HOOKS + "/{webhook}"
_COMMENTS = _RECORD + "/comments"
_MANAGE, _HEAR, _SPEAK = "webhook:manage", "data.recordComments:read", "data.recordComments:write"

WAYS: tuple[Way, ...] = (
    Way("GET", "/v0/meta/whoami", endpoints.whoami, "meta"),
    Way("GET", "/v0/meta/bases", endpoints.list_bases, "meta", "schema.bases:read"),
    Way("GET", "/v0/meta/bases/{base}/tables", endpoints.list_tables, "schema", "schema.bases:read"),
    Way("POST", _TABLES, schemapages.create_table, "schema", _SCHEMA, "create"),
    Way("PATCH", _TABLES + "/{table}", schemapages.change_table, "schema", _SCHEMA, "create"),
    Way("POST", _TABLES + "/{table}/fields", schemapages.create_field, "schema", _SCHEMA, "create"),
    Way("PATCH", _TABLES + "/{table}/fields/{field}", schemapages.change_field, "schema", _SCHEMA, "create"),
    Way("GET", _HOOKS, webhooks.listed, "webhooks", _MANAGE),
    Way("POST", _HOOKS, webhooks.create, "webhooks", _MANAGE, "create"),
    Way("DELETE", _HOOK, webhooks.delete, "webhooks", _MANAGE, "create"),
    Way("POST", _HOOK + "/refresh", webhooks.refresh, "webhooks", _MANAGE, "create"),
    Way("POST", _HOOK + "/enableNotifications", webhooks.enable_notifications, "webhooks", _MANAGE, "create"),
    Way("GET", _HOOK + "/payloads", webhooks.list_payloads, "webhooks", _MANAGE),
    Way("GET", _COMMENTS, comments.listed, "comments", _HEAR),
    Way("POST", _COMMENTS, comments.create, "comments", _SPEAK, "comment"),
    Way("PATCH", _COMMENTS + "/{comment}", comments.update, "comments", _SPEAK, "comment"),
    Way("DELETE", _COMMENTS + "/{comment}", comments.delete, "comments", _SPEAK, "comment"),
    Way("POST", _TABLE + "/listRecords", endpoints.list_by_body, "list", _READ),
    Way("GET", _RECORD, endpoints.get_record, "get", _READ),
    Way("PATCH", _RECORD, endpoints.update_record, "update", _WRITE, "edit"),
    Way("PUT", _RECORD, endpoints.update_record, "update", _WRITE, "edit"),
    Way("DELETE", _RECORD, endpoints.delete_record, "delete", _WRITE, "edit"),
    Way("GET", _TABLE, endpoints.list_by_query, "list", _READ),
    Way("POST", _TABLE, endpoints.create_records, "create", _WRITE, "edit"),
    Way("PATCH", _TABLE, endpoints.update_records, "update", _WRITE, "edit"),
    Way("PUT", _TABLE, endpoints.update_records, "update", _WRITE, "edit"),
    Way("DELETE", _TABLE, endpoints.delete_records, "delete", _WRITE, "edit"),
)
