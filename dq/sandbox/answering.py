"""One request to one answer: who asks, the limits, what people do meanwhile, the fault, the endpoint, the log."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.types import ASGIApp

from dq.errors import TemporaryError
from dq.sandbox import (
    deeds,
    faults,
    iterators,
    journal,
    limits,
    quota,
    records,
    refusals,
    requestlog,
    tokens,
    webhooks,
    wire,
)
from dq.sandbox.endpoints import Call, Endpoint, Sandbox
from dq.sandbox.faults import Asked, Fault
from dq.sandbox.refusals import RefusalError
from dq.sandbox.routes import Way
from dq.sandbox.tokens import ANYONE, Token
from dq.sandbox.wire import Answer, Broken

MAX_URL = 16_000
_NO_ACTION = "perform this operation"

Answering: TypeAlias = Callable[[Request], Awaitable[ASGIApp]]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Arrived:
    """A request whose body has come."""

    request: Request
    path: dict[str, str]
    query: list[tuple[str, str]]
    raw: bytes
    began: float
    token: Token | None = None


def answering(sandbox: Sandbox, way: Way) -> Answering:
    """The function of one of the API's routes.

    Args:
        sandbox: The running sandbox.
        way: The route.
    """

    async def answer(request: Request) -> ASGIApp:
        arrived = await _arrived(request)
        # nothing below waits until the answer is known: requests are served one after the other, as they came
        answer, fault, token = _served(sandbox, way, arrived)
        _note(sandbox, way, replace(arrived, token=token), answer, fault)
        if sandbox.latency:
            await asyncio.sleep(sandbox.latency)
        if fault is not None and fault.kind in wire.ON_THE_WIRE:
            return Broken(fault, answer)
        return (answer or wire.in_place(_must(fault))).response()

    return answer


def own_page(sandbox: Sandbox, endpoint: Endpoint) -> Answering:
    """The function of one of the sandbox's own pages: no token, no limit, no fault, no log.

    Args:
        sandbox: The running sandbox.
        endpoint: What answers.
    """

    async def answer(request: Request) -> ASGIApp:
        arrived = await _arrived(request)
        if arrived.raw and not request.headers.get("content-type", "").startswith("application/json"):
            # a page in a browser can send other types without asking first
            return _refused(refusals.unparsable()).response()
        return _carried_out(sandbox, endpoint, arrived, ANYONE).response()

    return answer


async def _arrived(request: Request) -> _Arrived:
    began = time.perf_counter()
    path = {key: unquote(value) for key, value in request.path_params.items()}
    query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return _Arrived(request, path, query, await request.body(), began)


def _must(fault: Fault | None) -> Fault:
    if fault is None:
        raise AssertionError("A request without a fault has an answer.")
    return fault


def _served(sandbox: Sandbox, way: Way, arrived: _Arrived) -> tuple[Answer | None, Fault | None, Token | None]:
    """The answer (None where the fault came before the request was carried out), the fault, and whose request it was."""
    token = None
    try:
        token = tokens.identified(sandbox.tokens, arrived.request.headers.get("authorization", ""))
        _admit(sandbox, way, arrived, token)
        deeds.before_request(sandbox)
    except RefusalError as refusal:
        return _refused(refusal), None, token
    except TemporaryError:
        return _refused(refusals.retriable()), None, token
    fault = faults.draw(sandbox.faults, _asked(way, arrived))
    if fault is not None and fault.phase == "before":
        if fault.kind != "iterator":
            return _instead(sandbox, fault, arrived), fault, token
        iterators.drop(sandbox.under_way, _offset(arrived))
    answer = _carried_out(sandbox, way.endpoint, arrived, token)
    if fault is not None and fault.phase == "after" and fault.kind not in wire.ON_THE_WIRE:
        answer = wire.in_place(fault)
    return answer, fault, token


def _instead(sandbox: Sandbox, fault: Fault, arrived: _Arrived) -> Answer | None:
    if fault.kind in ("rate_limit", "rate_limit_list") and "base" in arrived.path:
        limits.lock(sandbox.limiter, arrived.path["base"])
    return None if fault.kind in wire.ON_THE_WIRE else wire.in_place(fault)


def _carried_out(sandbox: Sandbox, endpoint: Endpoint, arrived: _Arrived, token: Token) -> Answer:
    method = arrived.request.method
    try:
        call = Call(method, arrived.path, arrived.query, _parsed(method, arrived.raw), token)
        payload = _done(sandbox, endpoint, call)
    except RefusalError as refusal:
        return _refused(refusal)
    except TemporaryError:  # the file stayed locked, so nothing was done
        return _refused(refusals.retriable())
    except Exception:
        logger.exception("The sandbox failed on %s.", method)
        return _refused(refusals.server_error())
    count = len(payload.get("records", ())) or int("id" in payload and "table" in arrived.path)
    return Answer(200, records.as_json(payload).encode("ascii"), records=count)


def _done(sandbox: Sandbox, endpoint: Endpoint, call: Call) -> dict[str, Any]:
    """What the endpoint says; what it changes is told to webhooks."""
    if call.method == "GET" or "base" not in call.path:
        return endpoint(sandbox, call)
    with journal.acting(sandbox.connection, "publicApi", call.token, call.path["base"], sandbox.now()):
        payload = endpoint(sandbox, call)
    webhooks.publish(sandbox.connection, sandbox.now())
    return payload


def _refused(refusal: RefusalError) -> Answer:
    return Answer(refusal.status, records.as_json(refusal.payload).encode("ascii"), error=refusal.type)


def _admit(sandbox: Sandbox, way: Way, arrived: _Arrived, token: Token) -> None:
    """Let a request in, or refuse it for its form, its haste, the month's calls or what its token lacks."""
    if (length := _url_length(arrived.request)) >= MAX_URL:
        raise refusals.url_too_long(length)
    if sandbox.body_limit is not None and len(arrived.raw) > sandbox.body_limit:
        raise refusals.too_large()
    base_id = arrived.path.get("base")
    data = way.kind not in ("meta", "schema", "")
    month = sandbox.connection, sandbox.plan, sandbox.now()
    limits.admit(sandbox.limiter, base_id, token.user, slow_rps=quota.slowed(*month))
    quota.spend(*month, data=data)
    if not tokens.permit(token, way.scope, way.role, base_id):
        raise refusals.not_permitted(_action(sandbox, way, arrived.path))


