"""Sending an answer so that it does not arrive as it should: the faults of `dq.sandbox.faults`, on a real connection."""

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from dq.sandbox import refusals
from dq.sandbox.faults import Fault

TRANSPORT = "dq.transport"
"""Under this key of a request's state, the server leaves the connection's transport."""

JSON = "application/json; charset=utf-8"
_HTML = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"
_FRAGMENT = b'{"records":[{"id":"rec'
_REFUSALS = {
    "retry_after": refusals.retriable,
    "unavailable": refusals.retriable,
    "rate_limit": refusals.rate_limited,
    "rate_limit_list": refusals.rate_limited,
    "billing": refusals.billing_limit,
    "too_large": refusals.too_large,
    "server_error": refusals.server_error,
}
ON_THE_WIRE = frozenset({"reset", "delay", "truncated", "cut"})
"""Faults of the connection; all others are whole answers."""


@dataclass(frozen=True)
class Answer:
    """One answer, before it is sent: status, body, headers, and what the log says of it."""

    status: int
    body: bytes
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    records: int = 0

    def response(self) -> Response:
        """The answer as it should arrive."""
        return Response(self.body, self.status, self.headers, self.media_type)


def in_place(fault: Fault) -> Answer:
    """The answer that stands in place of the right one; for faults that are not on the wire.

    Args:
        fault: What happens.
    """
    if fault.kind == "html_502":
        return Answer(502, _HTML.encode(), "text/html")
    if fault.kind == "gateway_timeout":
        return Answer(504, b"", "text/html")
    refusal = _REFUSALS[fault.kind]()
    payload: dict[str, Any] = refusal.payload
    if fault.kind == "rate_limit_list":
        payload = {"errors": [{"error": refusal.type, "message": payload["error"]["message"]}]}
    headers = {"retry-after": f"{fault.seconds:g}"} if fault.kind == "retry_after" else {}
    return Answer(refusal.status, json.dumps(payload).encode(), JSON, headers, refusal.type)


@dataclass(frozen=True)
class Broken:
    """An answer that a fault keeps from arriving whole; an ASGI application, as every response is.

    Args:
        fault: What happens on the wire.
        answer: What should have arrived; None where the request was not carried out.
    """

    fault: Fault
    answer: Answer | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or what is left of it."""
        if self.fault.kind == "delay":
            await _delayed(self, scope, receive, send)
        elif self.fault.kind == "reset":
            await _reset(scope, receive)
        else:
            await _cut(self, scope, receive, send)


async def _delayed(broken: Broken, scope: Scope, receive: Receive, send: Send) -> None:
    """Say nothing for a while; who has not hung up by then gets the answer, or a reset where there is none."""
    try:
        async with asyncio.timeout(broken.fault.seconds):
            await _hung_up(receive)
    except TimeoutError:
        if broken.answer is None:
            await _reset(scope, receive)
        else:
            await broken.answer.response()(scope, receive, send)


async def _reset(scope: Scope, receive: Receive) -> None:
    transport = scope["state"][TRANSPORT]
    # to linger for no time is to send RST in place of FIN
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _hung_up(receive)


async def _cut(broken: Broken, scope: Scope, receive: Receive, send: Send) -> None:
    whole = Answer(200, _FRAGMENT * 2) if broken.answer is None else broken.answer
    half = whole.body[: max(1, len(whole.body) // 2)]
    if broken.fault.kind == "cut":
        await Answer(whole.status, half).response()(scope, receive, send)
        return
    headers = [(b"content-type", JSON.encode()), (b"content-length", str(len(whole.body)).encode())]
    start: Message = {"type": "http.response.start", "status": whole.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": half, "more_body": True})
    scope["state"][TRANSPORT].close()
    await _hung_up(receive)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
