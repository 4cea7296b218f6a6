"""Webhooks: made, listed, refreshed, and polled for payloads by cursor.

No notification is sent to any address: who wants to know polls. A webhook lives seven days from its making, its last
refresh or its last poll, and its payloads seven days more.
"""

import base64
import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dq.sandbox import endpoints, fields, hookspec, ids, journal, payloads, records, refusals, storage
from dq.sandbox.endpoints import Call, Sandbox
from dq.sandbox.hookspec import Specification
from dq.sandbox.journal import Deed

LIFE = timedelta(days=7)
KEPT = timedelta(days=7)
PAGE = 50
MOST = 10
"""Webhooks that a base may have."""

_COLUMNS = "number, id, base_id, specification, url, notifies, expires, next, invalid"


@dataclass(frozen=True)
class Hook:
    """One webhook, as the file holds it.

    Args:
        number: The file's own key.
        id: `ach…`.
        base_id: The base it watches.
        specification: What it wants to hear of, as JSON text.
        url: Where a notification would go.
        notifies: Whether notifications are switched on.
        expires: When it ends, ISO text.
        next: The cursor of its next payload.
        invalid: Whether its specification names what is gone.
    """

    number: int
    id: str
    base_id: str
    specification: str
    url: str | None
    notifies: int
    expires: str
    next: int
    invalid: int


