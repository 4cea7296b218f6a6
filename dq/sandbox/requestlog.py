"""What the server was asked: a counter for each base and the last requests, in memory.

A query is not kept: a filter holds values.
"""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT = 1000
LOG_PATH = "/_sandbox/log"


@dataclass(frozen=True)
class Request:
    """One answered request: when (ISO, UTC), what, how it ended, and how many records the answer held."""

    time: str
    method: str
    path: str
    status: int
    records: int


@dataclass
class RequestLog:
    """Requests since the server started."""

    calls: Counter[str] = field(default_factory=Counter)
    recent: deque[Request] = field(default_factory=lambda: deque(maxlen=KEPT))


def note(log: RequestLog, base_id: str | None, request: Request) -> None:
    """Add one request.

    Args:
        log: The log.
        base_id: The base that it went to, if it went to one.
        request: The request.
    """
    log.recent.append(request)
    if base_id is not None:
        log.calls[base_id] += 1


def summary(log: RequestLog) -> dict[str, Any]:
    """The log as JSON: `calls` by base and the last `requests`, oldest first.

    Args:
        log: The log.
    """
    return {"calls": dict(log.calls), "requests": [asdict(request) for request in log.recent]}
