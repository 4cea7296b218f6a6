"""A webhook that is polled: it tells which records were made and deleted. No address is notified.

It lives seven days from its making, its last refresh or its last poll. One that is dead may look alive in the list, so
nothing that it says counts unless all of it is there: every payload from the cursor on, by number, and none an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from dq.manifest import Hook
from dq.stores.airtable.calling import Calls
from dq.stores.airtable.failures import Action, Failure
from dq.stores.protocol import Heard

SPECIFICATION: Mapping[str, Any] = {
    "options": {"filters": {"dataTypes": ["tableData"], "changeTypes": ["add", "remove"]}}
}
"""All tables, and no field by name: what names nothing cannot come to name what is gone."""
REFRESH = timedelta(days=3.5)
"""A webhook that lives less long from now is refreshed."""
_HELPLESS = frozenset({Action.PERMISSION, Action.MISSING, Action.REQUEST, Action.REFUSED, Action.UNKNOWN})
"""Failures of the webhook's own calls that a full reading makes up for."""


@dataclass
class _Told:
    """What the payloads told so far: up to which cursor, which records, and what was wrong."""

    cursor: int
    touched: dict[str, set[str]] = field(default_factory=dict)
    why: str | None = None


def heard(calls: Calls, base: str, hook: Hook | None, own: str | None) -> Heard:
    """The records that were made or deleted since an earlier poll; makes a new webhook where the old one is no good.

    Args:
        calls: The base's calls.
        base: The base's id.
        hook: Where the earlier poll left off; None if there was none.
        own: Id of the webhook that was made last: it goes when a new one is made.

    Raises:
        Failure: Airtable cannot be reached, or a limit holds.
    """
    path = f"bases/{quote(base, safe='')}/webhooks"
    try:
        listed = {one["id"]: one for one in calls.send("schema", "GET", path)["webhooks"]}
        told = _Told(0, why="no webhook was kept before") if hook is None else _polled(calls, path, hook, listed)
        if hook is not None and told.why is None:
            _refreshed(calls, f"{path}/{hook.id}", listed[hook.id])
            touched = {table: frozenset(ids) for table, ids in told.touched.items()}
            return Heard(Hook(hook.id, told.cursor), touched)
        for old in {own, hook.id if hook else None} & listed.keys():
            calls.send("schema", "DELETE", f"{path}/{old}")
        made = calls.send("create", "POST", path, body={"notificationUrl": None, "specification": SPECIFICATION})
        return Heard(Hook(made["id"], 1), {}, told.why)
    except Failure as failure:
        if failure.action not in _HELPLESS:
            raise
        return Heard(None, {}, _helpless(failure))


def _polled(calls: Calls, path: str, hook: Hook, listed: Mapping[str, Mapping[str, Any]]) -> _Told:
    """All payloads from the cursor on, and whether they are all there."""
    told = _Told(hook.cursor)
    state = listed.get(hook.id)
    if state is None:
        told.why = "the webhook is gone"
    elif not state["isHookEnabled"]:
        told.why = "the webhook has expired or is switched off"
    elif hook.cursor > state["cursorForNextPayload"]:
        told.why = "the webhook began anew"
    while state is not None and told.why is None:
        params = {"cursor": told.cursor}
        page = calls.send("read", "GET", f"{path}/{hook.id}/payloads", params=params)
        _take_in(told, page["payloads"], page["cursor"])
        if told.why is None and not page["mightHaveMore"]:
            told.why = _GAP if told.cursor < state["cursorForNextPayload"] else None
            break
    return told


_GAP = "the webhook lost some of its payloads"


def _take_in(told: _Told, payloads: Sequence[Mapping[str, Any]], following: int) -> None:
    if following - told.cursor != len(payloads):
        told.why = _GAP
    if any(payload.get("error") for payload in payloads):
        told.why = "the webhook is invalid"
    told.cursor = following
    for payload in payloads:
        for table, change in payload.get("changedTablesById", {}).items():
            ids = told.touched.setdefault(table, set())
            ids.update(change.get("createdRecordsById", {}), change.get("destroyedRecordIds", ()))


def _refreshed(calls: Calls, path: str, state: Mapping[str, Any]) -> None:
    ends, now = state.get("expirationTime"), calls.server_time()
    if ends and now and datetime.fromisoformat(ends) - datetime.fromisoformat(now) < REFRESH:
        calls.send("schema", "POST", f"{path}/refresh")


def _helpless(failure: Failure) -> str:
    if failure.action is Action.PERMISSION:
        return "Airtable does not let this token keep a webhook: it takes the scope webhook:manage and the creator role"
    return f"the webhook cannot be kept ({failure.status} {failure.type or ''}".rstrip() + ")"