def _action(sandbox: Sandbox, way: Way, path: dict[str, str]) -> str:
    if way.kind != "create":
        return _NO_ACTION
    stored = records.find_table(sandbox.connection, path["base"], path["table"])
    if stored is None:
        raise refusals.forbidden()
    return f"create records in table {stored.table.definition['name']} ({stored.table.id})"


def _asked(way: Way, arrived: _Arrived) -> Asked:
    path = arrived.path
    paged = way.kind == "list" and bool(_offset(arrived))
    return Asked(arrived.request.method, way.kind, path.get("base"), path.get("table"), paged)


def _offset(arrived: _Arrived) -> str:
    """The offset that a list names, in its query or its body; empty where it names none."""
    found = dict(arrived.query).get("offset", "")
    if arrived.raw and b'"offset"' in arrived.raw:
        try:
            found = _parsed(arrived.request.method, arrived.raw).get("offset", found)
        except RefusalError:
            return ""
    return found if isinstance(found, str) else ""


def _url_length(request: Request) -> int:
    """The characters of the URL as it was sent, from the scheme on."""
    query: bytes = request.scope["query_string"]
    path: bytes = request.scope["raw_path"]
    return len("http://") + len(request.headers.get("host", "")) + len(path) + len(query) + bool(query)


def _parsed(method: str, raw: bytes) -> dict[str, Any]:
    if method in ("GET", "HEAD", "DELETE") or not raw:
        return {}
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise refusals.unparsable() from error
    if not isinstance(body, dict):
        raise refusals.invalid_request()
    return body


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _note(sandbox: Sandbox, way: Way, arrived: _Arrived, answer: Answer | None, fault: Fault | None) -> None:
    entry = requestlog.Request(
        time=sandbox.now().isoformat(timespec="milliseconds"),
        method=arrived.request.method,
        path=arrived.request.scope["path"],
        status=answer.status if answer else 0,
        records=answer.records if answer else 0,
        base=arrived.path.get("base"),
        kind=way.kind,
        token=arrived.token.id if arrived.token else None,
        query=tuple(dict.fromkeys(name for name, _ in arrived.query)),
        error=answer.error if answer else None,
        size=len(answer.body) if answer else 0,
        seconds=round(time.perf_counter() - arrived.began + sandbox.latency, 6),
        fault=f"{fault.phase} {fault.kind}" if fault else None,
    )
    requestlog.note(sandbox.log, entry)
