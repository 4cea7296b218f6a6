"""Doing what scripted people do, through the same endpoints as requests do it."""

from dataclasses import replace
from typing import Any

from dq.sandbox import endpoints, journal, people, webhooks
from dq.sandbox.endpoints import Call, Sandbox
from dq.sandbox.people import Deed, Done
from dq.sandbox.refusals import RefusalError
from dq.sandbox.tokens import Token

PERSON = Token("person", "", user="usrSandboxPerson0", email="person@sandbox.invalid")
"""Who does it: not the user whose token the requests carry."""

_BY_ID = [("returnFieldsByFieldId", "true")]


def before_request(sandbox: Sandbox) -> None:
    """Do all that people do before the present request.

    Args:
        sandbox: The running sandbox; its people count the request.
    """
    crowd = sandbox.people
    crowd.number += 1
    for deed in crowd.script.deeds:
        if deed.before == crowd.number:
            _do(sandbox, deed)
    for place in range(len(crowd.script.crowds)):
        drawn = people.drawn(crowd, place, _ids(sandbox, place)) if people.acts(crowd, place) else None
        if drawn is not None:
            crowd.acted[place] += 1
            _do(sandbox, drawn)


def _ids(sandbox: Sandbox, place: int) -> list[str]:
    crowd = sandbox.people.script.crowds[place]
    try:
        return endpoints.record_ids(sandbox, Call("GET", {"base": crowd.base, "table": crowd.table}))
    except RefusalError:
        return []


def _do(sandbox: Sandbox, deed: Deed) -> None:
    note = Done(
        sandbox.people.number,
        sandbox.now().isoformat(timespec="milliseconds"),
        deed.act,
        deed.base,
        deed.table,
        deed.record,
    )
    try:
        with journal.acting(sandbox.connection, "client", PERSON, deed.base, sandbox.now()):
            note = _DOES[deed.act](sandbox, deed, note)
        webhooks.publish(sandbox.connection, sandbox.now())
    except RefusalError as refusal:
        note = replace(note, refused=refusal.type)
    sandbox.people.done.append(note)


def _edit(sandbox: Sandbox, deed: Deed, note: Done) -> Done:
    old = _cells(sandbox, deed)
    body = {"fields": deed.fields, "returnFieldsByFieldId": True}
    changed = endpoints.update_record(sandbox, Call("PATCH", _path(deed), body=body, token=PERSON))
    return replace(note, old=old, new=changed["fields"])


def _delete(sandbox: Sandbox, deed: Deed, note: Done) -> Done:
    old = _cells(sandbox, deed)
    endpoints.delete_record(sandbox, Call("DELETE", _path(deed), token=PERSON))
    return replace(note, old=old)


def _add(sandbox: Sandbox, deed: Deed, note: Done) -> Done:
    body = {"fields": deed.fields, "returnFieldsByFieldId": True}
    added = endpoints.create_records(sandbox, Call("POST", _path(deed), body=body, token=PERSON))
    return replace(note, record=added["id"], new=added["fields"])


_DOES = {"edit": _edit, "delete": _delete, "add": _add}


def _cells(sandbox: Sandbox, deed: Deed) -> dict[str, Any]:
    found: dict[str, Any] = endpoints.get_record(sandbox, Call("GET", _path(deed), _BY_ID))["fields"]
    return found


def _path(deed: Deed) -> dict[str, str]:
    return {"base": deed.base, "table": deed.table, "record": deed.record}