def create(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Make a webhook; its secret is told here only."""
    spec, url = call.body.get("specification"), call.body.get("notificationUrl")
    if not isinstance(spec, Mapping) or not (url is None or isinstance(url, str)):
        raise refusals.invalid_request()
    expires = fields.moment(sandbox.now() + LIFE)
    base_id = call.path["base"]
    with storage.writing(sandbox.connection):
        endpoints.check_base(sandbox, call)
        if len(_hooks(sandbox.connection, base_id)) >= MOST:
            raise refusals.invalid_request(f"Invalid request: a base may have {MOST} webhooks.")
        if not hookspec.fits(_parsed(spec), records.list_tables(sandbox.connection, base_id)):
            raise refusals.invalid_request("Invalid request: the specification names what the base does not have.")
        number = sandbox.connection.execute("SELECT coalesce(max(number), 0) + 1 FROM webhook").fetchone()[0]
        hook_id = ids.nth_id("ach", f"{base_id}/{expires}", number)
        query = "INSERT INTO webhook (number, id, base_id, specification, url, expires) VALUES (?, ?, ?, ?, ?, ?)"
        sandbox.connection.execute(query, (number, hook_id, base_id, records.as_json(spec), url, expires))
    secret = base64.b64encode(os.urandom(64)).decode()
    return {"id": hook_id, "macSecretBase64": secret, "expirationTime": expires}


def listed(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """The webhooks of a base; one that is invalid looks as healthy as the others."""
    endpoints.check_base(sandbox, call)
    now = fields.moment(sandbox.now())
    kept = fields.moment(sandbox.now() - KEPT)
    hooks = [hook for hook in _hooks(sandbox.connection, call.path["base"]) if hook.expires >= kept]
    return {"webhooks": [_shown(hook, now) for hook in hooks]}


def delete(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Take a webhook and its payloads away."""
    with storage.writing(sandbox.connection):
        hook = _hook(sandbox, call)
        sandbox.connection.execute("DELETE FROM payload WHERE webhook_number = ?", (hook.number,))
        sandbox.connection.execute("DELETE FROM webhook WHERE number = ?", (hook.number,))
    return {}


def refresh(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Let a webhook live seven days from now; one that has expired stays so."""
    with storage.writing(sandbox.connection):
        hook = _hook(sandbox, call)
        if hook.expires < fields.moment(sandbox.now()):
            raise refusals.invalid_request("Invalid request: the webhook has expired.")
        return {"expirationTime": _extended(sandbox, hook)}


def enable_notifications(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Switch notifications on or off."""
    enable = call.body.get("enable")
    if not isinstance(enable, bool):
        raise refusals.invalid_request()
    with storage.writing(sandbox.connection):
        hook = _hook(sandbox, call)
        sandbox.connection.execute("UPDATE webhook SET notifies = ? WHERE number = ?", (enable, hook.number))
    return {}


def list_payloads(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """A page of payloads from a cursor on; to ask extends the webhook's life."""
    with storage.writing(sandbox.connection):
        hook = _hook(sandbox, call)
        query = dict(call.query)
        cursor, limit = _integer(query, "cursor", 1), _integer(query, "limit", PAGE)
        if not 1 <= cursor <= hook.next or not 1 <= limit <= PAGE:
            raise refusals.invalid_request()
        if hook.expires >= fields.moment(sandbox.now()):
            _extended(sandbox, hook)
        wanted = "SELECT cursor, body FROM payload WHERE webhook_number = ? AND cursor >= ? ORDER BY cursor LIMIT ?"
        rows = sandbox.connection.execute(wanted, (hook.number, cursor, limit)).fetchall()
    following = rows[-1][0] + 1 if rows else cursor
    found = [json.loads(body) for _, body in rows]
    return {"payloads": found, "cursor": following, "mightHaveMore": following < hook.next and bool(rows)}


def publish(connection: sqlite3.Connection, now: datetime) -> None:
    """Turn what was noted into payloads; payloads that are too old go.

    Args:
        connection: An open sandbox, in no transaction.
        now: The time.
    """
    if journal.is_empty(connection):
        return
    with storage.writing(connection):
        connection.execute("DELETE FROM payload WHERE time < ?", (fields.moment(now - LIFE),))
        for deed in journal.taken(connection):
            for hook in _hooks(connection, deed.base_id):
                if not hook.invalid and hook.expires >= fields.moment(now):
                    _tell(connection, hook, deed)


def _tell(connection: sqlite3.Connection, hook: Hook, deed: Deed) -> None:
    spec = _parsed(json.loads(hook.specification))
    tables = records.list_tables(connection, deed.base_id)
    if not hookspec.fits(spec, tables):
        connection.execute("UPDATE webhook SET invalid = 1 WHERE number = ?", (hook.number,))
        body: dict[str, Any] | None = payloads.invalid(deed)
    else:
        body = payloads.payload(connection, tables, spec, deed)
    if body is not None:
        row = (hook.number, hook.next, deed.time, records.as_json(body))
        connection.execute("INSERT INTO payload VALUES (?, ?, ?, ?)", row)
        connection.execute("UPDATE webhook SET next = next + 1 WHERE number = ?", (hook.number,))


def _hooks(connection: sqlite3.Connection, base_id: str) -> list[Hook]:
    query = f"SELECT {_COLUMNS} FROM webhook WHERE base_id = ? ORDER BY number"
    return [Hook(*row) for row in connection.execute(query, (base_id,))]


def _hook(sandbox: Sandbox, call: Call) -> Hook:
    endpoints.check_base(sandbox, call)
    kept = fields.moment(sandbox.now() - KEPT)
    hooks = _hooks(sandbox.connection, call.path["base"])
    found = next((hook for hook in hooks if hook.id == call.path["webhook"] and hook.expires >= kept), None)
    if found is None:
        raise refusals.not_found()
    return found


def _extended(sandbox: Sandbox, hook: Hook) -> str:
    expires = fields.moment(sandbox.now() + LIFE)
    sandbox.connection.execute("UPDATE webhook SET expires = ? WHERE number = ?", (expires, hook.number))
    return expires


def _parsed(spec: Mapping[str, Any]) -> Specification:
    try:
        return hookspec.specification(spec)
    except ValueError as error:
        raise refusals.invalid_request(f"Invalid request: {error}") from error


def _shown(hook: Hook, now: str) -> dict[str, Any]:
    return {
        "id": hook.id,
        "specification": json.loads(hook.specification),
        "notificationUrl": hook.url,
        "cursorForNextPayload": hook.next,
        "lastNotificationResult": None,
        "areNotificationsEnabled": bool(hook.notifies),
        "lastSuccessfulNotificationTime": None,
        "isHookEnabled": hook.expires >= now,
        "expirationTime": hook.expires,
    }


def _integer(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise refusals.invalid_request()
    return int(text)
